import { expect, test } from 'vitest';
import { ControlError } from '../../../src/control/wire.ts';
import { nowMs, relayctl } from './harness.ts';

const touched = async () => ({ recipients: 3, messages: 2 });
const nothing = async () => ({ recipients: 0, messages: 0 });
const flushed = async () => ({
  recipients: 12,
  messages: 10,
  accountsResumed: ['gmail'],
  lanes: ['gmail', 'ses'],
});

const counts = (messages: number) => async () => ({
  recipients: messages + 1,
  messages,
  lanes: [
    { lane: 'gmail', recipients: messages, messages: messages - 1 },
    { lane: null, recipients: 1, messages: 1 },
  ],
});
/** Few enough not to be asked about. */
const few = { 'queue.count': counts(2) };

test('flush without arguments tries everything and says what it set in motion', async () => {
  const ran = await relayctl('queue flush', { daemon: { 'queue.flush': flushed, ...few } });
  expect(ran.asked).toEqual([
    ['queue.count', { filter: {}, verb: 'flush', includeHeld: false }],
    ['queue.flush', { filter: {}, includeHeld: false }],
  ]);
  expect(ran.out).toBe(
    'Working again: gmail.\nSet in motion: 12 recipients of 10 messages through gmail, ses.\n',
  );
});

test('flush of an account, with what is held', async () => {
  const ran = await relayctl('queue flush --account gmail --include-held --json', {
    daemon: { 'queue.flush': flushed, ...few },
  });
  expect(ran.asked.slice(1)).toEqual([
    ['queue.flush', { filter: { account: 'gmail' }, includeHeld: true }],
  ]);
  expect(JSON.parse(ran.out)).toEqual(await flushed());
});

test('flush of an empty queue says that what is held did not move', async () => {
  const daemon = {
    ...few,
    'queue.flush': async () => ({ recipients: 0, messages: 0, accountsResumed: [], lanes: [] }),
  };
  expect((await relayctl('queue flush', { daemon })).out).toBe(
    'Nothing was waiting. What is held moves only with --include-held.\n',
  );
});

test('ids that name nothing are told, and the others are done all the same', async () => {
  const daemon = {
    'queue.release': async ({ filter }: { filter: { id?: string } }) =>
      filter.id === '1n8f3k2x0q5' ? { recipients: 0, messages: 0 } : { recipients: 1, messages: 1 },
  };
  const ran = await relayctl('queue release 1n8f3k2x0q4 1n8f3k2x0q5 1n8f3k2x0q6', { daemon });
  expect(ran.asked).toHaveLength(3);
  expect(ran.out).toBe('Released: 2 recipients of 2 messages.\n');
  expect(ran.err).toBe(
    'relayctl: nothing in the queue to do this to: 1n8f3k2x0q5; see relayctl queue show\n',
  );
  expect(ran.exitCode).toBe(65);
});

test.each([
  ['hold', 'Held', { reason: 'held by an operator' }],
  ['release', 'Released', {}],
  ['remove', 'Removed', {}],
  ['bounce', 'Bounced', { reason: 'given up by the postmaster' }],
] as const)('%s: by filter, by nothing, by --all, empty', async (verb, done, reason) => {
  const request = `queue.${verb}` as const;
  const byFilter = await relayctl(`queue ${verb} --older 1h`, {
    daemon: { [request]: touched, ...few },
  });
  expect(byFilter.asked.slice(1)).toEqual([
    [request, { filter: { olderThanMs: nowMs - 3_600_000 }, ...reason }],
  ]);
  expect(byFilter.out).toBe(`${done}: 3 recipients of 2 messages.\n`);

  const byNothing = await relayctl(`queue ${verb}`, { daemon: {} });
  expect(byNothing.exitCode).toBe(64);
  expect(byNothing.err).toContain('--all for the whole queue');

  const all = await relayctl(`queue ${verb} --all --json`, {
    daemon: { [request]: touched, ...few },
  });
  expect(all.asked.slice(1)).toEqual([[request, { filter: {}, ...reason }]]);
  expect(all.out).toBe('{"recipients":3,"messages":2}\n');

  const both = await relayctl(`queue ${verb} --all --account x`, { daemon: {} });
  expect(both.exitCode).toBe(64);

  const empty = await relayctl(`queue ${verb} --all`, { daemon: { [request]: nothing, ...few } });
  expect(empty).toMatchObject({ exitCode: 0, out: 'No mail in the queue matches.\n' });
});

