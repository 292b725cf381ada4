import { submit } from '../load/load.ts';
import { startSink } from '../load/sink.ts';
import { type Measured, mib } from '../measured.ts';
import { startRelayd } from '../peers/relayd.ts';
import { peakResidentBytes } from '../process-tree.ts';

const bytes = 20 * mib;

/** The most that relayd has had resident while so many clients sent 20 MiB each at once. */
export async function large(clients: number): Promise<Measured> {
  const sink = await startSink();
  try {
    const peer = await startRelayd({ sinkPort: sink.port });
    try {
      await submit({ port: peer.port, sessions: clients, messages: clients, bytes, held: false });
      await sink.reached(clients);
      return { relayd: [{ peak: peakResidentBytes(peer.pid) / mib }] };
    } finally {
      await peer.close();
    }
  } finally {
    await sink.close();
  }
}
