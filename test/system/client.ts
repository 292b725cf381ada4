/**
 * An app that submits, as a process in the network of the machine. Prints a JSON line per message: what became of it.
 *
 *   node client.ts --password P --from A --count N [--every MS] [--size BYTES] [--name PREFIX]
 *
 * Each message has a connection of its own and the recipient PREFIX-NUMBER@dest.example. Without --count it goes on until its
 * standard input ends.
 */

import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '587' },
    user: { type: 'string', default: 'app' },
    password: { type: 'string', default: '' },
    from: { type: 'string', default: 'a@shop.example' },
    name: { type: 'string', default: 'm' },
    count: { type: 'string' },
    every: { type: 'string', default: '0' },
    size: { type: 'string', default: '100' },
  },
});

/**
 * `taken`: 250 to the final dot. `refused`: no greeting with 220. `answered`: any other reply than hoped for. `lost`: the
 * connection ended in between.
 */
export interface Sent {
  readonly to: string;
  readonly is: 'taken' | 'refused' | 'answered' | 'lost';
  readonly reply: string;
}

async function send(to: string): Promise<Sent> {
  const socket = connect(Number(values.port), '127.0.0.1');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  let failure = '';
  socket.on('error', (error) => {
    failure = error.message;
  });
  // The longest that a patient app waits.
  socket.setTimeout(30_000, () => socket.destroy(new Error('no answer within 30 s')));
  /** The last line of the next reply; '' when there is none. */
  const reply = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next().catch(() => ({ value: '', done: true as const }));
      if (done === true) return '';
      if (!/^\d{3}-/.test(value)) return value;
    }
  };
  const greeting = await reply();
  if (!greeting.startsWith('220')) return { to, is: 'refused', reply: greeting || failure };
  const login = Buffer.from(`\0${values.user}\0${values.password}`).toString('base64');
  const text = `From: ${values.from}\r\nTo: ${to}\r\nSubject: ${to}\r\n\r\n${'x'.repeat(Number(values.size))}\r\n.`;
  const dialogue: readonly (readonly [string, string])[] = [
    ['EHLO app.example', '250'],
    [`AUTH PLAIN ${login}`, '235'],
    [`MAIL FROM:<${values.from}>`, '250'],
    [`RCPT TO:<${to}>`, '250'],
    ['DATA', '354'],
    [text, '250'],
  ];
  for (const [line, hoped] of dialogue) {
    socket.write(`${line}\r\n`);
    const said = await reply();
    if (said === '') return { to, is: 'lost', reply: failure };
    if (!said.startsWith(hoped)) {
      socket.destroy();
      return { to, is: 'answered', reply: said };
    }
  }
  socket.end('QUIT\r\n');
  return { to, is: 'taken', reply: '' };
}

let over = false;
if (values.count === undefined) {
  process.stdin.resume().once('end', () => {
    over = true;
  });
}
const running: Promise<void>[] = [];
for (let number = 1; !over && number <= Number(values.count ?? Infinity); number++) {
  const sent = send(`${values.name}-${number}@dest.example`).then((result) => {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  });
  if (values.every === '0') await sent;
  else {
    running.push(sent);
    await sleep(Number(values.every));
  }
}
await Promise.all(running);
process.exit(0);
