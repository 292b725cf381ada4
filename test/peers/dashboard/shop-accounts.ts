import type { AccountDetail, AccountReport, StatusReport } from '../../../src/control/reports.ts';
import type { TopReport } from '../../../src/control/steering-reports.ts';
import type { LaneCount } from '../../../src/relay/queue.ts';

/** A relay of a middling shop on an ordinary afternoon, invented: what it knows of its accounts. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

type Own = Pick<AccountReport, 'name' | 'provider' | 'host' | 'port' | 'username'> &
  Partial<AccountReport> & {
    readonly perSecond: number;
    readonly certificate: { readonly issuer: string; readonly days: number };
  };

/** Always the same afternoon. */
export const shopNowMs = Date.UTC(2026, 10, 19, 14, 20);

/** What waits: a newsletter was sent to an account that had just been held. */
function lanes(nowMs: number): LaneCount[] {
  const ago = Math.max(0, shopNowMs - nowMs) / minute;
  const ripple = Math.round(6 * Math.sin(ago / 5) + 4 * Math.sin(ago / 1.7));
  const lane = (name: string, recipients: number, ageMs: number): LaneCount => {
    const oldestAcceptedAtMs = nowMs - ageMs;
    const nextDueAtMs = nowMs + 3 * minute;
    return { lane: name, state: 'waiting', recipients, oldestAcceptedAtMs, nextDueAtMs };
  };
  const held = ago < 52 ? Math.round(214 * Math.min(1, (52 - ago) / 12)) : 0;
  const paused = ago < 41 ? Math.round(37 * Math.min(1, (41 - ago) / 30)) : 0;
  const letter = ago > 300 && ago < 330 ? 160 : 0;
  return [
    { ...lane('shop', 6, 900), state: 'leased' as const, nextDueAtMs: null },
    lane('shop', 14 + ripple + letter, 11 * minute),
    lane('newsletter', held, 52 * minute),
    lane('info', paused, 41 * minute),
    lane('office', 2, 95 * minute),
    lane('billing', 1, 7 * minute),
  ].filter(({ recipients }) => recipients > 0);
}

function accounts(nowMs: number): readonly Own[] {
  const amazon = { issuer: 'Amazon RSA 2048 M02', days: 212 };
  return [
    {
      name: 'shop',
      provider: 'ses',
      host: 'email-smtp.eu-west-3.amazonaws.com',
      port: 587,
      username: 'AKIAXXXXXXXXXXXXXX',
      connections: { open: 6, max: 10, now: 10 },
      quota: [{ rate: '50000/d', used: 18_234 }],
      lastDeliveredAtMs: nowMs - 800,
      perSecond: 2.4,
      certificate: amazon,
    },
    {
      name: 'newsletter',
      provider: 'sendgrid',
      host: 'smtp.sendgrid.net',
      port: 2525,
      username: 'apikey',
      state: {
        is: 'held',
        reason: 'credentials',
        detail: '535 Authentication failed',
        sinceMs: nowMs - 52 * minute,
        credentialVersion: 'n1',
        hint: 'Put the new API key into relay.yaml and reload; the account opens by itself.',
      },
      lastDeliveredAtMs: nowMs - 53 * minute,
      perSecond: 0,
      certificate: { issuer: 'DigiCert Global G2 TLS RSA SHA256 2020 CA1', days: 143 },
    },
    {
      name: 'info',
      provider: 'gmail',
      host: 'smtp.gmail.com',
      port: 587,
      username: 'info@velosi.example',
      state: {
        is: 'paused',
        reason: 'quota',
        detail: '550 5.4.5 Daily user sending limit exceeded',
        sinceMs: nowMs - 41 * minute,
        untilMs: nowMs + 19 * minute,
        strikes: 1,
        hint: 'It goes on by itself.',
      },
      quota: [{ rate: '500/d', used: 500 }],
      outAtMs: nowMs + 7 * hour,
      lastDeliveredAtMs: nowMs - 42 * minute,
      perSecond: 0,
      certificate: { issuer: 'WR2', days: 61 },
    },
    {
      name: 'billing',
      provider: 'mailgun',
      host: 'smtp.eu.mailgun.org',
      port: 587,
      username: 'billing@mg.velosi.example',
      connections: { open: 1, max: 5, now: 5 },
      quota: [{ rate: '300/h', used: 88 }],
      lastDeliveredAtMs: nowMs - 9_000,
      perSecond: 0.1,
      certificate: { issuer: 'GeoTrust TLS RSA CA G1', days: 97 },
    },
    {
      name: 'office',
      provider: null,
      host: 'mail.velosi.example',
      port: 465,
      username: 'relay',
      lastDeliveredAtMs: nowMs - 4 * minute,
      perSecond: 0,
      certificate: { issuer: 'R11', days: 12 },
    },
  ];
}

