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

test('flush without arguments tries everything and says what it set in motion', async () => {
  const ran = await relayctl('queue flush', { daemon: { 'queue.flush': flushed } });
  expect(ran.asked).toEqual([['queue.flush', { filter: {}, includeHeld: false }]]);
  expect(ran.out).toBe(
    'Working again: gmail.\nSet in motion: 12 recipients of 10 messages through gmail, ses.\n',
  );
});

test('flush of an account, with what is held', async () => {
  const ran = await relayctl('queue flush --account gmail --include-held --json', {
    daemon: { 'queue.flush': flushed },
  });
  expect(ran.asked).toEqual([['queue.flush', { filter: { account: 'gmail' }, includeHeld: true }]]);
  expect(JSON.parse(ran.out)).toEqual(await flushed());
});

test('flush of an empty queue says that what is held did not move', async () => {
  const daemon = {
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
  const byFilter = await relayctl(`queue ${verb} --older 1h`, { daemon: { [request]: touched } });
  expect(byFilter.asked).toEqual([
    [request, { filter: { olderThanMs: nowMs - 3_600_000 }, ...reason }],
  ]);
  expect(byFilter.out).toBe(`${done}: 3 recipients of 2 messages.\n`);

  const byNothing = await relayctl(`queue ${verb}`, { daemon: {} });
  expect(byNothing.exitCode).toBe(64);
  expect(byNothing.err).toContain('--all for the whole queue');

  const all = await relayctl(`queue ${verb} --all --json`, { daemon: { [request]: touched } });
  expect(all.asked).toEqual([[request, { filter: {}, ...reason }]]);
  expect(all.out).toBe('{"recipients":3,"messages":2}\n');

  const both = await relayctl(`queue ${verb} --all --account x`, { daemon: {} });
  expect(both.exitCode).toBe(64);

  const empty = await relayctl(`queue ${verb} --all`, { daemon: { [request]: nothing } });
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
