import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inDoubtDue } from '../policy/schedule.ts';
import { type OpenDotLedger, openDotLedger } from '../queue/dot-ledger.ts';
import { openSpool } from '../queue/spool.ts';
import { openTokenFiles } from '../queue/token-files.ts';
import type { EventSink } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdSource } from '../relay/message-id.ts';
import type { QueueStore, Spool, TokenVault } from '../relay/ports.ts';
import type { LeaseOwner } from '../relay/queue.ts';
import type { QueueSettings } from '../relay/settings.ts';
import { openRemoteStore } from '../threads/remote-store.ts';

/** The queue's directory, open for this run alone. */
export interface Storage {
  readonly store: QueueStore;
  readonly dots: OpenDotLedger;
  readonly spool: Spool;
  readonly vault: TokenVault;
  readonly owner: LeaseOwner;
  readonly newMessageId: () => MessageId;
  close(): Promise<void>;
}

export interface OpenStorageOptions {
  readonly queue: QueueSettings;
  readonly emit: EventSink;
  readonly onDeath: (what: string, error: unknown) => void;
  /** Replace the real ones: test/faults puts its kill points around them. */
  readonly openStore?: typeof openRemoteStore;
  readonly openDots?: typeof openDotLedger;
}

/**
 * Opens queue, dot ledger and spool, and ends what earlier runs left leased. Rejects with
 * QueueOpenError.
 */
export async function openStorage(options: OpenStorageOptions): Promise<Storage> {
  const { queue, emit } = options;
  const store = await (options.openStore ?? openRemoteStore)({
    directory: queue.directory,
    emit,
    onDeath: (error) => options.onDeath('the storage thread', error),
  });
  try {
    const dots = (options.openDots ?? openDotLedger)(queue.directory);
    const owner: LeaseOwner = { boot: bootId(), run: randomUUID() };
    const nowMs = Date.now();
    const recovered = await store.recover({
      owner,
      nowMs,
      dotted: dots.dotted,
      inDoubtDueAtMs: inDoubtDue(nowMs, Math.random()),
      inDoubtHold: queue.inDoubt === 'hold',
    });
    dots.forgetEarlier();
    const { requeued, inDoubt, quarantined } = recovered;
    if (requeued + inDoubt + quarantined > 0) emit({ is: 'queue.recovered', ...recovered });
    const { lastMessageNumber } = await store.stats();
    return {
      store,
      dots,
      spool: openSpool(queue.directory),
      vault: openTokenFiles(queue.directory),
      owner,
      newMessageId: messageIdSource(Date.now, lastMessageNumber),
      async close() {
        await store.close();
        dots.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Names this boot of the machine: in another one, what the kernel was told and not the disk is
 * gone.
 */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
