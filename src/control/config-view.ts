import { formatListenAddress } from '../config/listen-address.ts';
import { formatDuration } from '../lib/duration.ts';
import { formatRate, type Rate } from '../lib/rate.ts';
import { Secret } from '../lib/secret.ts';
import { formatSize } from '../lib/size.ts';
import type { RouteAction } from '../relay/route.ts';
import type { ListenAddress, Settings } from '../relay/settings.ts';

/**
 * The configuration in force as people write it: keys, units and notations of relay.yaml, defaults and presets
 * filled in, every secret as `[secret]`. Plain JSON.
 */
export function configView(settings: Settings): Readonly<Record<string, unknown>> {
  const { file: _file, ...rest } = settings;
  return viewRecord(rest);
}

const REDACTED = new Secret('').toString();

function viewRecord(record: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([key]) => !OMITTED.has(key))
      .flatMap(([key, value]) => viewEntry(key, value)),
  );
}

/** Places in the file, what a mapping's own key says, and what is derived from secrets. */
const OMITTED = new Set(['at', 'line', 'index', 'name', 'credentialVersion']);

function viewEntry(key: string, value: unknown): [string, unknown][] {
  // Names of header fields are the operator's own words.
  if (key === 'header' || key === 'headers') return [[key, value]];
  if (key === 'action') return viewAction(value as RouteAction);
  if (key === 'untilMs') return [['until', eachNumber(value, day)]];
  const [, stem = key, unit] = /^(.*?)(Ms|Bytes|BytesMax)?$/.exec(key) ?? [];
  if (unit === 'Ms') return [[snake(stem), eachNumber(value, formatDuration)]];
  if (unit === undefined) return [[snake(key), view(value)]];
  // `message_size`, but `memory` and `disk_free`, as in relay.yaml.
  return [[stem === 'message' ? 'message_size' : snake(stem), eachNumber(value, formatSize)]];
}

function viewAction(action: RouteAction): [string, unknown][] {
  if (action.is === 'accounts') return [['accounts', action.accounts]];
  if (action.is === 'reject') return [['reject', action.text]];
  return [[action.is, true]];
}

function view(value: unknown): unknown {
  if (value instanceof Secret) return REDACTED;
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, entry]) => [key, view(entry)]));
  }
  if (Array.isArray(value)) return value.map(view);
  if (typeof value === 'string' && value.startsWith('-----BEGIN')) return '[PEM]';
  if (typeof value !== 'object' || value === null) return value;
  if (isRate(value)) return formatRate(value);
  if (isListenAddress(value)) return formatListenAddress(value);
  // A hash can be tried against word lists: it is as secret as what it was made from.
  if ('is' in value && value.is === 'scrypt') return REDACTED;
  if ('is' in value && value.is === 'plain') return REDACTED;
  return viewRecord(value);
}

function isRate(value: object): value is Rate {
  return 'count' in value && 'windowMs' in value;
}

function isListenAddress(value: object): value is ListenAddress {
  return 'is' in value && ['tcp', 'unix', 'systemd'].includes(String(value.is));
}

function eachNumber(value: unknown, format: (value: number) => string): unknown {
  if (Array.isArray(value)) return value.map((entry) => eachNumber(entry, format));
  return typeof value === 'number' ? format(value) : view(value);
}

function day(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10);
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
