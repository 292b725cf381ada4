import { createSign } from 'node:crypto';
import type { Secret } from '../lib/secret.ts';
import type { OAuth2, OAuth2Grant } from '../relay/account.ts';
import type { NetworkFault } from '../relay/outcome.ts';
import { askEndpoint, asSecret, type EndpointAnswer, errorIn } from './token-endpoint.ts';

export type TokenAnswer =
  | {
      readonly is: 'token';
      readonly token: string;
      readonly lifetimeMs: number;
      /** RFC 6749 section 6: takes the place of the one that was used. */
      readonly refreshToken: Secret | null;
    }
  /** The endpoint said no, and will say it again. */
  | {
      readonly is: 'refused';
      /** `grant`: the refresh token is worth nothing any more (RFC 6749 section 5.2). */
      readonly why: 'grant' | 'no-login' | 'other';
      readonly detail: string;
    }
  /** It could not be asked, or has trouble of its own. */
  | { readonly is: 'unavailable'; readonly fault: NetworkFault; readonly detail: string };

export interface TokenRequest {
  readonly oauth2: OAuth2;
  /** In place of the configured refresh token; null: that one. */
  readonly rotated: Secret | null;
  /** Wall clock, for what is signed. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** RFC 6749 section 5.1 recommends `expires_in` and does not ask for it. */
const usualLifetimeMs = 3_600_000;
const lifetimeMsMax = 24 * 3_600_000;

/** Errors that are over by themselves; RFC 6749 section 4.1.2.1, RFC 8628 section 3.5. */
const TEMPORARY = ['temporarily_unavailable', 'server_error', 'slow_down'];

/** One request to the token endpoint. Never rejects; an abort is `unavailable`. */
export async function requestToken(request: TokenRequest): Promise<TokenAnswer> {
  const form = parameters(request);
  if (form === null) return { is: 'refused', why: 'no-login', detail: 'nobody has logged in yet' };
  const answer = await askEndpoint(request.oauth2.tokenUrl, form, request.signal);
  if (answer.is === 'answer') return read(answer);
  return { is: 'unavailable', fault: answer.fault, detail: answer.detail };
}

/** Null: there is no refresh token. */
function parameters({ oauth2, rotated, nowMs }: TokenRequest): Record<string, string> | null {
  const { grant, scope } = oauth2;
  const asked = scope === null ? {} : { scope };
  switch (grant.is) {
    case 'refresh-token': {
      const refreshToken = rotated ?? grant.refreshToken;
      if (refreshToken === null) return null;
      return {
        grant_type: 'refresh_token',
        client_id: grant.clientId,
        ...(grant.clientSecret === null ? {} : { client_secret: grant.clientSecret.reveal() }),
        refresh_token: refreshToken.reveal(),
        ...asked,
      };
    }
    case 'client-credentials':
      return {
        grant_type: 'client_credentials',
        client_id: grant.clientId,
        client_secret: grant.clientSecret.reveal(),
        ...asked,
      };
    case 'service-account':
      return {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertion(oauth2, grant, nowMs),
      };
  }
}

/** RFC 7523 section 3, signed as RFC 7518 section 3.3 says. */
function assertion(
  { tokenUrl, scope }: OAuth2,
  { issuer, subject, keyId, privateKey }: OAuth2Grant & { is: 'service-account' },
  nowMs: number,
): string {
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === null ? {} : { kid: keyId }) };
  const iat = Math.floor(nowMs / 1000);
  const claims = { iss: issuer, sub: subject, scope, aud: tokenUrl, iat, exp: iat + 3600 };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = createSign('RSA-SHA256').update(signed).sign(privateKey.reveal(), 'base64url');
  return `${signed}.${signature}`;
}

function read({ host, status, fields }: EndpointAnswer & { is: 'answer' }): TokenAnswer {
  const { access_token: token, expires_in: seconds, refresh_token: refreshToken } = fields;
  // A token goes into a line between control characters: RFC 6750 section 2.1 has neither in it.
  if (status === 200 && typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) {
    return {
      is: 'token',
      token,
      lifetimeMs: lifetimeOf(seconds),
      refreshToken: asSecret(refreshToken),
    };
  }
  const said = errorIn(fields);
  if (said === null) {
    const detail = `${host} answered ${status} without a token; check token_url if this lasts`;
    return { is: 'unavailable', fault: 'protocol', detail };
  }
  const error = String(fields.error);
  const temporary = status >= 500 || status === 429 || TEMPORARY.includes(error);
  if (temporary) {
    return { is: 'unavailable', fault: 'other', detail: `${host} gives no token now: ${said}` };
  }
  const why = error === 'invalid_grant' ? 'grant' : 'other';
  return { is: 'refused', why, detail: `${host} gives no token: ${said}` };
}

/** Microsoft's older endpoints send the number as text. */
function lifetimeOf(seconds: unknown): number {
  const lifetimeMs = Number(seconds) * 1000;
  return lifetimeMs > 0 ? Math.min(lifetimeMs, lifetimeMsMax) : usualLifetimeMs;
}
