import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '../../lib/secret.ts';
import type { Account, OAuth2 } from '../../relay/account.ts';
import { type Preset, regionOfHost } from '../presets.ts';
import type { AccountConfig } from '../schema/relay.ts';
import { sesSmtpPassword } from '../ses-password.ts';
import { type BuildContext, type Path, secretOrNull, secretText } from './context.ts';
import { buildOAuth2, oauth2Identity } from './oauth2.ts';

export interface Credentials {
  readonly auth: Account['auth'];
  readonly username: string | null;
  readonly password: Secret | null;
  readonly nextPassword: Secret | null;
  readonly oauth2: OAuth2 | null;
}

/** Who the account logs in as. Contradictions are reported. */
export async function buildCredentials(
  config: AccountConfig,
  preset: Preset | null,
  { path, context }: { path: Path; context: BuildContext },
): Promise<Credentials> {
  const username = config.username ?? preset?.username ?? null;
  const place = { path, context };
  const password = await readPassword(config, preset, place);
  const given = config.password !== undefined || config.secret_access_key !== undefined;
  const auth = config.auth ?? chosenAuth(preset, { login: given || username !== null });
  const next = await readNextPassword(config, preset, place);
  checkNextPassword(config, { auth, password, next }, place);
  const oauth2 = await buildOAuth2(config.oauth2, preset, { username, path, context });
  checkCompleteness(config, { auth, username, given }, place);
  if (config.username !== undefined) lintUsername(config.username, preset, place);
  if (config.password !== undefined) lintPassword('password', password, { preset, ...place });
  lintPassword('next_password', next, { preset, ...place });
  const nextPassword = next?.reveal() === password?.reveal() ? null : next;
  return { auth, username, password, nextPassword, oauth2: auth === 'xoauth2' ? oauth2 : null };
}

function chosenAuth(preset: Preset | null, { login }: { login: boolean }): Account['auth'] {
  if (preset === null || preset.login === 'optional') return login ? 'auto' : 'none';
  return preset.auth;
}

async function readPassword(
  config: AccountConfig,
  preset: Preset | null,
  { path, context }: { path: Path; context: BuildContext },
): Promise<Secret | null> {
  if (config.secret_access_key !== undefined)
    return derivedPassword(config, preset, { path, context });
  if (config.password === undefined) return null;
  const text = await secretText(config.password, [...path, 'password'], context);
  return text === null ? null : passwordOf(text, preset);
}

/** Google shows app passwords in four groups; the spaces between them are no part of it. */
function passwordOf(text: string, preset: Preset | null): Secret {
  return new Secret(preset?.password?.whitespace === 'ignored' ? text.replace(/\s+/g, '') : text);
}

async function readNextPassword(
  config: AccountConfig,
  preset: Preset | null,
  { path, context }: { path: Path; context: BuildContext },
): Promise<Secret | null> {
  if (config.next_password === undefined) return null;
  const text = await secretText(config.next_password, [...path, 'next_password'], context);
  return text === null ? null : passwordOf(text, preset);
}

interface Slots {
  readonly auth: Account['auth'];
  readonly password: Secret | null;
  readonly next: Secret | null;
}

function checkNextPassword(
  config: AccountConfig,
  { auth, password, next }: Slots,
  { path, context: { report } }: { path: Path; context: BuildContext },
): void {
  if (config.next_password === undefined) return;
  const at = [...path, 'next_password'];
  if (auth === 'xoauth2' || config.oauth2 !== undefined) {
    report.error(at, 'is for logins with a password; tokens are renewed by themselves', 'key');
  } else if (auth === 'none') {
    report.error(at, 'stands without password; give the password in use as well', 'key');
  } else if (next !== null && next.reveal() === password?.reveal()) {
    report.warn(at, 'is the same as password; remove it', 'key');
  }
}

