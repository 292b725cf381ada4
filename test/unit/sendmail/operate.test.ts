import { expect, test } from 'vitest';
import { ControlError, type ControlHandlers, type RequestName } from '../../../src/control/wire.ts';
import { readMessage } from '../../../src/daemon/read-message.ts';
import { eximId, fromEximId } from '../../../src/relay/exim-id.ts';
import type { QueueRow } from '../../../src/relay/queue.ts';
import { readCall } from '../../../src/sendmail/arguments.ts';
import type { Desk, Question } from '../../../src/sendmail/desk.ts';
import { answer } from '../../../src/sendmail/operate.ts';
import { queueEntry } from '../../../src/sendmail/queue-lines.ts';
import { hour, message, messageId, minute, nowMs, recipient, row } from '../cli/harness.ts';

const id = eximId(messageId);

/** Answers one command line of exim from handlers in place of the daemon. */
async function exim(line: string, daemon: Partial<ControlHandlers> = {}) {
  const asked: [RequestName, unknown][] = [];
  const out: Buffer[] = [];
  let err = '';
  const desk: Desk = {
    ask: async (request, ask, onPart) => {
      asked.push([request, ask]);
      const handler = daemon[request] as
        | ((ask: unknown, outlet: unknown) => Promise<never>)
        | undefined;
      if (handler === undefined) throw new ControlError('refused', `${request} was not expected`);
      return handler(ask, { send: async (part: never) => onPart?.(part) });
    },
    out: (text) => {
      out.push(Buffer.from(text));
    },
    err: (text) => {
      err += text;
    },
    nowMs,
    sender: (ownName) => `me@${ownName}`,
  };
  const { command } = readCall('exim', line.split(' '));
  const exitCode = await answer(command as Question, desk);
  return { out: Buffer.concat(out).toString(), err, exitCode, asked };
}

/** A queue of these, in pages of one. */
const queue = (...rows: readonly QueueRow[]): Pick<ControlHandlers, 'queue.list'> => ({
  'queue.list': async ({ filter, after }) => {
    const wanted =
      filter.id === undefined ? rows : rows.filter((one) => one.message.id === filter.id);
    const index = after === null ? 0 : wanted.findIndex((one) => one.message.id === after) + 1;
    const found = wanted[index];
    return {
      rows: found === undefined ? [] : [found],
      next: index + 1 < wanted.length ? (found?.message.id ?? null) : null,
    };
  },
});

const other = row({
  message: message({
    id: '1n8f3k2x0q5' as typeof messageId,
    recipients: ['x@y.example', 'z@y.example'],
  }),
  recipients: [recipient({ index: 1, state: 'held' })],
});

test('the queue is printed as Exim does, page by page', async () => {
  const { out, asked } = await exim('-bp', queue(row(), other));
  expect(out).toBe(
    ` 2h  4.0K ${id} <erp@velosi.example>\n          a@b.example\n\n` +
      ` 2h  4.0K ${eximId('1n8f3k2x0q5' as typeof messageId)} <erp@velosi.example> *** frozen ***\n` +
      '        D x@y.example\n          z@y.example\n\n',
  );
  expect(asked).toHaveLength(2);
  expect((await exim('-bpu', queue(other))).out).not.toContain('x@y.example');
  expect((await exim('-bpc', queue(row(), other))).out).toBe('2\n');
});

test('an empty queue prints nothing, and counts 0', async () => {
  expect((await exim('-bp', queue())).out).toBe('');
  expect((await exim('-bpc', queue())).out).toBe('0\n');
});

test.each([
  [0, 0, ' 0m     0'],
  [90 * minute, 1023, '90m  1023'],
  [91 * minute, 1024, ' 2h  1.0K'],
  [72 * hour, 10_240, '72h   10K'],
  [73 * hour, 1024 * 1024, ' 3d  1.0M'],
  [10 * 24 * hour, 25 * 1024 * 1024, '10d   25M'],
])('age %i ms and %i bytes are %s', (ageMs, bytes, expected) => {
  const one = row({ message: message({ acceptedAtMs: nowMs - ageMs, bytes }) });
  const line = queueEntry(one, { nowMs, undeliveredOnly: false });
  expect(line.slice(0, expected.length)).toBe(expected);
});

