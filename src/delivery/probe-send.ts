import { assert } from '../lib/assert.ts';
import { formatReply } from '../mail/reply.ts';
import type { EventSink } from '../relay/events.ts';
import type { Message } from '../relay/message.ts';
import type { Clock } from '../relay/ports.ts';
import type { ProbeStep } from '../relay/probe-report.ts';
import { checkIdentity } from './account-identity.ts';
import type { Connection } from './connection.ts';
import { phaseOf } from './grouping.ts';
import { headFields } from './head-fields.ts';
import { judgeTransaction, type Result } from './judge.ts';
import { addressedOf, type Letter, mailCommand, obstacle, rcptCommand } from './letter.ts';
import { causeText } from './outcome-text.ts';
import type { Quotas } from './quotas.ts';
import { ownAccepted } from './settled-events.ts';

/** A message that only a probe sends: it is in no queue, and is not tried again. */
export interface TestLetter {
  readonly message: Message;
  readonly bytes: Buffer;
}

export interface ProbeSent {
  readonly about: { readonly from: string; readonly to: string };
  readonly step: Omit<ProbeStep, 'tookMs'>;
  readonly hint: string | null;
}

interface SendDeps {
  readonly quotas: Pick<Quotas, 'reserve'>;
  readonly emit: EventSink;
  readonly clock: Clock;
}

type Ending = Omit<ProbeSent, 'about'>;

/** One transaction on a connection that has logged in. It counts like any other mail. */
export async function sendProbe(
  connection: Connection,
  test: TestLetter,
  deps: SendDeps,
): Promise<ProbeSent> {
  const { reversePath, recipients } = test.message.envelope;
  const about = { from: reversePath, to: recipients[0]?.forwardPath ?? '' };
  return { about, ...(await sendCounted(connection, test, deps)) };
}

async function sendCounted(
  connection: Connection,
  test: TestLetter,
  { quotas, emit, clock }: SendDeps,
): Promise<Ending> {
  const { account } = connection;
  checkIdentity(account, connection, { id: test.message.id, emit });
  const reservation = quotas.reserve(account.name, 1);
  if (reservation === null) return refused('mail', 'limits.rate has no room now: nothing was sent');
  if (!(await reservation.kept)) {
    reservation.end(0);
    return refused('mail', 'the quota could not be written down: nothing was sent');
  }
  const startedAtMs = clock();
  const result = await transactOnce(connection, test);
  reservation.end(result.is === 'delivered' || result.is === 'in-doubt' ? 1 : 0);
  const sent = sentOf(result);
  tell({ connection, test, sent, tookMs: Math.max(0, clock() - startedAtMs) }, emit);
  return sent;
}

async function transactOnce(
  connection: Connection,
  { message, bytes }: TestLetter,
): Promise<Result> {
  const { account, capabilities } = connection;
  const addressed = addressedOf(message, [{ index: 0 }]);
  const head = headFields(account.headers, null);
  const size = bytes.length + (head?.length ?? 0);
  const impossible = obstacle(message, addressed, capabilities, size);
  if (impossible !== null) return { is: 'interrupted', cause: { from: 'us', ...impossible } };
  const letter: Letter = {
    mail: mailCommand(message, addressed, capabilities, size),
    rcpt: addressed.map((recipient) => rcptCommand(recipient, capabilities)),
    head,
    body: bytes,
    beforeDot: () => {},
  };
  const end = await connection.transact(letter);
  const circumstances = { reused: false, reconnects: 0 };
  const [result] = judgeTransaction(end, circumstances, {
    account,
    message,
    addressed,
    recipients: [{ attempts: 0 }],
  });
  assert(result !== undefined, 'one recipient has one result');
  return result;
}

function sentOf(result: Result): Ending {
  if (result.is === 'delivered') {
    return {
      step: { phase: 'end-of-data', ok: true, detail: formatReply(result.reply) },
      hint: null,
    };
  }
  const hint = result.is === 'stopped' && result.verdict.hint !== '' ? result.verdict.hint : null;
  return { ...refused(phaseOf(result.cause), causeText(result.cause)), hint };
}

function refused(phase: ProbeStep['phase'], detail: string): Ending {
  return { step: { phase, ok: false, detail }, hint: null };
}

interface Told {
  readonly connection: Connection;
  readonly test: TestLetter;
  readonly sent: Ending;
  readonly tookMs: number;
}

/** To the log and the metrics it is a message like any other, but one that never waits. */
function tell({ connection, test, sent: { step }, tookMs }: Told, emit: EventSink): void {
  const { account, authenticatedAs, peer, tls } = connection;
  const { message } = test;
  emit(ownAccepted({ message, lane: account.name }, message.acceptedAtMs));
  emit({
    is: 'recipient.settled',
    id: message.id,
    account: account.name,
    recipient: message.envelope.recipients[0]?.forwardPath ?? '',
    outcome: step.ok ? 'delivered' : 'removed',
    reason: step.ok ? 'ok' : 'operator',
    text: step.detail,
    authenticatedAs,
    peer,
    tls,
    attempts: 1,
    nextAtMs: null,
    waitedMs: tookMs,
  });
  emit({ is: 'message.completed', id: message.id, queuedMs: tookMs });
}
