import { afterEach, beforeAll, expect, test } from 'vitest';
import type { TlsPolicy } from '../../../src/relay/account.ts';
import {
  type Ca,
  makeCa,
  makeCertificate,
  type Pair,
  spkiPin,
} from '../../support/certificates.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

const dayMs = 86_400_000;
const names = ['localhost', '127.0.0.1'];

let ca: Ca;
let good: Pair;
let upstream: Upstream;
let rig: Rig;

beforeAll(async () => {
  ca = await makeCa();
  const { certificate, key } = await makeCertificate(ca, { names });
  // With its authority, as a server sends it.
  good = { certificate: `${certificate}\n${ca.certificate}`, key };
});

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

const pinOf = ({ certificate }: Pair): string => spkiPin(certificate);
const listen = (pair: Pair, port = 0) => startUpstream({ port, pair, tls: 'starttls' });

async function open(pair: Pair, tls: Partial<TlsPolicy> = {}): Promise<void> {
  upstream = await listen(pair);
  const policy = { mode: 'starttls', ca: ca.certificate, ...tls } as const;
  const account = makeAccount('a', upstream.port, { host: 'localhost', tls: policy });
  rig = makeRig(makeSettings([account]));
  await rig.delivery.resume();
}

async function deliver(): Promise<void> {
  await rig.submit();
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'delivered');
}

test('each handshake is remembered, whatever the certificate is worth', async () => {
  const expired = await makeCertificate(ca, {
    names,
    notBefore: new Date(Date.now() - 90 * dayMs),
    notAfter: new Date(Date.now() - dayMs),
  });
  await open(expired);
  expect(rig.delivery.certificate('a')).toBeNull();
  await rig.submit();
  await rig.event('account.held');
  expect(rig.delivery.certificate('a')).toMatchObject({ pin: pinOf(expired), names });
  expect(rig.all('certificate.expiring')).toMatchObject([{ account: 'a', daysLeft: 0 }]);
  await rig.delivery.testAccount('a');
  expect(rig.all('certificate.expiring')).toHaveLength(1);
});

test('another key is said with both pins, also after a restart', async () => {
  await open(good);
  await deliver();
  expect(rig.delivery.certificate('a')?.chain).toMatchObject([{ pin: spkiPin(ca.certificate) }]);
  await rig.delivery.drain(0);
  const kept = await rig.store.certificates();
  const { port } = upstream;
  await upstream.close();

  const other = await makeCertificate(ca, { names });
  upstream = await listen(other, port);
  rig = makeRig(rig.settings);
  for (const [name, memory] of kept) await rig.store.rememberCertificates(name, memory);
  await rig.delivery.resume();
  expect(rig.delivery.certificate('a')?.pin).toBe(pinOf(good));
  await deliver();
  expect(rig.all('certificate.changed')).toMatchObject([
    { oldPin: `sha256//${pinOf(good)}`, newPin: `sha256//${pinOf(other)}` },
  ]);
});

test('the end of an exception is announced at start, at a reload and by the timer', async () => {
  const untilMs = Date.now() + 7 * dayMs;
  const exception = { allow: ['expired'], reason: 'asked', untilMs } as const;
  await open(good, { pins: [pinOf(good)], exception });
  const left = () => rig.all('tls.exception-ending').map(({ daysLeft }) => daysLeft);
  expect(left()).toEqual([7]);
  rig.aheadMs = 6 * dayMs + 1;
  await rig.delivery.reload(rig.settings);
  expect(left()).toEqual([7, 1]);
  // The next step is near: the timer says it without any other occasion.
  rig.aheadMs = 7 * dayMs - 100;
  await rig.delivery.reload(rig.settings);
  await rig.event('tls.exception-ending', ({ daysLeft }) => daysLeft === 0);
  expect(left()).toEqual([7, 1, 0]);
});

test('what the storage could not keep is kept at the next look', async () => {
  await open(good);
  rig.store.failWith('full');
  await rig.delivery.testAccount('a');
  await rig.event('store.failed', ({ detail }) => detail.startsWith('certificates of a'));
  expect(await rig.store.certificates()).toEqual(new Map());
  rig.store.failWith(null);
  await rig.delivery.reload(rig.settings);
  await rig.until(async () => (await rig.store.certificates()).has('a'), 'the memory');
});
