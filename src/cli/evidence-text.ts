import type { EvidenceAccount, EvidenceReport, EvidenceRule } from '../control/evidence-report.ts';
import { printable } from '../lib/printable.ts';
import type { AttemptRecord, KeptDialogue } from '../relay/queue.ts';
import { usage } from './account-table.ts';
import { logText } from './log-text.ts';
import { actionText } from './rule-text.ts';
import { facts } from './table.ts';
import { accountReason, accountState, instant } from './words.ts';

/** The bundle as a person reads it. */
export function evidenceText(report: EvidenceReport): string {
  const { entry, accounts, rules, nowMs } = report;
  const sections: (readonly [string, readonly string[]])[] = [
    ['What happened', [logText(entry, nowMs)]],
    ['Attempts', (entry.history?.attempts ?? []).map(attemptText)],
    ['Dialogues of failed attempts', (entry.history?.dialogues ?? []).map(dialogueText)],
    ['How the replies are read now', rules.map(ruleText)],
    ['Accounts', accounts.map((account) => accountText(account, nowMs))],
  ];
  return [head(report), ...sections.map(section)].filter((text) => text !== '').join('\n');
}

function section([title, texts]: readonly [string, readonly string[]]): string {
  return texts.length === 0 ? '' : `${title}\n${'-'.repeat(title.length)}\n${texts.join('\n')}`;
}

function head({ version, node, hostname, nowMs, entry }: EvidenceReport): string {
  const message = entry.history?.message ?? entry.queued?.message;
  return facts([
    ['Message', message?.id ?? null],
    ['Message-ID', message?.messageIdField == null ? null : printable(message.messageIdField)],
    ['Size', message === undefined ? null : `${message.bytes} bytes`],
    ['Relay', `${printable(hostname)}, relayd ${printable(version)}, Node ${printable(node)}`],
    ['Written', instant(nowMs)],
  ]);
}

function attemptText(attempt: AttemptRecord): string {
  const { account, startedAtMs, tookMs, peer, tls, authenticatedAs, phase, results } = attempt;
  const ids = [...new Set(results.flatMap(({ providerId }) => providerId ?? []))];
  return facts([
    ['Account', printable(account)],
    ['Began', `${new Date(startedAtMs).toISOString()}, took ${tookMs} ms`],
    ['Server', printable(peer)],
    ['TLS', tls === null ? 'none' : printable(tls)],
    ['Logged in as', authenticatedAs === null ? 'nobody' : printable(authenticatedAs)],
    ['Ended at', phase ?? null],
    [
      'Reply',
      printable(
        [...new Set(results.map(({ text }) => text))].join(' / ') || (attempt.stopped ?? '-'),
      ),
    ],
    ['Provider id', ids.length === 0 ? null : printable(ids.join(', '))],
  ]);
}

function dialogueText({ account, startedAtMs, lines }: KeptDialogue): string {
  const said = lines.map((line) => `  ${printable(line)}\n`).join('');
  return `Account ${printable(account)}, ${new Date(startedAtMs).toISOString()}\n${said}`;
}

function ruleText({ account, phase, reply, source, pattern, verdict }: EvidenceRule): string {
  return facts([
    ['Reply', printable(reply)],
    ['Account', printable(account)],
    ['Answered', phase],
    ['Read by', printable(pattern === null ? source : `${source}: /${pattern}/`)],
    ['Concerns', `the ${verdict.scope} (${verdict.reason})`],
    ['Action', actionText(verdict)],
  ]);
}

function accountText(account: EvidenceAccount, nowMs: number): string {
  const { name, provider, server, username, tls, state, quota, certificate } = account;
  return facts([
    ['Account', printable(server === null ? `${name}, no longer configured` : name)],
    ['Provider', provider === null ? null : printable(provider)],
    ['Server', server === null ? null : printable(server)],
    ['Username', username === null ? null : printable(username)],
    ['State', state === null ? null : stateText(state, nowMs)],
    ['Used now', quota.length === 0 ? null : usage(quota)],
    ['TLS policy', tls === null ? null : printable(tls)],
    ['Certificate', certificate === null ? null : printable(certificate.subject)],
    [
      'Valid',
      certificate === null
        ? null
        : `${instant(certificate.validFromMs)} to ${instant(certificate.validToMs)}`,
    ],
    ['SHA-256', certificate?.fingerprint ?? null],
    ['Issued by', certificate === null ? null : printable(certificate.issuer)],
    ...(certificate?.chain ?? []).map(({ subject, validToMs }): readonly [string, string] => {
      return ['Above it', `${printable(subject)}, valid to ${instant(validToMs)}`];
    }),
  ]);
}

function stateText(state: NonNullable<EvidenceAccount['state']>, nowMs: number): string {
  const why = accountReason(state);
  return `${accountState(state, nowMs)}${why === '' ? '' : `: ${why}`}`;
}
