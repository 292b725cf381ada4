import { submit, submitByClient } from '../load/load.ts';
import type { Sink } from '../load/sink.ts';
import { mib, type Values } from '../measured.ts';
import type { Peer, Secure } from '../peers/peer.ts';
import { cpuSeconds, proportionalBytes } from '../process-tree.ts';

export interface Shape {
  readonly sessions: number;
  readonly messages: number;
  readonly bytes: number;
  /** Sessions stay open from message to message instead of one message each. */
  readonly held: boolean;
  /** The bench's own client in place of smtp-source; it must be with `secure`, and it tells times. */
  readonly byClient?: boolean;
  readonly secure?: Secure;
}

const sampleEveryMs = 1000;

/** Accepted and sent on: from the first connection until the sink has the last message. */
export async function throughput(peer: Peer, sink: Sink, shape: Shape): Promise<Values> {
  const { messages } = shape;
  const target = sink.count() + messages;
  const cpuBefore = cpuSeconds(peer.pid);
  let peakBytes = proportionalBytes(peer.pid);
  const sample = () => {
    peakBytes = Math.max(peakBytes, proportionalBytes(peer.pid));
  };
  const sampler = setInterval(sample, sampleEveryMs);
  const startMs = performance.now();
  try {
    const times = await send(peer, shape);
    const acceptedMs = performance.now() - startMs;
    await sink.reached(target);
    const doneMs = performance.now() - startMs;
    sample();
    return {
      rate: (messages / doneMs) * 1000,
      accepted: (messages / (times?.tookMs ?? acceptedMs)) * 1000,
      cpu: ((cpuSeconds(peer.pid) - cpuBefore) / messages) * 1000,
      pss: peakBytes / mib,
      ...(times && { p50: times.p50Ms, p99: times.p99Ms }),
    };
  } finally {
    clearInterval(sampler);
  }
}

async function send(peer: Peer, shape: Shape) {
  if (shape.byClient === true) return submitByClient({ ...shape, port: peer.port });
  await submit({ ...shape, port: peer.port });
  return null;
}
