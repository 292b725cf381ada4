import type { AlertEntry } from '../relay/alert.ts';
import { type AlertSelector, selectorsOf } from '../relay/alert-classes.ts';
import { EVENTS } from '../relay/event-catalogue.ts';
import type { RelayEvent } from '../relay/events.ts';

type Kind = RelayEvent['is'];
export type Selection = (event: RelayEvent) => boolean;

/** Whether an event is one of those that names and classes stand for; one look-up for most. */
export function selectionOf(names: readonly string[]): Selection {
  const byKind = new Map<Kind, AlertSelector[]>();
  for (const selector of names.flatMap(selectorsOf)) {
    byKind.set(selector.is, [...(byKind.get(selector.is) ?? []), selector]);
  }
  return (event) => byKind.get(event.is)?.some((selector) => fits(selector, event)) ?? false;
}

function fits({ outcome, reason }: AlertSelector, event: RelayEvent): boolean {
  if (outcome !== undefined && !('outcome' in event && event.outcome === outcome)) return false;
  return reason === undefined || ('reason' in event && event.reason === reason);
}

/** Replies of upstreams and problems of a file may be long. */
const textCharactersMax = 1_000;
const listMax = 20;

/** What an alert shows of an event. */
export function entryOf(event: RelayEvent, atMs: number): AlertEntry {
  const { is, ...fields } = event;
  const shown = Object.entries(fields).map(([field, value]) => [field, cut(value)]);
  return { event: is, level: EVENTS[is].level, atMs, ...Object.fromEntries(shown) };
}

function cut(value: unknown): unknown {
  if (typeof value === 'string' && value.length > textCharactersMax) {
    return `${value.slice(0, textCharactersMax)}...`;
  }
  return Array.isArray(value) ? value.slice(0, listMax).map(cut) : value;
}