test('the reason of a bounce is passed on', async () => {
  const ran = await relayctl(['queue', 'bounce', '1n8f3k2x0q4', '--reason', 'the domain is gone'], {
    daemon: { 'queue.bounce': touched },
  });
  expect(ran.asked[0]?.[1]).toEqual({
    filter: { id: '1n8f3k2x0q4' },
    reason: 'the domain is gone',
  });
});

test('a full disk is a reason to try again later', async () => {
  const daemon = {
    ...few,
    'queue.flush': async () => {
      throw new ControlError('storage', 'database or disk is full');
    },
  };
  const ran = await relayctl('queue flush', { daemon });
  expect(ran).toMatchObject({ exitCode: 75, err: 'relayctl: database or disk is full\n' });
});

test('a word that is no id is a usage error before anything is asked', async () => {
  const ran = await relayctl('queue remove everything', { daemon: {} });
  expect(ran.exitCode).toBe(64);
  expect(ran.err).toContain('A message id has 11 letters and digits');
});

test('without a daemon nothing is changed: exit code 69', async () => {
  expect((await relayctl('queue flush', { daemon: null })).exitCode).toBe(69);
});

const many = { 'queue.count': counts(101), 'queue.remove': touched };

test('more than a hundred messages are asked about, with whose they are', async () => {
  const yes = await relayctl('queue remove --client cron', { daemon: many, answer: true });
  expect(yes.questions).toEqual(['remove 101 messages (gmail 100, no account 1)?']);
  expect(yes).toMatchObject({ exitCode: 0, out: 'Removed: 3 recipients of 2 messages.\n' });
  const no = await relayctl('queue remove --client cron', { daemon: many, answer: false });
  expect(no).toMatchObject({ exitCode: 0, out: 'Nothing was changed.\n' });
  expect(no.asked.map(([name]) => name)).toEqual(['queue.count']);
});

test.each(['queue remove --client cron', 'queue flush', 'queue remove --client cron --json'])(
  'without a terminal nobody is asked and --yes is named: %s',
  async (line) => {
    const ran = await relayctl(line, {
      daemon: many,
      ...(line.endsWith('json') && { answer: true }),
    });
    expect(ran.exitCode).toBe(64);
    expect(ran.err).toContain('this touches 101 messages: repeat it with --yes');
    expect(ran.questions).toHaveLength(line.endsWith('json') ? 0 : 1);
  },
);

test('--yes asks nobody and counts nothing', async () => {
  const ran = await relayctl('queue remove --all --yes', { daemon: many });
  expect(ran.asked).toEqual([['queue.remove', { filter: {} }]]);
});

test.each(['flush', 'hold', 'release', 'remove', 'bounce'])(
  '%s --dry-run counts by account and changes nothing',
  async (verb) => {
    const all = verb === 'flush' ? '' : '--all';
    const ran = await relayctl(`queue ${verb} ${all} --dry-run`, {
      daemon: { 'queue.count': counts(5) },
    });
    expect(ran.out).toBe(
      'ACCOUNT     MESSAGES  RECIPIENTS\n' +
        'gmail              4           5\n' +
        'no account         1           1\n\n' +
        `queue ${verb} would touch 6 recipients of 5 messages; nothing was changed.\n`,
    );
    const two = `queue ${verb} 1n8f3k2x0q4 1n8f3k2x0q5 --dry-run --json`;
    const json = await relayctl(two, { daemon: { 'queue.count': counts(1) } });
    expect(JSON.parse(json.out)).toEqual({
      dryRun: true,
      recipients: 4,
      messages: 2,
      lanes: [
        { lane: 'gmail', recipients: 2, messages: 0 },
        { lane: null, recipients: 2, messages: 2 },
      ],
    });
    const down = await relayctl(`queue ${verb} ${all} --dry-run`, { daemon: null });
    expect(down.exitCode).toBe(69);
  },
);

test('a reason class chooses mail where --reason is not why the operator does it', async () => {
  const daemon = { ...few, 'queue.release': touched };
  const ran = await relayctl('queue release --reason quota,network --reason tls', { daemon });
  expect(ran.asked[1]).toEqual([
    'queue.release',
    { filter: { reasons: ['quota', 'network', 'tls'] } },
  ]);
  const wrong = await relayctl('queue release --reason cuota', { daemon });
  expect(wrong.exitCode).toBe(64);
  expect(wrong.err).toContain('The reasons are ok, recipient,');
});

test.each(['--sender', '--recipient', '--account', '--client'])(
  '%s of an empty variable chooses nothing: a usage error',
  async (option) => {
    const ran = await relayctl(['queue', 'remove', option, ''], { daemon: {} });
    expect(ran).toMatchObject({ exitCode: 64, asked: [] });
    expect(ran.err).toContain('It is empty.');
  },
);
