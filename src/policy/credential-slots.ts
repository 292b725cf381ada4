import type { Account } from '../relay/account.ts';
import type { CredentialMemory, KnownCredential } from '../relay/credential.ts';

/*
 * Which of an account's two passwords it logs in with. The next one is taken when the upstream
 * has accepted it, and stays in use until it is refused or leaves relay.yaml. One that is refused
 * gives way to the other unless that was refused as well: then the account is held.
 */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Between two tries of a next password that is not accepted; the last repeats. */
const TRIES_EVERY_MS = [5 * minuteMs, 15 * minuteMs, hourMs, 3 * hourMs, 6 * hourMs] as const;

/** A login alone is written down so often, not at every connection. */
const acceptedEveryMs = hourMs;

/** How long to wait after so many tries in a row that were in vain. */
export function nextTryInMs(triesInVain: number): number {
  return TRIES_EVERY_MS[Math.min(triesInVain, TRIES_EVERY_MS.length) - 1] ?? 0;
}

/** The memory under the configuration in force: what it no longer has is forgotten. */
export function rememberedOf(
  before: CredentialMemory | null,
  { credentialVersion, next }: Pick<Account, 'credentialVersion' | 'next'>,
  nowMs: number,
): CredentialMemory {
  const versions =
    next === null ? [credentialVersion] : [credentialVersion, next.credentialVersion];
  const known = versions.map(
    (version) =>
      before?.known.find((one) => one.version === version) ?? {
        version,
        firstSeenAtMs: nowMs,
        lastAcceptedAtMs: null,
        refusedAtMs: null,
      },
  );
  const inUse = versions.find((version) => version === before?.inUse) ?? credentialVersion;
  const same = before !== null && sameVersions(before.known, known) && before.inUse === inUse;
  return same ? before : { inUse, known };
}

function sameVersions(a: readonly KnownCredential[], b: readonly KnownCredential[]): boolean {
  return a.length === b.length && a.every(({ version }, at) => version === b[at]?.version);
}

/** The account as it logs in now: one that has switched is one whose password was replaced. */
export function accountInUse(account: Account, memory: CredentialMemory): Account {
  const { next } = account;
  if (next === null) return account;
  return memory.inUse === next.credentialVersion
    ? { ...account, ...next, next: null }
    : { ...account, next: null };
}

/** What the account would log in with after a switch; null: it has, or there is nothing else. */
export function candidateOf(account: Account, memory: CredentialMemory): Account | null {
  const { next } = account;
  if (next === null || memory.inUse === next.credentialVersion) return null;
  return { ...account, ...next, next: null };
}

/** The upstream accepted a login with this version. */
export function onAccepted(
  memory: CredentialMemory,
  version: string,
  nowMs: number,
): CredentialMemory {
  return changed(memory, version, { lastAcceptedAtMs: nowMs, refusedAtMs: null });
}

/** The next password was accepted: it is in use from now on. */
export function switchedTo(
  memory: CredentialMemory,
  version: string,
  nowMs: number,
): CredentialMemory {
  return { ...onAccepted(memory, version, nowMs), inUse: version };
}

/** The upstream refused a login. When it was the one in use, another that may work takes over. */
export function onRefused(
  memory: CredentialMemory,
  version: string,
  nowMs: number,
): CredentialMemory {
  const after = changed(memory, version, { refusedAtMs: nowMs });
  const other = after.known.find((one) => one.version !== version && one.refusedAtMs === null);
  return version === memory.inUse && other !== undefined
    ? { ...after, inUse: other.version }
    : after;
}

/** Somebody has mended something: what was refused may be tried again. */
export function forgiven(memory: CredentialMemory): CredentialMemory {
  return { ...memory, known: memory.known.map((one) => ({ ...one, refusedAtMs: null })) };
}

/** Whether losing the change would lose more than a time of day. */
export function isWorthKeeping(before: CredentialMemory, after: CredentialMemory): boolean {
  if (before.inUse !== after.inUse || before.known.length !== after.known.length) return true;
  return after.known.some((one, at) => {
    const old = before.known[at];
    const { version, lastAcceptedAtMs, refusedAtMs } = one;
    if (old?.version !== version || old.refusedAtMs !== refusedAtMs) return true;
    if (old.lastAcceptedAtMs === null || lastAcceptedAtMs === null) {
      return old.lastAcceptedAtMs !== lastAcceptedAtMs;
    }
    return Math.abs(lastAcceptedAtMs - old.lastAcceptedAtMs) >= acceptedEveryMs;
  });
}

function changed(
  memory: CredentialMemory,
  version: string,
  to: Partial<KnownCredential>,
): CredentialMemory {
  const known = memory.known.map((one) => (one.version === version ? { ...one, ...to } : one));
  return { ...memory, known };
}
