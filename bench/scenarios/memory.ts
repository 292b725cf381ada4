import { submit } from '../load.ts';
import { relayd } from '../peers/relayd.ts';
import { peakResidentBytes } from '../process-tree.ts';

const mib = 1024 ** 2;

/** The most that relayd has had resident while so many clients sent a large message each at once. */
export async function memory(
  sinkPort: number,
  { clients, messageMib }: { clients: number; messageMib: number },
): Promise<number> {
  const peer = await relayd.start(sinkPort);
  try {
    const bytes = messageMib * mib;
    await submit({ port: peer.port, sessions: clients, messages: clients, bytes, held: false });
    return peakResidentBytes(peer.pid);
  } finally {
    await peer.close();
  }
}
