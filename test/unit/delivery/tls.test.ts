import { afterEach, beforeAll, expect, test } from 'vitest';
import type { TlsFault, TlsPolicy } from '../../../src/relay/account.ts';
import {
  type Ca,
  makeCa,
  makeCertificate,
  makeSelfSigned,
  type Pair,
  spkiPin,
} from '../../support/certificates.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import { type AccountOverrides, makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

const dayMs = 86_400_000;
const past = {
  notBefore: new Date(Date.now() - 90 * dayMs),
  notAfter: new Date(Date.now() - dayMs),
};
const future = {
  notBefore: new Date(Date.now() + dayMs),
  notAfter: new Date(Date.now() + 9 * dayMs),
};
const names = ['localhost', '127.0.0.1'];

let ca: Ca;
let pairs: Record<string, Pair>;
let upstream: Upstream;
let rig: Rig;

beforeAll(async () => {
  ca = await makeCa();
  const expiredCa = await makeCa(past);
  pairs = {
    good: await makeCertificate(ca, { names }),
    expired: await makeCertificate(ca, { names, ...past }),
    'not yet valid': await makeCertificate(ca, { names, ...future }),
    'self-signed': await makeSelfSigned({ names }),
    'name-mismatch': await makeCertificate(ca, { names: ['mail.other.example'] }),
    untrusted: await makeCertificate(await makeCa({ commonName: 'somebody else' }), { names }),
    'expired and self-signed': await makeSelfSigned({ names, ...past }),
    'expired and untrusted': await makeCertificate(await makeCa({ commonName: 'x' }), {
      names,
      ...past,
    }),
    'expired authority': await makeCertificate(expiredCa, { names }),
  };
});

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

const pinOf = (kind: string): string => spkiPin(pairs[kind]?.certificate ?? '');

async function open(
  kind: string,
  tls: Partial<TlsPolicy>,
  options: UpstreamOptions = {},
  overrides: AccountOverrides = {},
): Promise<void> {
  const mode = tls.mode ?? 'starttls';
  upstream = await startUpstream({
    tls: mode === 'implicit' ? 'implicit' : 'starttls',
    pair: pairs[kind] ?? { certificate: '', key: '' },
    accounts: { bob: 'password of bob' },
    ...options,
  });
  const policy = { mode, ca: ca.certificate, ...tls };
  const account = makeAccount('a', upstream.port, {
    username: 'bob',
    host: 'localhost',
    ...overrides,
    tls: policy,
  });
  rig = makeRig(makeSettings([account]));
  await rig.delivery.resume();
}

async function outcome(): Promise<string> {
  await rig.submit();
  await rig.until(
    () => rig.all('recipient.settled').length > 0 && rig.all('attempt.finished').length > 0,
    'an attempt',
  );
  const state = rig.delivery.states().get('a');
  return state?.is === 'held'
    ? `held: ${state.reason}`
    : (rig.all('recipient.settled')[0]?.outcome ?? '');
}

/** What each certificate comes to under each kind of verification. */
const matrix: readonly [
  kind: string,
  verify: Record<'full' | 'ca' | 'pin', 'delivered' | 'held: tls'>,
][] = [
  ['good', { full: 'delivered', ca: 'delivered', pin: 'delivered' }],
  ['expired', { full: 'held: tls', ca: 'held: tls', pin: 'delivered' }],
  ['not yet valid', { full: 'held: tls', ca: 'held: tls', pin: 'delivered' }],
  ['self-signed', { full: 'held: tls', ca: 'held: tls', pin: 'delivered' }],
  ['name-mismatch', { full: 'held: tls', ca: 'delivered', pin: 'delivered' }],
  ['untrusted', { full: 'held: tls', ca: 'held: tls', pin: 'delivered' }],
  ['expired authority', { full: 'held: tls', ca: 'held: tls', pin: 'delivered' }],
];

