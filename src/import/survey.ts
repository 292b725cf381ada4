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
  if (domain === '' || !/^(?:\*\.)?[^*"]+$/.test(domain) || /[",:;{}$^]/.test(local)) return null;
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
  // Of domains within each other the inner one comes first; equals stay in the order of the file.
  const labels = ({ pattern }: Example): number =>
    generality(pattern) === 0 ? 0 : pattern.split('.').length;
  return [...unique.values()].toSorted(
    (a, b) => generality(a.pattern) - generality(b.pattern) || labels(b) - labels(a),
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
  const { shared, own } = split(rows, same);
  const sameRow = (a: Row, b: Row): boolean =>
    a.cells.every(({ fate }, index) => same(fate, b.cells[index]?.fate ?? null));
  const wide = own.filter(({ sender }) => generality(sender.pattern) > 1);
  const kept = own.filter((row) => {
    const wider = wide.find((other) => other !== row && covers(other.sender, row.sender));
    return wider === undefined || !sameRow(row, wider);
  });
  return [...shared, ...kept.flatMap((row) => rulesOf(row, same))];
}

/** Recipients whose mail goes the same way whoever sends it have one rule, before all others. */
function split(
  rows: readonly Row[],
  same: Survey['same'],
): { readonly shared: readonly RouteDraft[]; readonly own: readonly Row[] } {
  const last = rows.at(-1)?.cells ?? [];
  const isUniform = last.map(
    ({ recipient, fate }, index) =>
      fate !== null &&
      recipient.pattern !== '*' &&
      rows.every(({ cells }) => same(cells[index]?.fate ?? null, fate)) &&
      rows.some(({ cells }) => !same(cells.at(-1)?.fate ?? null, fate)),
  );
  // Before all others it must not take what a narrower one has for some senders.
  const hoisted = last.filter(
    ({ recipient }, index) =>
      isUniform[index] === true &&
      last.every((other, place) => isUniform[place] || !covers(recipient, other.recipient)),
  );
  const gone = new Set(hoisted.map(({ recipient }) => recipient.pattern));
  return {
    shared: hoisted.flatMap(({ recipient, fate }) =>
      fate === null ? [] : [{ sender: null, recipient: recipient.pattern, fate }],
    ),
    own: rows.map(({ sender, cells }) => ({
      sender,
      cells: cells.filter(({ recipient }) => !gone.has(recipient.pattern)),
    })),
  };
}

/** The rules of one sender: recipients that differ from the wider ones first. */
function rulesOf({ sender, cells }: Row, same: Survey['same']): RouteDraft[] {
  const own = sender.pattern === '*' ? null : sender.pattern;
  return cells.flatMap(({ recipient, fate }, index) => {
    const wider = cells.slice(index + 1).find((cell) => covers(cell.recipient, recipient));
    if (fate === null || (wider !== undefined && same(fate, wider.fate))) return [];
    return [{ sender: own, recipient: wider === undefined ? null : recipient.pattern, fate }];
  });
}

/** Whether the pattern takes the address of the other example, too. */
function covers({ pattern }: Example, { address }: Example): boolean {
  if (pattern === '*') return true;
  const domain = address.slice(address.indexOf('@') + 1);
  if (pattern.startsWith('@')) return pattern.slice(1) === domain;
  return pattern.startsWith('*@*.') && domain.endsWith(pattern.slice(3));
}
