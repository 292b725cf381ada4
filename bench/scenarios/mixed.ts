import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { freePort } from '../../test/support/free-port.ts';
import { submitByClient } from '../load/load.ts';
import { type Sink, startSink } from '../load/sink.ts';
import type { Measured, Values } from '../measured.ts';
import { sinkAccount, startRelayd } from '../peers/relayd.ts';

const accounts = 100;
const down = 20;
/** So that a fifth of the messages for the warm-up is the same for each account. */
const unit = accounts * 5;
const senders = { count: 1_000, domains: accounts };

/** The upstreams of the 20 accounts: none of them is down, or half refuse connections and half never say a word. */
interface Twenty {
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/** 1,000 senders over 100 accounts, in turn with all of them up and with 20 of them down: the rate of the other 80. */
export async function mixed(
  size: number,
  rounds: number,
  say: (line: string) => void,
): Promise<Measured> {
  const messages = Math.ceil(size / unit) * unit;
  const found: Record<'all up' | '20 down', Values[]> = { 'all up': [], '20 down': [] };
  for (let round = 1; round <= rounds; round++) {
    for (const name of ['all up', '20 down'] as const) {
      say(`round ${round} of ${rounds}: ${name}`);
      found[name].push(await eighty(messages, await (name === 'all up' ? allUp() : allDown())));
    }
  }
  return found;
}

async function eighty(messages: number, twenty: Twenty): Promise<Values> {
  const sink = await startSink();
  const name = (at: number): string => `account${at}`;
  const portOf = (at: number): number => twenty.ports[at] ?? sink.port;
  const numbers = Array.from({ length: accounts }, (_, at) => at);
  const peer = await startRelayd({
    sinkPort: sink.port,
    accounts: Object.fromEntries(numbers.map((at) => [name(at), sinkAccount(portOf(at))])),
    routes: numbers.map((at) => ({ sender: `@d${at}.bench.test`, accounts: [name(at)] })),
  });
  try {
    const send = (count: number) =>
      submitByClient({
        port: peer.port,
        sessions: 50,
        messages: count,
        bytes: 4096,
        held: true,
        senders,
      });
    const share = (accounts - down) / accounts;
    await send(messages / 5);
    await sink.reached((messages / 5) * share);
    const startMs = performance.now();
    const { tookMs } = await send(messages);
    await reachedFrom(sink, messages * share);
    return {
      accepted: (messages / tookMs) * 1000,
      rate: ((messages * share) / (performance.now() - startMs)) * 1000,
    };
  } finally {
    await peer.close();
    await twenty.close();
    await sink.close();
  }
}

/** After the fifth that warmed up. */
const reachedFrom = (sink: Sink, messages: number): Promise<void> => sink.reached(messages * 1.2);

async function allUp(): Promise<Twenty> {
  const sink = await startSink();
  return { ports: Array.from({ length: down }, () => sink.port), close: sink.close };
}

async function allDown(): Promise<Twenty> {
  const open = new Set<Socket>();
  const mute = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
  });
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const refusing = await freePort();
  const silent = (mute.address() as AddressInfo).port;
  return {
    ports: Array.from({ length: down }, (_, at) => (at % 2 === 0 ? refusing : silent)),
    close: async () => {
      for (const socket of open) socket.destroy();
      mute.close();
      await once(mute, 'close');
    },
  };
}
