import { expect, test } from 'vitest';
import { METRICS, type MetricDeclaration } from '../../../src/observe/metric-catalogue.ts';
import { metricFolds } from '../../../src/observe/metric-folds.ts';
import { openInstruments } from '../../../src/observe/metric-instruments.ts';
import type { MetricSources } from '../../../src/observe/metric-sources.ts';
import { openMetrics } from '../../../src/observe/metrics.ts';
import type { CredentialUse } from '../../../src/relay/credential.ts';
import { EVENTS } from '../../../src/relay/event-catalogue.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { LaneCount } from '../../../src/relay/queue.ts';
import { quietSources } from '../../support/metric-sources.ts';
import { allSamples, SAMPLES } from './sample-events.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const perDay = { count: 500, windowMs: 86_400_000, counts: 'messages', zone: null } as const;
const known = { clients: new Set(['erp']), accounts: new Set(['gmail', 'ses']) };
const credentials: readonly CredentialUse[] = [
  {
    slot: 'password',
    inUse: false,
    version: 'v1',
    firstSeenAtMs: noon - 90_000,
    lastAcceptedAtMs: noon - 9_000,
    refusedAtMs: null,
  },
  {
    slot: 'next_password',
    inUse: true,
    version: 'v2',
    firstSeenAtMs: noon - 60_000,
    lastAcceptedAtMs: noon - 5_000,
    refusedAtMs: null,
  },
];

function open(sources: Partial<MetricSources> = {}) {
  return openMetrics({
    version: '0.1.0',
    known: () => known,
    sources: { ...quietSources, ...sources },
    nowMs: () => noon,
  });
}

/** The sample lines of a scrape: name with labels -> value. */
async function scrape(metrics: { render(): Promise<string> }): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => /^[^#]/.test(line));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]));
}

async function after(...events: RelayEvent[]): Promise<Map<string, number>> {
  const metrics = open();
  for (const event of events) metrics.sink(event);
  return scrape(metrics);
}

test('an accepted message is counted by client, with its bytes and its duration', async () => {
  const samples = await after(SAMPLES['message.accepted'], SAMPLES['message.accepted']);
  expect(samples.get('relayd_messages_accepted_total{client="erp"}')).toBe(2);
  expect(samples.get('relayd_accepted_bytes_total{client="erp"}')).toBe(8_192);
  expect(samples.get('relayd_accept_duration_seconds_bucket{le="0.005"}')).toBe(2);
});

test('a settled recipient is counted by what became of it', async () => {
  const settled = SAMPLES['recipient.settled'];
  const samples = await after(
    settled,
    { ...settled, outcome: 'deferred', reason: 'throttled' },
    { ...settled, outcome: 'bounced', reason: 'recipient' },
    { ...settled, outcome: 'in-doubt', reason: 'in-doubt' },
    { ...settled, outcome: 'held', reason: 'credentials' },
    { ...settled, outcome: 'discarded', account: null },
    { ...settled, outcome: 'bounced', account: null, reason: 'no-route' },
  );
  expect(Object.fromEntries(samples)).toMatchObject({
    'relayd_recipients_delivered_total{account="gmail"}': 1,
    'relayd_recipients_deferred_total{account="gmail",reason="throttled"}': 1,
    'relayd_recipients_failed_total{account="gmail",reason="recipient"}': 1,
    'relayd_recipients_failed_total{account="none",reason="no-route"}': 1,
    'relayd_recipients_in_doubt_total{account="gmail"}': 1,
    'relayd_recipients_held_total{account="gmail",reason="credentials"}': 1,
    'relayd_recipients_dropped_total{how="discarded"}': 1,
    'relayd_delivery_delay_seconds_sum{account="gmail"}': 1.5,
  });
});

test('names that are not in the configuration become other', async () => {
  const strangers = Array.from({ length: 50 }, (_, number) => `guess-${number}`);
  const samples = await after(
    ...strangers.map((client) => ({ ...SAMPLES['login.failed'], client, known: false })),
    { ...SAMPLES['login.failed'], client: 'erp' },
    { ...SAMPLES['attempt.finished'], account: 'renamed' },
    { ...SAMPLES['store.failed'], fault: 'SQLITE_WHO_KNOWS' },
  );
  expect(samples.get('relayd_logins_failed_total{client="other"}')).toBe(50);
  expect(samples.get('relayd_logins_failed_total{client="erp"}')).toBe(1);
  expect(samples.get('relayd_attempt_duration_seconds_count{account="other"}')).toBe(1);
  expect(samples.get('relayd_store_failures_total{fault="other"}')).toBe(1);
  expect([...samples.keys()].filter((name) => name.includes('guess'))).toEqual([]);
});

