import { randomBytes } from 'node:crypto';
import type { HeaderScan } from '../mail/header-scan.ts';
import type { Settings } from '../relay/settings.ts';
import { type AcceptTrace, parseTraceparent } from '../relay/trace-context.ts';

/** The header field of W3C Trace Context, as apps put it into mail. */
export const traceparentField = 'traceparent';

/**
 * The trace that a message continues, or the one it begins; null: none, tracing is off or the dice
 * say so. A field that cannot be read counts for nothing.
 */
export function traceOf(
  { observe: { tracing } }: Settings,
  { values, overlong }: Pick<HeaderScan, 'values' | 'overlong'>,
): AcceptTrace | null {
  if (tracing === null) return null;
  const text = overlong.has(traceparentField) ? undefined : values.get(traceparentField)?.[0];
  const given = text === undefined ? null : parseTraceparent(text);
  if (given !== null) return { ...given, begins: false };
  const ids = randomBytes(24);
  // The id is the dice: of the traces that begin here as many are exported as are asked for.
  if (ids.readUInt32BE(4) / 2 ** 32 >= tracing.sample) return null;
  return {
    traceId: ids.toString('hex', 0, 16),
    spanId: ids.toString('hex', 16),
    sampled: true,
    begins: true,
  };
}
