import { addressMatcher } from '../relay/address-pattern.ts';
import type { HoldRule } from '../relay/steering.ts';

/** A message on its way into the queue, as hold rules look at it. */
export interface HoldFacts {
  readonly client: string;
  readonly reversePath: string;
  /** Every address of the From field. */
  readonly from: readonly string[];
  readonly lane: string | null;
}

/**
 * The rule that holds one recipient; null: none does. Of several it is the one that ends last, so
 * that the mail is not released while another one still wants it held.
 */
export function holdFor(
  rules: readonly HoldRule[],
  facts: HoldFacts,
  recipient: string,
): HoldRule | null {
  const matching = rules.filter((rule) => holds(rule, facts, recipient));
  return matching.reduce<HoldRule | null>(
    (last, rule) => (last === null || endOf(rule) > endOf(last) ? rule : last),
    null,
  );
}

function holds(rule: HoldRule, facts: HoldFacts, recipient: string): boolean {
  const { sender } = rule;
  const authors = [facts.reversePath, ...facts.from];
  return (
    (rule.client === null || rule.client === facts.client) &&
    (rule.account === null || rule.account === facts.lane) &&
    (sender === null || authors.some((address) => addressMatcher(address)(sender))) &&
    (rule.recipient === null || addressMatcher(recipient)(rule.recipient))
  );
}

function endOf({ untilMs, keep }: HoldRule): number {
  return keep || untilMs === null ? Number.POSITIVE_INFINITY : untilMs;
}

/** Why the queue holds it, as its rows say; by the beginning of it the mail is found again. */
export function heldByRuleText({ id, reason }: Pick<HoldRule, 'id' | 'reason'>): string {
  return `hold rule ${id}: ${reason}`;
}
