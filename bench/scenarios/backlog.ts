import { submit } from '../load.ts';
import { type RelaydPeer, relayd } from '../peers/relayd.ts';
import { residentBytes } from '../process-tree.ts';
import { quiet } from '../quiet.ts';

export interface Backlog {
  readonly messages: number;
  readonly residentBytes: number;
  readonly acceptedPerSecond: number;
}

/** Memory of relayd with mail waiting for an account that an operator holds. */
export async function backlog(sinkPort: number, messages: number): Promise<Backlog> {
  const peer: RelaydPeer = await relayd.start(sinkPort);
  try {
    peer.relayctl('account', 'hold', 'sink');
    const startMs = performance.now();
    await submit({ port: peer.port, sessions: 50, messages, bytes: 4096, held: true });
    const tookMs = performance.now() - startMs;
    await quiet([peer.pid]);
    return {
      messages,
      residentBytes: residentBytes(peer.pid),
      acceptedPerSecond: (messages / tookMs) * 1000,
    };
  } finally {
    await peer.close();
  }
}
