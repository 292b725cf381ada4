import { formatAge } from '../lib/duration.ts';
import type { AccountState } from '../relay/account.ts';
import type { CredentialUse } from '../relay/credential.ts';
import type { ReasonClass } from '../relay/outcome.ts';
import { formatQuotaRate } from '../relay/quota-rate.ts';
import type { RelayPause } from '../relay/steering.ts';
import type { QuotaUse } from './quota.ts';
import { REASON_HINTS } from './reason-hints.ts';
import type { StatsRow } from './sending-stats.ts';

/** What the daily summary is made of. */
export interface SummaryFacts {
  readonly hostname: string;
  readonly sinceMs: number;
  readonly nowMs: number;
  /** By account, of mail accepted since then. */
  readonly rows: readonly StatsRow[];
  /** False: there was more mail than was looked at. */
  readonly complete: boolean;
  /** Recipients given up, with one reply of each kind. */
  readonly failures: readonly {
    readonly reason: ReasonClass;
    readonly count: number;
    readonly text: string;
  }[];
  readonly accounts: readonly SummaryAccount[];
  readonly pause: RelayPause | null;
}

export interface SummaryAccount {
  readonly name: string;
  readonly state: AccountState;
  readonly heldSenders: readonly string[];
  /** Recipients in the queue. */
  readonly waiting: number;
  readonly held: number;
  /** When the oldest that waits was accepted; null: none waits. */
  readonly oldestAtMs: number | null;
  readonly quotas: readonly QuotaUse[];
  /** As last seen; null: never. */
  readonly certificateEndsMs: number | null;
  readonly exceptionEndsMs: number | null;
  readonly credentials: readonly CredentialUse[];
}

const dayMs = 86_400_000;
/** What ends within so long is mentioned. */
const soonMs = 21 * dayMs;
const oldPasswordMs = 365 * dayMs;
const quotaShare = 0.8;
const failuresMax = 10;
/** RFC 5322 section 2.1.1 wants 78 and allows 998. */
const lineCharactersMax = 200;

/** The summary in ASCII; the first line says whether all is well. */
export function summaryLines(facts: SummaryFacts): string[] {
  const attention = facts.accounts.flatMap((account) => concerns(account, facts.nowMs));
  const paused = facts.pause === null ? [] : [`All delivery is paused: ${facts.pause.reason}`];
  const needed = [...paused, ...attention];
  const thing = needed.length === 1 ? 'one thing needs' : `${needed.length} things need`;
  const verdict = needed.length === 0 ? 'all is well' : `${thing} attention`;
  const lines = [
    verdict,
    ...section('Needs attention', needed),
    ...section(`Mail accepted in the last ${formatAge(facts.nowMs - facts.sinceMs)}`, sent(facts)),
    ...section('Why mail was given up', failed(facts)),
    ...section('Waits now', waiting(facts)),
    ...section('Limits', facts.accounts.flatMap(quotaLines)),
  ];
  return lines.map(ascii);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function concerns(account: SummaryAccount, nowMs: number): string[] {
  const { name, state, heldSenders, certificateEndsMs, exceptionEndsMs, credentials } = account;
  const found: string[] = [];
  if (state.is !== 'open') {
    const hint = state.hint === undefined ? '' : ` ${state.hint}`;
    found.push(
      `${name} is ${state.is} for ${formatAge(nowMs - state.sinceMs)}: ${state.detail}${hint}`,
    );
  }
  if (heldSenders.length > 0) found.push(`${name} may not send as ${heldSenders.join(', ')}`);
  const ends = (what: string, atMs: number | null): void => {
    if (atMs === null || atMs - nowMs > soonMs) return;
    found.push(
      `${what} of ${name} ${atMs <= nowMs ? 'has ended' : `ends in ${formatAge(atMs - nowMs)}`}`,
    );
  };
  ends('the certificate', certificateEndsMs);
  ends('the certificate exception', exceptionEndsMs);
  for (const { slot, inUse, firstSeenAtMs, refusedAtMs } of credentials) {
    if (refusedAtMs !== null) found.push(`${slot} of ${name} was refused`);
    const ageMs = nowMs - firstSeenAtMs;
    if (inUse && ageMs > oldPasswordMs) found.push(`${slot} of ${name} is ${formatAge(ageMs)} old`);
  }
  return found;
}

function sent({ rows, complete }: SummaryFacts): string[] {
  const lines = rows.map(({ group, accepted, delivered, bounced, deferred }) => {
    const numbers = `${accepted} accepted, ${delivered} delivered, ${bounced} given up`;
    return `${group.account ?? 'no account'}: ${numbers}, ${deferred} deferrals`;
  });
  if (!complete) lines.push('(there was more than is counted here)');
  return lines.length === 0 ? ['none'] : lines;
}

function failed({ failures }: SummaryFacts): string[] {
  return failures
    .toSorted((a, b) => b.count - a.count)
    .slice(0, failuresMax)
    .flatMap(({ reason, count, text }) => [
      `${count} x ${reason}: ${text}`,
      `    ${REASON_HINTS[reason]}`,
    ]);
}

function waiting({ accounts, nowMs }: SummaryFacts): string[] {
  return accounts.flatMap(({ name, waiting: waits, held, oldestAtMs }) => {
    const parts = [
      waits === 0 ? null : `${waits} waiting`,
      oldestAtMs === null ? null : `the oldest for ${formatAge(nowMs - oldestAtMs)}`,
      held === 0 ? null : `${held} held`,
    ].filter((part) => part !== null);
    return parts.length === 0 ? [] : [`${name}: ${parts.join(', ')}`];
  });
}

function quotaLines({ name, quotas }: SummaryAccount): string[] {
  return quotas
    .filter(({ rate, used }) => used >= rate.count * quotaShare)
    .map(({ rate, used }) => `${name}: ${used} of ${formatQuotaRate(rate)} used`);
}

/** Replies come from strangers: one line each, and nothing that needs another character set. */
function ascii(line: string): string {
  const plain = line.replace(/[^\x20-\x7e]+/g, '?');
  return plain.length > lineCharactersMax ? `${plain.slice(0, lineCharactersMax)}...` : plain;
}
