import type { Secret } from '../lib/secret.ts';
import type { Account, OAuth2, OAuth2Grant } from '../relay/account.ts';
import type { DeviceCode, DeviceProgress, DeviceRefusal } from '../relay/device-login.ts';
import type { Clock } from '../relay/ports.ts';
import { askEndpoint, asSecret, type EndpointAnswer, errorIn } from './token-endpoint.ts';

export interface DeviceLoginsDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Somebody has consented. */
  readonly onLogin: (account: Account, refreshToken: Secret) => Promise<void>;
}

interface Pending {
  readonly account: Account;
  readonly deviceCode: string;
  readonly expiresAtMs: number;
  intervalMs: number;
  /** Nothing is asked before. */
  nextAtMs: number;
}

/** RFC 8628 section 3.2 and 3.5. */
const usualIntervalMs = 5_000;
const slowDownMs = 5_000;
const intervalMsMax = 60_000;
const usualLifetimeMs = 15 * 60_000;

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Logins by device code (RFC 8628), one an account at a time. Whoever shows the code asks for the
 * progress; how often the provider is asked is decided here. Secrets do not leave the relay.
 */
export class DeviceLogins {
  readonly #deps: DeviceLoginsDeps;
  readonly #pending = new Map<string, Pending>();

  constructor(deps: DeviceLoginsDeps) {
    this.#deps = deps;
  }

  async begin(account: Account): Promise<DeviceCode | DeviceRefusal> {
    const way = wayOf(account);
    if ('is' in way) return way;
    const { device, grant } = way;
    const scope = device.scope === null ? {} : { scope: device.scope };
    const form = { ...clientOf(grant), ...scope };
    const answer = await askEndpoint(device.url, form, this.#deps.signal);
    const nowMs = this.#deps.clock();
    const begun = readCode(answer, nowMs);
    if (begun.is === 'refused') return begun;
    const { deviceCode, intervalMs, ...code } = begun;
    const { expiresAtMs } = code;
    const nextAtMs = nowMs + intervalMs;
    this.#pending.set(account.name, { account, deviceCode, expiresAtMs, intervalMs, nextAtMs });
    return { ...code, waitMs: intervalMs };
  }

  /** `account` as it is configured now. */
  async poll(account: Account): Promise<DeviceProgress> {
    const { clock, signal } = this.#deps;
    const { name } = account;
    const pending = this.#pending.get(name);
    const way = wayOf(account);
    if ('is' in way) return way;
    if (pending?.account.credentialVersion !== account.credentialVersion) {
      return refused(`no login of ${name} is under way: begin anew`);
    }
    const nowMs = clock();
    if (nowMs >= pending.expiresAtMs) return this.#end(name, 'the code has expired: begin anew');
    if (nowMs < pending.nextAtMs) return { is: 'pending', waitMs: pending.nextAtMs - nowMs };
    pending.nextAtMs = nowMs + pending.intervalMs;
    const form = {
      grant_type: DEVICE_GRANT,
      device_code: pending.deviceCode,
      ...clientOf(way.grant),
    };
    const answer = await askEndpoint(way.tokenUrl, form, signal);
    // Another login of the account was begun meanwhile.
    if (this.#pending.get(name) !== pending) return refused('another login was begun');
    return await this.#read(answer, pending);
  }

  async #read(answer: EndpointAnswer, pending: Pending): Promise<DeviceProgress> {
    const { name } = pending.account;
    // RFC 8628 section 3.5: who does not answer is asked less often.
    if (answer.is === 'unreachable') return this.#later(pending, pending.intervalMs);
    const { status, fields, host } = answer;
    if (status === 200) {
      const refreshToken = asSecret(fields.refresh_token);
      if (refreshToken === null) {
        const why = 'the scope has to ask for one (Microsoft: offline_access)';
        return this.#end(name, `${host} gave no refresh token: ${why}`);
      }
      await this.#deps.onLogin(pending.account, refreshToken);
      this.#pending.delete(name);
      return { is: 'done' };
    }
    if (fields.error === 'authorization_pending') return this.#later(pending, 0);
    if (fields.error === 'slow_down') return this.#later(pending, slowDownMs);
    if (status >= 500 || status === 429) return this.#later(pending, pending.intervalMs);
    return this.#end(name, saidBy(host, status, fields));
  }

  #later(pending: Pending, slowerByMs: number): DeviceProgress {
    pending.intervalMs = Math.min(pending.intervalMs + slowerByMs, intervalMsMax);
    const nowMs = this.#deps.clock();
    pending.nextAtMs = nowMs + pending.intervalMs;
    return { is: 'pending', waitMs: pending.intervalMs };
  }

  #end(name: string, detail: string): DeviceRefusal {
    this.#pending.delete(name);
    return refused(detail);
  }
}

interface Way {
  readonly tokenUrl: string;
  readonly device: NonNullable<OAuth2['device']>;
  readonly grant: OAuth2Grant & { readonly is: 'refresh-token' };
}

function wayOf({ name, oauth2 }: Account): Way | DeviceRefusal {
  if (oauth2 === null) return refused(`${name} logs in without tokens: it has no auth: xoauth2`);
  const { tokenUrl, device, grant } = oauth2;
  if (grant.is !== 'refresh-token') {
    return refused(`${name} gets its tokens by itself (${grant.is}); nobody has to log in`);
  }
  if (device === null) {
    return refused(
      `${name} has no device_url, and its provider is not known to have one: give ` +
        'oauth2.device_url, or oauth2.refresh_token',
    );
  }
  return { tokenUrl, device, grant };
}

function clientOf({ clientId, clientSecret }: Way['grant']): Record<string, string> {
  const secret = clientSecret === null ? {} : { client_secret: clientSecret.reveal() };
  return { client_id: clientId, ...secret };
}

type Begun = Omit<DeviceCode, 'waitMs'> & {
  readonly deviceCode: string;
  readonly intervalMs: number;
};

function readCode(answer: EndpointAnswer, nowMs: number): Begun | DeviceRefusal {
  if (answer.is === 'unreachable') return refused(answer.detail);
  const { host, status, fields } = answer;
  const { device_code: deviceCode, user_code: userCode, interval, expires_in: seconds } = fields;
  // Google's name for it is older than the RFC.
  const url = fields.verification_uri ?? fields.verification_url;
  const completeUrl = fields.verification_uri_complete;
  const given = typeof deviceCode === 'string' && typeof userCode === 'string';
  if (status !== 200 || !given || typeof url !== 'string') {
    return refused(saidBy(host, status, fields));
  }
  return {
    is: 'begun',
    url,
    userCode,
    completeUrl: typeof completeUrl === 'string' ? completeUrl : null,
    deviceCode,
    intervalMs: Math.min(milliseconds(interval, usualIntervalMs), intervalMsMax),
    expiresAtMs: nowMs + milliseconds(seconds, usualLifetimeMs),
  };
}

function milliseconds(seconds: unknown, usualMs: number): number {
  const ms = Number(seconds) * 1000;
  return ms > 0 ? ms : usualMs;
}

function saidBy(host: string, status: number, fields: Parameters<typeof errorIn>[0]): string {
  const said = errorIn(fields);
  return said === null ? `${host} answered ${status} without a code` : `${host} says: ${said}`;
}

function refused(detail: string): DeviceRefusal {
  return { is: 'refused', detail };
}
