import { fillQueue } from '../fill-queue.ts';
import { submit } from '../load/load.ts';
import { type Sink, startSink } from '../load/sink.ts';
import { type Measured, mib, type Values } from '../measured.ts';
import { type RelaydPeer, sinkAccount, startRelayd } from '../peers/relayd.ts';
import { residentBytes } from '../process-tree.ts';
import { quiet } from '../quiet.ts';

const messagesARound = 10_000;
/** Of the mail that waits, so many at most go out at the end. */
const drainedMost = 200_000;
/** The accounts of fillQueue. */
const fillAccounts = 20;

interface Side {
  readonly peer: RelaydPeer;
  readonly sink: Sink;
}

/** relayd with an empty queue and relayd with so many messages that wait, in turn; then these go out. */
export async function longQueueRates(
  waiting: number,
  rounds: number,
  say: (line: string) => void,
): Promise<Measured> {
  const opened = new AsyncDisposableStack();
  try {
    const sides = {
      empty: await openSide(0, opened),
      waiting: await openSide(waiting, opened),
    };
    const found: Record<keyof typeof sides, Values[]> = { empty: [], waiting: [] };
    for (let round = 0; round <= rounds; round++) {
      for (const name of ['empty', 'waiting'] as const) {
        await quiet(Object.values(sides).map(({ peer }) => peer.pid));
        say(`${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${name}`);
        const values = await load(sides[name]);
        if (round > 0) found[name].push(values);
      }
    }
    say('the waiting mail goes out');
    const drained = await drain(sides.waiting, Math.min(drainedMost, Math.floor(waiting / 2)));
    found.waiting.push({ drained });
    return found;
  } finally {
    await opened.disposeAsync();
  }
}

async function openSide(waiting: number, opened: AsyncDisposableStack): Promise<Side> {
  const sink = await startSink();
  opened.defer(() => sink.close());
  const account = sinkAccount(sink.port);
  const peer = await startRelayd({
    sinkPort: sink.port,
    accounts: Object.fromEntries(
      Array.from({ length: fillAccounts }, (_, at) => [`account${at}`, account]),
    ),
    ...(waiting > 0 && { fill: (directory) => fillQueue(directory, waiting, Date.now()) }),
  });
  opened.defer(() => peer.close());
  return { peer, sink };
}

async function load({ peer, sink }: Side): Promise<Values> {
  const target = sink.count() + messagesARound;
  const startMs = performance.now();
  await submit({
    port: peer.port,
    sessions: 50,
    messages: messagesARound,
    bytes: 4096,
    held: true,
  });
  const acceptedMs = performance.now() - startMs;
  await sink.reached(target);
  const doneMs = performance.now() - startMs;
  return {
    accepted: (messagesARound / acceptedMs) * 1000,
    rate: (messagesARound / doneMs) * 1000,
    rss: residentBytes(peer.pid) / mib,
    start: peer.startedInMs / 1000,
  };
}

async function drain({ peer, sink }: Side, messages: number): Promise<number> {
  const target = sink.count() + messages;
  const startMs = performance.now();
  await peer.relayctl('queue', 'flush', '--yes', '--no-wait');
  await sink.reached(target);
  return (messages / (performance.now() - startMs)) * 1000;
}