test('ten thousand strangers, senders and addresses add no series', async () => {
  const strangers = Array.from({ length: 10_000 }, (_, number) => `stranger-${number}`);
  const metrics = open();
  const tell = (name: string): void => {
    for (const event of allSamples) {
      const marked = Object.entries(event).map(([key, value]) =>
        MARKED.includes(key) ? [key, name] : [key, value],
      );
      metrics.sink(Object.fromEntries(marked) as RelayEvent);
    }
    metrics.sink({ ...SAMPLES['failover.used'], account: name, to: name });
  };
  tell('first');
  const before = (await scrape(metrics)).size;
  for (const name of strangers) tell(name);
  const samples = await scrape(metrics);
  expect(samples.size).toBe(before);
  expect([...samples.keys()].filter((name) => /stranger|first/.test(name))).toEqual([]);
  expect(samples.get('relayd_messages_accepted_total{client="other"}')).toBe(10_001);
});

/** Fields of events that carry what somebody else wrote. */
const MARKED = [
  ...['client', 'account', 'sender', 'recipient', 'reversePath', 'remote', 'messageIdField'],
  ...['text', 'reply', 'detail', 'fault', 'peer', 'authenticatedAs', 'providerId', 'server'],
];

const count = (change: Partial<LaneCount>): LaneCount => ({
  lane: 'gmail',
  state: 'waiting',
  recipients: 1,
  oldestAcceptedAtMs: noon - 60_000,
  nextDueAtMs: null,
  ...change,
});

test('a scrape asks the queue, the accounts and the pool', async () => {
  const samples = await scrape(
    open({
      counts: async () => [
        count({ recipients: 7, nextDueAtMs: noon - 40_000 }),
        count({ state: 'in-doubt', nextDueAtMs: noon - 30_000 }),
        count({ lane: 'ses', nextDueAtMs: noon + 30_000 }),
        count({ lane: 'gone', recipients: 2, oldestAcceptedAtMs: noon - 5_000 }),
        count({ lane: 'gone too', recipients: 3, oldestAcceptedAtMs: noon - 9_000 }),
        count({ lane: null, state: 'held', oldestAcceptedAtMs: noon + 5_000 }),
      ],
      accountStates: async () =>
        new Map([
          [
            'ses',
            { is: 'held', reason: 'credentials', detail: '', sinceMs: 0, credentialVersion: '1' },
          ],
        ]),
      connections: () => new Map([['gmail', 2]]),
      lastDeliveredAtMs: () => new Map([['gmail', noon - 9_000]]),
      failuresInARow: () => new Map([['gmail', 6]]),
      suppressed: () => 12,
      certificatesEndMs: () => new Map([['gmail', noon]]),
      exceptionsEndMs: () => new Map([['ses', noon + 60_000]]),
      standIns: () =>
        new Map([
          ['gmail', new Set(['ses', 'gone'])],
          ['gone', new Set(['ses'])],
        ]),
      outAtMs: (counts) => new Map([['gmail', noon + (counts[0]?.recipients ?? 0) * 1_000]]),
      credentials: () => new Map([['gmail', credentials]]),
      quotas: () => new Map([['gmail', [{ rate: perDay, used: 312 }]]]),
      logLinesDropped: () => 4,
    }),
  );
  expect(Object.fromEntries(samples)).toMatchObject({
    'relayd_queue_recipients{account="gmail",state="waiting"}': 7,
    'relayd_queue_oldest_seconds{account="gmail",state="waiting"}': 60,
    'relayd_queue_recipients{account="ses",state="held"}': 0,
    'relayd_queue_overdue_seconds{account="gmail"}': 40,
    'relayd_account_failures_in_a_row{account="gmail"}': 6,
    relayd_suppressed_addresses: 12,
    'relayd_queue_overdue_seconds{account="ses"}': 0,
    'relayd_queue_recipients{account="other",state="waiting"}': 5,
    'relayd_queue_oldest_seconds{account="other",state="waiting"}': 9,
    'relayd_queue_recipients{account="none",state="held"}': 1,
    'relayd_queue_oldest_seconds{account="none",state="held"}': 0,
    'relayd_account_state{account="ses",state="held"}': 1,
    'relayd_account_state{account="ses",state="open"}': 0,
    'relayd_account_state{account="gmail",state="open"}': 1,
    'relayd_upstream_certificate_not_after_timestamp_seconds{account="gmail"}': noon / 1_000,
    'relayd_tls_exception_end_timestamp_seconds{account="ses"}': noon / 1_000 + 60,
    'relayd_account_last_success_timestamp_seconds{account="gmail"}': noon / 1_000 - 9,
    'relayd_failover_active{account="gmail",to="ses"}': 1,
    'relayd_quota_out_timestamp_seconds{account="gmail"}': noon / 1_000 + 7,
    'relayd_quota_left{account="gmail",window="d",counts="messages"}': 188,
    relayd_disk_free_bytes: 6e9,
    relayd_disk_size_bytes: 8e9,
    relayd_disk_free_limit_bytes: 2e8,
    'relayd_credential_age_seconds{account="gmail"}': 60,
    'relayd_credential_last_success_timestamp_seconds{account="gmail"}': noon / 1_000 - 5,
    'relayd_upstream_connections{account="gmail"}': 2,
    'relayd_upstream_connections{account="ses"}': 0,
    'relayd_quota_used{account="gmail",window="d",counts="messages"}': 312,
    'relayd_quota_limit{account="gmail",window="d",counts="messages"}': 500,
    relayd_store_bytes: 8_192,
    relayd_log_lines_dropped_total: 4,
    [`relayd_build_info{version="0.1.0",node="${process.version}"}`]: 1,
  });
  expect([...samples.keys()].filter((name) => name.includes('gone'))).toEqual([]);
  expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(samples.get('process_open_fds')).toBeGreaterThan(2);
});

