import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { QueueFilter, RecipientState } from '../../src/relay/queue.ts';
import { type Command, lanes, type MakeCommand, type Scene, some, someLane } from './command.ts';

import { recipientsOf } from './state.ts';
import { leaseNow, lend } from './work.ts';

/** All mail, that of one lane, or one message. */
const choice = fc.record({ by: fc.constantFrom('all', 'lane', 'message'), pick: some });

type Choice = typeof choice extends fc.Arbitrary<infer T> ? T : never;

/** What the choice means now: the filter, and the recipients in one of the states. */
function chosen({ model }: Scene, { by, pick }: Choice, states: readonly RecipientState[]) {
  const ids = [...model.queue.keys()];
  const id = by === 'message' ? ids[pick % Math.max(1, ids.length)] : undefined;
  const account = by === 'lane' ? lanes[pick % lanes.length] : undefined;
  const filter: QueueFilter = {
    ...(id === undefined ? {} : { id }),
    ...(account === undefined ? {} : { account }),
  };
  const found = [...recipientsOf(model)].filter(
    ({ id: own, recipient }) =>
      states.includes(recipient.state) &&
      (id ?? own) === own &&
      (account ?? recipient.lane) === recipient.lane,
  );
  const messages = new Set(found.map(({ id: own }) => own)).size;
  return { filter, found, counted: { recipients: found.length, messages } };
}

const resting = ['waiting', 'in-doubt', 'held'] as const;

function touch(command: MakeCommand): fc.Arbitrary<Command>[] {
  return [
    command('hold', choice, async (scene, given) => {
      const { filter, found, counted } = chosen(scene, given, ['waiting', 'in-doubt']);
      const action = { is: 'hold', reason: 'an operator' } as const;
      const query = { filter, action, nowMs: scene.model.nowMs };
      deepStrictEqual(await scene.real.store.act(query), counted);
      const next = { dueAtMs: 0, lastText: 'an operator', lastReason: 'operator' } as const;
      for (const one of found)
        scene.machine.change(one.recipient, 'hold', { state: 'held', ...next });
    }),
    command('release', choice, async (scene, given) => {
      const { nowMs: dueAtMs } = scene.model;
      const { filter, found, counted } = chosen(scene, given, ['held']);
      const query = { filter, action: { is: 'release', dueAtMs }, nowMs: dueAtMs } as const;
      deepStrictEqual(await scene.real.store.act(query), counted);
      for (const { recipient } of found) {
        scene.machine.change(recipient, 'release', { state: 'waiting', dueAtMs });
      }
    }),
    command('remove', choice, async (scene, given) => {
      const { filter, found, counted } = chosen(scene, given, resting);
      const query = { filter, action: { is: 'remove' }, nowMs: scene.model.nowMs } as const;
      deepStrictEqual(await scene.real.store.act(query), counted);
      for (const one of found) scene.machine.leave(one, 'remove', 'removed');
    }),
    command(
      'choose',
      fc.record({ choice, limit: fc.integer({ min: 1, max: 3 }) }),
      async (scene, given) => {
        const { model, real } = scene;
        const { filter, found } = chosen(scene, given.choice, resting);
        const lease = leaseNow(model);
        const works = await real.store.claimMatching({ filter, lease, limit: given.limit });
        const meant = new Set(found.map(({ recipient }) => recipient));
        const wanted = (one: (typeof found)[number]['recipient']) => meant.has(one);
        lend(scene, works, { event: 'claim chosen', limit: given.limit, wanted });
      },
    ),
  ];
}

