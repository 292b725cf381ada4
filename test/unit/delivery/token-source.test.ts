import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeptTokens } from '../../../src/delivery/kept-tokens.ts';
import type { TokenAnswer, TokenRequest } from '../../../src/delivery/token-request.ts';
import { TokenSource } from '../../../src/delivery/token-source.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { OAuth2 } from '../../../src/relay/account.ts';
import { makeAccount, makeVault } from './harness.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const minuteMs = 60_000;
const oauth2: OAuth2 = {
  tokenUrl: 'https://login.example/token',
  scope: null,
  device: null,
  grant: {
    is: 'refresh-token',
    clientId: 'app',
    clientSecret: null,
    refreshToken: new Secret('configured'),
  },
};

function makeSource(answers: (count: number) => TokenAnswer) {
  const requests: TokenRequest[] = [];
  const refused: string[] = [];
  const account = makeAccount('a', 587, { oauth2 });
  const kept = new KeptTokens({ vault: makeVault(), emit: () => {}, clock: Date.now });
  const source = new TokenSource(account, oauth2, {
    clock: () => Date.now(),
    monotonic: () => Date.now(),
    signal: new AbortController().signal,
    kept,
    async request(request) {
      requests.push(request);
      return answers(requests.length);
    },
    onRefused: (_account, { cause }) => refused.push('detail' in cause ? cause.detail : ''),
  });
  return { source, requests, refused };
}

const hourly = (count: number): TokenAnswer => ({
  is: 'token',
  token: `t${count}`,
  lifetimeMs: 60 * minuteMs,
  refreshToken: null,
});
const refusal: TokenAnswer = { is: 'refused', why: 'grant', detail: 'invalid_grant' };
const outage: TokenAnswer = { is: 'unavailable', fault: 'refused', detail: 'nobody there' };

test('an idle account renews its token five minutes ahead, and mail uses it without asking', async () => {
  const { source, requests } = makeSource(hourly);
  expect(await source.token()).toEqual({ token: 't1' });
  await vi.advanceTimersByTimeAsync(54 * minuteMs);
  expect(requests).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(2 * minuteMs);
  expect(requests).toHaveLength(2);
  expect(await source.token()).toEqual({ token: 't2' });
  await vi.advanceTimersByTimeAsync(24 * 60 * minuteMs);
  expect(requests.length).toBeGreaterThan(24);
  expect(vi.getTimerCount()).toBe(1);
  source.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('many who ask at once share one request', async () => {
  const { source, requests } = makeSource(hourly);
  const all = await Promise.all([source.token(), source.token(), source.renew(), source.token()]);
  expect(all[3]).toEqual({ token: 't1' });
  expect(requests).toHaveLength(1);
});

test('while the endpoint is away the old token serves as long as it lives', async () => {
  const { source, requests, refused } = makeSource((count) => (count === 1 ? hourly(1) : outage));
  await source.token();
  await vi.advanceTimersByTimeAsync(59 * minuteMs);
  expect(requests.length).toBe(3);
  expect(await source.token()).toEqual({ token: 't1' });
  await vi.advanceTimersByTimeAsync(minuteMs);
  const late = await source.token();
  expect(late).toMatchObject({
    refusal: { verdict: { scope: 'account', action: 'pause', reason: 'network' } },
  });
  expect(refused).toEqual([]);
});

test('a grant withdrawn while idle is told once and not asked for again', async () => {
  const { source, requests, refused } = makeSource((count) => (count === 1 ? hourly(1) : refusal));
  await source.token();
  await vi.advanceTimersByTimeAsync(600 * minuteMs);
  expect(refused).toEqual(['invalid_grant']);
  expect(requests).toHaveLength(2);
});

test('a refused rotated refresh token gives way to the configured one', async () => {
  const first = { is: 'token', token: 't', lifetimeMs: 60 * minuteMs } as const;
  const { source, requests } = makeSource((count) =>
    count === 1 ? { ...first, refreshToken: new Secret('rotated') } : refusal,
  );
  await source.token();
  await source.renew();
  await source.renew();
  expect(requests.map(({ rotated }) => rotated?.reveal() ?? null)).toEqual([null, 'rotated', null]);
});

test('a replacement that is refused as well is not replaced, one that was accepted is', async () => {
  const { source, requests } = makeSource(hourly);
  await source.token();
  expect(await source.replace('t1')).toEqual({ token: 't2' });
  // Another connection that still had the first one.
  expect(await source.replace('t1')).toEqual({ token: 't2' });
  source.accepted('t2');
  expect(await source.replace('t2')).toEqual({ token: 't3' });
  expect(await source.replace('t3')).toBeNull();
  expect(requests).toHaveLength(3);
  expect(await source.token()).toEqual({ token: 't4' });
});
