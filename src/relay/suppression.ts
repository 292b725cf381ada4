import { comparableAddress } from './address.ts';

/** Why an address gets no mail: what a provider told of it, or an operator's word. */
export const SUPPRESSION_REASONS = ['bounce', 'complaint', 'operator'] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** What one entry of the suppression list is about. */
export interface SuppressionKey {
  /** As `suppressionAddress` gives it. */
  readonly address: string;
  /** Null: whatever account the mail would go through. */
  readonly account: string | null;
}

export interface Suppression extends SuppressionKey {
  readonly reason: SuppressionReason;
  /** What a provider said, or an operator; '' when nothing. */
  readonly detail: string;
  readonly sinceMs: number;
  /** Null: until somebody removes it. */
  readonly untilMs: number | null;
}

/** The suppression list as those see it who take and send mail. */
export interface SuppressionLookup {
  /** The entry in force for mail to the address through any of the accounts; null: there is none. */
  find(forwardPath: string, accounts: readonly string[]): Suppression | null;
  /** Whether the address has any entry, for whatever account: a quick answer for most mail. */
  has(forwardPath: string): boolean;
}

/**
 * The form in which the list compares addresses: letter case counts in neither half, although RFC
 * 5321 section 2.4 would let it count in the local part. Null when it is no address.
 */
export function suppressionAddress(text: string): string | null {
  const address = comparableAddress(text);
  if (address === null || address.local === '' || address.domain === '') return null;
  return `${address.local}@${address.domain}`;
}

const WORDS: Readonly<Record<SuppressionReason, string>> = {
  bounce: 'hard bounce',
  complaint: 'complaint',
  operator: 'by the operator',
};

const detailCharactersMax = 200;

/** `suppressed since 2026-11-21 (hard bounce): 550 5.1.1 user unknown`, in printable ASCII. */
export function suppressedText({ reason, detail, sinceMs }: Suppression): string {
  const day = new Date(sinceMs).toISOString().slice(0, 10);
  const shown = detail.replace(/[^ -~]/g, '?').slice(0, detailCharactersMax);
  return `suppressed since ${day} (${WORDS[reason]})${shown === '' ? '' : `: ${shown}`}`;
}