async function derivedPassword(
  config: AccountConfig,
  preset: Preset | null,
  { path, context }: { path: Path; context: BuildContext },
): Promise<Secret | null> {
  const { report } = context;
  const at = [...path, 'secret_access_key'];
  if (config.password !== undefined) {
    report.error(at, 'stands beside password; give one of the two', 'key');
  }
  if (preset?.derived_password !== 'ses') {
    report.error(at, 'is for `provider: ses` only; give password', 'key');
    return null;
  }
  const key = await secretOrNull(config.secret_access_key, at, context);
  const { host } = config;
  const region = config.region ?? (host === undefined ? null : regionOfHost(preset, host));
  if (region === null && host !== undefined) {
    report.error([...path, 'region'], 'missing; the password is derived for one region', 'key');
  }
  if (key === null || region === null) return null;
  return new Secret(sesSmtpPassword(key.reveal(), region));
}

interface Given {
  readonly auth: Account['auth'];
  readonly username: string | null;
  readonly given: boolean;
}

function checkCompleteness(
  config: AccountConfig,
  { auth, username, given }: Given,
  { path, context: { report } }: { path: Path; context: BuildContext },
): void {
  const missing = (key: string, message: string) => report.error([...path, key], message, 'key');
  if (auth === 'none') {
    if (given) missing('auth', 'none, but there is a password; remove one of the two');
    else if (config.username !== undefined) {
      report.warn([...path, 'username'], 'is not used: with `auth: none` nobody logs in', 'key');
    }
    return;
  }
  if (username === null) missing('username', 'missing; give the name to log in with');
  if (auth === 'xoauth2') {
    if (config.oauth2 === undefined) {
      missing('oauth2', 'missing; `auth: xoauth2` needs token_url, client_id and a token');
    }
    return;
  }
  if (config.oauth2 !== undefined) {
    report.warn([...path, 'oauth2'], 'is used only with `auth: xoauth2`', 'key');
  }
  if (!given) missing('password', 'missing; give {env: NAME}, {file: PATH} or {credential: NAME}');
}

function lintUsername(
  username: string,
  preset: Preset | null,
  { path, context: { report } }: { path: Path; context: BuildContext },
): void {
  const at = [...path, 'username'];
  const everybody = preset?.username;
  const shape = preset?.username_pattern;
  if (everybody !== undefined && username !== everybody) {
    report.warn(at, `is refused: with ${preset?.title} everybody logs in as ${everybody}`);
  } else if (shape !== undefined && !new RegExp(shape.pattern).test(username)) {
    report.warn(at, shape.hint);
  } else if (username !== username.trim()) report.warn(at, spaceAround);
}

const spaceAround = 'begins or ends with white space';

/** One that does not look like the provider's is most likely a mistake. Never shows the value. */
function lintPassword(
  key: 'password' | 'next_password',
  password: Secret | null,
  { preset, path, context }: { preset: Preset | null; path: Path; context: BuildContext },
): void {
  if (password === null) return;
  const text = password.reveal();
  const pattern = preset?.password?.pattern;
  if (pattern !== undefined && !new RegExp(pattern).test(text)) {
    context.report.warn([...path, key], `does not look right: ${preset?.password?.hint}`);
  } else if (text !== text.trim()) context.report.warn([...path, key], spaceAround);
}

const derive = promisify<string, string, number, { N: number }, Buffer>(scrypt);

/** The versions of what is configured, in the place that the account has for them. */
export async function credentialVersions(
  host: string,
  port: number,
  { username, password, nextPassword, oauth2 }: Credentials,
): Promise<Pick<Account, 'credentialVersion' | 'next'>> {
  const versionOf = (secret: string) => fingerprint([host, port, username], secret);
  const secret = oauth2 === null ? (password?.reveal() ?? '') : oauth2Identity(oauth2);
  return {
    credentialVersion: await versionOf(secret),
    next: nextPassword && {
      password: nextPassword,
      credentialVersion: await versionOf(nextPassword.reveal()),
    },
  };
}

/**
 * 12 hexadecimal digits that change with the place and the secret. They stand in the database and
 * in the log; scrypt makes it costly to guess a weak password from them.
 */
async function fingerprint(place: readonly unknown[], secret: string): Promise<string> {
  const key = await derive(secret, JSON.stringify(['relayd', ...place]), 6, { N: 4096 });
  return key.toString('hex');
}
