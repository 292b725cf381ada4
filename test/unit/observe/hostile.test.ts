import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UNPRINTABLE } from '../../../src/lib/printable.ts';
import { openLog } from '../../../src/observe/log.ts';
import { METRICS } from '../../../src/observe/metric-catalogue.ts';
import { OTHER } from '../../../src/observe/metric-labels.ts';
import { openMetrics } from '../../../src/observe/metrics.ts';
import { addressRedaction } from '../../../src/observe/redact.ts';
import {
  REFUSAL_REASONS,
  type RefusalReason,
  type RelayEvent,
  type SessionRefusal,
} from '../../../src/relay/events.ts';
import { REASON_CLASSES, type ReasonClass } from '../../../src/relay/outcome.ts';
import type { LogSettings } from '../../../src/relay/settings.ts';
import { HOSTILE, hostileText } from '../../support/hostile.ts';
import { quietSources } from '../../support/metric-sources.ts';
import { allSamples, SAMPLES } from './sample-events.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const FORMATS = ['json', 'pretty', 'exim'] as const;

/** What the log makes of the events: a line each. */
async function logged(
  events: readonly RelayEvent[],
  settings: Omit<LogSettings, 'level'>,
): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-hostile-'));
  const destination = join(directory, 'log');
  const log = openLog({
    settings: { ...settings, level: 'trace' },
    destination,
    journal: false,
    nowMs: () => noon,
  });
  for (const event of events) log.sink(event);
  log.close();
  const lines = () => readFileSync(destination, 'utf8').split('\n').slice(0, -1);
  // The write that was under way may land last.
  await expect.poll(() => lines().length, { interval: 1, timeout: 15_000 }).toBe(events.length);
  const written = lines();
  rmSync(directory, { recursive: true });
  return written;
}

/**
 * Each event once for each of its texts, with another in its place; also in lists. `is` is ours,
 * and so is an outcome, by which the exim format chooses its line.
 */
function withText(text: string, events: readonly RelayEvent[] = allSamples): RelayEvent[] {
  return events.flatMap((event) =>
    Object.entries(event).flatMap(([field, value]) => {
      const isText = typeof value === 'string' && field !== 'is' && field !== 'outcome';
      if (!isText && !Array.isArray(value)) return [];
      return [{ ...event, [field]: isText ? text : [text, text] } as RelayEvent];
    }),
  );
}

function expectHarmless(lines: readonly string[]): void {
  for (const line of lines) {
    expect(line).not.toMatch(UNPRINTABLE);
    expect(line.length).toBeLessThan(32_768);
  }
}

/** The exim format keeps what an attempt took for the delivery's line. */
const isLine = (format: LogSettings['format']) => (event: RelayEvent) =>
  format !== 'exim' || event.is !== 'attempt.finished';

test.each(HOSTILE)(
  '%s in any text of any event is one harmless line of the log',
  async (_, text) => {
    for (const format of FORMATS) {
      const events = withText(text).filter(isLine(format));
      const lines = await logged(events, { format, addresses: 'full' });
      expectHarmless(lines);
      if (format === 'json')
        for (const line of lines) expect(JSON.parse(line)).toHaveProperty('event');
    }
  },
);

test('any mixture of them is, whatever is said of addresses', async () => {
  const refused = [SAMPLES['message.refused'], SAMPLES['recipient.settled']];
  const modes = fc.constantFrom('full' as const, 'hashed' as const, 'domain' as const);
  await fc.assert(
    fc.asyncProperty(
      hostileText(),
      fc.constantFrom(...FORMATS),
      modes,
      async (text, format, addresses) => {
        const events = withText(text, refused);
        expectHarmless(await logged(events, { format, addresses }));
      },
    ),
    { numRuns: 50 },
  );
});

