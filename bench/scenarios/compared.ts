import { rm } from 'node:fs/promises';
import { makeSecure } from '../load/certificates.ts';
import { type Sink, startSecureSink, startSink } from '../load/sink.ts';
import type { Measured, Values } from '../measured.ts';
import type { Peer, Secure } from '../peers/peer.ts';
import { PEERS, type PeerName } from '../peers/peers.ts';
import { quiet } from '../quiet.ts';
import { type Shape, throughput } from './throughput.ts';

export interface Comparison {
  readonly peers: readonly PeerName[];
  readonly shape: Omit<Shape, 'messages' | 'secure'>;
  /** TLS and AUTH with the clients only, or TLS with the upstream, too. Default: all in clear. */
  readonly secure?: 'clients' | 'both sides';
  /** Of relayd; a peer gets its share of them. */
  readonly messages: number;
  readonly rounds: number;
}

interface Started {
  readonly name: PeerName;
  readonly peer: Peer;
  /** Each has its own, so that a late message of one is not counted for another. */
  readonly sink: Sink;
}

/** Of relayd: V8 compiles what it sees often, for some thousands of messages. */
const warmUpLeast = 1_000;
const warmUpShare = 0.5;
const fewest = 20;

/** All peers in turn, round after round, each when all are at rest. A peer that fails is told of and left out. */
export async function compare(comparison: Comparison, say: (line: string) => void) {
  const opened = new AsyncDisposableStack();
  const rounds = new Map<string, Values[]>(comparison.peers.map((name) => [name, []]));
  const failures: string[] = [];
  try {
    const secure = await secureOf(comparison, opened);
    const shapeFor = (name: PeerName, messages: number): Shape => ({
      ...comparison.shape,
      messages: Math.max(
        fewest,
        comparison.shape.sessions,
        Math.round(messages * PEERS[name].share),
      ),
      ...(secure && { secure }),
    });
    const attempt = async ({ name, peer, sink }: Started, messages: number) => {
      try {
        return await throughput(peer, sink, shapeFor(name, messages));
      } catch (error) {
        failures.push(`${name}: ${String(error)}`);
        say(`${name} failed: ${String(error)}`);
        return null;
      }
    };
    const least = Math.min(warmUpLeast, comparison.messages);
    const warmUp = Math.max(least, comparison.messages * warmUpShare);
    let started: readonly Started[] = await startAll(comparison.peers, secure, opened);
    for (let round = 0; round <= comparison.rounds; round++) {
      const failed: Started[] = [];
      for (const one of started) {
        await quiet(started.map(({ peer }) => peer.pid));
        const messages = round === 0 ? warmUp : comparison.messages;
        const startMs = performance.now();
        const values = await attempt(one, messages);
        const tookS = ((performance.now() - startMs) / 1000).toFixed(1);
        const turn = round === 0 ? 'warm-up' : `round ${round} of ${comparison.rounds}`;
        say(`${turn}: ${one.name}, ${values?.rate?.toFixed(0) ?? 0} /s in ${tookS} s`);
        if (values === null) {
          failed.push(one);
          await one.peer.close(); // what is left of its mail must not take the others' time
        } else if (round > 0) {
          rounds.get(one.name)?.push(values);
        }
      }
      started = started.filter((one) => !failed.includes(one));
    }
    return { measured: Object.fromEntries(rounds) as Measured, failures };
  } finally {
    await opened.disposeAsync();
  }
}

async function secureOf(
  { secure }: Comparison,
  opened: AsyncDisposableStack,
): Promise<Secure | undefined> {
  if (secure === undefined) return undefined;
  const made = await makeSecure(secure === 'both sides');
  opened.defer(() => rm(made.directory, { recursive: true, force: true }));
  return made;
}

async function startAll(
  names: readonly PeerName[],
  secure: Secure | undefined,
  opened: AsyncDisposableStack,
): Promise<Started[]> {
  const started: Started[] = [];
  for (const name of names) {
    const sink = await (secure?.upstream === true ? startSecureSink(secure) : startSink());
    opened.defer(() => sink.close());
    const peer = await PEERS[name].start({ sinkPort: sink.port, ...(secure && { secure }) });
    opened.defer(() => peer.close());
    started.push({ name, peer, sink });
  }
  return started;
}
