import { deserialize, serialize } from 'node:v8';
import type { LoadResult } from '../config/load.ts';
import { Secret } from '../lib/secret.ts';

/**
 * A configuration, or what is wrong with it, as bytes from one process to another of the same
 * version. They hold the secrets as they are.
 */
export function encodeLoaded(result: LoadResult): Buffer {
  // No setting is a boxed string, and the format keeps them apart from plain ones.
  const boxed = (value: object): object | null =>
    value instanceof Secret ? Object(value.reveal()) : null;
  return serialize(exchanged(result, boxed));
}

/** Throws when the bytes are not what `encodeLoaded` gave. */
export function decodeLoaded(bytes: Buffer): LoadResult {
  const secret = (value: object): object | null =>
    value instanceof String ? new Secret(value.valueOf()) : null;
  return exchanged(deserialize(bytes), secret) as LoadResult;
}

/** A copy in which some objects are others. What was shared in it is shared in the copy. */
function exchanged(
  value: unknown,
  other: (value: object) => object | null,
  done = new Map<object, unknown>(),
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (done.has(value)) return done.get(value);
  const copy = other(value) ?? copied(value, (inner) => exchanged(inner, other, done));
  done.set(value, copy);
  return copy;
}

function copied(value: object, each: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(each);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, each(inner)]));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, each(inner)]));
}
