import { startDelayProxy } from '../load/delay-proxy.ts';
import { submit } from '../load/load.ts';
import { startSink } from '../load/sink.ts';
import type { Measured, Values } from '../measured.ts';
import type { StartPeer } from '../peers/peer.ts';
import { startTunedPostfix } from '../peers/postfix.ts';
import { startRelayd } from '../peers/relayd.ts';

export const roundTripMs = 50;
/** As in peers/relayd. */
export const connections = 20;

/** Messages of one account to an upstream that is 50 ms away, connections open and warm, relayd and Postfix in turn. */
export async function distance(messages: number, rounds: number): Promise<Measured> {
  const found: Record<'relayd' | 'postfix', Values[]> = { relayd: [], postfix: [] };
  for (let round = 0; round < rounds; round++) {
    found.relayd.push(await over(startRelayd, messages));
    found.postfix.push(await over(startTunedPostfix, messages));
  }
  return found;
}

async function over(start: StartPeer, messages: number): Promise<Values> {
  const sink = await startSink();
  const proxy = await startDelayProxy(sink.port, roundTripMs);
  try {
    const peer = await start({ sinkPort: proxy.port });
    try {
      const send = async (count: number): Promise<void> => {
        const target = sink.count() + count;
        await submit({ port: peer.port, sessions: 50, messages: count, bytes: 4096, held: true });
        await sink.reached(target);
      };
      await send(connections * 2);
      const startMs = performance.now();
      await send(messages);
      const rate = (messages / (performance.now() - startMs)) * 1000;
      return { rate, roundTrips: connections / (rate * (roundTripMs / 1000)) };
    } finally {
      await peer.close();
    }
  } finally {
    await proxy.close();
    await sink.close();
  }
}
