import type { Sink } from '../load.ts';
import { submit } from '../load.ts';
import type { Peer } from '../peers/peer.ts';
import { cpuSeconds, proportionalBytes } from '../process-tree.ts';

export interface Throughput {
  /** From the first connection until the sink has the last message. */
  readonly perSecond: number;
  /** Until the last message was acknowledged. */
  readonly acceptedPerSecond: number;
  readonly cpuSecondsPer1000: number;
  readonly peakBytes: number;
}

const sampleEveryMs = 1000;

/** 4 KiB messages over 50 sessions, accepted and sent on. */
export async function throughput(
  peer: Peer,
  sink: Sink,
  options: { messages: number; held: boolean },
): Promise<Throughput> {
  const { messages, held } = options;
  const target = sink.count() + messages;
  const cpuBefore = cpuSeconds(peer.pid);
  let peakBytes = proportionalBytes(peer.pid);
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, proportionalBytes(peer.pid));
  }, sampleEveryMs);
  const startMs = performance.now();
  try {
    await submit({ port: peer.port, sessions: 50, messages, bytes: 4096, held });
    const acceptedMs = performance.now() - startMs;
    await sink.reached(target);
    const doneMs = performance.now() - startMs;
    return {
      perSecond: (messages / doneMs) * 1000,
      acceptedPerSecond: (messages / acceptedMs) * 1000,
      cpuSecondsPer1000: ((cpuSeconds(peer.pid) - cpuBefore) / messages) * 1000,
      peakBytes: Math.max(peakBytes, proportionalBytes(peer.pid)),
    };
  } finally {
    clearInterval(sampler);
  }
}
