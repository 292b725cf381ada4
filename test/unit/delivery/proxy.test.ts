import { afterEach, describe, expect, test } from 'vitest';
import { parseProxyUrl } from '../../../src/config/proxy-url.ts';
import { sameAccount } from '../../../src/delivery/account-identity.ts';
import { dial } from '../../../src/delivery/dial.ts';
import { probeAccount } from '../../../src/delivery/probe.ts';
import type { Account } from '../../../src/relay/account.ts';
import { makeCa, makeCertificate } from '../../support/certificates.ts';
import { type ProxyOptions, startProxy, type TestProxy } from '../../support/proxy.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { type AccountOverrides, makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

const kinds = ['socks5', 'http'] as const;
/** RFC 6761 section 6.4: nobody but the proxy knows where that is. */
const host = 'mail.invalid';

let proxy: TestProxy;
let upstream: Upstream | null = null;
let rig: Rig | null = null;

afterEach(async () => {
  await rig?.delivery.drain(0);
  await upstream?.close();
  await proxy.close();
  rig = null;
  upstream = null;
});

async function start(options: ProxyOptions): Promise<void> {
  proxy = await startProxy(options);
}

function account(
  is: ProxyOptions['is'],
  overrides: AccountOverrides & { login?: string; to?: number } = {},
): Account {
  const { login, to = upstream?.port ?? 25, ...rest } = overrides;
  const at = login === undefined ? '' : `${login}@`;
  const server = parseProxyUrl(`${is}://${at}127.0.0.1:${proxy.port}`);
  return makeAccount('a', to, { host, proxy: server, ...rest });
}

async function causeOf(made: Account, signal = new AbortController().signal): Promise<unknown> {
  const dialled = await dial(made, signal);
  if ('socket' in dialled) dialled.socket.destroy();
  return 'cause' in dialled ? dialled.cause : 'connected';
}

describe.each(kinds)('%s', (is) => {
  test('mail goes through it, with a login, to a name that only the proxy resolves', async () => {
    upstream = await startUpstream({ tls: 'none' });
    await start({ is, login: 'us er:p@ss:word' });
    const login = is === 'socks5' ? 'us%20er:p%40ss:word' : 'us%20er:p%40ss%3Aword';
    rig = makeRig(makeSettings([account(is, { login })]));
    await rig.delivery.resume();
    await rig.submit();
    await upstream.taken(1);
    const opened = await rig.event('connection.opened');
    expect(opened.peer).toBe(`${host}[via ${is}://127.0.0.1:${proxy.port}]:${upstream.port}`);
    expect(proxy.asked).toEqual([`${host}:${upstream.port}`]);
  });

  test.each(['starttls', 'implicit'] as const)('%s judges the upstream behind it', async (mode) => {
    const ca = await makeCa();
    const pair = await makeCertificate(ca, { names: [host] });
    upstream = await startUpstream({ tls: mode, pair, accounts: { u: 'password of u' } });
    await start({ is, clientFirst: mode === 'implicit' });
    const options = {
      hostname: 'r',
      clock: Date.now,
      signal: new AbortController().signal,
      tokens: { of: () => null },
    };
    const tls = { mode, ca: ca.certificate };
    const good = account(is, { username: 'u', tls: { ...tls, servername: host } });
    expect(await probeAccount(good, options)).toMatchObject({ ok: true, authenticatedAs: 'u' });
    const bad = account(is, { username: 'u', tls: { ...tls, servername: '127.0.0.1' } });
    const report = await probeAccount(bad, options);
    expect(report.ok).toBe(false);
    expect(report.steps.at(-1)).toMatchObject({ phase: 'tls', ok: false });
  });

  test('a login that it does not take pauses the account and names the proxy', async () => {
    await start({ is, login: 'u:p' });
    const name = `proxy ${is}://127.0.0.1:${proxy.port}: `;
    expect(await causeOf(account(is))).toMatchObject({ phase: 'connect', fault: 'refused' });
    const wrong = account(is, { login: 'u:hunter2' });
    const words = is === 'socks5' ? 'does not take the username and password' : '.* 407 Proxy .*';
    const cause = await causeOf(wrong);
    expect(cause).toMatchObject({
      fault: 'refused',
      detail: expect.stringMatching(`^${name}${words}$`),
    });
    expect(JSON.stringify(cause)).not.toContain('hunter2');
    rig = makeRig(makeSettings([wrong]));
    await rig.delivery.resume();
    await rig.submit();
    const paused = await rig.event('account.paused');
    expect(paused).toMatchObject({ account: 'a', reason: 'network' });
  });

  test('silence ends with the time-out, or with the relay', async () => {
    await start({ is, answer: Buffer.alloc(0) });
    const slow = account(is, { timeouts: { connectMs: 40 } });
    expect(await causeOf(slow)).toMatchObject({
      fault: 'timeout',
      detail: expect.stringContaining('no answer within 40ms'),
    });
    const stop = new AbortController();
    const waiting = causeOf(account(is), stop.signal);
    setTimeout(() => stop.abort(), 20);
    expect(await waiting).toMatchObject({ from: 'us', reason: 'interrupted' });
  });

  test('an end without an answer, and an answer of something else', async () => {
    await start({ is, answer: Buffer.from('\n') });
    expect(await causeOf(account(is))).toMatchObject({ fault: 'reset' });
    await proxy.close();
    await start({ is, answer: Buffer.from('220 smtp.example ESMTP\r\n\r\n') });
    expect(await causeOf(account(is))).toMatchObject({ fault: 'protocol' });
  });

  test('nobody listens there', async () => {
    await start({ is });
    const { port } = proxy;
    await proxy.close();
    const cause = await causeOf(account(is));
    await start({ is });
    expect(cause).toMatchObject({
      fault: 'refused',
      detail: expect.stringContaining(`proxy ${is}://127.0.0.1:${port}: connect ECONNREFUSED`),
    });
  });
});

