import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../lib/secret.ts';

/** Somebody who has shown observe.token. */
export interface Session {
  /** Goes into every form: another site's page cannot know it. */
  readonly csrf: string;
  /** What became of the last action; shown once. */
  notice: string | null;
}

export interface Sessions {
  /** Null: the token is wrong. `limited`: too many were, and none is looked at for a while. */
  login(token: string): { readonly cookie: string } | 'limited' | null;
  /** By the Cookie field. */
  of(cookies: string | undefined): Session | null;
  end(cookies: string | undefined): void;
  /** Makes the browser forget. */
  readonly noCookie: string;
}

const sessionMs = 12 * 3_600_000;
/** A handful of people with a few browsers; the oldest goes first. */
const sessionsMax = 64;
/** Wrong tokens within the window. Behind a proxy or a tunnel all of them come from one address. */
const failuresMax = 10;
const failuresWindowMs = 600_000;

interface Kept extends Session {
  readonly untilMs: number;
}

/**
 * Sessions live in memory and end with the daemon. Keys are looked up by their digest, so that the
 * time a look-up takes says nothing about them. `name` tells relays apart that share a host name, as
 * two ends of tunnels do: cookies know no ports.
 */
export function openSessions(token: Secret, name: string, nowMs: () => number): Sessions {
  const wanted = digest(token.reveal());
  const cookie = `relayd-${digest(name).toString('hex').slice(0, 8)}`;
  const sessions = new Map<string, Kept>();
  let failures: { count: number; sinceMs: number } = { count: 0, sinceMs: nowMs() };

  const keyIn = (cookies = ''): string | null => {
    const found = cookies.split(/; */).find((one) => one.startsWith(`${cookie}=`));
    return found === undefined ? null : digest(found.slice(cookie.length + 1)).toString('hex');
  };
  const isLimited = (): boolean => {
    const sinceMs = nowMs() - failures.sinceMs;
    if (sinceMs < 0 || sinceMs > failuresWindowMs) failures = { count: 0, sinceMs: nowMs() };
    return failures.count >= failuresMax;
  };
  const written = (key: string, seconds: number): string =>
    `${cookie}=${key}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;

  return {
    login(given) {
      if (isLimited()) return 'limited';
      if (!timingSafeEqual(digest(given), wanted)) {
        failures.count++;
        return null;
      }
      const key = randomBytes(32).toString('base64url');
      const csrf = randomBytes(32).toString('base64url');
      const oldest = sessions.size >= sessionsMax ? sessions.keys().next().value : undefined;
      if (oldest !== undefined) sessions.delete(oldest);
      const untilMs = nowMs() + sessionMs;
      sessions.set(digest(key).toString('hex'), { csrf, notice: null, untilMs });
      return { cookie: written(key, sessionMs / 1000) };
    },
    of(cookies) {
      const key = keyIn(cookies);
      const session = key === null ? undefined : sessions.get(key);
      if (key === null || session === undefined) return null;
      if (nowMs() < session.untilMs) return session;
      sessions.delete(key);
      return null;
    },
    end(cookies) {
      const key = keyIn(cookies);
      if (key !== null) sessions.delete(key);
    },
    noCookie: written('', 0),
  };
}

export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
