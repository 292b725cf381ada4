import type { Account } from '../relay/account.ts';
import type {
  CertificateMemory,
  RememberedCertificate,
  SeenCertificate,
} from '../relay/certificate.ts';
import type { RelayEvent } from '../relay/events.ts';

/*
 * What is worth saying about an account's certificate and about its exception. Each step is
 * announced once; what was announced is part of the memory, so that a restart says nothing twice.
 */

const dayMs = 86_400_000;
/** Days before its end at which a certificate is announced. */
const EXPIRY_STEPS: readonly number[] = [21, 7, 1];
/** The same for an exception; 0 is its end itself. */
const EXCEPTION_STEPS: readonly number[] = [14, 7, 1, 0];
/** Machines behind one name may show different certificates: so many are remembered. */
const certificatesMax = 16;
/** A sight alone is written down so often, not at every handshake. */
const sightEveryMs = dayMs;

export interface Watched {
  readonly memory: CertificateMemory;
  readonly events: readonly RelayEvent[];
  /** The memory must be written down: losing it would lose more than a time of day. */
  readonly changed: boolean;
}

type Step = { readonly memory: CertificateMemory; readonly events: readonly RelayEvent[] };

/** A handshake with the account's server showed this certificate, whatever it is worth. */
export function onHandshake(
  before: CertificateMemory | null,
  seen: SeenCertificate,
  account: Account,
  nowMs: number,
): Watched {
  const old = memoryFor(before, account);
  const known = old.certificates.find(({ fingerprint }) => fingerprint === seen.fingerprint);
  const sight: RememberedCertificate = {
    ...seen,
    firstSeenAtMs: known?.firstSeenAtMs ?? nowMs,
    lastSeenAtMs: nowMs,
    announcedDays: known?.announcedDays ?? null,
  };
  const memory = { ...old, certificates: withSight(old.certificates, sight) };
  const looked = look(memory, account, nowMs);
  const isStale = known === undefined || Math.abs(nowMs - known.lastSeenAtMs) >= sightEveryMs;
  return {
    memory: looked.memory,
    events: [...keyChange(old, seen, account.name), ...looked.events],
    changed: isStale || looked.memory !== memory,
  };
}

/** Nothing was seen; time has passed or the configuration is another one. */
export function onTime(before: CertificateMemory | null, account: Account, nowMs: number): Watched {
  const { memory, events } = look(memoryFor(before, account), account, nowMs);
  // Where nothing was ever seen or announced there is nothing to write down.
  return { memory, events, changed: before === null ? events.length > 0 : memory !== before };
}

/** When `onTime` has something to say at the earliest; null: only a handshake can change that. */
export function nextStepAtMs(
  memory: CertificateMemory | null,
  account: Account,
  nowMs: number,
): number | null {
  const current = memory === null ? null : currentCertificate(memory);
  const { exception } = account.tls;
  const times = [
    ...(current === null ? [] : EXPIRY_STEPS.map((days) => current.validToMs - days * dayMs)),
    ...(exception === null ? [] : EXCEPTION_STEPS.map((days) => exception.untilMs - days * dayMs)),
  ].filter((atMs) => atMs > nowMs);
  return times.length === 0 ? null : Math.min(...times);
}

/** The one seen last; null: none was ever seen. */
export function currentCertificate(memory: CertificateMemory): RememberedCertificate | null {
  return memory.certificates.reduce<RememberedCertificate | null>(
    (last, one) => (last === null || one.lastSeenAtMs >= last.lastSeenAtMs ? one : last),
    null,
  );
}

/** Of another server nothing is known. */
function memoryFor(memory: CertificateMemory | null, { host, port }: Account): CertificateMemory {
  const server = `${host}:${port}`;
  if (memory !== null && memory.server === server) return memory;
  return { server, certificates: [], exception: memory?.exception ?? null };
}

function withSight(
  certificates: readonly RememberedCertificate[],
  sight: RememberedCertificate,
): RememberedCertificate[] {
  const at = certificates.findIndex(({ fingerprint }) => fingerprint === sight.fingerprint);
  if (at !== -1) return certificates.with(at, sight);
  if (certificates.length < certificatesMax) return [...certificates, sight];
  const oldest = Math.min(...certificates.map(({ lastSeenAtMs }) => lastSeenAtMs));
  const drop = certificates.findIndex(({ lastSeenAtMs }) => lastSeenAtMs === oldest);
  return [...certificates.toSpliced(drop, 1), sight];
}

/** A key that was never seen here, where another one was. */
function keyChange(old: CertificateMemory, seen: SeenCertificate, account: string): RelayEvent[] {
  const last = currentCertificate(old);
  if (last === null || old.certificates.some(({ pin }) => pin === seen.pin)) return [];
  return [
    {
      is: 'certificate.changed',
      account,
      server: old.server,
      oldPin: `sha256//${last.pin}`,
      newPin: `sha256//${seen.pin}`,
      issuer: seen.issuer,
      validToMs: seen.validToMs,
    },
  ];
}

/** The same memory when there is nothing to announce. */
function look(memory: CertificateMemory, account: Account, nowMs: number): Step {
  const first = lookAtCertificate(memory, account, nowMs);
  const second = lookAtException(first.memory, account, nowMs);
  return { memory: second.memory, events: [...first.events, ...second.events] };
}

function lookAtCertificate(memory: CertificateMemory, account: Account, nowMs: number): Step {
  const current = currentCertificate(memory);
  if (current === null) return { memory, events: [] };
  const { validToMs, subject, pin, lastSeenAtMs } = current;
  const announcedDays = newStep(EXPIRY_STEPS, validToMs - nowMs, current.announcedDays);
  if (announcedDays === null) return { memory, events: [] };
  return {
    memory: {
      ...memory,
      certificates: withSight(memory.certificates, { ...current, announcedDays }),
    },
    events: [
      {
        is: 'certificate.expiring',
        account: account.name,
        server: memory.server,
        subject,
        pin: `sha256//${pin}`,
        validToMs,
        daysLeft: daysLeft(validToMs - nowMs),
        lastSeenAtMs,
      },
    ],
  };
}

function lookAtException(memory: CertificateMemory, account: Account, nowMs: number): Step {
  const { exception } = account.tls;
  if (exception === null) {
    return { memory: memory.exception === null ? memory : { ...memory, exception }, events: [] };
  }
  const { untilMs, allow, reason } = exception;
  // One whose end was moved is announced anew.
  const announced = memory.exception?.untilMs === untilMs ? memory.exception.announcedDays : null;
  const announcedDays = newStep(EXCEPTION_STEPS, untilMs - nowMs, announced);
  if (announcedDays === null) return { memory, events: [] };
  return {
    memory: { ...memory, exception: { untilMs, announcedDays } },
    events: [
      {
        is: 'tls.exception-ending',
        account: account.name,
        allow,
        detail: reason,
        untilMs,
        daysLeft: daysLeft(untilMs - nowMs),
      },
    ],
  };
}

/** The nearest step that is reached and was not announced yet; those it leaves behind are moot. */
function newStep(
  steps: readonly number[],
  leftMs: number,
  announced: number | null,
): number | null {
  const reached = steps.filter((days) => leftMs <= days * dayMs);
  const nearest = reached.length === 0 ? null : Math.min(...reached);
  return nearest !== null && (announced === null || nearest < announced) ? nearest : null;
}

/** Whole days, the one that has begun included; 0 when it is over. */
function daysLeft(leftMs: number): number {
  return Math.max(0, Math.ceil(leftMs / dayMs));
}
