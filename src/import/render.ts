import { Document, isCollection, type Pair, Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { type AccountPlan, type Accounts, planAccounts } from './accounts.ts';
import type { ClientDraft, Edits, Finding, Imported, RouteDraft } from './model.ts';
import { ImportError, noteBook, placeText, reject } from './model.ts';
import { soundRoute } from './sound.ts';

/** What is written: relay.yaml and the files of the secrets directory beside it. */
export interface Rendered {
  readonly yaml: string;
  /** Name below `secrets/` to what the file holds. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  readonly accounts: readonly string[];
  readonly routes: number;
}

/** Throws ImportError when there is no route to any upstream. */
export function render(imported: Imported, source: string): Rendered {
  if (!imported.routes.some(({ fate }) => fate.is === 'send')) {
    const why = imported.findings.filter(({ is }) => is === 'left-out').map(findingText);
    throw new ImportError(
      [`nothing in ${source} sends mail through an upstream server`, ...why].join('\n'),
    );
  }
  const { note, findings } = noteBook();
  const routes = withEnd(imported.routes).map((route) => soundRoute(route, note));
  const accounts = planAccounts(routes, note);
  const all = [...imported.findings, ...findings].toSorted(
    (a, b) => (a.at.file < b.at.file ? -1 : Number(a.at.file > b.at.file)) || a.at.line - b.at.line,
  );
  const plain = {
    ...(imported.hostname === null ? {} : { hostname: imported.hostname }),
    listeners: imported.listen.map((listen) => ({ listen, auth: 'optional' })),
    ...(imported.messageBytesMax === null
      ? {}
      : { limits: { message_size: sizeText(imported.messageBytesMax) } }),
    clients: clientsOf(imported.clients),
    accounts: Object.fromEntries(accounts.plans.map(({ name, keys }) => [name, keys])),
    routes: routes.map((route) => routeKeys(route, accounts)),
    ...(imported.lifetime === null ? {} : { queue: { lifetime: imported.lifetime } }),
  };
  const document = new Document(plain);
  annotate(document, accounts.plans, routes);
  document.commentBefore = header(source);
  return {
    yaml: document.toString({ lineWidth: 0, flowCollectionPadding: false }),
    secrets: new Map(
      accounts.plans.flatMap(({ name, secret }) => (secret === null ? [] : [[name, secret]])),
    ),
    findings: all,
    accounts: accounts.plans.map(({ name }) => name),
    routes: routes.length,
  };
}

function findingText({ at, what, why }: Finding): string {
  return `${placeText(at)}: ${what}: ${why}`;
}

function header(source: string): string {
  return [
    ` Made by \`relayctl import\` from ${source}.`,
    ' Check it with `relayctl config check`, and each account with `relayctl account test NAME`.',
  ].join('\n');
}

/** Whoever had no route is refused as before, in words. */
function withEnd(routes: readonly RouteDraft[]): RouteDraft[] {
  const end = routes.at(-1);
  if (end !== undefined && end.sender === null && end.recipient === null) return [...routes];
  const at = routes[0]?.fate.at ?? { file: '', line: 0 };
  return [...routes, { sender: null, recipient: null, fate: reject(at) }];
}

/** Apps on this machine need no password, as with the programs that are replaced. */
function clientsOf(drafts: readonly ClientDraft[]): Record<string, object> {
  return Object.fromEntries(
    drafts.map(({ name, networks }) => [name, { networks, senders: ['*'] }]),
  );
}

function routeKeys({ sender, recipient, fate }: RouteDraft, accounts: Accounts): object {
  const conditions = {
    sender: sender ?? '*',
    ...(recipient === null ? {} : { recipient }),
  };
  switch (fate.is) {
    case 'discard':
      return { ...conditions, discard: true };
    case 'hold':
      return { ...conditions, hold: true };
    case 'reject':
      return { ...conditions, reject: fate.text };
    case 'send':
      return {
        ...conditions,
        accounts: [...new Set(fate.through.map((upstream) => accounts.nameOf(upstream)))],
        ...editKeys(fate.edits),
      };
  }
}

function editKeys({ from, add, remove }: Edits): object {
  const headers = {
    ...(Object.keys(add).length === 0 ? {} : { add }),
    ...(remove.length === 0 ? {} : { remove }),
  };
  return {
    ...(from === null ? {} : { rewrite: { from, when: 'always' } }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

function sizeText(bytes: number): string {
  const kibibytes = Math.max(1, Math.round(bytes / 1024));
  return kibibytes % 1024 === 0 ? `${kibibytes / 1024}MiB` : `${kibibytes}KiB`;
}

/** Each account and route says where it comes from; short lists stand on one line. */
function annotate(
  document: Document,
  plans: readonly AccountPlan[],
  routes: readonly RouteDraft[],
): void {
  const accounts = document.get('accounts') as YAMLMap<Scalar, YAMLMap>;
  accounts.items.forEach((pair: Pair<Scalar | string, unknown>, index) => {
    const place = plans[index]?.upstream.at;
    const key = pair.key instanceof Scalar ? pair.key : new Scalar(pair.key);
    if (place !== undefined) key.commentBefore = ` ${placeText(place)}`;
    pair.key = key as Scalar & string;
    inOneLine(pair.value as YAMLMap);
  });
  const rules = document.get('routes') as YAMLSeq<YAMLMap>;
  rules.items.forEach((rule, index) => {
    rule.flow = true;
    const at = routes[index]?.fate.at;
    if (at !== undefined && at.file !== '') rule.comment = ` ${placeText(at)}`;
  });
  for (const client of (document.get('clients') as YAMLMap).items) {
    (client.value as YAMLMap).flow = true;
  }
  for (const listener of (document.get('listeners') as YAMLSeq<YAMLMap>).items)
    listener.flow = true;
}

function inOneLine(account: YAMLMap): void {
  for (const { value } of account.items) {
    if (isCollection(value)) value.flow = true;
  }
}
