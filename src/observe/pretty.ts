import { formatDuration } from '../lib/duration.ts';
import { UNPRINTABLE, unicodeEscape } from '../lib/printable.ts';
import { EVENTS } from '../relay/event-catalogue.ts';
import type { RelayEvent } from '../relay/events.ts';

/** Nothing in it can start a line or move the cursor. */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, unicodeEscape);
}

/**
 * One event as one line for people, without the line end:
 * `2026-11-21T11:35:00.123Z warn  login.failed client=erp remote=127.0.0.1 known=true`.
 * Nothing that a client or an upstream wrote can start a line or move the cursor.
 */
export function prettyLine(event: RelayEvent, nowMs: number): string {
  let line = `${new Date(nowMs).toISOString()} ${EVENTS[event.is].level.padEnd(5)} ${event.is}`;
  for (const [field, value] of Object.entries(event)) {
    if (field === 'is' || value === null || value === undefined) continue;
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
