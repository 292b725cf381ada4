import { isObject } from './check.ts';
import type { PathPart } from './document.ts';

/** A value that stands for itself: a scalar, a list of scalars, or an empty mapping or list. */
export interface Leaf {
  readonly path: readonly PathPart[];
  readonly value: unknown;
}

/** All single values of a configuration as `describeSettings` gives it, in its order. */
export function leavesOf(value: unknown, path: readonly PathPart[] = []): Leaf[] {
  const children: [PathPart, unknown][] = Array.isArray(value)
    ? value.some(isObject)
      ? [...value.entries()]
      : []
    : isObject(value)
      ? Object.entries(value)
      : [];
  if (children.length === 0) return [{ path, value }];
  return children.flatMap(([key, child]) => leavesOf(child, [...path, key]));
}

/** One line of YAML's flow notation; null for nothing. */
export function inBrief(value: unknown): string | null {
  if (value === undefined) return null;
  if (Array.isArray(value)) return `[${value.map(inBrief).join(', ')}]`;
  if (isObject(value)) {
    const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${inBrief(inner)}`);
    return `{${pairs.join(', ')}}`;
  }
  return String(value);
}
