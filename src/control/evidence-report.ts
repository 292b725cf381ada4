import type { AccountState } from '../relay/account.ts';
import type { RememberedCertificate } from '../relay/certificate.ts';
import type { LogEntry } from '../relay/log-search.ts';
import type { Verdict } from '../relay/outcome.ts';
import type { QuotaReport } from './reports.ts';

/** What is known of one message and of the accounts it was tried with. Plain JSON, no secrets. */
export interface EvidenceReport {
  readonly version: string;
  readonly node: string;
  readonly hostname: string;
  readonly nowMs: number;
  readonly entry: LogEntry;
  /** Those that it was tried with or waits for. */
  readonly accounts: readonly EvidenceAccount[];
  /** How its replies are read by the rules in force, each reply once. */
  readonly rules: readonly EvidenceRule[];
}

export interface EvidenceAccount {
  readonly name: string;
  /** Null: it is no longer in the configuration, as all that follows. */
  readonly provider: string | null;
  readonly server: string | null;
  readonly username: string | null;
  /** `starttls, verify full, at least TLSv1.2` */
  readonly tls: string | null;
  readonly state: AccountState | null;
  readonly quota: readonly QuotaReport[];
  /** What its server showed, with all above it; null: nothing yet. */
  readonly certificate: RememberedCertificate | null;
}

export interface EvidenceRule {
  readonly account: string;
  readonly phase: string;
  readonly reply: string;
  /** `gmail, rule 12` or `the generic rules` */
  readonly source: string;
  /** The rule's pattern; null: it has none, or the generic rules decided. */
  readonly pattern: string | null;
  readonly verdict: Verdict;
}
