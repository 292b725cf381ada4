import type { Account, TlsException, TlsFault, TlsPolicy } from '../relay/account.ts';
import type { CertificateFacts } from './certificate.ts';

/** What a peer's TLS is worth. Credentials go out only when it is `verified` or `tolerated`. */
export type TlsVerdict =
  | { readonly is: 'verified'; readonly by: 'chain' | 'pin' }
  | {
      readonly is: 'tolerated';
      readonly faults: readonly TlsFault[];
      readonly exception: TlsException;
    }
  | { readonly is: 'unverified' }
  | {
      readonly is: 'refused';
      readonly faults: readonly TlsFault[];
      /** The policy has pins and none is this key's. */
      readonly wrongPin: boolean;
    };

/**
 * `full` asks for chain, dates and name, `ca` for chain and dates, `pin` only for the key, `off`
 * for nothing. Pins always bind, whatever else is asked. An exception tolerates only what it lists,
 * only for a pinned key and only before its end. With mode `opportunistic` a peer that cannot be
 * verified is used, but not trusted.
 */
export function judgeTls(
  policy: TlsPolicy,
  facts: CertificateFacts | null,
  nowMs: number,
): TlsVerdict {
  const pinned = facts !== null && policy.pins.includes(facts.pin);
  const faults = facts === null ? (['untrusted'] as const) : relevantFaults(policy, facts.faults);
  if (policy.pins.length > 0 && !pinned) return { is: 'refused', faults, wrongPin: true };
  if (pinned && (policy.verify === 'pin' || policy.verify === 'off')) {
    return { is: 'verified', by: 'pin' };
  }
  if (policy.verify === 'off') return { is: 'unverified' };
  if (policy.verify !== 'pin' && faults.length === 0) return { is: 'verified', by: 'chain' };
  const { exception } = policy;
  if (pinned && exception !== null && tolerates(exception, faults, nowMs)) {
    return { is: 'tolerated', faults, exception };
  }
  if (policy.mode === 'opportunistic') return { is: 'unverified' };
  return { is: 'refused', faults, wrongPin: policy.verify === 'pin' };
}

function relevantFaults(policy: TlsPolicy, faults: readonly TlsFault[]): readonly TlsFault[] {
  return policy.verify === 'full' ? faults : faults.filter((fault) => fault !== 'name-mismatch');
}

function tolerates(exception: TlsException, faults: readonly TlsFault[], nowMs: number): boolean {
  return nowMs < exception.untilMs && faults.every((fault) => exception.allow.includes(fault));
}

/**
 * A refusal in words: what is wrong, and which key of which account in relay.yaml mends or
 * tolerates it.
 */
export interface TlsExplanation {
  readonly detail: string;
  readonly hint: string;
}

export function explainRefusal(
  account: Account,
  facts: CertificateFacts | null,
  verdict: TlsVerdict & { is: 'refused' },
  nowMs: number,
): TlsExplanation {
  const peer = `${account.host}:${account.port}`;
  if (facts === null) {
    return {
      detail: `${peer} sent no certificate`,
      hint: `${placeOf(account)} needs a server that shows a certificate.`,
    };
  }
  const what = verdict.wrongPin
    ? [
        'its key is not one of those pinned',
        ...verdict.faults.map((one) => inWords(one, facts, account, nowMs)),
      ]
    : verdict.faults.map((one) => inWords(one, facts, account, nowMs));
  return {
    detail: `certificate of ${peer} refused: ${what.join('; ')} (${describeCertificate(facts)})`,
    hint: [...endedException(account, nowMs), ...mendings(account, facts, verdict, nowMs)].join(
      ' ',
    ),
  };
}

/** Names, dates, issuer and pin of a certificate as one line. */
export function describeCertificate(facts: CertificateFacts): string {
  const names = facts.names.length === 0 ? 'no names' : `names ${facts.names.join(', ')}`;
  const dates = `valid ${day(facts.validFromMs)} to ${day(facts.validToMs)}`;
  return `${names}; ${dates}; issuer ${facts.issuer}; pin sha256//${facts.pin}`;
}

function inWords(
  fault: TlsFault,
  facts: CertificateFacts,
  account: Account,
  nowMs: number,
): string {
  switch (fault) {
    case 'expired':
      if (nowMs < facts.validFromMs)
        return `certificate is not valid before ${day(facts.validFromMs)}`;
      return nowMs > facts.validToMs
        ? `certificate has expired on ${day(facts.validToMs)}`
        : 'a certificate of its chain has expired';
    case 'self-signed':
      return 'certificate is self-signed';
    case 'untrusted':
      return `certificate is not signed by a trusted authority (${facts.chainError ?? 'unknown'})`;
    case 'name-mismatch':
      return `certificate is not for ${account.tls.servername}`;
  }
}

function endedException(account: Account, nowMs: number): string[] {
  const { exception } = account.tls;
  if (exception === null || nowMs < exception.untilMs) return [];
  return [`The exception of ${placeOf(account)} ended on ${day(exception.untilMs)}.`];
}

/** One sentence per way out, the safest first; each names the line and the exact key. */
function mendings(
  account: Account,
  facts: CertificateFacts,
  verdict: TlsVerdict & { is: 'refused' },
  nowMs: number,
): string[] {
  const place = placeOf(account);
  const pin = `pin: ["sha256//${facts.pin}"]`;
  if (verdict.wrongPin) {
    return [
      `Ask who runs ${account.host} whether the key was changed. If it was, in ${place}: ` +
        `tls: {${pin}}.`,
    ];
  }
  const ways: string[] = [];
  const [name] = facts.names;
  if (verdict.faults.includes('name-mismatch') && name !== undefined) {
    ways.push(`If that is the right server, in ${place}: tls: {servername: "${name}"}.`);
  }
  if (verdict.faults.includes('untrusted')) {
    ways.push(`If its authority is a private one, in ${place}: tls: {ca: /path/to/ca.pem}.`);
  }
  if (verdict.faults.includes('expired')) {
    ways.push(`Have the certificate renewed by who runs ${account.host}.`);
  }
  const allow = [...new Set([...verdict.faults, ...(account.tls.exception?.allow ?? [])])];
  const until = day(nowMs + exceptionDays * dayMs);
  ways.push(
    `To tolerate it for this key until a date, in ${place}: tls: {${pin}, exception: ` +
      `{allow: [${allow.join(', ')}], reason: "...", until: ${until}}}.`,
  );
  return ways;
}

const dayMs = 86_400_000;
/** What an exception is suggested for: time to have a certificate renewed, not to forget it. */
const exceptionDays = 30;

/** `account "old-host" (/etc/relayd/relay.yaml, line 42)`. */
export function placeOf(account: Account): string {
  return `account "${account.name}" (${account.at.file}, line ${account.at.line})`;
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
