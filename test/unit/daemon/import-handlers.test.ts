import { expect, test } from 'vitest';
import type { ImportedEnvelope } from '../../../src/control/import-wire.ts';
import { ASKS } from '../../../src/control/requests.ts';
import { importHandlers } from '../../../src/daemon/import-handlers.ts';
import type { Relay } from '../../../src/daemon/relay.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { messageIdSource } from '../../../src/relay/message-id.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';
import { settingsOf } from '../config/temporary-file.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const dayMs = 86_400_000;
const yaml = `
limits: {message_size: 1MiB}
clients:
  shop: {password: shop-password, senders: ["@shop.example"]}
accounts:
  one: {host: a.example, username: me@shop.example, password: pw, identities: ["@shop.example"]}
  two: {host: b.example, username: me@two.example, password: pw, identities: ["*"]}
routes:
  - {sender: "@dropped.example", discard: true}
  - {sender: "@held.example", hold: true}
  - {sender: "@shop.example", recipient: "@two.example", accounts: [two]}
  - {sender: "@shop.example", accounts: [one]}
`;

async function open() {
  const settings = await settingsOf(yaml);
  const store = openMemoryStore();
  const [events, woken]: [RelayEvent[], string[]] = [[], []];
  const relay = {
    settings: () => settings,
    store,
    drain: { current: null },
    emit: (event: RelayEvent) => events.push(event),
    delivery: {
      wake: (lane: string) => woken.push(lane),
      choose: ([first = '']: readonly string[]) => first,
    },
  } as unknown as Relay;
  const newMessageId = messageIdSource(() => nowMs, 0);
  const handlers = importHandlers({ relay, nowMs: () => nowMs, newMessageId });
  const hand = async (
    some: Partial<ImportedEnvelope> = {},
    text = 'From: me@shop.example\r\n\r\nhi\r\n',
  ) => {
    const ask = { ...envelope, bytes: Buffer.byteLength(text), ...some };
    const base64 = Buffer.from(text).toString('base64');
    await handlers['import.piece']({ key: ask.key, offset: 0, base64 });
    return handlers['import.message'](ask);
  };
  const shown = async (id: Awaited<ReturnType<typeof hand>>['id']) => (await store.show(id)).queued;
  return { handlers, hand, shown, events, woken, store };
}

const envelope: ImportedEnvelope = {
  key: '1xUmlH-0007M7-37',
  bytes: 0,
  receivedAtMs: nowMs - 3_600_000,
  frozen: false,
  client: null,
  reversePath: 'me@shop.example',
  recipients: [{ forwardPath: 'a@dest.example', notify: 'NEVER', orcpt: null }],
  ret: 'HDRS',
  envid: 'abc',
  smtpUtf8: false,
};

test('a message keeps its envelope and its time, and its lane is woken', async () => {
  const { hand, shown, woken, events } = await open();
  const taken = await hand({ client: 'shop' });
  expect(taken).toMatchObject({ fresh: true, accounts: ['one'], held: false });
  expect(await shown(taken.id)).toMatchObject({
    message: {
      client: 'shop',
      envelope: { reversePath: 'me@shop.example', ret: 'HDRS', envid: 'abc' },
      from: 'me@shop.example',
      acceptedAtMs: envelope.receivedAtMs,
      expiresAtMs: envelope.receivedAtMs + 5 * dayMs,
    },
    recipients: [{ state: 'waiting', lane: 'one', dueAtMs: nowMs }],
  });
  expect(woken).toEqual(['one']);
  expect(events).toMatchObject([
    { is: 'message.accepted', protocol: 'import', remote: envelope.key },
  ]);
});

test('the same one is taken once; another of the same moment is another one', async () => {
  const { hand } = await open();
  const first = await hand();
  expect(await hand()).toEqual({ fresh: false, id: first.id, accounts: [], held: false });
  const other = await hand({ key: '1xUmlH-0007M8-37' });
  expect(other).toMatchObject({ fresh: true });
  expect(other.id).not.toBe(first.id);
});

