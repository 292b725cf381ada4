import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { MessageId } from '../../../src/relay/message.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Action, Rule, UpstreamPhase } from '../../support/upstream-rules.ts';
import { type Given, makeAccount, makeRig, makeSettings, type Rig, rolling } from './harness.ts';

/*
 * Messages whose envelope leaves behind the message before: whatever the upstream does at whatever
 * point, what becomes of each is what becomes of it when one goes after another.
 */

let rig: Rig;
let upstream: Upstream;
let close: () => Promise<void> = async () => {};
/** By name. */
let ids: Map<string, MessageId>;
/** Final dots that the ledger had not been told of. */
let untold: string[];

afterEach(async () => {
  await close();
  close = async () => {};
});

const nameOf = (reversePath: string): string => reversePath.slice(0, reversePath.indexOf('@'));

/** With a quota there is always something to be kept before a transaction: nothing follows then. */
async function open(follows: boolean, timeoutMs = 5_000): Promise<void> {
  [ids, untold] = [new Map(), []];
  upstream = await startUpstream({
    tls: 'none',
    onMessage: ({ reversePath }) => {
      const id = ids.get(nameOf(reversePath));
      // Notifications are the relay's own.
      if (reversePath === '') return;
      if (id === undefined || !rig.dots.marked.includes(id)) untold.push(reversePath);
    },
  });
  const limits = { connections: 1, rate: follows ? [] : [rolling(1_000_000, 3_600_000)] };
  const timeouts = { commandMs: timeoutMs, dataMs: timeoutMs, endOfDataMs: timeoutMs };
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits, timeouts })]));
  close = async () => {
    upstream.release();
    await rig.delivery.drain(0);
    await upstream.close();
  };
  await rig.delivery.resume();
  // Nothing follows on a connection before a final dot was answered quickly.
  await submit('warm');
  await rig.event('message.completed');
}

async function submit(name: string, given: Given = {}): Promise<void> {
  const body = Buffer.from(`Subject: ${name}\r\n\r\n.${name} begins with a dot\r\n`);
  const id = await rig.submit({ from: `${name}@a.test`, to: [`${name}@b.test`], body, ...given });
  ids.set(name, id);
}

async function rowOf(id: MessageId) {
  return (await rig.store.show(id)).queued?.recipients[0] ?? null;
}

/** Nothing is under way, and nothing will be. */
async function isOver(): Promise<boolean> {
  const works = rig.delivery.states().get('a')?.is === 'open';
  for (const id of ids.values()) {
    const row = await rowOf(id);
    if (row?.state === 'leased') return false;
    if (works && row?.state === 'waiting' && row.dueAtMs <= rig.now()) return false;
  }
  return rig.dots.open.size === 0;
}

const names = ['one', 'two', 'three', 'four', 'five'];

/** What became of five messages that were there at once, under these rules. */
async function outcomes(follows: boolean, rules: readonly Rule[]) {
  const stalls = rules.some(({ do: action }) => 'stall' in action);
  await open(follows, stalls ? 700 : 5_000);
  upstream.script(rules);
  await Promise.all(names.map((name) => submit(name)));
  await rig.until(isOver, 'the end');
  const all = await Promise.all(
    names.map(async (name) => {
      const id = ids.get(name) as MessageId;
      const row = await rowOf(id);
      const settled = rig.all('recipient.settled').filter((event) => event.id === id);
      const received = upstream.messages.filter((one) => nameOf(one.reversePath) === name);
      return {
        name,
        row: row && { state: row.state, attempts: row.attempts, reason: row.lastReason },
        told: settled.map(({ outcome, reason, attempts }) => ({ outcome, reason, attempts })),
        taken: received.filter(({ reply }) => reply?.startsWith('2') === true).length,
        received: received.map(({ body }) => body.toString()),
      };
    }),
  );
  const state = rig.delivery.states().get('a')?.is;
  expect(untold).toEqual([]);
  await close();
  close = async () => {};
  return { all, state };
}

const replies = [
  '250 2.0.0 fine',
  '354 go on',
  '421 4.3.2 going down',
  '450 4.2.0 later',
  '451 4.7.0 too many messages, slow down',
  '550 5.1.1 no such user',
  '554 5.7.1 spam',
  '550 5.7.60 Client does not have permissions to send as this sender',
  '535 5.7.8 username or password not accepted',
  '999 what',
  'hello',
];
const actions: readonly Action[] = [
  ...replies.map((reply) => ({ reply })),
  { reply: '250 2.0.0 fine', drop: true },
  { reply: '450 4.2.0 later', drop: true },
  { drop: true },
  { stall: true },
];
const phases: readonly UpstreamPhase[] = ['mail', 'rcpt', 'data', 'end-of-data'];

for (const at of phases) {
  for (const action of actions) {
    test(`the second of five is met with ${JSON.stringify(action)} at ${at}`, async () => {
      const rules = [{ at, path: 'two@', times: 1, do: action }];
      expect(await outcomes(true, rules)).toEqual(await outcomes(false, rules));
    });
  }
}

/** The same words for several messages would hold the account, by the order in which they end. */
function inOwnWords(rule: Rule): Rule {
  const { path = '', do: action } = rule;
  if (!('reply' in action)) return rule;
  return { ...rule, do: { ...action, reply: `${action.reply} ${nameOf(path)}` } };
}

