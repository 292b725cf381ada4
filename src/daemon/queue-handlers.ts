import { bodyBytesMax, ControlError, type ControlHandlers } from '../control/wire.ts';
import type { Body } from '../relay/message.ts';
import type { QueueFilter } from '../relay/queue.ts';
import type { Relay } from './relay.ts';

type QueueHandlers = Pick<
  ControlHandlers,
  | 'queue.list'
  | 'queue.show'
  | 'queue.body'
  | 'queue.flush'
  | 'queue.hold'
  | 'queue.release'
  | 'queue.remove'
  | 'queue.bounce'
>;

/** Messages that one transaction bounces: each owes its sender a notification. */
const bounceBatch = 100;

/** What relayctl may do with waiting mail. */
export function queueHandlers(relay: Relay, nowMs: () => number): QueueHandlers {
  const { store, delivery, emit } = relay;
  return {
    'queue.list': (ask) => store.list(ask),

    'queue.show': async ({ id }) => {
      const report = await store.show(id);
      if (report.queued === null && report.history === null) {
        throw new ControlError('not-found', `no message ${id} in the queue or the history`);
      }
      return report;
    },

    'queue.body': async ({ id, from }) => {
      const body = await store.body(id);
      if (body === null) throw new ControlError('not-found', `no message ${id} in the queue`);
      return { bytes: await stretch(relay, body, from), total: sizeOf(body) };
    },

    'queue.flush': async ({ filter, includeHeld }) => {
      checkAccount(relay, filter);
      const flushed = await store.flush({ filter, includeHeld, nowMs: nowMs() });
      const { recipients, messages } = flushed;
      emit({ is: 'queue.flushed', recipients, messages, by: 'operator' });
      await delivery.flushed(flushed);
      return flushed;
    },

    'queue.hold': ({ filter, reason }) =>
      store.act({ filter, action: { is: 'hold', reason }, nowMs: nowMs() }),

    'queue.release': async ({ filter }) => {
      const held = { ...filter, states: filter.states ?? (['held', 'quarantined'] as const) };
      const touched = await store.act({
        filter: held,
        action: { is: 'release', dueAtMs: nowMs() },
        nowMs: nowMs(),
      });
      await delivery.look();
      return touched;
    },

    'queue.remove': ({ filter }) => delivery.removeMatching(filter),

    'queue.bounce': async ({ filter, reason }) => {
      let recipients = 0;
      let messages = 0;
      for (;;) {
        const batch = await delivery.bounceMatching(filter, reason, bounceBatch);
        recipients += batch.recipients;
        messages += batch.messages;
        if (batch.messages < bounceBatch) return { recipients, messages };
      }
    },
  };
}

/** A mistyped account would match nothing and look like success. */
function checkAccount(relay: Relay, filter: QueueFilter): void {
  const { account } = filter;
  if (account !== undefined && !relay.settings().accounts.has(account)) {
    throw new ControlError('not-found', `no account ${account} in ${relay.settings().file}`);
  }
}

function sizeOf(body: Body): number {
  return body.in === 'memory' ? body.bytes.length : body.bytes;
}

/** At most bodyBytesMax bytes, so that large messages pass in flat memory. */
async function stretch({ spool }: Relay, body: Body, from: number): Promise<string> {
  const end = Math.min(from + bodyBytesMax, sizeOf(body));
  if (from >= end) return '';
  // The bytes of a body that came from the storage thread are no Buffer any more.
  if (body.in === 'memory') return Buffer.from(body.bytes).toString('base64', from, end);
  const chunks: Buffer[] = await spool.read(body.file, { start: from, end: end - 1 }).toArray();
  return Buffer.concat(chunks).toString('base64');
}