function report({ perSecond, certificate, ...own }: Own, nowMs: number): AccountReport {
  return {
    state: { is: 'open' },
    heldSenders: [],
    connections: { open: 0, max: 5, now: 5 },
    pacePerSecond: null,
    queue: lanes(nowMs).filter(({ lane }) => lane === own.name),
    quota: [],
    outAtMs: null,
    lastDeliveredAtMs: null,
    ...own,
  };
}

export function status(nowMs: number): StatusReport {
  return {
    version: '0.1.0',
    node: 'v24.21.0',
    pid: 812,
    hostname: 'relay.velosi.example',
    config: '/etc/relayd/relay.yaml',
    state: 'running',
    startedAtMs: nowMs - 19 * day - 4 * hour,
    nowMs,
    listeners: [{ listen: '127.0.0.1:587', tls: 'none', sessions: 3 }],
    queue: lanes(nowMs),
    accounts: accounts(nowMs).map((own) => report(own, nowMs)),
    memoryBytes: 148 * 1024 * 1024,
    store: {
      lastMessageNumber: 1,
      schemaVersion: 9,
      bytesOnDisk: 61 * 1024 * 1024,
      commits: 1,
      commitMsTotal: 1,
      commitMsMax: 1,
      batchTotal: 1,
    },
    refusedReload: null,
    pause: null,
    holdRules: [],
  };
}

export function top(nowMs: number): TopReport {
  const still = { perSecond: 0, total: 0 };
  const busy = (account: string) => ({ account, doing: 'data', forMs: 40, messages: 18 });
  return {
    nowMs,
    pause: null,
    accounts: status(nowMs).accounts,
    connections: [busy('shop'), busy('billing')],
    accepted: { perSecond: 2.6, total: 91_230 },
    flows: Object.fromEntries(
      accounts(nowMs).map(({ name, perSecond }) => {
        const delivered = { perSecond, total: 1_000 };
        return [name, { delivered, deferred: still, bounced: still }];
      }),
    ),
  };
}

/** Null: there is no such account. */
export function detail(name: string, nowMs: number): AccountDetail | null {
  const own = accounts(nowMs).find((account) => account.name === name);
  if (own === undefined) return null;
  const refused = own.state?.is === 'held' ? nowMs - 52 * minute : null;
  const seen = { validFromMs: nowMs - 70 * day, firstSeenAtMs: nowMs - 69 * day };
  return {
    account: report(own, nowMs),
    routes: [{ index: 0, line: 12, sender: `@${name}.velosi.example` }],
    handsOverTo: [],
    standsInFor: [],
    identities: [],
    tls: own.port === 465 ? 'implicit, verify full' : 'starttls, verify full',
    exception: null,
    certificate: {
      fingerprint: 'AB:CD',
      subject: own.host,
      issuer: own.certificate.issuer,
      names: [own.host],
      ...seen,
      validToMs: nowMs + own.certificate.days * day + hour,
      lastSeenAtMs: nowMs - minute,
      pin: 'sha256//x',
      chain: [],
      announcedDays: null,
    },
    credentials: [
      {
        slot: 'password',
        version: 'n1',
        inUse: true,
        firstSeenAtMs: nowMs - 190 * day,
        lastAcceptedAtMs: own.lastDeliveredAtMs ?? null,
        refusedAtMs: refused,
      },
    ],
    at: { file: '/etc/relayd/relay.yaml', line: 21 },
  };
}
