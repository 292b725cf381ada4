import { expect, test } from 'vitest';
import { ControlError } from '../../../src/control/wire.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import type { RedirectReport } from '../../../src/relay/queue-views.ts';
import { messageId, relayctl } from './harness.ts';

const nothing: RedirectReport = {
  recipients: 0,
  messages: 0,
  moves: [],
  withoutAccount: 0,
  inDoubt: 0,
  notAllowed: 0,
  senders: [],
};
const moved: RedirectReport = {
  ...nothing,
  recipients: 3,
  messages: 2,
  moves: [
    { from: 'gmail', to: 'ses', recipients: 2 },
    { from: null, to: 'ses', recipients: 1 },
  ],
};
const answering = (report: RedirectReport) => ({ 'queue.reroute': async () => report });

test('by the routes: first what it would be, then it is done and told', async () => {
  const ran = await relayctl('queue reroute --all', { daemon: answering(moved) });
  const ask = { filter: {}, to: null, force: false };
  expect(ran.asked).toEqual([
    ['queue.reroute', { ...ask, dryRun: true }],
    ['queue.reroute', { ...ask, dryRun: false }],
  ]);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  expect(ran.out).toMatchInlineSnapshot(`
    "FROM        TO   RECIPIENTS
    gmail       ses           2
    no account  ses           1

    Rerouted: 3 recipients of 2 messages.
    "
  `);
});

test('--dry-run only asks, --yes asks once, --json adds up several ids', async () => {
  const dry = await relayctl('queue reroute --account gmail --to ses --dry-run', {
    daemon: answering(moved),
  });
  expect(dry.asked).toHaveLength(1);
  expect(dry.out).toContain('Would be rerouted: 3 recipients of 2 messages.\n');
  const yes = await relayctl('queue reroute 1n8f3k2x0q4 1n8f3k2x0q5 --to ses --yes --json', {
    daemon: answering(moved),
  });
  expect(yes.asked).toHaveLength(2);
  expect(JSON.parse(yes.out)).toMatchObject({
    recipients: 6,
    messages: 4,
    moves: [
      { from: 'gmail', to: 'ses', recipients: 4 },
      { from: null, recipients: 2 },
    ],
  });
});

test('what is left alone is said in plain words, and scripts see it', async () => {
  const left = {
    ...nothing,
    inDoubt: 1,
    notAllowed: 1,
    senders: [{ id: messageId, address: 'a@b.example' }],
  };
  const ran = await relayctl(`queue reroute ${messageId} --to ses`, { daemon: answering(left) });
  expect(ran.exitCode).toBe(65);
  expect(ran.out).toMatchInlineSnapshot(`
    "Nothing to reroute.
    Left alone: 1 recipient in doubt. The account that tried may have delivered that mail already, nobody can know; --force sends it all the same, and it may arrive twice.
    Left alone: 1 message whose sender the account ses may not send as by its identities: 1n8f3k2x0q4 (a@b.example)
    "
  `);
  expect(ran.err).toBe('relayctl: some of the mail was not rerouted to ses, see above\n');
  const held = { ...nothing, withoutAccount: 2 };
  const byRoutes = await relayctl('queue reroute --all', { daemon: answering(held) });
  expect(byRoutes).toMatchObject({ exitCode: 0 });
  expect(byRoutes.out).toContain('2 recipients without an account by the routes in force');
});

test('a message named by its id is looked at once', async () => {
  const line = `queue reroute ${messageId} --to ses`;
  const { asked } = await relayctl(line, { daemon: answering(moved) });
  const ask = { filter: { id: messageId }, to: 'ses', force: false, dryRun: false };
  expect(asked).toEqual([['queue.reroute', ask]]);
});

test('many are asked about; the answer may be no', async () => {
  const many = { ...moved, messages: 500, recipients: 501 };
  const ran = await relayctl('queue reroute --all', { daemon: answering(many), answer: false });
  expect(ran.questions).toEqual(['reroute 500 messages (gmail to ses: 2, no account to ses: 1)?']);
  expect(ran.asked).toHaveLength(1);
  const alone = await relayctl('queue reroute --all', { daemon: answering(many) });
  expect(alone).toMatchObject({ exitCode: 64, err: expect.stringContaining('--yes') });
});

test('ids that name nothing, an unknown account, no choice, no daemon', async () => {
  const other = '1n8f3k2x0q5' as MessageId;
  const missed = await relayctl(`queue reroute ${other} --to ses`, { daemon: answering(nothing) });
  expect(missed).toMatchObject({ exitCode: 65, err: expect.stringContaining(other) });
  const unknown = {
    'queue.reroute': async () => {
      throw new ControlError('not-found', 'no account sess');
    },
  };
  const wrong = await relayctl('queue reroute --all --to sess', { daemon: unknown });
  expect(wrong).toMatchObject({ exitCode: 65, err: 'relayctl: no account sess\n' });
  const none = await relayctl('queue reroute --to ses', { daemon: {} });
  expect(none).toMatchObject({ exitCode: 64, err: expect.stringContaining('--all') });
  expect((await relayctl('queue reroute --all', { daemon: null })).exitCode).toBe(69);
  const empty = await relayctl('queue reroute --all', { daemon: answering(nothing) });
  expect(empty).toMatchObject({ exitCode: 0, out: 'Nothing to reroute.\n' });
});