function steer(command: MakeCommand): fc.Arbitrary<Command>[] {
  return [
    command('flush', fc.record({ choice, includeHeld: fc.boolean() }), async (scene, given) => {
      const { choice, includeHeld } = given;
      const { nowMs } = scene.model;
      const doubtful = includeHeld || (choice.by === 'message' && scene.model.queue.size > 0);
      const { filter, found, counted } = chosen(scene, choice, [
        'waiting',
        ...(doubtful ? (['in-doubt'] as const) : []),
        ...(includeHeld ? (['held'] as const) : []),
      ]);
      const flushed = await scene.real.store.flush({ filter, includeHeld, nowMs });
      const { recipients, messages } = flushed;
      deepStrictEqual({ recipients, messages }, counted);
      for (const { recipient } of found) {
        const dueAtMs = recipient.state === 'held' ? nowMs : Math.min(recipient.dueAtMs, nowMs);
        const state = recipient.state === 'held' ? 'waiting' : recipient.state;
        scene.machine.change(recipient, 'flush', { state, dueAtMs });
      }
    }),
    command('relane', fc.record({ choice, lane: someLane }), async (scene, { choice, lane }) => {
      const { found } = chosen(scene, { ...choice, by: 'message' }, ['waiting', 'held']);
      const [first] = found;
      if (first === undefined) return;
      const mine = found.filter(({ id }) => id === first.id);
      await scene.real.store.relane([{ id: first.id, lane }]);
      for (const { recipient } of mine) {
        scene.machine.change(recipient, 'relane', { state: recipient.state, lane });
      }
    }),
    command(
      'redirect',
      fc.record({ pick: some, lane: someLane, becomes: fc.constantFrom(...resting) }),
      redirect,
    ),
    command('release a sender', someLane, async ({ model, machine, real }, account) => {
      const query = { account, sender: 'erp@velosi.example', dueAtMs: model.nowMs };
      const { recipients } = await real.store.releaseSenders(query);
      const found = [...recipientsOf(model)].filter(
        ({ recipient: { state, lane, lastReason } }) =>
          state === 'held' && lane === account && lastReason === 'sender',
      );
      deepStrictEqual(recipients, found.length);
      for (const { recipient } of found) {
        machine.change(recipient, 'release sender', { state: 'waiting', dueAtMs: model.nowMs });
      }
    }),
    command(
      'set the clock',
      fc.integer({ min: -60, max: 60 }),
      async ({ model, machine, real }, ms) => {
        model.nowMs += ms;
        const latestMs = model.nowMs + 30;
        const far = [...recipientsOf(model)].filter(
          ({ recipient: { state, dueAtMs } }) =>
            (state === 'waiting' || state === 'in-doubt') && dueAtMs > latestMs,
        );
        deepStrictEqual(await real.store.clampDue(latestMs), far.length);
        for (const { recipient } of far) {
          machine.change(recipient, 'clamp', { state: recipient.state, dueAtMs: latestMs });
        }
      },
    ),
  ];
}

/** The second of the moves is about a state that nobody is in: it must be passed over. */
async function redirect(
  { model, machine, real }: Scene,
  { pick, lane, becomes }: { pick: number; lane: string; becomes: (typeof resting)[number] },
): Promise<void> {
  const all = [...recipientsOf(model)].filter(({ recipient }) => recipient.state !== 'leased');
  const one = all[pick % Math.max(1, all.length)];
  if (one === undefined) return;
  const { id, index, recipient } = one;
  const was = recipient.state as (typeof resting)[number];
  const other = was === 'held' ? 'waiting' : 'held';
  const recipients = [
    { index, was, becomes },
    { index: index + 1, was: other, becomes: other },
  ] as const;
  const next = [...recipientsOf(model)].find((two) => two.id === id && two.index === index + 1);
  const matched = next?.recipient.state === other;
  const { nowMs } = model;
  const moved = await real.store.redirect({
    moves: [{ id, lane, bind: false, recipients }],
    nowMs,
  });
  deepStrictEqual(moved, matched ? 2 : 1);
  const put = (row: typeof recipient, state: (typeof resting)[number]): void =>
    machine.change(row, 'redirect', { state, lane, dueAtMs: state === 'held' ? 0 : nowMs });
  put(recipient, becomes);
  if (matched && next !== undefined) put(next.recipient, other);
}

/** What operators, reloads and the clock do to mail in the queue. */
export const operatorCommands = (command: MakeCommand): fc.Arbitrary<Command>[] => [
  ...touch(command),
  ...steer(command),
];
