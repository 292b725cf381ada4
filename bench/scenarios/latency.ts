import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import type { Peer } from '../peers/peer.ts';
import { percentile } from '../statistics.ts';

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const line = 'x'.repeat(62);
const body = `Subject: bench\r\n\r\n${`${line}\r\n`.repeat(64)}`;
const dialogue = [
  ['220', 'EHLO bench.test\r\n'],
  ['250', 'MAIL FROM:<app@bench.test>\r\n'],
  ['250', 'RCPT TO:<somebody@sink.test>\r\n'],
  ['250', 'DATA\r\n'],
  ['354', `${body}.\r\n`],
] as const;

/** One client, one connection and one 4 KiB message after the other: from connecting to the 250 of the final dot. */
export async function latency(peer: Peer, messages: number): Promise<Latency> {
  const timesMs: number[] = [];
  for (let count = 0; count < messages; count++) timesMs.push(await sendOne(peer.port));
  timesMs.sort((a, b) => a - b);
  return { p50Ms: percentile(timesMs, 0.5), p99Ms: percentile(timesMs, 0.99) };
}

async function sendOne(port: number): Promise<number> {
  const startMs = performance.now();
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async (expected: string): Promise<void> => {
    for (;;) {
      const { value, done } = await replies.next();
      if (done === true || !value.startsWith(expected))
        throw new Error(`not ${expected}: ${value}`);
      if (value[3] !== '-') return;
    }
  };
  for (const [expected, command] of dialogue) {
    await reply(expected);
    socket.write(command);
  }
  await reply('250');
  const tookMs = performance.now() - startMs;
  socket.end('QUIT\r\n');
  socket.resume();
  await once(socket, 'close');
  return tookMs;
}
