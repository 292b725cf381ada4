import { expect, test } from 'vitest';
import { presetNames } from '../../../src/config/presets.ts';
import { relayctl } from './harness.ts';

test('list: every preset with its server and rules, without the daemon', async () => {
  const ran = await relayctl('provider list');
  expect(ran).toMatchObject({ exitCode: 0, err: '', sockets: [] });
  expect(ran.out).toMatch(/^NAME +PROVIDER +SERVER +TLS +REPLY RULES\n/);
  expect(ran.out).toMatch(
    /^gmail +Gmail and Google Workspace +smtp\.gmail\.com:587 +starttls +\d+$/m,
  );
  expect(ran.out).toMatch(/^cpanel .* \(yours\):465 +implicit +\d+$/m);
  const { providers } = JSON.parse((await relayctl('--json provider list')).out);
  expect(providers.map(({ name }: { name: string }) => name)).toEqual(presetNames());
});

test('list: takes no argument', async () => {
  expect((await relayctl('provider list gmail')).exitCode).toBe(64);
});

test('show: server, notes, and the rules in their order', async () => {
  const { out, exitCode } = await relayctl('provider show ses');
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^Server: +email-smtp\.\{region\}\.amazonaws\.com, port 587, starttls$/m);
  expect(out).toMatch(/^Regions: +cn-north-1, cn-northwest-1, us-east-1/m);
  expect(out).toContain('  1. hold account (suspended): 535 Account not subscribed to SES\n');
});

test('show: rates with what they count', async () => {
  const { out } = await relayctl('provider show microsoft365');
  expect(out).toMatch(/^Rates: +30\/m, 10000\/d recipients$/m);
});

test('show: the rules of another preset, or none', async () => {
  expect((await relayctl('provider show aol')).out).toContain('in this order (those of yahoo):\n');
  expect((await relayctl('provider show gandi')).out).toContain('read by the generic rules.\n');
});

test('show: all of it as JSON', async () => {
  const shown = JSON.parse((await relayctl('provider show zeptomail --json')).out);
  expect(shown).toMatchObject({ name: 'zeptomail', replyRulesOf: 'zoho' });
  expect(shown.replyRules[0]).toMatchObject({
    action: 'hold-account',
    samples: [{ phase: 'auth' }],
  });
  const ses = JSON.parse((await relayctl('provider show ses --json')).out);
  expect(ses.replyRules[0].text).toBe('not subscribed');
});

test('show: a name that is none, and no name', async () => {
  const ran = await relayctl('provider show gmial');
  expect(ran).toMatchObject({ exitCode: 65, out: '' });
  expect(ran.err).toMatch(/^relayctl: unknown provider gmial.*gmail/);
  expect((await relayctl('provider show')).exitCode).toBe(64);
});
