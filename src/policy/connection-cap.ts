/** Connections an upstream allows at once, as it said by refusing one. */
export interface ConnectionCap {
  readonly connections: number;
  readonly sinceMs: number;
}

/** One more is tried so often: the others may have been those of another program. */
const growsEveryMs = 5 * 60_000;

/** Connections at once, of at most `limit`. */
export function connectionsUnder(cap: ConnectionCap | null, limit: number, nowMs: number): number {
  if (cap === null) return limit;
  const grown = Math.floor((nowMs - cap.sinceMs) / growsEveryMs);
  return Math.min(limit, cap.connections + grown);
}

/**
 * The upstream has refused one connection or its use, `others` were in use beside it. Null: it was
 * the only one that may be, fewer are not possible.
 */
export function fewerConnections(
  allowed: number,
  others: number,
  nowMs: number,
): ConnectionCap | null {
  if (allowed <= 1 && others === 0) return null;
  return { connections: Math.max(1, Math.min(allowed - 1, others)), sinceMs: nowMs };
}
