import type { EvidenceReport } from '../../../src/control/evidence-report.ts';
import type { AccountReport, StatusReport } from '../../../src/control/reports.ts';
import type { ControlHandlers } from '../../../src/control/wire.ts';
import type { RememberedCertificate } from '../../../src/relay/certificate.ts';
import type { HistoryEntry, QueueRow } from '../../../src/relay/queue.ts';
import type { HoldRule, RelayPause } from '../../../src/relay/steering.ts';
import { account, hour, lane, message, minute, nowMs, recipient } from './harness.ts';

/** A daemon in whose answers `text` stands wherever a stranger's words may stand. */
export function daemonSaying(text: string): Partial<ControlHandlers> {
  const queued = queuedRow(text);
  const history = historyOf(text, queued);
  const report = { queued, history, standIns: [{ account: text, insteadOf: text }] };
  const accounts = [accountOf(text, 'held'), accountOf(text, 'paused')];
  const pause: RelayPause = { reason: text, sinceMs: nowMs - hour, untilMs: null };
  const touched = { recipients: 1, messages: 1 };
  return {
    status: async () => statusOf(text, accounts, pause),
    'account.list': async () => ({ accounts, pause }),
    'account.show': async () => accountDetail(text, accountOf(text, 'held')),
    'queue.list': async () => ({ rows: [queued], next: null }),
    'queue.show': async () => report,
    'queue.count': async () => ({ ...touched, lanes: [{ lane: text, ...touched }] }),
    'queue.remove': async () => touched,
    'queue.stats': async () => ({
      groups: [{ values: [text], ages: [1, 0, 0, 0, 0, 0, 0] }],
      merged: false,
    }),
    'queue.reroute': async () => ({
      ...touched,
      moves: [{ from: text, to: text, recipients: 1 }],
      withoutAccount: 0,
      inDoubt: 0,
      notAllowed: 1,
      senders: [{ id: queued.message.id, address: text }],
    }),
    'log.search': async () => ({ entries: [{ queued, history }], next: null, unindexed: 0 }),
    evidence: async () => evidenceOf(text, { queued, history }),
    'hold.list': async () => ({ rules: [holdRule(text)] }),
    'relay.pause': async () => ({ was: pause, now: pause }),
    'relay.resume': async () => ({ was: pause }),
    trace: async (_ask, { send }) => {
      const line = { atMs: nowMs, account: text, connection: 1 };
      for (const is of ['sent', 'received', 'note'] as const) await send({ ...line, is, text });
      return { lines: 3, dropped: 0, why: 'time' };
    },
    top: async () => ({
      nowMs,
      pause,
      accounts,
      connections: [{ account: text, doing: 'data', forMs: 1, messages: 1 }],
      accepted: { perSecond: 1, total: 1 },
      flows: {},
    }),
    stats: async () => ({
      sinceMs: nowMs - hour,
      rows: [
        {
          group: { sender: text },
          accepted: 1,
          delivered: 1,
          bounced: 0,
          deferred: 0,
          complained: null,
          latencyMs: null,
        },
      ],
      quotas: { [text]: [{ rate: '5/d', used: 1 }] },
      merged: false,
      complete: true,
    }),
    'route.test': async () => ({
      result: 'accounts',
      route: { index: 0, line: 3 },
      accounts: [
        {
          name: text,
          host: text,
          port: 587,
          maySendAs: false,
          rewrittenTo: text,
          state: accountOf(text, 'held').state,
          takes: true,
        },
      ],
      edits: null,
      bcc: [text],
      reply: null,
      why: text,
    }),
  };
}

function queuedRow(text: string): QueueRow {
  const plain = message({ recipients: [text, 'b@dest.example'] });
  return {
    message: {
      ...plain,
      client: text,
      from: text,
      messageIdField: text,
      boundAccount: text,
      envelope: { ...plain.envelope, reversePath: text, envid: text },
    },
    recipients: [
      recipient({ lane: text, lastText: text }),
      recipient({ index: 1, lastText: text }),
    ],
  };
}

