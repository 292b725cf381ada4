import { startDelayProxy } from '../delay-proxy.ts';
import { type Sink, submit } from '../load.ts';
import { relayd } from '../peers/relayd.ts';

const roundTripMs = 50;
/** As in peers/relayd. */
const connections = 20;

export interface Distance {
  readonly perSecond: number;
  /** Round trips that a message took on its connection. */
  readonly roundTrips: number;
}

/** Messages of one account to an upstream that is 50 ms away, connections open and warm. */
export async function distance(sink: Sink, messages: number): Promise<Distance> {
  const proxy = await startDelayProxy(sink.port, roundTripMs);
  const peer = await relayd.start(proxy.port);
  try {
    const send = async (count: number): Promise<void> => {
      const target = sink.count() + count;
      await submit({ port: peer.port, sessions: 50, messages: count, bytes: 4096, held: true });
      await sink.reached(target);
    };
    await send(connections * 2);
    const startMs = performance.now();
    await send(messages);
    const perSecond = (messages / (performance.now() - startMs)) * 1000;
    return { perSecond, roundTrips: connections / (perSecond * (roundTripMs / 1000)) };
  } finally {
    await peer.close();
    await proxy.close();
  }
}
