import { afterEach, describe, expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { LoginTurns } from '../../../src/delivery/login-turns.ts';
import type { Refusal } from '../../../src/delivery/refusal.ts';
import type { AccountLimits } from '../../../src/relay/account.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

const refusal: Refusal = {
  cause: { from: 'peer', phase: 'auth', reply: { code: 535, detail: '7.8', text: 'no' } },
  verdict: { scope: 'account', action: 'hold', reason: 'credentials', hint: '' },
};

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('turns', () => {
  const account = makeAccount('a', 25, { username: 'u' });
  let held = false;
  const logins = () => {
    held = false;
    return new LoginTurns({
      monotonic: () => 0,
      mayLogIn: () => !held,
      onRefused() {
        held = true;
        return true;
      },
    });
  };

  test('one logs in at a time, in the order of asking', async () => {
    const gate = logins();
    const order: number[] = [];
    const ends = [1, 2, 3].map(async (n) => {
      const end = await gate.turn(account);
      order.push(n);
      return end;
    });
    await nextTurn();
    expect(order).toEqual([1]);
    (await ends[0])?.(null);
    await nextTurn();
    expect(order).toEqual([1, 2]);
    (await ends[1])?.(null);
    (await ends[2])?.(null);
    expect(order).toEqual([1, 2, 3]);
  });

  test('after a refusal nobody who waited tries again', async () => {
    const gate = logins();
    const [first, ...others] = [1, 2, 3, 4].map(() => gate.turn(account));
    (await first)?.(refusal);
    expect(await Promise.all(others)).toEqual([null, null, null]);
  });

  test('accounts do not wait for each other', async () => {
    const gate = logins();
    await gate.turn(account);
    expect(await gate.turn(makeAccount('b', 25, { username: 'u' }))).not.toBeNull();
  });
});

describe('the budget', () => {
  const limits = { logins: { count: 3, windowMs: 60_000 } };
  const account = makeAccount('a', 25, { username: 'u', limits });

  test('the fourth login in a minute waits, and gives up when the relay stops', async () => {
    let nowMs = 0;
    const gate = new LoginTurns({
      monotonic: () => nowMs,
      mayLogIn: () => true,
      onRefused: () => true,
    });
    for (let count = 0; count < 3; count++) expect(await gate.room(account)).toBe(true);
    const fourth = gate.room(account);
    gate.stop();
    expect(await fourth).toBe(false);
    nowMs = 60_000;
    expect(await gate.room(account)).toBe(true);
  });

  test('it goes on when the oldest login is a minute old', async () => {
    let nowMs = 0;
    const gate = new LoginTurns({
      monotonic: () => nowMs,
      mayLogIn: () => true,
      onRefused: () => true,
    });
    for (let count = 0; count < 3; count++) await gate.room(account);
    nowMs = 59_990;
    const fourth = gate.room(account);
    nowMs = 60_000;
    expect(await fourth).toBe(true);
  });
});

describe('an account', () => {
  let upstream: Upstream;
  let rig: Rig;
  /** AUTH commands seen. */
  let seen = 0;

  afterEach(async () => {
    await rig.delivery.drain(0);
    await upstream.close();
  });

  const counted: Rule = {
    at: 'auth',
    when: () => {
      seen++;
      return false;
    },
    do: { reply: '' },
  };

  async function open(
    rules: readonly Rule[],
    limits: Partial<AccountLimits>,
    provider = 'gmail',
  ): Promise<void> {
    seen = 0;
    const accounts = { u: 'password of u' };
    upstream = await startUpstream({ tls: 'none', accounts, rules: [counted, ...rules] });
    const replyRules = replyRulesOf(provider);
    rig = makeRig(
      makeSettings([makeAccount('a', upstream.port, { username: 'u', replyRules, limits })]),
    );
    await rig.delivery.resume();
  }

  const refused: Rule = {
    at: 'auth',
    do: { reply: '535 5.7.8 Username and Password not accepted.' },
  };

  test('a refused password is tried once, however many connections want in', async () => {
    await open([refused], { connections: 20 });
    for (let count = 0; count < 60; count++) await rig.submit();
    await rig.event('account.held');
    await rig.until(async () => (await rig.store.counts())[0]?.recipients === 60, 'all to wait');
    await rig.until(() => upstream.sessions.open === 0, 'all sessions to end');
    expect(seen).toBe(1);
    expect(rig.all('account.held')).toHaveLength(1);

    await rig.delivery.resumeAccount('a');
    await rig.event('account.held', () => rig.all('account.held').length === 2);
    await rig.until(() => upstream.sessions.open === 0, 'all sessions to end');
    expect(seen).toBe(2);

    upstream.script([counted]);
    await rig.delivery.resumeAccount('a');
    await rig.until(() => rig.all('message.completed').length === 60, 'all to be out');
    const settled = rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered');
    expect(new Set(settled.map(({ attempts }) => attempts))).toEqual(new Set([1]));
  });

  test('a password that is revoked while mail flows is tried once more, not by every connection', async () => {
    await open([], { connections: 10, messagesPerConnection: 1 });
    for (let count = 0; count < 20; count++) await rig.submit();
    await rig.until(() => rig.all('message.completed').length === 20, 'all to be out');
    const before = seen;
    upstream.script([counted, refused]);
    for (let count = 0; count < 20; count++) await rig.submit();
    await rig.event('account.held');
    await rig.until(() => upstream.sessions.open === 0, 'all sessions to end');
    expect(seen - before).toBe(1);
  });

  test('454 at AUTH pauses once, and longer after a restart of the relay', async () => {
    const reply = '454 4.7.0 Too many login attempts, please try again later. - gsmtp';
    await open([{ at: 'auth', do: { reply } }], { connections: 10 });
    for (let count = 0; count < 20; count++) await rig.submit();
    const first = await rig.event('account.paused');
    const firstMs = first.untilMs - rig.now();
    expect(firstMs / 60_000).toBeCloseTo(15, 0);
    await rig.until(() => upstream.sessions.open === 0, 'all sessions to end');
    expect(seen).toBe(1);
    expect(rig.all('account.paused')).toHaveLength(1);

    const { settings, store } = rig;
    await rig.delivery.drain(0);
    const next = makeRig(settings, { store, clock: () => Date.now() + 16 * 60_000 });
    await next.delivery.resume();
    const second = await next.event('account.paused');
    await next.delivery.drain(0);
    expect(seen).toBe(2);
    expect((second.untilMs - (Date.now() + 16 * 60_000)) / 60_000).toBeCloseTo(60, 0);
  });

  test('logins beyond the budget wait; mail goes on over the connections that are there', async () => {
    const logins = { count: 2, windowMs: 60_000 };
    await open([], { connections: 5, logins });
    for (let count = 0; count < 40; count++) await rig.submit();
    await rig.until(() => rig.all('message.completed').length >= 37, 'the others to be out');
    expect(seen).toBe(2);
    expect(rig.all('recipient.settled').every(({ outcome }) => outcome === 'delivered')).toBe(true);
    // The rest waits for a login that the budget has no room for, and is put back at the stop.
    await rig.delivery.drain(0);
    const left = (await rig.store.counts()).reduce((sum, { recipients }) => sum + recipients, 0);
    expect(left + rig.all('message.completed').length).toBe(40);
    expect(rig.all('recipient.settled').some(({ attempts }) => attempts > 1)).toBe(false);
  });
});