test('of two limits with one window and count the one that is nearer to its end is told', async () => {
  const full = { rate: { ...perDay, count: 400, zone: 'UTC' }, used: 390 };
  const roomy = { rate: perDay, used: 391 };
  for (const uses of [
    [full, roomy],
    [roomy, full],
  ]) {
    const samples = await scrape(open({ quotas: () => new Map([['gmail', uses]]) }));
    expect(Object.fromEntries(samples)).toMatchObject({
      'relayd_quota_used{account="gmail",window="d",counts="messages"}': 390,
      'relayd_quota_limit{account="gmail",window="d",counts="messages"}': 400,
    });
  }
});

test('a storage that cannot answer costs its own metrics only', async () => {
  let broken = false;
  const metrics = open({
    counts: async () => {
      if (broken) throw new Error('closed');
      return [count({})];
    },
  });
  const gauge = 'relayd_queue_recipients{account="gmail",state="waiting"}';
  expect((await scrape(metrics)).get(gauge)).toBe(1);
  broken = true;
  const samples = await scrape(metrics);
  expect(samples.has(gauge)).toBe(false);
  expect(samples.get('relayd_scrape_failures_total{part="queue"}')).toBe(1);
  expect(samples.get('relayd_store_bytes')).toBe(8_192);
});

test('scrapes that come while one runs share its answer', async () => {
  let asked = 0;
  const metrics = open({
    counts: async () => {
      asked++;
      return [];
    },
  });
  const [one, two] = await Promise.all([metrics.render(), metrics.render()]);
  expect(asked).toBe(1);
  expect(one).toBe(two);
  await metrics.render();
  expect(asked).toBe(2);
});

test('every event is counted or named as not counted', () => {
  const { instruments } = openInstruments();
  const folds = metricFolds(instruments, () => known);
  expect(Object.keys(folds).toSorted()).toEqual(Object.keys(EVENTS).toSorted());
  const uncounted = Object.entries(folds).filter(([, fold]) => fold === null);
  expect(uncounted.map(([kind]) => kind).toSorted()).toEqual([
    'account.logged-in',
    'account.misrouted',
    'alert.not-kept',
    'certificate.expiring',
    'config.warning',
    'connection.closed',
    'credential.refused',
    'daemon.failed',
    'daemon.started',
    'daemon.stopped',
    'daemon.stopping',
    'disk.enough',
    'disk.low',
    'failover.ended',
    'feedback.subscription',
    'heartbeat.withheld',
    'hold.added',
    'hold.ended',
    'listener.opened',
    'log.level-changed',
    'log.not-reopened',
    'message.completed',
    'queue.recovered',
    'queue.rerouted',
    'quota.exhausted',
    'relay.draining',
    'relay.moving',
    'relay.paused',
    'relay.resumed',
    'relay.undrained',
    'sender.held',
    'sender.released',
    'summary.failed',
    'supervisor.unreachable',
    'suppression.changed',
    'tls.exception-ending',
    'tracing.failed',
  ]);
});