test('addresses cannot steer the terminal', () => {
  const one = row({ message: message({ recipients: ['a\x1b[2J@b.example'] }) });
  expect(queueEntry(one, { nowMs, undeliveredOnly: false })).toContain('a?[2J@b.example');
});

const touched = async () => ({ recipients: 1, messages: 1 });
const none = async () => ({ recipients: 0, messages: 0 });
const flushed = { recipients: 1, messages: 1, accountsResumed: [], lanes: [] };
const held = row({ recipients: [recipient({ state: 'held' })] });

test.each([
  ['-Mrm', row(), { 'queue.remove': touched }, 0, `Message ${id} has been removed\n`],
  ['-Mf', row(), { 'queue.hold': touched }, 0, `Message ${id} is now frozen\n`],
  ['-Mf', held, {}, 1, `Message ${id} is already frozen\n`],
  ['-Mt', held, { 'queue.release': touched }, 0, `Message ${id} is no longer frozen\n`],
  ['-Mt', row(), {}, 1, `Message ${id} is not frozen\n`],
  ['-Mg', row(), { 'queue.bounce': touched }, 0, ''],
  ['-M', row(), { 'queue.flush': async () => flushed }, 0, ''],
  ['-Mrm', row(), { 'queue.remove': none }, 1, `Message ${id} is locked: it is being sent\n`],
] as const)('%s says what became of it (%#)', async (option, one, daemon, exitCode, text) => {
  const ran = await exim(`${option} ${id}`, { ...queue(one), ...daemon });
  expect(ran).toMatchObject({ exitCode, [exitCode === 0 ? 'out' : 'err']: text });
});

test('our own ids are understood, too; one that is gone does not stop the others', async () => {
  const ran = await exim(`-Mrm 1n8f3k2x0q9 ${messageId}`, {
    ...queue(row()),
    'queue.remove': touched,
  });
  expect(ran.exitCode).toBe(1);
  expect(ran.err).toContain('has been removed or did not exist');
  expect(ran.out).toBe(`Message ${id} has been removed\n`);
  await expect(exim('-Mrm nonsense!')).rejects.toThrow('malformed message id nonsense!');
});

test('queue runs flush what they say', async () => {
  const daemon = {
    ...queue(row(), other),
    'queue.flush': async () => flushed,
    status: async () => ({}) as never,
  };
  const asks = async (line: string) =>
    (await exim(line, daemon)).asked.filter(([name]) => name !== 'queue.list');
  expect(await asks('-q')).toEqual([['status', {}]]);
  expect(await asks('-qf')).toEqual([['queue.flush', { filter: {}, includeHeld: false }]]);
  expect(await asks('-qff')).toEqual([['queue.flush', { filter: {}, includeHeld: true }]]);
  const one = ['queue.flush', { filter: { id: messageId }, includeHeld: false }];
  expect(await asks('-Rf B.EXAMPLE')).toEqual([one]);
  expect(await asks('-Rf y.example')).toEqual([]);
  expect(await asks('-Rff x@y')).toEqual([]);
  expect(await asks('-Srff ^erp@')).toHaveLength(2);
  await expect(asks('-Srff [')).rejects.toThrow('Invalid regular expression');
});

const stored = Buffer.from(
  'Received: from x\r\n\tby y\r\nFrom: Ö <a@b>\r\n\r\nGröße\r\n.\r\nend\r\n',
);
/** Pieces that part CRLF and characters. */
const body: Pick<ControlHandlers, 'message.read' | 'queue.show'> = {
  'message.read': (ask, { send }) => {
    const chunks = (async function* () {
      for (const octet of stored) yield Buffer.of(octet);
    })();
    const known = { account: null, recipients: [], otherVersions: 0, chunks };
    const preview = async (_: string, asStored: boolean) => (asStored ? known : null);
    return readMessage({ preview }, ask, send);
  },
  'queue.show': async () => ({ queued: held, history: null, standIns: [] }),
};

