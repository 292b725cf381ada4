import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openSpool } from '../../../src/queue/spool.ts';
import type { NewMessage } from '../../../src/relay/queue.ts';
import { becomes, delivered, idAt, leased, leaseOf, T0 } from '../../contract/fixtures.ts';
import { openBare, temporaryDirectory, testStore } from './temporary.ts';

function prepared(): string {
  const directory = temporaryDirectory();
  openBare(directory).close();
  return directory;
}

const names = (directory: string) => readdirSync(join(directory, 'spool')).sort();

async function spooled(directory: string, one: NewMessage, bytes: Buffer): Promise<NewMessage> {
  const writer = await openSpool(directory).create(one.message.id);
  await writer.write(bytes);
  const file = await writer.commit();
  const message = { ...one.message, bytes: bytes.length };
  return { ...one, message, body: { in: 'spool', file, bytes: bytes.length } };
}

test('a committed body reads back byte for byte', async () => {
  const directory = prepared();
  const spool = openSpool(directory);
  const writer = await spool.create(idAt(T0));
  const chunks = Array.from({ length: 40 }, (_, at) => Buffer.alloc(30_000 + at, at));
  for (const chunk of chunks) await writer.write(chunk);
  expect(names(directory)).toEqual([`${idAt(T0)}.part`]);
  const file = await writer.commit();
  expect(names(directory)).toEqual([file]);
  expect((await buffer(spool.read(file))).equals(Buffer.concat(chunks))).toBe(true);
  expect(statSync(join(directory, 'spool', file)).mode & 0o777).toBe(0o600);
});

test('an aborted body leaves nothing', async () => {
  const directory = prepared();
  const writer = await openSpool(directory).create(idAt(T0));
  await writer.write(Buffer.alloc(600_000));
  await writer.abort();
  expect(names(directory)).toEqual([]);
});

test('a committed body that no accept came to own goes as well', async () => {
  const directory = prepared();
  const writer = await openSpool(directory).create(idAt(T0));
  await writer.write(Buffer.alloc(600_000));
  await writer.commit();
  await writer.abort();
  expect(names(directory)).toEqual([]);
});

test('a committed body that no message came to own can still be taken back', async () => {
  const directory = prepared();
  const writer = await openSpool(directory).create(idAt(T0));
  await writer.write(Buffer.from('orphan'));
  await writer.commit();
  await writer.abort();
  expect(names(directory)).toEqual([]);
});

test('many commits at once are all durable before they return', async () => {
  const directory = prepared();
  const spool = openSpool(directory);
  const files = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const writer = await spool.create(idAt(T0, at));
      await writer.write(Buffer.from(`body ${at}`));
      return writer.commit();
    }),
  );
  expect(names(directory)).toEqual([...files].sort());
});

test('only names of the spool can be read', () => {
  expect(() => openSpool(prepared()).read('../queue.db')).toThrow('no name in the spool');
});

test('failures are storage failures', async () => {
  const spool = openSpool(join(temporaryDirectory(), 'nowhere'));
  await expect(spool.create(idAt(T0))).rejects.toMatchObject({ name: 'StoreError', fault: 'io' });
});

test('a file is removed with the last message that needs it', async () => {
  const directory = prepared();
  const { store } = testStore(directory);
  const bytes = Buffer.alloc(300_000, 7);
  const first = await spooled(directory, leased(), bytes);
  const other = leased({ to: ['b@y.example'] });
  const message = { ...other.message, bytes: bytes.length };
  const second = { ...other, message, body: first.body };
  await store.accept([first, second]);
  expect(await store.body(second.message.id)).toEqual(first.body);
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  const settle = ({ message }: NewMessage) =>
    store.settle({ id: message.id, recipients: [becomes(0, delivered)], ...rest });
  await settle(first);
  const file = first.body.in === 'spool' ? first.body.file : '';
  expect(existsSync(join(directory, 'spool', file))).toBe(true);
  await settle(second);
  await expect.poll(() => names(directory), { interval: 5 }).toEqual([]);
});

test('the start sweeps what no message names, and nothing else', async () => {
  const directory = prepared();
  const { store } = testStore(directory);
  const kept = await spooled(directory, leased(), Buffer.from('kept'));
  await store.accept([kept]);
  await spooled(directory, leased(), Buffer.from('never accepted'));
  writeFileSync(join(directory, 'spool', 'zzz.part'), 'torn');
  await store.close();
  openBare(directory).close();
  expect(names(directory)).toEqual([kept.message.id]);
  const left = readFileSync(join(directory, 'spool', kept.message.id), 'utf8');
  expect(left).toBe('kept');
});