for (const [kind, verdicts] of matrix) {
  for (const verify of ['full', 'ca', 'pin'] as const) {
    for (const mode of ['starttls', 'implicit'] as const) {
      test(`${kind}, verify ${verify}, ${mode}: ${verdicts[verify]}`, async () => {
        await open(kind, { mode, verify, pins: verify === 'pin' ? [pinOf(kind)] : [] });
        expect(await outcome()).toBe(verdicts[verify]);
        const delivered = verdicts[verify] === 'delivered';
        expect(upstream.messages.length).toBe(delivered ? 1 : 0);
        expect(rig.all('recipient.settled').some((event) => event.outcome === 'bounced')).toBe(
          false,
        );
        if (delivered) expect(rig.all('recipient.settled')[0]?.tls).toMatch(/^TLSv1\.3 TLS_/);
      });
    }
  }
}

const faults: readonly [kind: string, allow: TlsFault[]][] = [
  ['expired', ['expired']],
  ['not yet valid', ['expired']],
  ['self-signed', ['self-signed']],
  ['name-mismatch', ['name-mismatch']],
  ['untrusted', ['untrusted']],
  ['expired and self-signed', ['expired', 'self-signed']],
  ['expired and untrusted', ['expired', 'untrusted']],
];

for (const [kind, allow] of faults) {
  test(`${kind}: tolerated for the pinned key until the date, and said so`, async () => {
    const untilMs = Date.now() + dayMs;
    await open(kind, {
      pins: [pinOf(kind)],
      exception: { allow, reason: 'renewal asked for', untilMs },
    });
    expect(await outcome()).toBe('delivered');
    expect(rig.all('tls.exception-used')).toEqual([
      {
        is: 'tls.exception-used',
        account: 'a',
        fault: allow.join(', '),
        untilMs,
        detail: 'renewal asked for',
      },
    ]);
  });

  test(`${kind}: refused from the date on`, async () => {
    await open(kind, {
      pins: [pinOf(kind)],
      exception: { allow, reason: 'x', untilMs: Date.now() - 1 },
    });
    expect(await outcome()).toBe('held: tls');
    expect(rig.all('account.held')[0]?.hint).toContain('ended on');
  });

  test(`${kind}: an exception for anything less does not help`, async () => {
    const others = (['expired', 'self-signed', 'name-mismatch', 'untrusted'] as const).filter(
      (fault) => fault !== allow[0],
    );
    const untilMs = Date.now() + dayMs;
    await open(kind, { pins: [pinOf(kind)], exception: { allow: others, reason: 'x', untilMs } });
    expect(await outcome()).toBe('held: tls');
  });
}

test('an exception without the right pin tolerates nothing', async () => {
  const exception = { allow: ['expired'], reason: 'x', untilMs: Date.now() + dayMs } as const;
  await open('expired', { pins: [pinOf('good')], exception });
  expect(await outcome()).toBe('held: tls');
  expect(rig.all('account.held')[0]?.detail).toContain('its key is not one of those pinned');
});

test('a pin binds also when everything else is in order', async () => {
  await open('good', { pins: [pinOf('untrusted')] });
  expect(await outcome()).toBe('held: tls');
});

test('the refusal names host, fault, dates, names, pin, and the line and key that mend it', async () => {
  await open('expired', {});
  await outcome();
  const [held] = rig.all('account.held');
  const day = past.notAfter.toISOString().slice(0, 10);
  expect(held?.detail).toContain(
    `certificate of localhost:${upstream.port} refused: certificate has expired on ${day}`,
  );
  expect(held?.detail).toContain('names localhost, 127.0.0.1');
  expect(held?.detail).toContain(`pin sha256//${pinOf('expired')}`);
  expect(held?.hint).toContain(
    'account "a" (/etc/relayd/relay.yaml, line 42): tls: {pin: ["sha256//',
  );
  expect(held?.hint).toContain('exception: {allow: [expired], reason: "..."');
});

