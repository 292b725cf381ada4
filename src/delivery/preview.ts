import type { MessageId } from '../relay/message.ts';
import type { QueueStore, Spool } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import { causeText } from './outcome-text.ts';
import { type Outgoing, OutgoingMail } from './outgoing.ts';

/** A message as its account would send it now, or as it is stored. */
export interface Preview {
  /** Null: as it is stored, by request or because no configured account is to send it. */
  readonly account: string | null;
  readonly recipients: readonly string[];
  /** Other bytes that other recipients get, because routes change them. */
  readonly otherVersions: number;
  readonly chunks: AsyncIterable<Buffer>;
}

export interface PreviewDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly spool: Spool;
}

/**
 * The version that the first recipient left in the queue gets, or what is stored. Null: the message is not in the
 * queue, or its body is gone. Throws when its header cannot be read.
 */
export async function previewOf(
  { settings, store, spool }: PreviewDeps,
  id: MessageId,
  stored: boolean,
): Promise<Preview | null> {
  const { queued } = await store.show(id);
  const body = queued === null ? null : await store.body(id);
  if (queued === null || body === null) return null;
  const { message, recipients } = queued;
  const lane = recipients.find((one) => settings().accounts.has(one.lane ?? ''))?.lane ?? '';
  const account = stored ? undefined : settings().accounts.get(lane);
  const paths = (some: typeof recipients): string[] =>
    some.map(({ index }) => message.envelope.recipients[index]?.forwardPath ?? '');
  if (account === undefined) {
    const whole = body.in === 'memory' ? body.bytes : () => spool.read(body.file);
    const chunks = chunksOf({ head: null, body: whole });
    return { account: null, recipients: paths(recipients), otherVersions: 0, chunks };
  }
  const mine = recipients.filter((one) => one.lane === lane);
  const lease = { owner: { boot: '', run: '' }, untilMs: 0 };
  const work = { message, recipients: mine, lease };
  const mail = new OutgoingMail({ settings: settings(), account, work, body, spool });
  const [first = mine, ...others] = mail.groups();
  const outgoing = await mail.for(first);
  if ('unreadable' in outgoing) throw new Error(causeText(outgoing.unreadable.cause));
  const elsewhere = new Set(recipients.map((one) => one.lane).filter((one) => one !== lane));
  return {
    account: lane,
    recipients: paths(first),
    otherVersions: others.length + elsewhere.size,
    chunks: chunksOf(outgoing),
  };
}

async function* chunksOf({ head, body }: Pick<Outgoing, 'head' | 'body'>): AsyncGenerator<Buffer> {
  if (head !== null) yield head;
  if (Buffer.isBuffer(body)) yield body;
  else yield* body();
}
