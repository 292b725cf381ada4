import { parseAddressList } from '../mail/header-address.ts';
import type { HeaderScan } from '../mail/header-scan.ts';
import { admitFrom, admitThroughAny, type Refusal } from '../policy/admit.ts';
import { copiesOf } from '../policy/copies.ts';
import { heldByRuleText } from '../policy/hold-rules.ts';
import { planLanes, routingSender } from '../policy/route.ts';
import { authorOf } from '../policy/sends-as.ts';
import type { Body, Message, MessageId } from '../relay/message.ts';
import { StoreError } from '../relay/ports.ts';
import type { NewMessage, QueuedRecipient } from '../relay/queue.ts';
import type { TraceContext } from '../relay/trace-context.ts';
import { routeHeaders } from './captured-fields.ts';
import type { Core } from './core.ts';
import { type Part, underHoldRules } from './held-parts.ts';
import { identityName } from './identity.ts';
import type { Refused } from './intake.ts';
import { noPermission, REPLIES } from './replies.ts';
import type { Transaction } from './session.ts';

/** A message that came in whole. */
export interface Received {
  readonly transaction: Transaction;
  readonly id: MessageId;
  readonly header: HeaderScan;
  readonly eightBit: boolean;
  readonly bytes: number;
  /** Null: none. */
  readonly trace: TraceContext | null;
  /** Makes the body: durable when it is spooled. Throws StoreError, or rejects with it. */
  readonly body: () => Promise<Body> | Body;
}

/** What was stored; `start` sets it in motion and is called once the client has its 250. */
export interface Accepted {
  readonly parts: readonly Part[];
  readonly start: () => void;
}

/** Decides what becomes of the message and stores it. A refusal leaves nothing behind. */
export async function acceptMessage(core: Core, received: Received): Promise<Accepted | Refused> {
  const addresses = fromAddresses(received.header);
  const { sender, settings } = received.transaction;
  const refusal = admitFrom(sender, addresses[0] ?? null, addresses);
  if (refusal !== null) return { reply: refusal, why: refusal.why };
  const parts = planParts(core, received, addresses);
  const rejected = parts.find(({ plan }) => plan.action === 'reject');
  if (rejected !== undefined) {
    return { reply: noPermission(rejected.plan.text), why: 'no-route' };
  }
  const foreign = admitThroughAccounts(settings, parts);
  if (foreign !== null) return { reply: foreign, why: foreign.why };
  try {
    const held = underHoldRules(parts, core.holds.current, core.newMessageId);
    return await store(core, received, held);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.fault === 'full'
      ? { reply: REPLIES.storageFull, why: 'storage-full' }
      : { reply: REPLIES.storageFailed, why: 'storage-failed' };
  }
}

/** RFC 6409 section 8.2: the Message-ID of a message that came without one. */
export function ownMessageId(id: MessageId, hostname: string): string {
  return `<${id}@${hostname}>`;
}

/**
 * Every address of every From field counts; one field that cannot be read makes the author unknown.
 */
export function fromAddresses(header: HeaderScan): readonly string[] {
  const lists = (header.values.get('from') ?? []).map(parseAddressList);
  return lists.includes(null) ? [] : lists.flatMap((list) => list ?? []);
}

function planParts(core: Core, received: Received, addresses: readonly string[]): readonly Part[] {
  const { transaction, header, trace } = received;
  const [from = null, ...alsoFrom] = addresses;
  const { settings, identity, recipients, reversePath, parameters } = transaction;
  const client = identityName(identity);
  const boundAccount = identity.is === 'account' ? identity.name : null;
  const headers = routeHeaders(settings, header);
  const plans = planLanes(settings, {
    client,
    sender: routingSender({ routeSender: null, reversePath, from }),
    boundAccount,
    author: { reversePath, from: addresses, own: false, bytes: received.bytes },
    recipients: recipients.map(({ forwardPath }) => forwardPath),
    headers,
  });
  const nowMs = core.clock();
  const copies = copiesOf(plans, recipients);
  return plans.map((plan, place) => {
    const { body, smtpUtf8, ret, envid } = parameters;
    const chosen = plan.indexes.flatMap((index) => recipients[index] ?? []);
    chosen.push(...(copies[place] ?? []));
    // Spread into one literal, what may be missing would make it slow to build for all.
    const message: Message = {
      id: place === 0 ? received.id : core.newMessageId(),
      client,
      envelope: { reversePath, recipients: chosen, body, smtpUtf8, ret, envid },
      from,
      messageIdField:
        header.values.get('message-id')?.[0] ?? ownMessageId(received.id, settings.hostname),
      boundAccount,
      routeSender: null,
      routeHeaders: headers,
      acceptedAtMs: nowMs,
      expiresAtMs: nowMs + plan.lifetimeMs,
      bytes: received.bytes,
      eightBit: received.eightBit,
      headerUtf8: header.utf8,
    };
    if (alsoFrom.length === 0 && trace === null) return { plan, message };
    const more = { ...(alsoFrom.length > 0 && { alsoFrom }), ...(trace !== null && { trace }) };
    return { plan, message: { ...message, ...more } };
  });
}