test('a wrong name is mended by servername, a private authority by ca', async () => {
  await open('name-mismatch', {});
  await outcome();
  expect(rig.all('account.held')[0]?.hint).toContain('tls: {servername: "mail.other.example"}');
  const [held] = [...rig.delivery.states().values()];
  expect(held).toHaveProperty('hint', rig.all('account.held')[0]?.hint);
  await rig.delivery.drain(0);
  await upstream.close();
  await open('untrusted', { ca: null });
  await outcome();
  expect(rig.all('account.held')[0]?.hint).toContain('tls: {ca: /path/to/ca.pem}');
});

test('servername is what the certificate is held against', async () => {
  await open('name-mismatch', { servername: 'mail.other.example' });
  expect(await outcome()).toBe('delivered');
});

test('verify off sends no password off this machine, but may on it', async () => {
  await open('self-signed', { verify: 'off' });
  expect(await outcome()).toBe('delivered');
});

test('a server that is too old is named as such', async () => {
  await open('good', { mode: 'implicit', minimum: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' });
  expect(await outcome()).toBe('held: tls');
  expect(rig.all('account.held')[0]?.hint).toContain('tls: {minimum: TLSv1}');
});

test('implicit TLS against a port that speaks in clear is named as such', async () => {
  await open('good', { mode: 'implicit' }, { tls: 'none' });
  expect(await outcome()).toBe('held: tls');
  expect(rig.all('account.held')[0]?.hint).toContain('tls: {mode: starttls}');
});

test('STARTTLS that is not offered is never done without', async () => {
  await open('good', { mode: 'starttls' }, { tls: 'none' });
  expect(await outcome()).not.toBe('delivered');
  expect(upstream.messages).toEqual([]);
  expect(rig.all('recipient.settled').some((event) => event.outcome === 'bounced')).toBe(false);
});

test('a client certificate is shown when there is one', async () => {
  const { createServer } = await import('node:tls');
  const { Secret } = await import('../../../src/lib/secret.ts');
  const own = await makeCertificate(ca, { names: ['relay.test'] });
  await open('good', {});
  const seen = new Promise<string | undefined>((resolve) => {
    const server = createServer(
      {
        cert: pairs.good?.certificate,
        key: pairs.good?.key,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket) => {
        resolve(socket.getPeerX509Certificate()?.subject);
        socket.destroy();
        server.close();
      },
    ).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const tls = {
        mode: 'implicit',
        ca: ca.certificate,
        certificate: own.certificate,
        key: new Secret(own.key),
      } as const;
      rig.settings = makeSettings([makeAccount('a', port, { host: 'localhost', tls })]);
      void rig.delivery.reload(rig.settings).then(() => rig.submit());
    });
  });
  expect(await seen).toBe('CN=relay.test');
});

const withoutPassword = { username: null, password: null };

test('opportunistic: a certificate that cannot be verified is used without trust', async () => {
  await open('self-signed', { mode: 'opportunistic' }, { accounts: {} }, withoutPassword);
  expect(await outcome()).toBe('delivered');
  expect(upstream.messages[0]?.tls).toBe('TLSv1.3');
});

test('opportunistic: in clear where STARTTLS is not offered', async () => {
  await open('good', { mode: 'opportunistic' }, { tls: 'none', accounts: {} }, withoutPassword);
  expect(await outcome()).toBe('delivered');
  expect(upstream.messages[0]?.tls).toBeNull();
});

test('opportunistic: a wrong pin is refused, not gone around in clear', async () => {
  const tls = { mode: 'opportunistic', pins: [pinOf('untrusted')] } as const;
  await open('good', tls, { accounts: {} }, withoutPassword);
  expect(await outcome()).toBe('held: tls');
  expect(upstream.messages).toEqual([]);
});

test('a key that cannot be read holds the account with a clear text', async () => {
  const { Secret } = await import('../../../src/lib/secret.ts');
  await open('good', { certificate: 'no certificate', key: new Secret('no key') });
  expect(await outcome()).toBe('held: tls');
  expect(rig.all('account.held')[0]?.detail).toContain('certificate or key cannot be used');
});

test('a source address that is not ours pauses the account', async () => {
  await open('good', {}, {}, { sourceAddress: '203.0.113.7' });
  await rig.submit();
  expect((await rig.event('account.paused')).reason).toBe('network');
});
