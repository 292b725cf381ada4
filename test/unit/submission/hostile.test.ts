import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inData, loggedIn } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay;

beforeAll(async () => {
  relay = await startRelay({ config: plainConfig });
});

afterAll(() => relay.close());

const ends = ['\r\n', '\n', '\r', '\r\r\n', '\n\r', '\r\n\0', '\r\n ', '\x0b', '\x85', ''];
const smuggled = 'MAIL FROM:<evil@x.example>\r\nRCPT TO:<c@x.example>\r\nDATA\r\nsmuggled\r\n';

/** Every mixture of line ends around a dot but the one that ends the data. */
const notTheEnd = ends
  .flatMap((before) => ends.map((after) => `${before}.${after}`))
  .filter((mark) => !mark.includes('\r\n.\r\n'));

describe('smuggling: one final dot, one message', () => {
  test.each(notTheEnd.map((mark) => [JSON.stringify(mark), mark]))('%s', async (_, mark) => {
    const wire = `Subject: x\r\n\r\none${mark}${smuggled}\r\n.\r\n`;
    // Parted at every byte of the mark, and not at all.
    const first = wire.indexOf(mark, 14);
    const cuts = Array.from({ length: mark.length + 1 }, (_, index) => first + index);
    for (const cut of [0, ...cuts]) {
      const before = relay.stored.length;
      const client = await loggedIn(relay.port);
      await inData(client);
      await client.send(Buffer.from(wire.slice(0, cut), 'latin1'));
      await client.send(Buffer.from(wire.slice(cut), 'latin1'));
      const [reply = ''] = await client.reply(`parted at ${cut}`);
      await client.send(Buffer.from('QUIT\r\n'));
      expect((await client.reply())[0], 'nothing was a command of its own').toMatch(/^221 /);
      client.close();
      const added = relay.stored.slice(before);
      expect(added.map(({ message }) => message.envelope.reversePath)).toEqual(
        reply.startsWith('250') ? ['a@x.example'] : [],
      );
      expect(reply).toMatch(mark.includes('\0') ? /^554 5\.6\.0/ : /^250/);
    }
  });
});

describe('header bombs', () => {
  const bombs: readonly (readonly [string, string])[] = [
    ['10,000 fields', 'X-A: b\r\n'.repeat(10_000)],
    ['10,000 From fields', 'From: a@x.example\r\n'.repeat(10_000)],
    ['a field of 1 MiB on one line', `X-A: ${'b'.repeat(1024 * 1024)}\r\n`],
    ['a field of 1 MiB in folds', `X-A: b\r\n${' c\r\n'.repeat(256 * 1024)}`],
    ['a From field of 1 MiB', `From: ${'(a '.repeat(350_000)}\r\n`],
    ['a From field of 1 MiB in quotes', `From: "${'\\"'.repeat(500_000)}\r\n`],
    ['a name of 1 MiB', `${'X'.repeat(1024 * 1024)}: b\r\n`],
    ['a Bcc field of 1 MiB', `Bcc: ${'a@x.example, '.repeat(80_000)}\r\n`],
  ];
  test.each(bombs)('%s is answered, and the next message taken', async (_, header) => {
    const client = await loggedIn(relay.port);
    await inData(client);
    await client.send(Buffer.from(`${header}Subject: x\r\n\r\nbody\r\n.\r\n`));
    expect((await client.reply())[0]).toMatch(/^(?:250 2\.0\.0|55\d 5\.\d\.\d) /);
    await inData(client);
    await client.send(Buffer.from('Subject: after\r\n\r\n.\r\n'));
    expect((await client.reply())[0]).toMatch(/^250 /);
    client.close();
  });
});

test('what a session said about itself breaks no event into lines', () => {
  const told = relay.events.map((event) => JSON.stringify(event));
  expect(told.filter((line) => /[\r\n]/.test(line))).toEqual([]);
});