test.each(HOSTILE)('%s never becomes a label', async (_, text) => {
  const known = { clients: new Set(['erp']), accounts: new Set(['gmail']) };
  const options = { version: '1', known: () => known, sources: quietSources, nowMs: () => noon };
  const labels = async (events: readonly RelayEvent[]): Promise<string[]> => {
    const metrics = openMetrics(options);
    for (const event of events) metrics.sink(event);
    const lines = (await metrics.render()).split('\n').filter((line) => /^relayd_/.test(line));
    return [...new Set(lines.map((line) => line.replace(/ \S+$/, '').replace(/le="[^"]*"/, '')))];
  };
  // Names alone: a reason or an outcome is of a closed list, and the compiler keeps it.
  const events = allSamples.map((event) => ({
    ...event,
    ...('client' in event ? { client: text } : {}),
    ...('account' in event ? { account: text } : {}),
    ...('fault' in event ? { fault: text } : {}),
  })) as RelayEvent[];
  const harmless = JSON.parse(
    JSON.stringify(events, (_key, value) => (value === text ? OTHER : value)),
  ) as RelayEvent[];
  expect(await labels(events)).toEqual(await labels(harmless));
});

/** Local parts as they may be written; each stands before a domain that may be told. */
const ADDRESSES = [
  'victim@dest.example',
  '"victim x"@dest.example',
  '"victim@x"@dest.example',
  "o'victim@dest.example",
  'bounce+victim=dest.example@dest.example',
  'VICTIM@xn--dest.example',
  'victim@[192.0.2.1]',
  'victim@dést.example',
  'vïctim-victim@dest.example',
] as const;
const PROSE = [
  (address: string) => address,
  (address: string) => `550 5.1.1 <${address}>: no such user`,
  (address: string) => `user=${address}, see https://provider.example/help?u=${address}`,
  (address: string) => `'${address}' (${address}); [${address}] ${address}:`,
  (address: string) => `{"to":"${address}"}`,
];

const MODES = ['hashed', 'domain'] as const;

test.each(MODES)('%s: no text lets an address out', (mode) => {
  const redaction = addressRedaction(mode);
  for (const text of ADDRESSES.flatMap((address) => PROSE.map((prose) => prose(address)))) {
    const shown = redaction?.text(text) ?? text;
    expect(shown).not.toMatch(/victim/i);
    if (mode === 'hashed') expect(shown).not.toMatch(/@|dest|d\u00e9st/);
  }
});

test.each(MODES)('%s: no event lets an address out, whatever the format', async (addresses) => {
  const all = ADDRESSES.map((address, at) => PROSE[at % PROSE.length]?.(address)).join(' ');
  for (const format of FORMATS) {
    const events = [ADDRESSES[0], all].flatMap((text) => withText(text)).filter(isLine(format));
    for (const line of await logged(events, { format, addresses })) {
      expect(line).not.toMatch(/victim/i);
      if (addresses === 'hashed') expect(line).not.toMatch(/@|\bdest\b/);
    }
  }
});

type ReasonOf<Event> = Event extends { readonly reason: infer Reason } ? Reason : never;

test('a reason in the log is one of the classes that the metrics have', () => {
  // The compiler holds every event to it.
  const classes: readonly (ReasonClass | RefusalReason | SessionRefusal | null)[] =
    [] satisfies ReasonOf<RelayEvent>[];
  expect(classes).toEqual([]);
  for (const is of ['recipient.settled', 'message.refused', 'session.refused'] as const) {
    expect(SAMPLES[is]).toHaveProperty('reason');
  }
  const labelsOf = (metric: keyof typeof METRICS) => Object.values(METRICS[metric]).at(-1);
  for (const metric of ['deferred', 'failed', 'held'] as const) {
    expect(labelsOf(`relayd_recipients_${metric}_total`)).toMatchObject({ reason: REASON_CLASSES });
  }
  expect(Object.values(labelsOf('relayd_messages_refused_total') ?? {})).toEqual([REFUSAL_REASONS]);
});

test('a text that never ends is cut, and says so', async () => {
  const [line = ''] = await logged([{ ...SAMPLES['daemon.failed'], detail: 'x'.repeat(10_000) }], {
    format: 'json',
    addresses: 'full',
  });
  expect(JSON.parse(line).detail).toMatch(/^x+… \(\d+ characters more\)$/);
});