test('a message is printed from pieces of any length', async () => {
  expect((await exim(`-Mvc ${id}`, body)).out).toBe(stored.toString().replaceAll('\r\n', '\n'));
  expect((await exim(`-Mvb ${id}`, body)).out).toBe(`${id}-D\nGröße\n.\nend\n`);
});

test('-Mvh is the -H file of Exim', async () => {
  const { out } = await exim(`-Mvh ${id}`, body);
  expect(out).toMatch(
    new RegExp(
      `^${id}-H\nvelosi 0 0\n<erp@velosi.example>\n\\d+ 0\n-frozen \\d+\nXX\n1\na@b.example\n\n`,
    ),
  );
  expect(out).toContain('023P Received: from x\n\tby y\n015F From: Ö <a@b>\n');
});

test('-Mvl tells what happened, and that nothing is known of others', async () => {
  const attempt = {
    account: 'gmail',
    authenticatedAs: null,
    startedAtMs: nowMs,
    tookMs: 5,
    tls: null,
    peer: 'mx:587',
    results: [{ index: 0, outcome: 'delivered' as const, text: '250 OK' }],
  };
  const history = { message: message(), settledAtMs: nowMs, recipients: [], attempts: [attempt] };
  const { out } = await exim(`-Mvl ${id}`, {
    'queue.show': async () => ({ queued: null, history, standIns: [] }),
  });
  expect(out).toMatch(
    /^\S+ \S+ Received from erp@velosi.example U=velosi S=4096 id=1@velosi.example\n/,
  );
  expect(out).toMatch(/ => a@b.example R=gmail H=mx:587 250 OK\n\S+ \S+ Completed\n$/);
  const refuse = async () => {
    throw new ControlError('not-found', 'no message');
  };
  await expect(exim(`-Mvl ${id}`, { 'queue.show': refuse })).rejects.toThrow('no message');
});

test('-bt names the account, and exits with 2 for what would be refused', async () => {
  const status = async () => ({ hostname: 'relay.test' }) as never;
  const account = {
    name: 'gmail',
    host: 'smtp.gmail.com',
    port: 587,
    maySendAs: true,
    rewrittenTo: null,
    state: null,
    takes: true,
  };
  const report = {
    result: 'accounts',
    route: { index: 2, line: 9 },
    accounts: [account],
    edits: null,
    bcc: [],
    reply: null,
    why: '',
  } as const;
  const ran = await exim('-bt a@b.example', { status, 'route.test': async () => report });
  expect(ran.out).toBe(
    'a@b.example\n  router = routes[2], transport = gmail\n  host smtp.gmail.com port=587 account=gmail\n',
  );
  expect(ran.asked[1]).toEqual([
    'route.test',
    { from: 'me@relay.test', to: 'a@b.example', client: null, headers: {} },
  ]);
  const refused = { ...report, result: 'refused', reply: '550 5.7.1 no' } as const;
  const none = await exim('-bt x', { status, 'route.test': async () => refused });
  expect(none).toMatchObject({ exitCode: 2, out: 'x@relay.test is undeliverable: 550 5.7.1 no\n' });
});

test('-bP knows what relayd has of Exim', async () => {
  const settings = {
    hostname: 'relay.test',
    queue: { directory: '/q' },
    limits: { message_size: '25MiB' },
    listeners: [],
  };
  const daemon = { 'config.show': async () => ({ file: '', settings, origins: {} }) };
  expect((await exim('-bP primary_hostname', daemon)).out).toBe('primary_hostname = relay.test\n');
  expect((await exim('-bP', daemon)).out).toContain('message_size_limit = 26214400\nprimary');
  const unknown = await exim('-bP toString', daemon);
  expect(unknown).toMatchObject({
    exitCode: 1,
    out: '',
    err: expect.stringContaining('toString is not a known option'),
  });
});

test('ids go there and back', () => {
  expect(fromEximId(id)).toBe(messageId);
});
