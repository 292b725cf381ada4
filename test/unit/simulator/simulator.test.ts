import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';
import type { ProviderName } from '../../simulator/providers.ts';
import type { SimulationOptions } from '../../simulator/simulation.ts';
import { type Simulator, startSimulator } from '../../simulator/start.ts';

const login = { user: 'erp@shop.example', pass: 'secret' };
const credentials = { [login.user]: { password: login.pass } };
const mail = { from: login.user, to: 'a@dest.test', subject: 's', text: 'x' };

async function simulator(options: Omit<SimulationOptions, 'credentials'>): Promise<Simulator> {
  const started = await startSimulator({ credentials, ...options });
  onTestFinished(() => started.close());
  return started;
}

/** The final reply, or the one that ended it. */
async function sends({ port, ca }: Simulator, provider: ProviderName, to = mail.to) {
  const secure = provider === 'cpanel';
  const tls = { ca, servername: 'localhost' };
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    secure,
    requireTLS: !secure,
    tls,
    auth: login,
  });
  try {
    return (await transport.sendMail({ ...mail, to })).response;
  } catch (error) {
    return (error as { response?: string }).response ?? String(error);
  } finally {
    transport.close();
  }
}

test.each(['gmail', 'cpanel'] as const)('%s takes mail over its own kind of TLS', async (name) => {
  const provider = await simulator({ provider: name });
  expect(await sends(provider, name)).toMatch(/^250 /);
  const { [login.user]: tally } = await provider.report();
  expect(tally).toMatchObject({ loginsRefused: [], refusals: {}, sessionsMax: 1 });
  expect(tally?.takenAtMs).toHaveLength(1);
  expect(provider.received).toMatchObject([
    { username: login.user, reversePath: login.user, recipients: ['a@dest.test'] },
  ]);
});

test('steps come one after the other, each once what it waits for has happened', async () => {
  const provider = await simulator({
    provider: 'ses',
    script: [
      { after: { messages: 1 }, at: 'end-of-data', reply: '451 Temporary service failure' },
      { at: 'auth', reply: '454 Temporary authentication failure' },
    ],
  });
  expect(await sends(provider, 'ses')).toMatch(/^250 Ok/);
  expect(await sends(provider, 'ses')).toBe('451 Temporary service failure');
  expect(await sends(provider, 'ses')).toBe('454 Temporary authentication failure');
  expect(await sends(provider, 'ses')).toMatch(/^250 Ok/);
  const { [login.user]: tally } = await provider.report();
  expect(tally?.refusals).toEqual({ '451 Temporary service failure': 1 });
  expect(tally?.loginsRefused).toHaveLength(1);
});

test('time can pass, limits can change, and single recipients are refused', async () => {
  const quota = { amount: 1, perMs: 3_600_000, as: 'calendar' } as const;
  const provider = await simulator({
    provider: 'cpanel',
    limits: { quota },
    refusedRecipients: { 'nobody@dest.test': '550 No Such User Here' },
  });
  expect(await sends(provider, 'cpanel', 'nobody@dest.test')).toBe('550 No Such User Here');
  expect(await sends(provider, 'cpanel')).toMatch(/^250 OK id=/);
  const full = await sends(provider, 'cpanel');
  expect(full).toContain(
    '550 Domain shop.example has exceeded the max emails per hour (2/1 (200%))',
  );
  await provider.order({ passMs: quota.perMs });
  expect(await sends(provider, 'cpanel')).toMatch(/^250/);
  await provider.order({ limits: {} });
  expect(await sends(provider, 'cpanel')).toMatch(/^250/);
});
