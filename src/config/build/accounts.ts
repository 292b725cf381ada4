import { isIP } from 'node:net';
import type { Account, AccountLimits, ProxyServer } from '../../relay/account.ts';
import {
  foreignFields,
  isKnownRegion,
  type Preset,
  presetHost,
  presetNames,
  readPreset,
  replyRulesOf,
} from '../presets.ts';
import type { AccountConfig } from '../schema/relay.ts';
import { didYouMean } from '../wanted.ts';
import { buildTls, modeOfPort } from './account-tls.ts';
import type { BuildContext, Path } from './context.ts';
import { buildCredentials, credentialVersions } from './credentials.ts';

/**
 * `accounts:` by name, presets and defaults merged. Accounts without a server are reported and left
 * out.
 */
export async function buildAccounts(
  configs: Readonly<Record<string, AccountConfig>>,
  context: BuildContext,
): Promise<Map<string, Account>> {
  const accounts = await Promise.all(
    Object.entries(configs).map(([name, config]) => buildAccount(name, config, context)),
  );
  return new Map(
    accounts.filter((account) => account !== null).map((account) => [account.name, account]),
  );
}

async function buildAccount(
  name: string,
  config: AccountConfig,
  context: BuildContext,
): Promise<Account | null> {
  const path = ['accounts', name];
  const place = { path, context };
  const preset = findPreset(config, path, context);
  const credentials = await buildCredentials(config, preset, place);
  const host = findHost(config, preset, place);
  if (host === null) return null;
  const port = config.port ?? preset?.port ?? 587;
  const login = credentials.auth !== 'none';
  const usualMode = config.port === undefined && preset !== null ? preset.tls : modeOfPort(port);
  if (config.source_address !== undefined && isIP(config.source_address) === 0) {
    context.report.error([...path, 'source_address'], 'is no IP address');
  }
  return {
    name,
    provider: config.provider ?? null,
    host,
    port,
    auth: credentials.auth,
    username: credentials.username,
    password: credentials.password,
    oauth2: credentials.oauth2,
    ...(await credentialVersions(host, port, credentials)),
    tls: buildTls(config, { host, login, usualMode }, place),
    identities: config.identities ?? preset?.identities ?? ownAddress(credentials.username),
    limits: buildLimits(config, preset, place),
    timeouts: {
      connectMs: config.timeouts.connect,
      greetingMs: config.timeouts.greeting,
      commandMs: config.timeouts.command,
      dataMs: config.timeouts.data,
      endOfDataMs: config.timeouts.end_of_data,
    },
    headers: config.headers,
    sourceAddress: config.source_address ?? null,
    replyRules: preset === null ? [] : replyRulesOf(config.provider ?? ''),
    foreignFields: foreignFields(config.provider ?? null),
    ...(preset?.echo === undefined ? {} : { echoField: preset.echo }),
    ...(preset?.id === undefined ? {} : { providerIdPattern: new RegExp(preset.id.pattern, 'i') }),
    proxy: buildProxy(config, place),
    at: context.document.placeOf(path, 'key'),
  };
}

function findPreset(config: AccountConfig, path: Path, { report }: BuildContext): Preset | null {
  if (config.provider === undefined) return null;
  const preset = readPreset(config.provider);
  if (preset !== null) return preset;
  const hint = didYouMean(config.provider, presetNames());
  report.error(
    [...path, 'provider'],
    `unknown provider ${JSON.stringify(config.provider)}${hint || '; give host in its place'}`,
  );
  return null;
}

function findHost(
  config: AccountConfig,
  preset: Preset | null,
  { path, context: { report } }: { path: Path; context: BuildContext },
): string | null {
  if (config.region !== undefined && config.provider === undefined) {
    report.error([...path, 'region'], 'needs provider: it chooses among the hosts of one', 'key');
  }
  if (config.host !== undefined) return config.host;
  if (preset === null) {
    if (config.provider === undefined) {
      report.error(path, 'needs provider (a preset) or host (any SMTP server)', 'key');
    }
    return null;
  }
  const { region = null } = config;
  const result = presetHost(preset, region);
  if ('host' in result) {
    const { host } = result;
    if (region !== null && !isKnownRegion(preset, region)) {
      const meant = didYouMean(region, preset.regions);
      report.warn([...path, 'region'], `is none that relayd knows, used as ${host}${meant}`);
    }
    return host;
  }
  report.error([...path, preset.host === undefined ? 'host' : 'region'], result.problem);
  return null;
}

/**
 * An account whose username is an address may send as that address, unless the file says otherwise.
 */
function ownAddress(username: string | null): string[] {
  return username !== null && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(username) ? [username] : [];
}

/** A password in it is a secret like any other: only in a file that nobody else can read. */
function buildProxy(
  config: AccountConfig,
  { path, context: { report, secrets } }: { path: Path; context: BuildContext },
): ProxyServer | null {
  const proxy = config.proxy ?? null;
  if (proxy !== null && proxy.login !== null && !secrets.literalAllowed) {
    report.error(
      [...path, 'proxy'],
      'holds a password, in a file that others may read; chmod 600 the file',
    );
  }
  return proxy;
}

function buildLimits(
  config: AccountConfig,
  preset: Preset | null,
  { path, context: { report } }: { path: Path; context: BuildContext },
): AccountLimits {
  const own = config.limits;
  const usual = preset?.limits;
  if (config.sandbox === true && preset?.sandbox === undefined) {
    const name = preset?.title ?? 'a server without preset';
    report.error([...path, 'sandbox'], `${name} has no test mode; use limits.rate`);
  }
  const sandboxRate = config.sandbox === true ? preset?.sandbox?.rate : undefined;
  const counts = own.counts ?? usual?.counts ?? 'messages';
  const rates = own.rate ?? sandboxRate ?? usual?.rate ?? [];
  return {
    rate: rates.map((rate) => ({ ...rate, counts: rate.counts ?? counts })),
    counts,
    connections: own.connections ?? usual?.connections ?? 2,
    messagesPerConnection: own.messages_per_connection ?? usual?.messages_per_connection ?? 50,
    idleMs: own.idle ?? usual?.idle ?? 30_000,
    recipients: own.recipients ?? usual?.recipients ?? 100,
    messageBytes: own.message_size ?? usual?.message_size ?? null,
    ...(preset?.logins === undefined ? {} : { logins: preset.logins }),
  };
}
