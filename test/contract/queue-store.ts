import { afterEach, beforeEach, describe } from 'vitest';
import type { QueueStore } from '../../src/relay/ports.ts';
import { acceptContract } from './queue-store-accept.ts';
import { feedbackContract } from './queue-store-feedback.ts';
import { historyContract } from './queue-store-history.ts';
import { leaseContract } from './queue-store-lease.ts';
import { numbersContract } from './queue-store-numbers.ts';
import { operatorContract } from './queue-store-operator.ts';
import { recoverContract } from './queue-store-recover.ts';
import { safetyContract } from './queue-store-safety.ts';
import { steeringContract } from './queue-store-steering.ts';

/**
 * What a contract test has at hand: an open store, and the same data opened again by another run.
 */
export interface OpenStore {
  readonly store: QueueStore;
  /** Closes the store and opens its data again; null where nothing survives closing. */
  readonly reopen: (() => Promise<QueueStore>) | null;
  readonly dispose: () => Promise<void>;
}

/** Every implementation of QueueStore passes this. */
export function queueStoreContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`QueueStore: ${name}`, () => {
    let opened: OpenStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.dispose());
    const current = () => opened;
    acceptContract(current);
    leaseContract(current);
    recoverContract(current);
    operatorContract(current);
    numbersContract(current);
    safetyContract(current);
    historyContract(current);
    steeringContract(current);
    feedbackContract(current);
  });
}
