import { queuePageMax } from '../control/wire.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueueRow } from '../relay/queue.ts';
import type { Desk } from './desk.ts';

/** All of the queue, the oldest first, a page at a time. */
export async function* queueRows({ ask }: Pick<Desk, 'ask'>): AsyncGenerator<QueueRow> {
  let after: MessageId | null = null;
  do {
    const page: { rows: readonly QueueRow[]; next: MessageId | null } = await ask('queue.list', {
      filter: {},
      after,
      limit: queuePageMax,
    });
    yield* page.rows;
    after = page.next;
  } while (after !== null);
}