/** Nothing of a message is taken when no account of one of its routes may send as its author. */
function admitThroughAccounts(
  { accounts }: Transaction['settings'],
  parts: readonly Part[],
): Refusal | null {
  for (const { plan, message } of parts) {
    const names = plan.accounts.length > 0 ? plan.accounts : [plan.lane ?? ''];
    const named = names.flatMap((name) => accounts.get(name) ?? []);
    const refusal = admitThroughAny(named, authorOf(message), plan.route);
    if (refusal !== null) return refusal;
  }
  return null;
}

async function store(core: Core, received: Received, parts: readonly Part[]): Promise<Accepted> {
  const kept = parts.filter(({ plan }) => plan.action !== 'discard');
  const body = kept.length === 0 ? nothing : received.body();
  const isWhole = kept.length < 2 && !(body instanceof Promise);
  const bodies = isWhole ? [body] : await bodiesOf(core, await body, kept);
  // From here to the storage in one turn: a hold rule that ends meanwhile would miss its mail.
  const incoming = [
    ...parts.filter(({ plan }) => plan.action === 'discard').map(discarded),
    ...kept.map((part, at) => enter(core, part, bodies[at] ?? nothing)),
  ];
  try {
    await core.store.accept(incoming);
  } catch (error) {
    for (const { start, lane, body: reserved } of incoming) {
      if (start.is === 'leased' && lane !== null) {
        core.dispatch.cancel(lane, bytesOf(reserved));
      }
    }
    throw error;
  }
  return {
    parts,
    start: () =>
      incoming.forEach((one) => {
        setInMotion(core, one);
      }),
  };
}

async function bodiesOf(core: Core, body: Body, kept: readonly Part[]): Promise<Body[]> {
  const bodies = [body];
  for (const { message } of kept.slice(1)) bodies.push(await copy(core, body, message.id));
  return bodies;
}

const nothing: Body = { in: 'memory', bytes: Buffer.alloc(0) };
export const discardedText = 'discarded by its route';

/** For the history: it came, and ends here. */
function discarded({ message }: Part): NewMessage {
  const start = { is: 'discarded', text: discardedText } as const;
  return { message, body: nothing, lane: null, start };
}

/** A lane with room takes the message straight away, otherwise it waits. */
function enter(core: Core, { plan, message, rule }: Part, body: Body): NewMessage {
  if (rule !== undefined && core.holds.current.some(({ id }) => id === rule.id)) {
    const reason = heldByRuleText(rule);
    return { message, body, lane: plan.lane, start: { is: 'held', reason } };
  }
  if (plan.action === 'hold' || plan.lane === null) {
    return { message, body, lane: plan.lane, start: { is: 'held', reason: plan.text } };
  }
  const lane = core.dispatch.choose(plan.accounts, message.envelope.recipients.length);
  const lease = core.dispatch.reserve(lane, bytesOf(body));
  if (lease !== null) return { message, body, lane, start: { is: 'leased', lease } };
  return { message, body, lane, start: { is: 'waiting', dueAtMs: message.acceptedAtMs } };
}

function setInMotion(core: Core, { message, body, lane, start }: NewMessage): void {
  if (lane === null || start.is === 'held' || start.is === 'discarded') return;
  if (start.is === 'waiting') {
    core.dispatch.wake(lane, start.dueAtMs);
    return;
  }
  const recipients = message.envelope.recipients.map(
    (_, index): QueuedRecipient => ({
      index,
      state: 'waiting',
      lane,
      attempts: 0,
      dueAtMs: message.acceptedAtMs,
      delayWarned: false,
      lastText: null,
      lastReason: null,
    }),
  );
  core.dispatch.start({ message, recipients, lease: start.lease }, body);
}

/** Each message of the queue owns its file: it goes when that message is done. */
async function copy(core: Core, body: Body, id: MessageId): Promise<Body> {
  if (body.in === 'memory') return body;
  const writer = await core.spool.create(id);
  try {
    for await (const chunk of core.spool.read(body.file)) await writer.write(chunk);
    return { in: 'spool', file: await writer.commit(), bytes: body.bytes };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function bytesOf(body: Body): number {
  return body.in === 'memory' ? body.bytes.length : body.bytes;
}
