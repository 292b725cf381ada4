import { isObject } from './check.ts';
import type { ConfigDocument, PathPart } from './document.ts';
import { formatPath } from './problem.ts';

/** Keys that are checked but change nothing yet. `*` stands for every entry. */
interface Later {
  readonly path: readonly PathPart[];
  /** Which values would change something; every value when absent. */
  readonly asks?: (value: unknown) => boolean;
}

const LATER: readonly Later[] = [
  { path: ['notifications', 'webhooks'] },
  { path: ['notifications', 'commands'] },
  { path: ['notifications', 'heartbeat'] },
];

/** `routes[0].bcc (line 40)` for each key in the file that nothing acts on yet. */
export function notYetActedOn(document: ConfigDocument): string[] {
  return LATER.flatMap(({ path, asks }) =>
    matches(document.plain, path)
      .filter(({ value }) => asks?.(value) ?? true)
      .map(({ at }) => ({ at, line: document.placeOf(at, 'key').line })),
  )
    .toSorted((a, b) => a.line - b.line)
    .map(({ at, line }) => `${formatPath(at)} (line ${line})`);
}

interface Match {
  readonly at: readonly PathPart[];
  readonly value: unknown;
}

function matches(plain: unknown, path: readonly PathPart[]): Match[] {
  let found: Match[] = [{ at: [], value: plain }];
  for (const part of path) {
    found = found.flatMap(({ at, value }) =>
      childrenOf(value)
        .filter(([key]) => part === '*' || key === part)
        .map(([key, child]) => ({ at: [...at, key], value: child })),
    );
  }
  return found;
}

function childrenOf(value: unknown): [PathPart, unknown][] {
  if (Array.isArray(value)) return [...value.entries()];
  return isObject(value) ? Object.entries(value) : [];
}
