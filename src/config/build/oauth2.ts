import { createPrivateKey } from 'node:crypto';
import { Secret } from '../../lib/secret.ts';
import type { OAuth2, OAuth2Grant } from '../../relay/account.ts';
import { isObject } from '../check.ts';
import { isLoopbackHost } from '../listen-address.ts';
import type { Preset } from '../presets.ts';
import type { AccountConfig } from '../schema/relay.ts';
import { isStandIn } from '../secrets.ts';
import { type BuildContext, type Path, secretOrNull } from './context.ts';

type OAuth2Config = NonNullable<AccountConfig['oauth2']>;

interface Place {
  /** Of the account. */
  readonly path: Path;
  readonly context: BuildContext;
  /** Whom a service account acts as. */
  readonly username: string | null;
}

/** `accounts.*.oauth2:`; null when it is not given or, after a report, not complete. */
export async function buildOAuth2(
  config: OAuth2Config | undefined,
  preset: Preset | null,
  { path, context, username }: Place,
): Promise<OAuth2 | null> {
  if (config === undefined) return null;
  const place = { path: [...path, 'oauth2'], context, username };
  const tokenUrl = config.token_url ?? preset?.oauth2?.token_url;
  if (tokenUrl === undefined) {
    const message = 'missing; say where tokens are fetched';
    context.report.error([...place.path, 'token_url'], message, 'key');
    return null;
  }
  checkUrl(tokenUrl, [...place.path, 'token_url'], context);
  const device = deviceOf(config, preset);
  if (device !== null) checkUrl(device.url, [...place.path, 'device_url'], context);
  const grant =
    config.service_account === undefined
      ? await clientGrant(config, device, place)
      : await serviceAccount(config, place);
  if (grant === null) return null;
  const canLogIn = grant.is === 'refresh-token';
  return { tokenUrl, scope: config.scope ?? null, grant, device: canLogIn ? device : null };
}

function deviceOf(config: OAuth2Config, preset: Preset | null): OAuth2['device'] {
  const url = config.device_url ?? preset?.oauth2?.device_url;
  if (url === undefined) return null;
  return { url, scope: config.scope ?? preset?.oauth2?.scope ?? null };
}

function checkUrl(text: string, path: Path, { report }: BuildContext): void {
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:' && !isLoopbackHost(hostname.replace(/^\[|\]$/g, ''))) {
    report.error(path, 'must begin with https, it gets secrets');
  }
  // It is shown in messages and by `config show`.
  if (username !== '' || password !== '') {
    report.error(path, 'holds a username or password; they go under client_id and client_secret');
  }
}

async function clientGrant(
  config: OAuth2Config,
  device: OAuth2['device'],
  { path, context }: Place,
): Promise<OAuth2Grant | null> {
  const at = (key: string) => [...path, key];
  const clientSecret = await secretOrNull(config.client_secret, at('client_secret'), context);
  const refreshToken = await secretOrNull(config.refresh_token, at('refresh_token'), context);
  const clientId = config.client_id;
  if (clientId === undefined) {
    context.report.error(at('client_id'), 'missing; give the id of the OAuth client', 'key');
    return null;
  }
  // A secret may belong to either grant: only a device_url in the file tells.
  const byDevice = config.device_url !== undefined || config.client_secret === undefined;
  const waitsForLogin = config.refresh_token === undefined && device !== null && byDevice;
  if (refreshToken !== null || waitsForLogin) {
    return { is: 'refresh-token', clientId, clientSecret, refreshToken };
  }
  if (clientSecret !== null) return { is: 'client-credentials', clientId, clientSecret };
  if (config.client_secret === undefined && config.refresh_token === undefined) {
    const message =
      'missing; give it, or device_url for `relayctl account login`, or client_secret alone for ' +
      'the client credentials grant';
    context.report.error(at('refresh_token'), message, 'key');
  }
  return null;
}

async function serviceAccount(
  config: OAuth2Config,
  { path, context, username }: Place,
): Promise<OAuth2Grant | null> {
  const at = [...path, 'service_account'];
  const { report } = context;
  for (const key of ['client_id', 'client_secret', 'refresh_token', 'device_url'] as const) {
    if (config[key] === undefined) continue;
    report.error([...path, key], 'stands beside service_account; remove one of them', 'key');
  }
  if (config.scope === undefined) {
    const message = 'missing; a service account asks for a scope such as https://mail.google.com/';
    report.error([...path, 'scope'], message, 'key');
  }
  const text = await secretOrNull(config.service_account, at, context);
  if (text === null || username === null) return null;
  const key = isStandIn(text.reveal()) ? standInKey(text) : readKey(text.reveal());
  if (key !== null) return { is: 'service-account', subject: username, ...key };
  report.error(
    at,
    'is no key of a service account: JSON with client_email and private_key (RSA, PEM)',
  );
  return null;
}

const standInKey = (privateKey: Secret) => ({ issuer: '', keyId: null, privateKey });

/** The fields of Google's key file that count. */
function readKey(text: string) {
  try {
    const json: unknown = JSON.parse(text);
    if (!isObject(json)) return null;
    const { client_email: issuer, private_key: pem, private_key_id: keyId } = json;
    if (typeof issuer !== 'string' || typeof pem !== 'string') return null;
    if (createPrivateKey(pem).asymmetricKeyType !== 'rsa') return null;
    const privateKey = new Secret(pem);
    return { issuer, privateKey, keyId: typeof keyId === 'string' ? keyId : null };
  } catch {
    // Neither JSON nor PEM; the error's own text could hold a piece of the key.
    return null;
  }
}

/** Everything that makes it another login when it changes, secrets in the clear. */
export function oauth2Identity({ tokenUrl, scope, grant }: OAuth2): string {
  const parts = Object.entries(grant).map(([key, value]) => [
    key,
    value instanceof Secret ? value.reveal() : value,
  ]);
  return JSON.stringify([tokenUrl, scope, parts]);
}