test('every metric of the catalogue shows up once its event has happened', async () => {
  const quotas = () => new Map([['ses', [{ rate: perDay, used: 0 }]]]);
  const slowed = () => new Map([['ses', { perSecond: 13.3 }]]);
  const metrics = open({
    quotas,
    slowed,
    lastDeliveredAtMs: () => new Map([['gmail', noon]]),
    failuresInARow: () => new Map([['gmail', 0]]),
    certificatesEndMs: () => new Map([['gmail', noon]]),
    exceptionsEndMs: () => new Map([['gmail', noon]]),
    standIns: () => new Map([['gmail', new Set(['ses'])]]),
    outAtMs: () => new Map([['gmail', noon]]),
    heldSenders: () => new Map([['ses', 1]]),
    credentials: () => new Map([['gmail', credentials]]),
    spans: () => ({ exported: 3, failed: 2, dropped: 1 }),
  });
  const outcomes = ['delivered', 'deferred', 'bounced', 'in-doubt', 'held', 'removed'] as const;
  for (const event of allSamples) metrics.sink(event);
  for (const outcome of outcomes) metrics.sink({ ...SAMPLES['recipient.settled'], outcome });
  metrics.sink({ ...SAMPLES['attempt.finished'], phase: 'data' });
  metrics.sink({ ...SAMPLES['feedback.received'], id: null });
  const broken = openMetrics({
    version: '1',
    known: () => known,
    sources: { ...quietSources, counts: () => Promise.reject(new Error('closed')) },
    nowMs: () => noon,
  });
  const names = new Set(
    [...(await scrape(metrics)).keys(), ...(await scrape(broken)).keys()].map((sample) =>
      sample.replace(/\{.*/, '').replace(/_(?:bucket|sum|count)$/, ''),
    ),
  );
  expect([...names].toSorted()).toEqual(Object.keys(METRICS).toSorted());
});

test('label values come from the catalogue', async () => {
  const metrics = open();
  for (const event of allSamples) metrics.sink(event);
  const wrong = [...(await scrape(metrics)).keys()].flatMap((sample) => {
    const name = sample.replace(/\{.*/, '').replace(/_(?:bucket|sum|count)$/, '');
    const declared: MetricDeclaration | undefined = Object.entries(METRICS).find(
      ([known]) => known === name,
    )?.[1];
    return [...sample.matchAll(/(\w+)="([^"]*)"/g)]
      .filter(([, label = '', value = '']) => {
        const values = declared?.labels?.[label];
        if (label === 'le') return false;
        if (values === 'clients') return !['erp', 'other'].includes(value);
        if (values === 'accounts') return !['gmail', 'ses', 'other', 'none'].includes(value);
        if (values === 'destinations') return !/^(?:webhook|command)\d+$/.test(value);
        return values !== 'text' && values?.includes(value) !== true;
      })
      .map(([pair]) => `${name} ${pair}`);
  });
  expect(wrong).toEqual([]);
});

test('names, units and types follow the conventions of Prometheus', () => {
  const declarations: [string, MetricDeclaration][] = Object.entries(METRICS);
  for (const [name, { type, help, buckets, labels }] of declarations) {
    expect(name).toMatch(/^(?:relayd|process|nodejs)_[a-z_]+[a-z]$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name).not.toMatch(/_(?:ms|milliseconds|kb|minutes|count|sum|bucket|info_total)$/);
    expect(help, name).toMatch(/^[A-Z0-9].*\.$/);
    expect(buckets === undefined, name).toBe(type !== 'histogram');
    expect(buckets?.toSorted((a, b) => a - b)).toEqual(buckets);
    expect(Object.keys(labels ?? {}).filter((label) => ['le', 'quantile'].includes(label))).toEqual(
      [],
    );
  }
});
