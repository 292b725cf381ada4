import { isLoopbackHost } from '../config/listen-address.ts';
import type { Edits, Fate, Login, Note, RouteDraft, Upstream } from './model.ts';
import { type KnownProvider, providerOf } from './provider.ts';

/** An account of relay.yaml, its keys in the order in which they are written. */
export interface AccountPlan {
  readonly name: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** File below `secrets/` and what it holds; null when no password is kept there. */
  readonly secret: string | null;
  readonly upstream: Upstream;
}

export interface Accounts {
  readonly plans: readonly AccountPlan[];
  nameOf(upstream: Upstream): string;
}

/** What makes two upstreams one account. */
function identityOf({ host, port, tls, login, extra }: Upstream): string {
  return JSON.stringify([host.toLowerCase(), port, tls, login, extra]);
}

/** Whether two fates come to the same accounts and the same changes. */
export function sameFate(a: Fate | null, b: Fate | null): boolean {
  return JSON.stringify(essence(a)) === JSON.stringify(essence(b));
}

function essence(fate: Fate | null): unknown {
  if (fate?.is === 'send') return [fate.through.map(identityOf), fate.edits];
  return fate?.is === 'reject' ? ['reject', fate.text] : (fate?.is ?? null);
}

/** One account per server and login that a route needs, with what relayd does otherwise noted. */
export function planAccounts(routes: readonly RouteDraft[], note: Note): Accounts {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const senders = sendersOf(routes);
  const plans: AccountPlan[] = [];
  for (const { fate } of routes) {
    for (const upstream of fate.is === 'send' ? fate.through : []) {
      const identity = identityOf(upstream);
      if (names.has(identity)) continue;
      const provider = providerOf(upstream.host);
      const name = freeName(upstream, provider, taken);
      names.set(identity, name);
      plans.push(
        planAccount(name, upstream, {
          provider,
          senders: senders.get(identity) ?? new Set(),
          note,
        }),
      );
    }
  }
  return { plans, nameOf: (upstream) => names.get(identityOf(upstream)) ?? '' };
}

function freeName(
  { name, host, login }: Upstream,
  provider: KnownProvider | null,
  taken: Set<string>,
): string {
  const [mailbox = '', domain = ''] = login?.username.split('@') ?? [];
  const server =
    provider?.name ?? host.replace(/^(?:smtp|mail|relay|out|mx)\d*\./i, '').split('.')[0];
  const organisation = domain.split('.')[0];
  const who = domain === '' ? '' : organisation === server ? mailbox : organisation;
  const words = name === null ? [server, who] : [name];
  const base =
    words
      .filter((word) => word !== undefined && word !== '')
      .join('-')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|-+$/g, '')
      .slice(0, 58) || 'upstream';
  let free = base;
  for (let count = 2; taken.has(free.toLowerCase()); count++) free = `${base}-${count}`;
  taken.add(free.toLowerCase());
  return free;
}

interface Surroundings {
  readonly provider: KnownProvider | null;
  /** Who sends through it. */
  readonly senders: ReadonlySet<string>;
  readonly note: Note;
}

function planAccount(name: string, upstream: Upstream, around: Surroundings): AccountPlan {
  const { login, extra } = upstream;
  const { provider, note } = around;
  const secret = login?.password.is === 'text' ? login.password.text : null;
  const what = `${upstream.host}:${upstream.port}${login === null ? '' : ` as ${login.username}`}`;
  note(
    'carried',
    upstream.at,
    what,
    `account ${name}${provider ? `, provider ${provider.name}` : ''}`,
  );
  const keys = {
    ...serverKeys(upstream, provider),
    ...loginKeys(login, provider, name),
    identities: around.senders.has('*') ? ['*'] : [...around.senders],
    ...limitKeys(upstream),
    ...(extra.headers === undefined ? {} : { headers: extra.headers }),
    ...tlsKeys(upstream, around),
    ...pick(extra, ['certificate', 'key', 'source_address', 'proxy']),
  };
  return { name, keys, secret, upstream };
}

function pick(from: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));
}

function serverKeys({ host, port }: Upstream, provider: KnownProvider | null): object {
  if (provider === null) return { host, port };
  return {
    provider: provider.name,
    ...(provider.region === null ? {} : { region: provider.region }),
    ...(provider.ownHost ? { host } : {}),
    ...(provider.preset.port === port ? {} : { port }),
  };
}

function loginKeys(login: Login | null, provider: KnownProvider | null, name: string): object {
  if (login === null) return provider === null ? {} : { auth: 'none' };
  const shared = provider?.preset.username === login.username;
  const usual = login.auth === 'auto' || provider !== null;
  return {
    ...(shared ? {} : { username: login.username }),
    password:
      login.password.is === 'command'
        ? { command: login.password.command }
        : { file: `secrets/${name}` },
    ...(usual ? {} : { auth: login.auth }),
  };
}

/** Whoever the routes send through each account; after a rewrite that is the new address. */
function sendersOf(routes: readonly RouteDraft[]): ReadonlyMap<string, ReadonlySet<string>> {
  const senders = new Map<string, Set<string>>();
  for (const { sender, fate } of routes) {
    for (const upstream of fate.is === 'send' ? fate.through : []) {
      const identity = identityOf(upstream);
      const known = senders.get(identity) ?? new Set();
      if (fate.is === 'send') senders.set(identity, known.add(sendsAs(sender, fate.edits)));
    }
  }
  return senders;
}

function sendsAs(sender: string | null, edits: Edits): string {
  return edits.from ?? sender ?? '*';
}

function limitKeys({ extra }: Upstream): object {
  const limits = pick(extra, ['messages_per_connection', 'recipients']);
  return Object.keys(limits).length === 0 ? {} : { limits };
}

const modeOfPort = (port: number): 'implicit' | 'starttls' =>
  port === 465 || port === 2465 ? 'implicit' : 'starttls';

/** A login never goes over a connection that is not encrypted and verified. */
function tlsKeys(upstream: Upstream, { provider, note }: Surroundings): object {
  const { port, login, at, extra, host } = upstream;
  const mode = modeFor(upstream);
  const local = isLoopbackHost(host);
  if (login !== null && mode !== upstream.tls && upstream.tls !== 'as-port-says') {
    note(
      'changed',
      at,
      `TLS to ${host}: ${upstream.tls}`,
      `now required (${mode}), as there is a login`,
    );
  }
  const verify = login !== null || upstream.verified || mode === 'none' ? {} : { verify: 'off' };
  if (login !== null && !upstream.verified && !local) {
    note(
      'changed',
      at,
      `the certificate of ${host} was not verified`,
      'it is now, before the password is sent; `relayctl account test` shows whether it is sound',
    );
  }
  const usual = provider?.preset.port === port ? provider.preset.tls : modeOfPort(port);
  const tls = {
    ...(mode === usual ? {} : { mode }),
    ...verify,
    ...pick(extra, extra.servername === host ? ['ca'] : ['ca', 'servername']),
  };
  return Object.keys(tls).length === 0 ? {} : { tls };
}

function modeFor({ tls, port, login, host }: Upstream): string {
  if (tls === 'as-port-says') return login === null ? 'opportunistic' : modeOfPort(port);
  if (login === null || tls === 'implicit') return tls;
  // Nobody answers STARTTLS on a port that begins with TLS.
  if (tls === 'starttls') return modeOfPort(port);
  return tls === 'none' && isLoopbackHost(host) ? 'none' : modeOfPort(port);
}
