import { formatDuration } from '../lib/duration.ts';
import { EVENTS } from '../relay/event-catalogue.ts';
import type { RelayEvent } from '../relay/events.ts';

/** C0, DEL, C1, line separators and the marks that turn the reading direction of a terminal. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** How the fields that may hold addresses are shown, by field. */
export type Redaction = ReadonlyMap<string, (value: unknown) => unknown>;

/** Nothing in it can start a line or move the cursor. */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/**
 * One event as one line for people, without the line end:
 * `2026-11-21T11:35:00.123Z warn  login.failed client=erp remote=127.0.0.1 known=true`.
 * Nothing that a client or an upstream wrote can start a line or move the cursor.
 */
export function prettyLine(event: RelayEvent, nowMs: number, redact: Redaction | null): string {
  let line = `${new Date(nowMs).toISOString()} ${EVENTS[event.is].level.padEnd(5)} ${event.is}`;
  for (const [field, raw] of Object.entries(event)) {
    if (field === 'is' || raw === null || raw === undefined) continue;
    const value = redact?.get(field)?.(raw) ?? raw;
    line += ` ${label(field)}=${show(field, field === 'trace' ? traceIdOf(value) : value)}`;
  }
  return line;
}

/** Of a trace a line says which it is. */
export function traceIdOf(trace: unknown): unknown {
  return typeof trace === 'object' && trace !== null && 'traceId' in trace ? trace.traceId : trace;
}

/** `tookMs` reads `took`, `nextAtMs` reads `next-at`. */
function label(field: string): string {
  const name = field.endsWith('Ms') ? field.slice(0, -2) : field;
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function show(field: string, value: unknown): string {
  if (typeof value === 'number') {
    if (!field.endsWith('Ms') || !Number.isFinite(value)) return String(value);
    // Instants are named for it (untilMs, nextAtMs); every other Ms is a length of time.
    const instant = field === 'untilMs' || field.endsWith('AtMs');
    if (!instant) return formatDuration(value);
    return Math.abs(value) <= 8.64e15 ? new Date(value).toISOString() : String(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => show(field, item)).join(', ')}]`;
  const text = String(value);
  const plain = /^[^\s"=[\]]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
  return oneLine(plain);
}
