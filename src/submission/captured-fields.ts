import type { HeaderScan } from '../mail/header-scan.ts';
import type { Settings } from '../relay/settings.ts';
import { traceparentField } from './tracing.ts';

/** A From field longer than this is refused, so every address in it can be checked. */
const fromBytesMax = 64 * 1024;
/** RFC 5322 section 2.1.1 */
const messageIdBytesMax = 998;
/** Longer than any traceparent is. */
const traceparentBytesMax = 256;
/** Of a field that a route's `header` names. */
const routeHeaderBytesMax = 8 * 1024;

const captures = new WeakMap<Settings, ReadonlyMap<string, number>>();

/** The header fields that are read while a message passes; one map per configuration. */
export function capturedFields(settings: Settings): ReadonlyMap<string, number> {
  const known = captures.get(settings);
  if (known !== undefined) return known;
  const fields = new Map(routeFields(settings).map((name) => [name, routeHeaderBytesMax]));
  fields.set('from', fromBytesMax).set('message-id', messageIdBytesMax).set('date', 0);
  if (settings.observe.tracing !== null && !fields.has(traceparentField)) {
    fields.set(traceparentField, traceparentBytesMax);
  }
  captures.set(settings, fields);
  return fields;
}

function routeFields(settings: Settings): string[] {
  return settings.routes.flatMap(({ header }) =>
    Object.keys(header ?? {}).map((name) => name.toLowerCase()),
  );
}

/** Values of the fields that routes ask for: the first of each. */
export function routeHeaders(settings: Settings, header: HeaderScan): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of routeFields(settings)) {
    const value = header.values.get(name)?.[0];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
