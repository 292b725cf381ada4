import type { Fate, RouteDraft } from './model.ts';

/**
 * Other programs decide by expressions and maps; relay.yaml has a list of rules. The way from one to
 * the other: every sender and recipient that the old files mention is tried as an example, and what
 * would become of its mail is written down as a rule, from the most special to the most general.
 */

/** A pattern of relay.yaml and an address that stands for all that it means. */
export interface Example {
  readonly pattern: string;
  readonly address: string;
}

/** Whoever nobody mentions. */
export const anySender: Example = { pattern: '*', address: 'anyone@elsewhere.invalid' };
export const anyRecipient: Example = { pattern: '*', address: 'someone@remote.invalid' };

/** `a@b`, `@b`, `*@*.b` as an example; null for what is no pattern of relay.yaml. */
export function exampleOf(pattern: string): Example | null {
  const text = pattern.trim().toLowerCase();
  if (text === '*' || text === '*@*') return { ...anySender };
  const [, local = '', domain = ''] = /^([^\s<>]*)@([^\s@<>]+)$/.exec(text) ?? [];
  if (domain === '' || !/^(?:\*\.)?[^*"]+$/.test(domain) || /[",:;{}$]/.test(local)) return null;
  const wholeDomain = local === '' || local === '*';
  const sample = domain.replace(/^\*\./, 'any.');
  if (wholeDomain) {
    const own = domain.startsWith('*.') ? `*@${domain}` : `@${domain}`;
    return { pattern: own, address: `anyone@${sample}` };
  }
  if (local.includes('*') && local !== '*') {
    return { pattern: text, address: `${local.replaceAll('*', 'any')}@${sample}` };
  }
  return { pattern: text, address: `${local}@${sample}` };
}

/** A domain of a list, `shop.example` or `*.shop.example`, as an example of its addresses. */
export function exampleOfDomain(domain: string): Example | null {
  return /^(?:\*\.)?[\p{L}\d_-]+(?:\.[\p{L}\d_-]+)+$/u.test(domain)
    ? exampleOf(`@${domain}`)
    : null;
}

/** Full addresses before domains before wildcards before everybody; longer domains first. */
function generality(pattern: string): number {
  if (pattern === '*') return 4;
  const [local = '', domain = ''] = pattern.split('@');
  if (domain.startsWith('*.')) return 3;
  if (local === '') return 2;
  return local.includes('*') ? 1 : 0;
}

function inOrder(examples: readonly Example[], any: Example): Example[] {
  const unique = new Map([...examples, any].map((example) => [example.pattern, example]));
  const labels = ({ pattern }: Example): number => pattern.split('.').length;
  return [...unique.values()].toSorted(
    (a, b) =>
      generality(a.pattern) - generality(b.pattern) ||
      labels(b) - labels(a) ||
      (a.pattern < b.pattern ? -1 : 1),
  );
}

export interface Survey {
  readonly senders: readonly Example[];
  readonly recipients: readonly Example[];
  /** Null: nothing that relay.yaml could say. */
  fateOf(sender: string, recipient: string): Fate | null;
  /** Whether two fates come to the same account and changes. */
  same(a: Fate | null, b: Fate | null): boolean;
}

interface Row {
  readonly sender: Example;
  readonly cells: readonly { readonly recipient: Example; readonly fate: Fate | null }[];
}

/** The rules that say for every example what the survey says. */
export function routesOf({ senders, recipients, fateOf, same }: Survey): RouteDraft[] {
  const columns = inOrder(recipients, anyRecipient);
  const rows = inOrder(senders, anySender).map(
    (sender): Row => ({
      sender,
      cells: columns.map((recipient) => ({
        recipient,
        fate: fateOf(sender.address, recipient.address),
      })),
    }),
  );
  const sameRow = (a: Row, b: Row): boolean =>
    a.cells.every(({ fate }, index) => same(fate, b.cells[index]?.fate ?? null));
  return rows
    .filter((row, index) => {
      const wider = rows.slice(index + 1).find((later) => covers(later.sender, row.sender));
      return wider === undefined || !sameRow(row, wider);
    })
    .flatMap((row) => rulesOf(row, same));
}

/** The rules of one sender: recipients that differ from all others first. */
function rulesOf({ sender, cells }: Row, same: Survey['same']): RouteDraft[] {
  const usual = cells.at(-1)?.fate ?? null;
  const own = sender.pattern === '*' ? null : sender.pattern;
  return cells.flatMap(({ recipient, fate }) => {
    const general = recipient.pattern === '*';
    if (fate === null || (!general && same(fate, usual))) return [];
    return [{ sender: own, recipient: general ? null : recipient.pattern, fate }];
  });
}

/** Whether the pattern takes the address of the other example, too. */
function covers({ pattern }: Example, { address }: Example): boolean {
  if (pattern === '*') return true;
  const domain = address.slice(address.indexOf('@') + 1);
  if (pattern.startsWith('@')) return pattern.slice(1) === domain;
  return pattern.startsWith('*@*.') && domain.endsWith(pattern.slice(3));
}