test('the same for any faults of any of them', { timeout: 120_000 }, async () => {
  const fault = {
    path: fc.constantFrom(...names.map((name) => `${name}@`)),
    do: fc.constantFrom(...actions.filter((action) => !('stall' in action))),
  };
  // An envelope that is undone because of the message before it has used up an answer that nobody
  // heard; its next one has to get the same.
  const rule = fc.oneof(
    fc.record({ ...fault, at: fc.constantFrom(...phases.filter((at) => at !== 'end-of-data')) }),
    fc.record({ ...fault, at: fc.constant('end-of-data' as const), times: fc.constantFrom(1, 2) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 4 }), async (drawn) => {
      const rules = drawn.map(inOwnWords);
      expect(await outcomes(true, rules)).toEqual(await outcomes(false, rules));
    }),
    { numRuns: 40 },
  );
});

test('the envelope leaves with the message before it, and begins an attempt', async () => {
  await open(true);
  const seen: string[] = [];
  const note = (): boolean => {
    seen.push([...rig.dots.marked].map((id) => nameById(id)).join());
    return false;
  };
  // All of it is there before the answer to the second message is: the third's DATA waits in line.
  upstream.script([
    { at: 'end-of-data', path: 'two@', times: 1, do: { stall: true }, when: () => !note() },
  ]);
  await Promise.all(names.map((name) => submit(name)));
  await rig.until(() => upstream.stalled() === 1, 'the stall');
  expect(rig.delivery.activities()).toMatchObject([{ doing: 'end-of-data', messages: 4 }]);
  expect(seen).toEqual(['warm,one,two']);
  upstream.release();
  await upstream.taken(6);
});

function nameById(id: MessageId): string {
  return [...ids].find(([, known]) => known === id)?.[0] ?? 'warm';
}

test('an upstream that loses an envelope gets no other behind a message', async () => {
  await open(true, 150);
  upstream.script([{ at: 'mail', path: 'two@', times: 1, do: { stall: true } }]);
  await Promise.all(names.map((name) => submit(name)));
  await upstream.taken(6);
  expect(rig.all('connection.opened')).toHaveLength(2);
  expect(rig.all('recipient.settled').every(({ attempts }) => attempts === 1)).toBe(true);
  upstream.script([{ at: 'end-of-data', path: 'six@', do: { drop: true } }]);
  await Promise.all(['six', 'seven'].map((name) => submit(name)));
  await upstream.taken(7);
  expect(rig.all('connection.closed').at(-1)).toMatchObject({ messages: 5 });
});

test('a refusal of the account undoes what followed: no attempt, no byte of the message', async () => {
  await open(true);
  const reply = '535 5.7.8 username or password not accepted';
  upstream.script([{ at: 'end-of-data', path: 'two@', do: { reply } }]);
  await Promise.all(names.map((name) => submit(name)));
  await rig.until(isOver, 'the end');
  expect(upstream.messages.map(({ reversePath }) => nameOf(reversePath))).toEqual([
    'warm',
    'one',
    'two',
  ]);
  expect(await rowOf(ids.get('three') as MessageId)).toMatchObject({
    state: 'waiting',
    attempts: 0,
  });
  expect(rig.all('attempt.finished')).toHaveLength(3);
});

test('what was said to a refused message is kept without what followed', async () => {
  await open(true);
  upstream.script([{ at: 'end-of-data', path: 'two@', do: { reply: '554 5.7.1 spam' } }]);
  await Promise.all(names.map((name) => submit(name)));
  await upstream.taken(5);
  await rig.until(isOver, 'the end');
  const { history } = await rig.store.show(ids.get('two') as MessageId);
  const said = history?.dialogues?.flatMap(({ lines }) => lines).join('\n');
  expect(said).toContain('> MAIL FROM:<two@a.test>');
  expect(said).toContain('< 554 5.7.1 spam');
  expect(said).not.toContain('three');
});

test('messages for several recipients follow, and those that were parted come first', async () => {
  await open(true);
  upstream.script([
    { at: 'rcpt', path: 'y@b.test', times: 1, do: { reply: '452 4.5.3 too many recipients' } },
  ]);
  await Promise.all([
    submit('one'),
    submit('two', { to: ['x@b.test', 'y@b.test'] }),
    submit('three'),
  ]);
  await upstream.taken(5);
  const order = upstream.messages.map(({ reversePath, recipients }) => [
    nameOf(reversePath),
    ...recipients.map(({ forwardPath }) => nameOf(forwardPath)),
  ]);
  expect(order.slice(1)).toEqual([
    ['one', 'one'],
    ['two', 'x'],
    ['two', 'y'],
    ['three', 'three'],
  ]);
});

test('nothing follows while all delivery is stopped', async () => {
  await open(true);
  upstream.script([{ at: 'data', path: 'one@', do: { stall: true } }]);
  await Promise.all(names.map((name) => submit(name)));
  await rig.until(() => upstream.stalled() === 1, 'the stall');
  const drained = rig.delivery.drain(5_000);
  upstream.release();
  await drained;
  expect(upstream.messages.map(({ reversePath }) => nameOf(reversePath))).toEqual(['warm', 'one']);
  expect(await rowOf(ids.get('two') as MessageId)).toMatchObject({ state: 'waiting', attempts: 0 });
});
