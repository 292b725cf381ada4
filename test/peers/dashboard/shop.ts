import type { Ask, ControlHandlers, RequestName } from '../../../src/control/wire.ts';
import { ControlError } from '../../../src/control/wire.ts';
import { openDashboard } from '../../../src/dashboard/dashboard.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { openObserve } from '../../../src/observe/http.ts';
import type { EventSink } from '../../../src/relay/events.ts';
import type { LogEntry } from '../../../src/relay/log-search.ts';
import type { QueueRow } from '../../../src/relay/queue.ts';
import { detail, shopNowMs, status, top } from './shop-accounts.ts';
import { delivered, queued } from './shop-mail.ts';
import { passDay } from './shop-past.ts';

/** The dashboard of the invented shop, behind a real server. */
export interface Shop {
  readonly url: string;
  /** What happens there. */
  readonly sink: EventSink;
  close(): Promise<void>;
}

export interface ShopOptions {
  /** Default: none, so that it only shows. */
  readonly token?: string;
  /** Waits, too. */
  readonly also?: readonly QueueRow[];
  readonly client?: string;
  /** The clock stands still, so that a picture is always the same. */
  readonly stopped?: boolean;
}

const clients = ['webshop', 'erp', 'wordpress', 'newsletter', 'nextcloud', 'cron'];

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const { token, also = [], client, stopped = false } = options;
  let clock = () => shopNowMs - 24 * 60 * 60_000;
  const nowMs = () => clock();
  const secret = token === undefined ? null : new Secret(token);
  const names = new Set([...clients, ...(client === undefined ? [] : [client])]);
  const dashboard = openDashboard({
    handlers: shopHandlers(nowMs, also),
    token: secret,
    hostname: () => 'relay.velosi.example',
    clients: () => names,
    emit: () => {},
    nowMs,
    liveEveryMs: 200,
  });
  const observe = await openObserve({
    listen: { is: 'tcp', host: '127.0.0.1', port: 0 },
    token: secret,
    hostname: 'relay.velosi.example',
    metrics: { contentType: 'text/plain', render: async () => '' },
    notReady: async () => [],
    site: dashboard.site,
  });
  const url = `http://${observe.listen}`;
  await passDay({
    nowMs: shopNowMs,
    sink: dashboard.sink,
    at(ms) {
      clock = () => ms;
    },
    // Whoever looks has the length of the queue noted. A session does not last all day.
    async look() {
      const headers = token === undefined ? {} : { Cookie: await login(url, token) };
      await (await fetch(url, { headers })).text();
    },
  });
  // From here on it runs: what is asked twice is answered anew.
  const openedAtMs = Date.now();
  if (!stopped) clock = () => shopNowMs + Date.now() - openedAtMs;
  return {
    url,
    sink: dashboard.sink,
    close: () => observe.close(),
  };
}

async function login(url: string, token: string): Promise<string> {
  const { headers } = await fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: url },
    body: new URLSearchParams({ token }),
  });
  return headers.get('set-cookie')?.split(';', 1)[0] ?? '';
}

/** Why the mail of each account waits. */
const reasons: Readonly<Record<string, string>> = {
  shop: 'upstream',
  newsletter: 'credentials',
  info: 'quota',
  office: 'upstream',
  billing: 'network',
};

/** What looking at it asks for. */
function shopHandlers(nowMs: () => number, also: readonly QueueRow[]): ControlHandlers {
  const rows = (): QueueRow[] => [...queued(shopNowMs), ...also];
  /** Newest first. */
  const entries = (): LogEntry[] => [
    ...rows()
      .toReversed()
      .map((row) => ({ queued: row, history: null })),
    { queued: null, history: delivered(shopNowMs) },
  ];
  const handlers: { [Name in RequestName]?: (ask: Ask<Name>) => Promise<unknown> } = {
    status: async () => status(nowMs()),
    top: async () => top(nowMs()),
    'account.show': async ({ name }) => found(detail(name, nowMs())),
    'queue.list': async ({ filter: { account } }) => {
      const fits = ({ recipients }: QueueRow): boolean =>
        account === undefined || recipients.some(({ lane }) => lane === account);
      return { rows: rows().filter(fits), next: null };
    },
    'queue.stats': async () => ({
      groups: status(nowMs()).queue.map(({ lane, recipients }) => {
        return { values: [lane, reasons[lane ?? ''] ?? null], ages: [recipients] };
      }),
      merged: false,
    }),
    'queue.show': async ({ id }) => {
      const entry = entries().find((one) => idOf(one) === id);
      return { ...found(entry ?? null), standIns: [] };
    },
    'log.search': async () => ({ entries: entries(), next: null, unindexed: 0 }),
  };
  return handlers as ControlHandlers;
}

const idOf = ({ queued: row, history }: LogEntry) => (row ?? history)?.message.id;

function found<T>(value: T | null): T {
  if (value === null) throw new ControlError('not-found', 'there is no such thing');
  return value;
}
