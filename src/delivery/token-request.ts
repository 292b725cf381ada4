import { createSign } from 'node:crypto';
import { Secret } from '../lib/secret.ts';
import type { OAuth2, OAuth2Grant } from '../relay/account.ts';
import type { NetworkFault } from '../relay/outcome.ts';
import { causeOfError } from './fault.ts';

export type TokenAnswer =
  | {
      readonly is: 'token';
      readonly token: string;
      readonly lifetimeMs: number;
      /** RFC 6749 section 6: takes the place of the one that was used. */
      readonly refreshToken: Secret | null;
    }
  /** The endpoint said no, and will say it again. */
  | { readonly is: 'refused'; readonly detail: string }
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

const requestMsMax = 20_000;
const answerBytesMax = 64 * 1024;
/** RFC 6749 section 5.1 recommends `expires_in` and does not ask for it. */
const usualLifetimeMs = 3_600_000;
const lifetimeMsMax = 24 * 3_600_000;

/** Errors that are over by themselves; RFC 6749 section 4.1.2.1, RFC 8628 section 3.5. */
const TEMPORARY = ['temporarily_unavailable', 'server_error', 'slow_down'];

/** One request to the token endpoint. Never rejects; an abort is `unavailable`. */
export async function requestToken(request: TokenRequest): Promise<TokenAnswer> {
  const { oauth2, signal } = request;
  const { host } = new URL(oauth2.tokenUrl);
  try {
    const response = await fetch(oauth2.tokenUrl, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(parameters(request)),
      // Secrets go to the configured address and to no other.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMsMax)]),
    });
    return read(host, response.status, fieldsOf(await bounded(response)));
  } catch (error) {
    return unreachable(host, error);
  }
}

function parameters({ oauth2, rotated, nowMs }: TokenRequest): Record<string, string> {
  const { grant, scope } = oauth2;
  const asked = scope === null ? {} : { scope };
  switch (grant.is) {
    case 'refresh-token':
      return {
        grant_type: 'refresh_token',
        client_id: grant.clientId,
        ...(grant.clientSecret === null ? {} : { client_secret: grant.clientSecret.reveal() }),
        refresh_token: (rotated ?? grant.refreshToken).reveal(),
        ...asked,
      };
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

/** The body; one that is larger than any answer with a token counts as none. */
async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(body: string): Fields {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null ? (json as Fields) : {};
  } catch {
    // An error page of something on the way: the status is all there is to tell.
    return {};
  }
}

function read(host: string, status: number, fields: Fields): TokenAnswer {
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
  const { error, error_description: description } = fields;
  if (typeof error !== 'string') {
    const detail = `${host} answered ${status} without a token; check token_url if this lasts`;
    return { is: 'unavailable', fault: 'protocol', detail };
  }
  const words = [error, description].filter((text) => typeof text === 'string').join(': ');
  const said = words.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').slice(0, 400);
  const temporary = status >= 500 || status === 429 || TEMPORARY.includes(error);
  return temporary
    ? { is: 'unavailable', fault: 'other', detail: `${host} gives no token now: ${said}` }
    : { is: 'refused', detail: `${host} gives no token: ${said}` };
}

/** Microsoft's older endpoints send the number as text. */
function lifetimeOf(seconds: unknown): number {
  const lifetimeMs = Number(seconds) * 1000;
  return lifetimeMs > 0 ? Math.min(lifetimeMs, lifetimeMsMax) : usualLifetimeMs;
}

function unreachable(host: string, error: unknown): TokenAnswer {
  const outer = error instanceof Error ? error : new Error(String(error));
  if (outer.name === 'TimeoutError') {
    const detail = `${host} gave no token within ${requestMsMax / 1000} s`;
    return { is: 'unavailable', fault: 'timeout', detail };
  }
  // fetch wraps what really happened.
  const cause = causeOfError(outer.cause instanceof Error ? outer.cause : outer, 'auth');
  const fault = cause.from === 'network' ? cause.fault : 'other';
  const detail = cause.from === 'network' ? cause.detail : outer.message;
  return { is: 'unavailable', fault, detail: `no token from ${host}: ${detail}` };
}

function asSecret(value: unknown): Secret | null {
  return typeof value === 'string' && value !== '' ? new Secret(value) : null;
}