function historyOf(text: string, { message: settled }: QueueRow): HistoryEntry {
  const atMs = nowMs - hour;
  return {
    message: settled,
    settledAtMs: null,
    recipients: [{ index: 1, outcome: 'bounced', reason: 'recipient', text, atMs, account: text }],
    attempts: [
      {
        account: text,
        authenticatedAs: text,
        startedAtMs: atMs,
        tookMs: 5,
        tls: text,
        peer: text,
        results: [{ index: 1, outcome: 'bounced', text, providerId: text }],
        phase: 'rcpt',
        stopped: text,
      },
    ],
    events: [
      { is: 'held', atMs, index: 0, reason: 'operator', text },
      { is: 'rerouted', atMs, index: 0, from: text, to: text },
    ],
    dialogues: [{ account: text, startedAtMs: atMs, lines: [`< ${text}`, `> ${text}`] }],
  };
}

function accountOf(text: string, is: 'held' | 'paused'): AccountReport {
  const why = { reason: 'credentials', detail: text, hint: text, credentialVersion: 'v1' };
  const state: AccountReport['state'] =
    is === 'held'
      ? { is, ...why, sinceMs: nowMs - hour }
      : { is, ...why, sinceMs: nowMs - hour, untilMs: nowMs + minute, strikes: 1 };
  return account({
    name: text,
    username: text,
    host: text,
    state,
    queue: [lane({ lane: text })],
    heldSenders: [{ sender: text, detail: text, hint: text, sinceMs: nowMs - hour }],
  });
}

function certificateOf(text: string): RememberedCertificate {
  return {
    fingerprint: 'AB:CD',
    subject: text,
    issuer: text,
    names: [text],
    validFromMs: nowMs - 100 * hour,
    validToMs: nowMs + 100 * hour,
    pin: 'pin',
    chain: [{ subject: text, validToMs: nowMs + 200 * hour, pin: 'other' }],
    firstSeenAtMs: nowMs - hour,
    lastSeenAtMs: nowMs,
    announcedDays: null,
  };
}

function accountDetail(text: string, report: AccountReport) {
  return {
    account: report,
    routes: [{ index: 0, line: 3, sender: text }],
    handsOverTo: [text],
    standsInFor: [text],
    identities: [text],
    tls: text,
    exception: { allow: ['expired' as const], reason: text, untilMs: nowMs + hour },
    certificate: certificateOf(text),
    credentials: [],
    at: { file: text, line: 9 },
  };
}

function statusOf(
  text: string,
  accounts: readonly AccountReport[],
  pause: RelayPause,
): StatusReport {
  return {
    version: '0.1.0',
    node: 'v24.21.0',
    pid: 4242,
    hostname: text,
    config: text,
    state: 'running',
    startedAtMs: nowMs - hour,
    nowMs,
    listeners: [{ listen: text, tls: 'none', sessions: 1 }],
    queue: [lane({ lane: text })],
    accounts,
    memoryBytes: 1,
    store: {
      lastMessageNumber: 1,
      schemaVersion: 1,
      bytesOnDisk: 4096,
      commits: 1,
      commitMsTotal: 1,
      commitMsMax: 1,
      batchTotal: 1,
    },
    refusedReload: { atMs: nowMs - hour, problems: [text] },
    pause,
    holdRules: [],
  };
}

function holdRule(text: string): HoldRule {
  return {
    id: 3,
    sender: null,
    recipient: null,
    client: text,
    account: text,
    reason: text,
    sinceMs: nowMs - hour,
    untilMs: null,
    keep: false,
  };
}

function evidenceOf(text: string, entry: EvidenceReport['entry']): EvidenceReport {
  return {
    version: '0.1.0',
    node: 'v24.21.0',
    hostname: text,
    nowMs,
    entry,
    accounts: [
      {
        name: text,
        provider: text,
        server: text,
        username: text,
        tls: text,
        state: accountOf(text, 'held').state,
        quota: [],
        certificate: certificateOf(text),
      },
    ],
    rules: [
      {
        account: text,
        phase: 'rcpt',
        reply: text,
        source: text,
        pattern: text,
        verdict: { scope: 'recipient', action: 'bounce', reason: 'recipient' },
      },
    ],
  };
}
