import { createHash } from 'node:crypto';
import type { ImportedEnvelope, Taken } from '../control/import-wire.ts';
import type { ControlHandlers } from '../control/wire.ts';
import { ControlError } from '../control/wire.ts';
import { HeaderScan } from '../mail/header-scan.ts';
import { admitThroughAny } from '../policy/admit.ts';
import { type LanePlan, planLanes, routingSender } from '../policy/route.ts';
import { type Body, type Message, type MessageId, memoryBodyBytesMax } from '../relay/message.ts';
import { messageIdFirstAt, messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import type { NewMessage } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { fromAddresses } from '../submission/accept.ts';
import { capturedFields, routeHeaders } from '../submission/captured-fields.ts';
import type { Relay } from './relay.ts';

interface ImportParts {
  readonly relay: Relay;
  readonly nowMs: () => number;
  readonly newMessageId: () => MessageId;
}

/** Mail that waited for long in the other program gets this long here at least. */
const lifetimeLeastMs = 86_400_000;

/** Takes over mail that another program had queued. */
export function importHandlers(
  parts: ImportParts,
): Pick<ControlHandlers, 'import.piece' | 'import.message'> {
  /** Pieces of the message at hand: one at a time, so that memory is bounded by one message. */
  let upload: { readonly key: string; pieces: Buffer[]; bytes: number } | null = null;
  return {
    'import.piece': async ({ key, offset, base64 }) => {
      if (offset === 0) upload = { key, pieces: [], bytes: 0 };
      if (upload === null || upload.key !== key || upload.bytes !== offset) {
        throw new ControlError('refused', 'another import is under way; try again');
      }
      const piece = Buffer.from(base64, 'base64');
      const most = parts.relay.settings().limits.messageBytes;
      if (offset + piece.length > most) {
        upload = null;
        throw new ControlError('refused', `larger than limits.message_size (${most} bytes)`);
      }
      upload.pieces.push(piece);
      upload.bytes += piece.length;
      return { bytes: upload.bytes };
    },
    'import.message': async (ask) => {
      if (upload === null || upload.key !== ask.key || upload.bytes !== ask.bytes) {
        throw new ControlError('refused', 'its bytes did not come in whole; try again');
      }
      const bytes = Buffer.concat(upload.pieces);
      upload = null;
      return takeOver(parts, ask, bytes);
    },
  };
}

async function takeOver(parts: ImportParts, ask: ImportedEnvelope, bytes: Buffer): Promise<Taken> {
  const { relay } = parts;
  if (relay.drain.current !== null) {
    throw new ControlError('refused', 'the relay is drained and takes no mail: relayctl undrain');
  }
  const settings = relay.settings();
  const facts = factsOf(settings, ask, bytes);
  const place = await placeFor(relay, ask, facts.messageIdField);
  if (!place.free) return { fresh: false, id: place.id, accounts: [], held: false };
  const plans = plansFor(settings, ask, facts);
  const incoming: NewMessage[] = [];
  for (const [index, plan] of plans.entries()) {
    const id = index === 0 ? place.id : parts.newMessageId();
    incoming.push({
      message: messageOf(id, { ask, facts, plan, nowMs: parts.nowMs() }),
      body: await bodyOf(relay, id, bytes),
      lane: laneOf(relay, plan),
      start: startOf(ask, plan, parts.nowMs()),
    });
  }
  await relay.store.accept(incoming);
  for (const { message, lane, start } of incoming) {
    relay.emit({
      is: 'message.accepted',
      id: message.id,
      client: message.client,
      reversePath: message.envelope.reversePath,
      recipients: message.envelope.recipients.length,
      bytes: message.bytes,
      lane,
      messageIdField: message.messageIdField,
      protocol: 'import',
      remote: ask.key,
      tookMs: 0,
    });
    if (lane !== null && start.is === 'waiting') relay.delivery.wake(lane, start.dueAtMs);
  }
  const accounts = incoming.flatMap(({ lane }) => lane ?? []);
  const held = incoming.every(({ start }) => start.is === 'held');
  return { fresh: true, id: place.id, accounts: [...new Set(accounts)], held };
}

interface Facts {
  readonly client: string;
  readonly from: string | null;
  readonly fromAddresses: readonly string[];
  readonly messageIdField: string | null;
  readonly routeHeaders: Readonly<Record<string, string>>;
  readonly eightBit: boolean;
  readonly headerUtf8: boolean;
}

function factsOf(settings: Settings, { client }: ImportedEnvelope, bytes: Buffer): Facts {
  if (bytes.includes(0)) throw new ControlError('refused', 'it holds a NUL, which no server takes');
  const header = new HeaderScan({
    capture: capturedFields(settings),
    remove: new Set(),
    emit: () => {},
  });
  header.push(bytes);
  header.end();
  const from = fromAddresses(header);
  return {
    client: client !== null && settings.clients.has(client) ? client : 'exim',
    from: from[0] ?? null,
    fromAddresses: from,
    messageIdField: header.values.get('message-id')?.[0] ?? null,
    routeHeaders: routeHeaders(settings, header),
    eightBit: bytes.some((octet) => octet > 127),
    headerUtf8: header.utf8,
  };
}

/**
 * The id is made of the time the other program took the message and of its id there: handing it over
 * again finds it in the queue or in the history. Ids drawn here begin at the lower half of each
 * millisecond, imported ones at the upper.
 */
async function placeFor(
  { store }: Relay,
  { key, receivedAtMs, reversePath }: ImportedEnvelope,
  messageIdField: string | null,
): Promise<{ readonly free: boolean; readonly id: MessageId }> {
  const first = messageIdToNumber(messageIdFirstAt(receivedAtMs)) ?? 0;
  const offset = createHash('sha256').update(key).digest().readUInt16BE() % HALF;
  for (let step = 0; step < HALF; step++) {
    const id = messageIdFromNumber(first + HALF + ((offset + step) % HALF));
    const { queued, history } = await store.show(id);
    const there = queued?.message ?? history?.message;
    if (there === undefined) return { free: true, id };
    const same =
      there.envelope.reversePath === reversePath && there.messageIdField === messageIdField;
    if (same) return { free: false, id };
  }
  throw new ControlError('refused', 'there is no free id for it');
}

const HALF = 2048;

/** Refused as a whole when one recipient has no route: the other program keeps it then. */
function plansFor(settings: Settings, ask: ImportedEnvelope, facts: Facts): readonly LanePlan[] {
  const { reversePath, recipients } = ask;
  const author = { reversePath, from: facts.fromAddresses };
  const plans = planLanes(settings, {
    client: facts.client,
    sender: routingSender({ routeSender: null, reversePath, from: facts.from }),
    boundAccount: null,
    author: { ...author, own: false, bytes: ask.bytes },
    recipients: recipients.map(({ forwardPath }) => forwardPath),
    headers: facts.routeHeaders,
  });
  for (const { action, text, lane, accounts, route } of plans) {
    if (action === 'reject') throw new ControlError('refused', text);
    if (action === 'discard') throw new ControlError('refused', 'its route discards');
    const names = accounts.length > 0 ? accounts : [lane ?? ''];
    const named = names.flatMap((name) => settings.accounts.get(name) ?? []);
    const foreign = admitThroughAny(named, author, route);
    if (foreign !== null) throw new ControlError('refused', foreign.text);
  }
  return plans;
}

interface MessageParts {
  readonly ask: ImportedEnvelope;
  readonly facts: Facts;
  readonly plan: LanePlan;
  readonly nowMs: number;
}

function messageOf(id: MessageId, { ask, facts, plan, nowMs }: MessageParts): Message {
  const { recipients, reversePath, smtpUtf8, ret, envid, bytes, receivedAtMs } = ask;
  const leastMs = nowMs + Math.min(plan.lifetimeMs, lifetimeLeastMs);
  return {
    id,
    client: facts.client,
    envelope: {
      reversePath,
      recipients: plan.indexes.flatMap((index) => recipients[index] ?? []),
      body: facts.eightBit ? '8BITMIME' : null,
      smtpUtf8,
      ret,
      envid,
    },
    from: facts.from,
    ...(facts.fromAddresses.length > 1 ? { alsoFrom: facts.fromAddresses.slice(1) } : {}),
    messageIdField: facts.messageIdField,
    boundAccount: null,
    routeSender: null,
    routeHeaders: facts.routeHeaders,
    acceptedAtMs: receivedAtMs,
    expiresAtMs: Math.max(receivedAtMs + plan.lifetimeMs, leastMs),
    bytes,
    eightBit: facts.eightBit,
    headerUtf8: facts.headerUtf8,
  };
}

/** The account of its route that takes mail now. */
function laneOf({ delivery }: Relay, { lane, accounts, indexes }: LanePlan): string | null {
  return accounts.length > 0 ? delivery.choose(accounts, indexes.length) : lane;
}

function startOf({ frozen }: ImportedEnvelope, plan: LanePlan, nowMs: number): NewMessage['start'] {
  if (plan.action === 'hold' || plan.lane === null) return { is: 'held', reason: plan.text };
  return frozen
    ? { is: 'held', reason: 'it was frozen in Exim' }
    : { is: 'waiting', dueAtMs: nowMs };
}

async function bodyOf({ spool }: Relay, id: MessageId, bytes: Buffer): Promise<Body> {
  if (bytes.length <= memoryBodyBytesMax) return { in: 'memory', bytes };
  const writer = await spool.create(id);
  try {
    await writer.write(bytes);
    return { in: 'spool', file: await writer.commit(), bytes: bytes.length };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
