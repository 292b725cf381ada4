import { submit } from '../load/load.ts';
import { type Sink, startSink } from '../load/sink.ts';
import { type Measured, mib, type Values } from '../measured.ts';
import type { Peer } from '../peers/peer.ts';
import { startHoldingPostfix } from '../peers/postfix.ts';
import { startRelayd } from '../peers/relayd.ts';
import { proportionalBytes } from '../process-tree.ts';
import { quiet } from '../quiet.ts';

/** Mail is accepted and may not go on, then all of it may. */
export async function waiting(messages: number): Promise<Measured> {
  return {
    relayd: [await relaydWaiting(messages)],
    postfix: [await postfixWaiting(messages)],
  };
}

async function relaydWaiting(messages: number): Promise<Values> {
  const sink = await startSink();
  const peer = await startRelayd({ sinkPort: sink.port });
  try {
    await peer.relayctl('account', 'hold', 'sink');
    return await pile(peer, sink, {
      messages,
      release: () => peer.relayctl('account', 'resume', 'sink'),
    });
  } finally {
    await peer.close();
    await sink.close();
  }
}

async function postfixWaiting(messages: number): Promise<Values> {
  const sink = await startSink();
  const peer = await startHoldingPostfix({ sinkPort: sink.port });
  try {
    return await pile(peer, sink, { messages, release: peer.release });
  } finally {
    await peer.close();
    await sink.close();
  }
}

async function pile(
  peer: Peer,
  sink: Sink,
  { messages, release }: { messages: number; release: () => Promise<void> },
): Promise<Values> {
  const startMs = performance.now();
  await submit({ port: peer.port, sessions: 50, messages, bytes: 4096, held: true });
  const accepted = (messages / (performance.now() - startMs)) * 1000;
  await quiet([peer.pid]);
  const pss = proportionalBytes(peer.pid) / mib;
  const releasedMs = performance.now();
  await release();
  await sink.reached(messages);
  return { accepted, pss, drained: (messages / (performance.now() - releasedMs)) * 1000 };
}
