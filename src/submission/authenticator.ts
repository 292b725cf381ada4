import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type PasswordHash,
  parsePasswordHash,
  scryptCost,
  verifyPassword,
} from '../lib/password-hash.ts';
import type { Account } from '../relay/account.ts';
import type { Client } from '../relay/client.ts';
import type { Settings } from '../relay/settings.ts';
import type { Identity } from './identity.ts';
import { verificationQueue } from './verification-queue.ts';

export interface Credentials {
  readonly name: string;
  readonly password: string;
  /** `account_login` of the listener. */
  readonly accountLogin: boolean;
  /** The name failed lately from the same address. */
  readonly suspicious: boolean;
}

export interface Authenticator {
  /**
   * 'busy': too many wait to be checked. Null: wrong, or nobody of that name; which of them cannot
   * be told.
   */
  check(credentials: Credentials): Promise<Identity | null | 'busy'> | Identity;
  /**
   * RFC 2195: `digest` is the hexadecimal HMAC-MD5 of the challenge. Only for passwords stored
   * plain.
   */
  checkCram(given: { name: string; challenge: string; digest: string }): Identity | null;
  /**
   * Whether CRAM-MD5 can succeed for everybody. Clients try it first: offered to somebody it cannot
   * work for, each of his logins would begin with a failure, and their number locks him out.
   */
  cramPossible(accountLogin: boolean): boolean;
  /** Whether anybody of that name is configured. */
  knows(name: string, accountLogin: boolean): boolean;
}

/**
 * A pair that was right once: the same pair is right again as long as the configured secret is the
 * same.
 */
interface Verified {
  readonly secret: string;
  readonly digest: Buffer;
}

const verifiedMax = 10_000;

export function authenticator(settings: () => Settings): Authenticator {
  /** Of this run only: what is kept of a password is worth nothing to anybody else. */
  const runKey = randomBytes(32);
  const digestOf = (text: string): Buffer =>
    hash('sha256', Buffer.concat([runKey, Buffer.from(text)]), 'buffer');
  const same = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));
  const verified = new Map<string, Verified>();
  const queue = verificationQueue();

  const remembered = ({ secret, identity }: Found, password: string): boolean => {
    const entry = verified.get(keyOf(identity));
    return entry?.secret === secret && timingSafeEqual(entry.digest, digestOf(password));
  };
  const remember = ({ secret, identity }: Found, password: string): void => {
    if (verified.size >= verifiedMax) verified.clear();
    verified.set(keyOf(identity), { secret, digest: digestOf(password) });
  };

  return {
    check({ name, password, accountLogin, suspicious }) {
      const found = candidates(settings(), name, accountLogin);
      const recall = (): Identity | null =>
        found.find((one) => remembered(one, password))?.identity ?? null;
      const known = recall();
      if (known !== null) return known;
      // One derivation whoever it is, so that the time tells neither who exists nor how a password
      // is kept.
      const hash = found.find((one) => one.hash !== null)?.hash ?? dummyHash(settings());
      const judge = async (): Promise<Identity | 'wrong'> => {
        // An app's sessions begin at once, as after a restart: one derivation does for all.
        const meanwhile = recall();
        if (meanwhile !== null) return meanwhile;
        const derived = await verifyPassword(password, hash);
        const right = found.find((one) =>
          one.hash === null ? anySame(one, password, same) : derived && one.hash === hash,
        );
        if (right === undefined) return 'wrong';
        remember(right, password);
        return right.identity;
      };
      return queue.run(judge, suspicious).then((judged) => {
        if (judged === null) return 'busy';
        return judged === 'wrong' ? null : judged;
      });
    },
    checkCram({ name, challenge, digest }) {
      const password = settings().clients.get(name)?.password;
      const plain = password?.is === 'plain' ? password.value.reveal() : '';
      const expected = createHmac('md5', plain).update(challenge).digest('hex');
      const right = same(expected, digest.toLowerCase());
      return right && password?.is === 'plain' ? clientIdentity(name) : null;
    },
    cramPossible(accountLogin) {
      const kinds = [...settings().clients.values()].flatMap(({ password }) => password?.is ?? []);
      return !accountLogin && kinds.length > 0 && kinds.every((kind) => kind === 'plain');
    },
    knows: (name, accountLogin) => candidates(settings(), name, accountLogin).length > 0,
  };
}

/** Accounts may share a username, and a client may have the name of an account. */
function keyOf({ is, name }: Identity): string {
  return `${is} ${name}`;
}

/** Somebody the given name may stand for, and what the password is compared with. */
interface Found {
  readonly identity: Identity;
  /** As configured: a hash, or the password itself. */
  readonly secret: string;
  readonly hash: PasswordHash | null;
}

function candidates(settings: Settings, name: string, accountLogin: boolean): readonly Found[] {
  const client = settings.clients.get(name);
  const found = client === undefined ? [] : foundClient(client);
  if (!accountLogin) return found;
  // Several accounts may have one username (`apikey`): the password tells them apart.
  const accounts = [...settings.accounts.values()].filter(({ username }) => username === name);
  return [...found, ...accounts.flatMap(foundAccount)];
}

function foundClient({ name, password }: Client): Found[] {
  if (password === null) return [];
  const identity = clientIdentity(name);
  if (password.is === 'plain') return [{ identity, secret: password.value.reveal(), hash: null }];
  const hash = parsePasswordHash(password.hash);
  return hash === null ? [] : [{ identity, secret: password.hash, hash }];
}

/** While a password is being replaced an app may have either. */
function foundAccount({ name, password, next }: Account): Found[] {
  const identity: Identity = { is: 'account', name, authenticated: true };
  return [password, next?.password ?? null].flatMap((one) =>
    one === null ? [] : [{ identity, secret: one.reveal(), hash: null }],
  );
}

function clientIdentity(name: string): Identity {
  return { is: 'client', name, authenticated: true };
}

/**
 * App passwords are shown in groups: an app may give an account's with or without the white space.
 */
function anySame(found: Found, password: string, same: (a: string, b: string) => boolean): boolean {
  const exact = same(found.secret, password);
  const squeezed = same(found.secret.replace(/\s/g, ''), password.replace(/\s/g, ''));
  return exact || (found.identity.is === 'account' && squeezed);
}

/** As costly as the hashes in use, and right for no password. */
function dummyHash(settings: Settings): PasswordHash {
  for (const { password } of settings.clients.values()) {
    const hash = password?.is === 'scrypt' ? parsePasswordHash(password.hash) : null;
    if (hash !== null) return { ...hash, salt: dummySalt, hash: dummySalt };
  }
  return { ...scryptCost, salt: dummySalt, hash: dummySalt };
}

const dummySalt = randomBytes(32);
