import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Trial } from '../../src/cli/selftest-trials.ts';
import { makeSelfSigned } from '../support/certificates.ts';
import { daemon, mainLogin, simpleConfig, temporaryDirectory, upstream } from './scene.ts';

const patient = { timeout: 60_000 };

interface Report {
  readonly trials: readonly Trial[];
  readonly open: number;
}

async function selftest(more: Record<string, unknown>): Promise<Report & { code: number | null }> {
  const server = await upstream({ accounts: mainLogin });
  const relay = await daemon({ config: await simpleConfig(server, more) });
  const { code, stdout } = await relay.relayctl('--json', 'selftest');
  expect(server.sessions.total).toBe(0);
  return { code, ...(JSON.parse(stdout) as Report) };
}

test('a relay with logins refuses everything, on every address of the host', patient, async () => {
  const directory = await temporaryDirectory();
  const socket = join(directory, 's.sock');
  const { certificate, key } = await makeSelfSigned({ names: ['relay.test'] });
  writeFileSync(join(directory, 'cert.pem'), certificate);
  writeFileSync(join(directory, 'key.pem'), key, { mode: 0o600 });
  const pair = { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  const { code, trials } = await selftest({
    listeners: [{ listen: '0.0.0.0:0', tls: 'starttls', ...pair }, { listen: `unix:${socket}` }],
  });
  expect(trials.filter(({ verdict }) => verdict !== 'refused')).toEqual([]);
  expect(code).toBe(0);
  const hosts = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const own = hosts.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
  const tried = new Set(trials.map(({ at }) => at.replace(/:\d+$/, '')));
  expect([...tried].sort()).toEqual([...own, socket].sort());
  expect(trials).toHaveLength(4 * tried.size);
});

test('who is trusted by the configuration is named, and is no fault', patient, async () => {
  const { code, trials } = await selftest({
    listeners: [{ listen: '127.0.0.1:0', auth: 'optional', xclient: ['127.0.0.1'] }],
    clients: { cron: { networks: ['127.0.0.1/32'], senders: ['*'] } },
  });
  expect(trials.map(({ what, verdict }) => `${what}: ${verdict}`)).toEqual([
    'mail without a login: trusted',
    'a wrong password: refused',
    'XCLIENT: trusted',
    'a PROXY header: refused',
  ]);
  expect(code).toBe(0);
});
