import type { Rate } from '../lib/rate.ts';
import type { Secret } from '../lib/secret.ts';
import type { Counts, QuotaRate } from './quota-rate.ts';
import type { ReplyRule } from './reply-rule.ts';

/** One set of credentials at one provider, presets and defaults already merged. */
export interface Account {
  readonly name: string;
  readonly provider: string | null;
  readonly host: string;
  readonly port: number;
  readonly auth: 'auto' | 'plain' | 'login' | 'cram-md5' | 'xoauth2' | 'none';
  readonly username: string | null;
  readonly password: Secret | null;
  /** Where access tokens come from, with `auth: xoauth2`; null with a password. */
  readonly oauth2: OAuth2 | null;
  /**
   * Changes whenever host, username, password or `oauth2` change: pools and account holds are keyed
   * by it.
   */
  readonly credentialVersion: string;
  /** What takes the place of `password` once the upstream accepts it; null: nothing is planned. */
  readonly next: NextPassword | null;
  readonly tls: TlsPolicy;
  /** Addresses it may send as; empty: any. */
  readonly identities: readonly AddressPattern[];
  readonly limits: AccountLimits;
  readonly timeouts: UpstreamTimeouts;
  /** Header fields added upstream, never shown to the client. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceAddress: string | null;
  /** What replies of its provider mean, read before the generic rules; absent: only those. */
  readonly replyRules?: readonly ReplyRule[];
  /**
   * Header fields that only other providers read, as in `RouteEdits.remove`: they are not for this
   * one. Absent: not known.
   */
  readonly foreignFields?: readonly string[];
  /**
   * A header field that its provider gives back in feedback: our id of the message goes there while
   * feedback is taken. Absent: none.
   */
  readonly echoField?: string;
  /** Finds the provider's own id of a message in the reply that took it, as group 1. */
  readonly providerIdPattern?: RegExp;
  /** Between us and the upstream; TLS and pins are about the upstream. */
  readonly proxy: ProxyServer | null;
  /** Where in relay.yaml it stands, for messages that name the line to mend. */
  readonly at: SourcePlace;
}

/** The second slot. */
export interface NextPassword {
  readonly password: Secret;
  /** What the account's `credentialVersion` is with it. */
  readonly credentialVersion: string;
}

/** SOCKS5 (RFC 1928) or HTTP CONNECT (RFC 9110 section 9.3.6). */
export interface ProxyServer {
  readonly is: 'socks5' | 'http';
  /** An IPv6 address stands without brackets. */
  readonly host: string;
  readonly port: number;
  readonly login: { readonly username: string; readonly password: Secret } | null;
}

/** `socks5://127.0.0.1:1080`, without the login. */
export function proxyName({ is, host, port }: ProxyServer): string {
  return `${is}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** How access tokens for one account are had. */
export interface OAuth2 {
  readonly tokenUrl: string;
  readonly scope: string | null;
  readonly grant: OAuth2Grant;
  /** Where `relayctl account login` begins (RFC 8628 section 3.1); null: it is not possible. */
  readonly device: { readonly url: string; readonly scope: string | null } | null;
}

export type OAuth2Grant =
  /** RFC 6749 section 6. */
  | {
      readonly is: 'refresh-token';
      readonly clientId: string;
      readonly clientSecret: Secret | null;
      /** Null: the one that `relayctl account login` brings. */
      readonly refreshToken: Secret | null;
    }
  /** RFC 6749 section 4.4. */
  | { readonly is: 'client-credentials'; readonly clientId: string; readonly clientSecret: Secret }
  /** RFC 7523 section 2.1: a JWT signed with `privateKey` (PEM), on behalf of `subject`. */
  | {
      readonly is: 'service-account';
      readonly issuer: string;
      readonly subject: string;
      readonly keyId: string | null;
      readonly privateKey: Secret;
    };

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface AccountLimits {
  /** All of them hold at once. */
  readonly rate: readonly QuotaRate[];
  /** What the provider counts in the pace it allows; absent: messages. */
  readonly counts?: Counts;
  readonly connections: number;
  readonly messagesPerConnection: number;
  readonly idleMs: number;
  /** Recipients per transaction. */
  readonly recipients: number;
  readonly messageBytes: number | null;
  /** Logins that its provider bears; absent: a number that does not hurt. */
  readonly logins?: Rate;
}

/** Milliseconds per phase; RFC 5321 section 4.5.3.2. */
export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  readonly commandMs: number;
  readonly dataMs: number;
  readonly endOfDataMs: number;
}

export type TlsMode = 'none' | 'opportunistic' | 'starttls' | 'implicit';
export type TlsFault = 'expired' | 'self-signed' | 'name-mismatch' | 'untrusted';

export interface TlsPolicy {
  readonly mode: TlsMode;
  readonly verify: 'full' | 'ca' | 'pin' | 'off';
  /** PEM text of extra trust anchors, null for the system's. */
  readonly ca: string | null;
  /** Base64 SHA-256 of SubjectPublicKeyInfo, the part after `sha256//`. */
  readonly pins: readonly string[];
  readonly servername: string;
  readonly minimum: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly exception: TlsException | null;
  /** Client certificate, PEM. */
  readonly certificate: string | null;
  readonly key: Secret | null;
}

/** A tolerated fault, only with a pin, a reason and an end. */
export interface TlsException {
  readonly allow: readonly TlsFault[];
  readonly reason: string;
  /** First instant at which it no longer holds. */
  readonly untilMs: number;
}

/** `addr`, `@domain`, `*@sub.*`, `*`; see relay/address-pattern. */
export type AddressPattern = string;

/** Whether a lane may work, kept over restarts. */
export type AccountState =
  | { readonly is: 'open' }
  | {
      readonly is: 'paused';
      readonly untilMs: number;
      readonly reason: string;
      readonly detail: string;
      readonly sinceMs: number;
      readonly strikes: number;
      /** What a person can do about it. */
      readonly hint?: string;
      /** Since when it has not worked, when other reasons came before; absent: `sinceMs`. */
      readonly failingSinceMs?: number;
      /** Whether another account may take over; absent: as its reason says. */
      readonly mayFailOver?: boolean;
    }
  | {
      readonly is: 'held';
      readonly reason: string;
      readonly detail: string;
      readonly sinceMs: number;
      readonly credentialVersion: string;
      readonly hint?: string;
      readonly mayFailOver?: boolean;
    };
