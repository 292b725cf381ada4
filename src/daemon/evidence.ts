import type { EvidenceAccount, EvidenceReport, EvidenceRule } from '../control/evidence-report.ts';
import { packageVersion } from '../lib/version.ts';
import { parseReply } from '../mail/reply.ts';
import { explain } from '../policy/classify.ts';
import { accountsOf } from '../policy/log-match.ts';
import type { LogEntry } from '../relay/log-search.ts';
import type { AttemptRecord } from '../relay/queue.ts';
import { quotaReports, stateOf, tlsInWords } from './account-facts.ts';
import type { Relay } from './relay.ts';

/** Everything a provider's support may ask for. No credential and no body is near any of it. */
export function evidenceOf(relay: Relay, entry: LogEntry, nowMs: number): EvidenceReport {
  return {
    version: packageVersion(),
    node: process.version,
    hostname: relay.settings().hostname,
    nowMs,
    entry,
    accounts: [...accountsOf(entry)].map((name) => accountEvidence(relay, name)),
    rules: rulesOf(relay, entry.history?.attempts ?? []),
  };
}

function accountEvidence(relay: Relay, name: string): EvidenceAccount {
  const { settings, delivery } = relay;
  const account = settings().accounts.get(name);
  return {
    name,
    provider: account?.provider ?? null,
    server: account === undefined ? null : `${account.host}:${account.port}`,
    username: account?.username ?? null,
    tls: account === undefined ? null : tlsInWords(account),
    state: account === undefined ? null : stateOf(relay, name),
    quota: quotaReports(delivery.quotas().get(name)),
    certificate: account === undefined ? null : delivery.certificate(name),
  };
}

/** By the rules in force: those of the time are not kept. */
function rulesOf({ settings }: Relay, attempts: readonly AttemptRecord[]): EvidenceRule[] {
  const found = new Map<string, EvidenceRule>();
  for (const { account: name, phase, results, stopped } of attempts) {
    const account = settings().accounts.get(name);
    if (account === undefined || phase === undefined) continue;
    const texts = [...results.map(({ text }) => text), ...(stopped === undefined ? [] : [stopped])];
    for (const text of new Set(texts)) {
      const reply = parseReply(text);
      if (reply === null || reply.code < 400) continue;
      const seen = { phase, reply, recipients: 1, acceptedRecipients: 1 };
      const { replyRules = [], provider } = account;
      const { verdict, rule } = explain(seen, replyRules);
      const number = rule === null ? 0 : replyRules.indexOf(rule) + 1;
      const source = rule === null ? 'the generic rules' : `${provider}, rule ${number}`;
      const pattern = rule?.text?.source ?? null;
      const one = { account: name, phase, reply: text, source, pattern, verdict };
      found.set(JSON.stringify([name, phase, text]), one);
    }
  }
  return [...found.values()];
}