test.each([
  ['192.0.2.7', 'v4 c0000207'],
  ['2001:db8::1', 'v6 20010db8000000000000000000000001'],
  ['::ffff:192.0.2.7', 'v6 00000000000000000000ffffc0000207'],
  ['::', 'v6 00000000000000000000000000000000'],
  ['bücher.example', 'xn--bcher-kva.example'],
])('SOCKS5 is asked for %s as %s', async (name, asked) => {
  upstream = await startUpstream({ tls: 'none' });
  await start({ is: 'socks5' });
  expect(await causeOf(account('socks5', { host: name }))).toBe('connected');
  expect(proxy.asked).toEqual([`${asked}:${upstream.port}`]);
});

test('HTTP is asked for an IPv6 address in brackets', async () => {
  upstream = await startUpstream({ tls: 'none' });
  await start({ is: 'http' });
  expect(await causeOf(account('http', { host: '2001:db8::1' }))).toBe('connected');
  expect(proxy.asked).toEqual([`[2001:db8::1]:${upstream.port}`]);
});

test.each([
  [2, 'refused', 'not allowed by its rules'],
  [5, 'refused', 'connection refused'],
  [6, 'timeout', 'time to live expired'],
  [99, 'other', 'reply 99'],
])('SOCKS5 reply %i', async (reply, fault, words) => {
  await start({ is: 'socks5', answer: Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]) });
  const detail = expect.stringContaining(`cannot connect to ${host}:25: ${words}`);
  expect(await causeOf(account('socks5'))).toMatchObject({ fault, detail });
});

test.each([
  ['HTTP/1.1 503 No\x1b[2J way\r\n\r\n', 'refused', '503 No?[2J way'],
  ['HTTP/1.0 504 \r\n\r\n', 'timeout', '504'],
  [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'protocol', 'its answer has no end'],
])('an HTTP answer %#', async (answer, fault, words) => {
  await start({ is: 'http', answer: Buffer.from(answer) });
  const detail = expect.stringMatching(new RegExp(`${words.replace(/[?[]/g, '\\$&')}$`));
  expect(await causeOf(account('http'))).toMatchObject({ fault, detail });
});

test('a proxy on this machine does not make the upstream one: no password in clear', async () => {
  upstream = await startUpstream({ tls: 'none', accounts: { u: 'password of u' } });
  await start({ is: 'socks5' });
  const made = account('socks5', { username: 'u' });
  const options = {
    hostname: 'r',
    clock: Date.now,
    signal: new AbortController().signal,
    tokens: { of: () => null },
  };
  const report = await probeAccount(made, options);
  expect(report).toMatchObject({ ok: false, authenticatedAs: null });
  expect(report.peer).toContain(`(through socks5://127.0.0.1:${proxy.port})`);
});

test('a connection is not used for an account with another proxy password', async () => {
  await start({ is: 'http' });
  const [one, other] = ['p', 'q'].map((word) => account('http', { login: `u:${word}` }));
  expect(sameAccount(one as Account, { ...(one as Account) })).toBe(true);
  expect(sameAccount(one as Account, other as Account)).toBe(false);
});