test('an id that is taken by a foreign message is passed over', async () => {
  const { hand } = await open();
  const first = await hand({ reversePath: 'else@shop.example' });
  const second = await hand();
  expect(second.fresh).toBe(true);
  expect(second.id > first.id).toBe(true);
  expect(await hand()).toMatchObject({ fresh: false, id: second.id });
});

test('a From field that cannot be read makes the author unknown, as for mail that a client submits', async () => {
  const { hand, shown } = await open();
  const text = 'From: me@shop.example\r\nFrom: <<\r\n\r\nhi\r\n';
  const { id } = await hand({}, text);
  expect((await shown(id))?.message.from).toBeNull();
});

test('recipients with different routes become messages of their own', async () => {
  const { hand } = await open();
  const recipients = ['a@dest.example', 'b@two.example'].map((forwardPath) => ({
    forwardPath,
    notify: null,
    orcpt: null,
  }));
  expect(await hand({ recipients })).toMatchObject({ accounts: ['one', 'two'] });
});

test('what was frozen, and what a route holds, is held; old mail gets another day', async () => {
  const { hand, shown, woken } = await open();
  const frozen = await hand({ frozen: true, receivedAtMs: nowMs - 30 * dayMs });
  expect(frozen.held).toBe(true);
  expect(await shown(frozen.id)).toMatchObject({
    message: { expiresAtMs: nowMs + dayMs },
    recipients: [{ state: 'held', lastText: 'it was frozen in Exim' }],
  });
  expect(await hand({ key: 'x', reversePath: 'a@held.example' })).toMatchObject({ held: true });
  expect(woken).toEqual([]);
});

test.each([
  ['no route', { reversePath: 'a@else.example' }, undefined, /no route for a@else\.example/],
  ['a route that discards', { reversePath: 'a@dropped.example' }, undefined, /its route discards/],
  [
    'a foreign From',
    {},
    'From: x@else.example\r\n\r\n',
    /account one may not send as x@else\.example/,
  ],
  ['a NUL', {}, 'From: me@shop.example\r\n\r\n\0', /holds a NUL/],
])('%s: refused, and nothing is taken', async (_, some, text, why) => {
  const { hand, store, events } = await open();
  await expect(hand(some, text)).rejects.toThrow(why);
  expect(await store.counts()).toEqual([]);
  expect(events).toEqual([]);
});

test('pieces come in order, of one message at a time, and not without end', async () => {
  const { handlers } = await open();
  const piece = (key: string, offset: number, bytes: number) =>
    handlers['import.piece']({ key, offset, base64: Buffer.alloc(bytes, 'x').toString('base64') });
  expect(await piece('a', 0, 10)).toEqual({ bytes: 10 });
  expect(await piece('a', 10, 5)).toEqual({ bytes: 15 });
  await expect(piece('a', 10, 5)).rejects.toThrow(/another import is under way/);
  await expect(piece('b', 15, 5)).rejects.toThrow(/another import is under way/);
  await expect(handlers['import.message']({ ...envelope, key: 'a', bytes: 99 })).rejects.toThrow(
    /did not come in whole/,
  );
  await expect(piece('b', 0, 2 * 2 ** 20)).rejects.toThrow(/larger than limits\.message_size/);
  await expect(piece('b', 2 ** 20, 1)).rejects.toThrow(/another import/);
});

test.each([
  ['reversePath', 'a@b.example>\r\nDATA'],
  ['reversePath', 'a b@c.example'],
  ['envid', 'two words'],
  ['key', '../x'],
  ['recipients', []],
  ['recipients', [{ forwardPath: '', notify: null, orcpt: null }]],
  ['recipients', [{ forwardPath: 'a@b.example', notify: 'SOMETIMES', orcpt: null }]],
])('%s %j is no request', (key, value) => {
  const ask = { ...envelope, bytes: 1 };
  expect(ASKS['import.message'].safeParse(ask).success).toBe(true);
  expect(ASKS['import.message'].safeParse({ ...ask, [key]: value }).success).toBe(false);
});

test('a quoted local part is a path like any other', () => {
  const ask = { ...envelope, bytes: 1, reversePath: '"a b"@c.example' };
  expect(ASKS['import.message'].safeParse(ask).success).toBe(true);
});
