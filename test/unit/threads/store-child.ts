import { openRemoteStore } from '../../../src/threads/remote-store.ts';
import { becomes, delivered, leased, leaseOf } from '../../contract/fixtures.ts';

/*
 * A store under load in a process that can be killed at any instant: says `+ id` on standard output
 * after every resolved accept and `- id` before every settlement. Ends by itself after so many
 * messages.
 */
const directory = process.argv[2] ?? '';
const sequence = Number(process.argv[3]);
const messagesMax = Number(process.argv[4]);
const clients = Number(process.argv[5]);
const say = (line: string) => {
  process.stdout.write(`${line}\n`);
};

const store = await openRemoteStore({
  directory,
  emit: () => {},
  onDeath: (error) => {
    throw error;
  },
});
let drawn = sequence;

async function client(): Promise<void> {
  while (drawn < sequence + messagesMax) {
    drawn += 1;
    const number = drawn;
    const one = leased({ sequence: number, body: Buffer.alloc(2_000, 65) });
    await store.accept([one]);
    say(`+ ${one.message.id}`);
    if (number % 3 === 0) continue; // stays leased
    say(`- ${one.message.id}`);
    const rest = { lease: leaseOf(), attempt: null, notifications: [] };
    await store.settle({ id: one.message.id, recipients: [becomes(0, delivered)], ...rest });
  }
}

say('ready');
await Promise.all(Array.from({ length: clients }, client));
await store.close();
