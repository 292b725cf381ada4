import { submit } from '../load/load.ts';
import { startSink } from '../load/sink.ts';
import { type Measured, mib } from '../measured.ts';
import { startRelayd } from '../peers/relayd.ts';
import { peakResidentBytes, residentBytes } from '../process-tree.ts';
import { spread } from '../statistics.ts';

const parts = 100;
const sampleEveryMs = 200;

/**
 * So many messages one after the other, in a hundred parts, every second one with a session for each message. Growth is
 * between the medians of the third tenth (what is before counts as warming up) and of the last.
 */
export async function soak(messages: number, say: (line: string) => void): Promise<Measured> {
  const sink = await startSink();
  const peer = await startRelayd({ sinkPort: sink.port });
  try {
    const part = Math.ceil(messages / parts);
    const rss: number[] = [];
    const startMs = performance.now();
    for (let done = 0; done < parts; done++) {
      const samples: number[] = [];
      const timer = setInterval(() => samples.push(residentBytes(peer.pid)), sampleEveryMs);
      const held = done % 2 === 0;
      await submit({ port: peer.port, sessions: 50, messages: part, bytes: 4096, held });
      await sink.reached((done + 1) * part);
      clearInterval(timer);
      rss.push(spread([...samples, residentBytes(peer.pid)]).median / mib);
      if ((done + 1) % 10 === 0)
        say(`${(done + 1) * part} messages: ${rss.at(-1)?.toFixed(0)} MiB`);
    }
    const tenth = (from: number): number =>
      spread(rss.slice((from * parts) / 10, ((from + 1) * parts) / 10)).median;
    return {
      relayd: [
        {
          rate: ((part * parts) / (performance.now() - startMs)) * 1000,
          rss: tenth(9),
          growth: tenth(9) - tenth(2),
          peak: peakResidentBytes(peer.pid) / mib,
        },
      ],
    };
  } finally {
    await peer.close();
    await sink.close();
  }
}
