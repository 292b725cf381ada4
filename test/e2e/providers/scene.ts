import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { expect, onTestFinished, vi } from 'vitest';
import type { CredentialOptions, Tally } from '../../simulator/account.ts';
import { PROVIDERS } from '../../simulator/providers.ts';
import type { SimulationOptions } from '../../simulator/simulation.ts';
import { type Simulator, startSimulator } from '../../simulator/start.ts';
import { type MovableClock, makeClock } from '../../support/clock.ts';
import type { Daemon } from '../../support/daemon.ts';
import type { LoggedEvent } from '../../support/journal.ts';
import { app, daemon, temporaryDirectory } from '../scene.ts';

// A thousand messages over a busy machine, besides the time that is only pretended to pass.
vi.setConfig({ testTimeout: 60_000 });

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

export type Given = Omit<SimulationOptions, 'credentials'> & {
  readonly credentials?: Readonly<Record<string, CredentialOptions>>;
  /** Keys of the account. */
  readonly account?: Readonly<Record<string, unknown>>;
  /** Further keys of relay.yaml. */
  readonly config?: Readonly<Record<string, unknown>>;
};

/** relayd with one account `main` at a simulated provider, and time to move. */
export interface Scene {
  readonly relay: Daemon;
  readonly provider: Simulator;
  readonly clock: MovableClock;
  /** So much time passes for the provider and for relayd, once what runs has ended. */
  pass(ms: number): Promise<void>;
}

export const LOGINS: Readonly<Record<SimulationOptions['provider'], [string, string]>> = {
  gmail: ['erp@shop.example', 'abcdefghijklmnop'],
  ses: ['AKIAIOSFODNN7EXAMPLE', 'BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2'],
  sendgrid: ['apikey', 'SG.test-key'],
  mailgun: ['postmaster@mg.shop.example', 'mailgun-password'],
  microsoft365: ['erp@shop.example', 'microsoft-password'],
  cpanel: ['erp@shop.example', 'mailbox-password'],
};

export async function scene(given: Given): Promise<Scene> {
  const { provider: name, account = {}, config = {}, credentials, ...more } = given;
  const [username, password] = LOGINS[name];
  const provider = await simulator({
    provider: name,
    credentials: credentials ?? { [username]: { password } },
    ...more,
  });
  const clock = movableClock();
  const main = await accountAt(provider, name, account);
  const relay = await daemon({ config: withAccounts({ main }, config), ...clock });
  const pass = async (ms: number): Promise<void> => {
    await provider.quiet();
    await provider.order({ passMs: ms });
    clock.pass(ms, relay.pid);
  };
  return { relay, provider, clock, pass };
}

export async function simulator(options: SimulationOptions): Promise<Simulator> {
  const started = await startSimulator(options);
  onTestFinished(() => started.close());
  return started;
}

export function movableClock(): MovableClock {
  const clock = makeClock();
  onTestFinished(() => clock.close());
  return clock;
}

/** An account of that provider's preset that is led to the simulator. */
export async function accountAt(
  { port, ca }: Simulator,
  provider: SimulationOptions['provider'],
  more: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const caFile = join(await temporaryDirectory(), 'ca.pem');
  writeFileSync(caFile, ca);
  const [username, password] = LOGINS[provider];
  return {
    provider,
    ...(provider === 'ses' ? { region: 'eu-west-3' } : {}),
    host: '127.0.0.1',
    port,
    username,
    password,
    tls: { mode: PROVIDERS[provider].tls, ca: caFile },
    identities: ['*'],
    ...more,
  };
}

/** One client, a route for everything to the first account, and no warnings about late mail. */
export function withAccounts(
  accounts: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    clients: { app },
    accounts,
    routes: [{ sender: '*', accounts: Object.keys(accounts).slice(0, 1) }],
    queue: { delay_warning: 'off' },
    ...more,
  };
}

/** `count` messages over a few connections, as a busy app sends them. */
export async function submitMany(
  relay: Daemon,
  count: number,
  mail: (n: number) => SendMailOptions = usualMail,
): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: relay.ports[0] ?? 0,
    ignoreTLS: true,
    auth: { user: 'app', pass: 'app-password' },
    pool: true,
  });
  await Promise.all(Array.from({ length: count }, (_, n) => transport.sendMail(mail(n))));
  transport.close();
}

export function usualMail(n: number): SendMailOptions {
  return { from: 'erp@shop.example', to: `r${n}@dest.test`, subject: `${n}`, text: 'hello' };
}

export function told(relay: Daemon, name: LoggedEvent['event']): readonly LoggedEvent[] {
  return relay.events.filter(({ event }) => event === name);
}

export function settled(relay: Daemon, outcome: string): readonly LoggedEvent[] {
  return told(relay, 'recipient.settled').filter((event) => event.outcome === outcome);
}

/** Everything is out, nothing was given up, and no message has used up an attempt by waiting. */
export async function expectAllDelivered(relay: Daemon, recipients: number): Promise<void> {
  await expect.poll(() => settled(relay, 'delivered').length, { timeout: 30_000 }).toBe(recipients);
  expect(settled(relay, 'bounced')).toEqual([]);
  const delivered = settled(relay, 'delivered');
  expect(delivered.filter(({ attempts }) => attempts !== 1)).toEqual([]);
}

/** The account's next pause, after those seen so far. */
export function nextPause(relay: Daemon): Promise<LoggedEvent> {
  const seen = told(relay, 'account.paused').length;
  let met = 0;
  return relay.event('account.paused', () => ++met > seen);
}

/** Messages and commands that the provider turned down. */
export function refusals(tally: Tally | undefined): number {
  return Object.values(tally?.refusals ?? {}).reduce((sum, times) => sum + times, 0);
}

/** Whenever nothing goes on before some time, for a pause or a retry, that time comes, until it is done. */
export async function passWaits(
  { relay, clock, pass }: Scene,
  isDone: () => boolean,
): Promise<void> {
  const look = async (): Promise<boolean> => {
    const state = relay.events.findLast(({ event }) => /^account\.(paused|resumed)$/.test(event));
    const nextMs = state?.untilMs ?? settled(relay, 'deferred').at(-1)?.nextAtMs ?? 0;
    const leftMs = Number(nextMs) - clock.nowMs();
    if (!isDone() && leftMs > 0) await pass(leftMs);
    return isDone();
  };
  await expect.poll(look, { timeout: 30_000 }).toBe(true);
}
