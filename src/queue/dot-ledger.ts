import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../lib/assert.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import type { DotLedger } from '../relay/ports.ts';
import { openFault, storeFault } from './faults.ts';

export interface OpenDotLedger extends DotLedger {
  /** Messages whose final dot went out in an earlier run and whose slot was not cleared. */
  readonly dotted: ReadonlySet<MessageId>;
  /** Call when QueueStore.recover() has made use of `dotted`: their slots are free again. */
  forgetEarlier(): void;
  close(): void;
}

const slotBytes = 8;
/** More attempts than any configuration runs at once; 32 KiB. */
const slotsMax = 4096;

/**
 * A file of fixed size, one slot of 8 bytes per running attempt: the number of the message whose
 * final dot is out, or 0. A pwrite to the page cache survives the process, and costs microseconds
 * where a sync costs a commit; what a power cut takes is known by the boot id. Throws
 * QueueOpenError when the file cannot be made.
 */
export function openDotLedger(directory: string): OpenDotLedger {
  const path = join(directory, 'dots');
  try {
    const descriptor = openSync(path, 'a', 0o600);
    closeSync(descriptor);
    return ledgerOn(openSync(path, 'r+'), readSlots(path));
  } catch (error) {
    throw openFault(error, path);
  }
}

/**
 * Message numbers by slot. A file of another size was cut short while it was made: what is there
 * is read.
 */
function readSlots(path: string): Map<number, MessageId> {
  const bytes = readFileSync(path);
  const taken = new Map<number, MessageId>();
  for (let slot = 0; (slot + 1) * slotBytes <= bytes.length && slot < slotsMax; slot++) {
    const number = bytes.readBigUInt64LE(slot * slotBytes);
    if (number === 0n || number > BigInt(Number.MAX_SAFE_INTEGER)) continue;
    taken.set(slot, messageIdFromNumber(Number(number)));
  }
  return taken;
}

function ledgerOn(descriptor: number, earlier: Map<number, MessageId>): OpenDotLedger {
  if (earlier.size === 0) fill(descriptor);
  const free: number[] = [];
  for (let slot = slotsMax - 1; slot >= 0; slot--) if (!earlier.has(slot)) free.push(slot);
  const marked = new Set<number>();
  const cell = Buffer.alloc(slotBytes);
  const put = (slot: number, number: number): void => {
    cell.writeBigUInt64LE(BigInt(number));
    try {
      writeSync(descriptor, cell, 0, slotBytes, slot * slotBytes);
    } catch (error) {
      throw storeFault(error) ?? error;
    }
  };
  return {
    dotted: new Set(earlier.values()),
    mark(id) {
      const slot = free.pop();
      assert(slot !== undefined, `more than ${slotsMax} attempts at once`);
      put(slot, messageIdToNumber(id) ?? 0);
      marked.add(slot);
      return slot;
    },
    clear(slot) {
      assert(marked.delete(slot), `slot ${slot} of the dot ledger is not marked`);
      put(slot, 0);
      free.push(slot);
    },
    forgetEarlier() {
      for (const slot of earlier.keys()) {
        put(slot, 0);
        free.push(slot);
      }
      earlier.clear();
    },
    close: () => closeSync(descriptor),
  };
}

/** Gives every slot its place on the disk now, so that marking cannot meet a full disk. */
function fill(descriptor: number): void {
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, Buffer.alloc(slotsMax * slotBytes), 0, slotsMax * slotBytes, 0);
  fsyncSync(descriptor);
}
