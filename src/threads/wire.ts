import { AssertionError } from '../lib/assert.ts';
import type { StoreNotice } from '../queue/core.ts';
import type { OpenProblem } from '../queue/open-error.ts';
import type { AcceptedRow, Operation, SettledRow } from '../queue/operations.ts';
import type { Result } from '../queue/transactions.ts';
import { StoreError } from '../relay/ports.ts';

/** Raised by hand with every change of a shape below; the thread says its own when it is ready. */
export const WIRE_VERSION = 6;

/** What the thread is started with. */
export interface ThreadStart {
  readonly directory: string;
}

export type ToThread =
  | {
      readonly is: 'batch';
      /** Number of the first operation; the others follow. */
      readonly first: number;
      /**
       * Bodies of accepted messages are replaced by their length; they lie in `bodies` one after
       * the other.
       */
      readonly operations: PackedOperations;
      readonly bodies: ArrayBuffer | null;
    }
  | { readonly is: 'close' };

export type FromThread =
  | { readonly is: 'ready'; readonly version: number }
  | { readonly is: 'refused'; readonly problem: OpenProblem; readonly message: string }
  | {
      readonly is: 'answers';
      readonly numbers: readonly number[];
      readonly results: Results;
      /** Duration of the transaction that made them true; null when there was none. */
      readonly commitMs: number | null;
    }
  | { readonly is: 'notice'; readonly notice: StoreNotice }
  | { readonly is: 'closed' };

/**
 * Nearly every batch has only the two operations of every message's way, and these are flat rows of
 * texts and numbers: as JSON they cross in two thirds of the time that structured cloning takes.
 */
export type PackedOperations = string | readonly Operation[];

/** Values in order; those at the failures' places mean nothing. */
export interface Results {
  readonly values: readonly unknown[];
  readonly failures: readonly Failure[];
}

type Failure =
  | readonly [place: number, is: 'storage', fault: StoreError['fault'], message: string]
  | readonly [place: number, is: 'bug', message: string];

export function encodeResults(results: readonly Result[]): Results {
  const failures = results.flatMap((result, place): Failure[] => {
    if (result.ok) return [];
    const { error } = result;
    if (error instanceof StoreError) return [[place, 'storage', error.fault, error.message]];
    return [[place, 'bug', error.message]];
  });
  return { values: results.map((result) => (result.ok ? result.value : null)), failures };
}

/** The errors by place, of the same classes that the thread had. */
export function decodeFailures({ failures }: Results): ReadonlyMap<number, Error> {
  return new Map(
    failures.map((failure): [number, Error] =>
      failure[1] === 'storage'
        ? [failure[0], new StoreError(failure[2], failure[3])]
        : [failure[0], new AssertionError(failure[2])],
    ),
  );
}

/**
 * Gathers the bodies of a batch in one buffer, which then changes hands without another copy. The
 * caller keeps its own bodies: fresh mail is attempted from memory.
 */
export function packBodies(operations: readonly Operation[]): {
  operations: PackedOperations;
  bodies: ArrayBuffer | null;
} {
  const found: Uint8Array[] = [];
  const rows = operations.map((one) =>
    mapAccepted(one, (row) => {
      const body = row[2];
      if (body === null) return row;
      found.push(body);
      return withBody(row, body.length);
    }),
  );
  if (found.length === 0) return { operations: packed(rows), bodies: null };
  const bodies = new Uint8Array(found.reduce((sum, body) => sum + body.length, 0));
  let at = 0;
  for (const body of found) {
    bodies.set(body, at);
    at += body.length;
  }
  return { operations: packed(rows), bodies: bodies.buffer };
}

function packed(operations: readonly Operation[]): PackedOperations {
  const flat = operations.every(([name]) => name === 'message.accept' || name === 'lease.settle');
  return flat ? JSON.stringify(operations) : operations;
}

/** The operations with their bodies in place again, as views. */
export function unpackBodies(
  given: PackedOperations,
  bodies: ArrayBuffer | null,
): readonly Operation[] {
  const operations: readonly Operation[] = typeof given === 'string' ? JSON.parse(given) : given;
  if (bodies === null) return operations;
  let at = 0;
  return operations.map((one) =>
    mapAccepted(one, (row) => {
      const length: unknown = row[2];
      if (typeof length !== 'number') return row;
      at += length;
      return withBody(row, new Uint8Array(bodies, at - length, length));
    }),
  );
}

function mapAccepted(one: Operation, map: (row: AcceptedRow) => AcceptedRow): Operation {
  if (one[0] === 'message.accept') return ['message.accept', one[1].map(map)];
  if (one[0] !== 'lease.settle' || one[1][4].length === 0) return one;
  const [id, run, recipients, attempt, notifications, dialogue] = one[1];
  const row: SettledRow = [id, run, recipients, attempt, notifications.map(map), dialogue];
  return ['lease.settle', row];
}

/** On the wire the place of a body holds its length. */
function withBody(row: AcceptedRow, body: Uint8Array | number): AcceptedRow {
  return row.with(2, body as Uint8Array) as unknown as AcceptedRow;
}
