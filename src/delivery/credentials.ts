import type { Account } from '../relay/account.ts';
import { logsIn } from './account-identity.ts';
import { placeOf } from './tls-verdict.ts';

/** How far the way to the peer may be trusted with a password. */
export interface Wire {
  readonly encrypted: boolean;
  /** Certificate verified, pinned or tolerated by an exception. */
  readonly verified: boolean;
  /** Both ends are this machine: nobody is between. */
  readonly loopback: boolean;
}

export type Login =
  | { readonly is: 'none' }
  | {
      readonly is: 'password';
      readonly mechanism: Mechanism;
      readonly username: string;
      readonly password: string;
    }
  /** AUTH XOAUTH2 with an access token. */
  | { readonly is: 'token'; readonly username: string }
  | { readonly is: 'refused'; readonly detail: string; readonly hint: string };

export type Mechanism = 'PLAIN' | 'LOGIN' | 'CRAM-MD5';

/**
 * In order of preference over a trusted way; over loopback without TLS the challenge goes first.
 */
const OVER_TLS: readonly Mechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5'];
const IN_CLEAR: readonly Mechanism[] = ['CRAM-MD5', 'PLAIN', 'LOGIN'];

/**
 * How to log in, or why not. An account that has credentials never goes on without AUTH, and
 * neither password nor token goes over a way that is not both encrypted and verified, unless it does not leave
 * this machine.
 */
export function chooseLogin(account: Account, offered: readonly string[], wire: Wire): Login {
  const { username, password, auth } = account;
  if (username === null || !logsIn(account)) return { is: 'none' };
  if (!wire.loopback && !(wire.encrypted && wire.verified)) return unsafe(account, wire);
  if (auth === 'xoauth2') {
    return offered.includes('XOAUTH2')
      ? { is: 'token', username }
      : notOffered(account, offered, wire);
  }
  if (auth === 'none' || password === null) return { is: 'none' };
  const wanted = auth === 'auto' ? (wire.encrypted ? OVER_TLS : IN_CLEAR) : [asMechanism(auth)];
  const mechanism = wanted.find((one) => offered.includes(one));
  if (mechanism === undefined) return notOffered(account, offered, wire);
  return { is: 'password', mechanism, username, password: password.reveal() };
}

function asMechanism(auth: 'plain' | 'login' | 'cram-md5'): Mechanism {
  return auth === 'plain' ? 'PLAIN' : auth === 'login' ? 'LOGIN' : 'CRAM-MD5';
}

function unsafe(account: Account, wire: Wire): Login {
  const why = wire.encrypted ? 'its certificate is not verified' : 'the connection is in clear';
  const what = account.auth === 'xoauth2' ? 'access token' : 'password';
  return {
    is: 'refused',
    detail: `the ${what} was not sent to ${account.host}:${account.port}: ${why}`,
    hint: wire.encrypted
      ? `In ${placeOf(account)}: tls: {verify: full}, or tls: {verify: pin, pin: [...]}.`
      : `In ${placeOf(account)}: tls: {mode: starttls}, or tls: {mode: implicit} with its port.`,
  };
}

function notOffered(account: Account, offered: readonly string[], wire: Wire): Login {
  const list = offered.length === 0 ? 'no AUTH at all' : `only AUTH ${offered.join(' ')}`;
  const asked = account.auth === 'auto' ? 'AUTH' : `AUTH ${account.auth.toUpperCase()}`;
  return {
    is: 'refused',
    detail: `${account.host}:${account.port} does not offer ${asked}: it offers ${list}`,
    hint: wire.encrypted
      ? `Check host and port of ${placeOf(account)}, and its auth: key.`
      : `The server may offer AUTH only after TLS: in ${placeOf(account)}: tls: {mode: starttls}.`,
  };
}
