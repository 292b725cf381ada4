import { createHash } from 'node:crypto';
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { untold } from '../policy/alert-box.ts';
import { entryOf, type Selection, selectionOf } from '../policy/alert-selection.ts';
import type { AlertDestination, AlertOutcome, AlertSettings } from '../relay/alert.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import { Destination, type DestinationDeps, type DestinationState } from './destination.ts';
import { Heartbeat } from './heartbeat.ts';
import { KeptBox } from './kept-box.ts';
import { codeOf, openStateFile } from './state-file.ts';
import { SummaryClock, type SummaryClockDeps } from './summary-clock.ts';
import { Watchdog, type WatchSources } from './watchdog.ts';

export interface AlertsDeps extends Pick<DestinationDeps, 'emit' | 'clock' | 'dice' | 'newId'> {
  readonly settings: () => Settings;
  /** An event as others may see it; see `log.addresses`. */
  readonly show: (event: RelayEvent) => RelayEvent;
}

/** Telling others, beside the log. What waits to be told survives the process. */
export interface Alerts {
  readonly sink: EventSink;
  /** The relay is open: begins to watch it, to give signs of life and to send summaries. */
  begin(sources: WatchSources, sendSummary: SummaryClockDeps['send']): void;
  /** The settings were swapped. */
  reload(): void;
  /** Tells all, or the one of this name, of an event that has not happened. */
  test(name: string | null): Promise<ReadonlyMap<string, AlertOutcome>>;
  /** By destination. */
  states(): ReadonlyMap<string, DestinationState>;
  close(): Promise<void>;
}

/** Opens what is in `alerts/` of the queue's directory, and tells what has waited there. */
export function openAlerts(deps: AlertsDeps): Alerts {
  const { emit, clock, settings, show } = deps;
  const alerts = (): AlertSettings => settings().notifications.alerts;
  const boxes = openBoxes(deps);
  let told = withSelections(boxes.follow());
  let watchers: Watchers | null = null;
  return {
    sink(event) {
      for (const { selects, destination } of told) {
        if (selects(event)) destination.note(entryOf(show(event), clock()));
      }
      // No time is left for a write in the background.
      if (event.is === 'daemon.failed') for (const { destination } of told) destination.keepNow();
    },
    begin(sources, send) {
      const watchdog = new Watchdog({ settings, emit, clock, sources });
      const stalled = (): string | null => watchdog.stalled();
      const file = openStateFile(join(boxes.directory, 'summary.json'));
      watchers = {
        watchdog,
        heartbeat: new Heartbeat({ settings: alerts, emit, clock, stalled }),
        summary: new SummaryClock({ settings: () => alerts().summary, emit, clock, file, send }),
      };
      watchdog.start();
      watchers.heartbeat.follow();
      watchers.summary.follow();
    },
    reload() {
      told = withSelections(boxes.follow());
      watchers?.heartbeat.follow();
      watchers?.summary.follow();
    },
    async test(name) {
      const asked = told.filter(({ destination }) =>
        [null, destination.settings.name].includes(name),
      );
      const entry = {
        event: 'alert.test',
        level: 'info',
        atMs: clock(),
        detail: testText,
      } as const;
      const outcomes = asked.map(async ({ destination }) => {
        return [destination.settings.name, await destination.test(entry)] as const;
      });
      return new Map(await Promise.all(outcomes));
    },
    states: () =>
      new Map(told.map(({ destination }) => [destination.settings.name, destination.state])),
    async close() {
      watchers?.watchdog.stop();
      watchers?.heartbeat.close();
      await Promise.all([
        watchers?.summary.close(),
        ...told.map(({ destination }) => destination.close()),
      ]);
    },
  };
}

const testText = 'relayctl alert test: nothing has happened';

interface Watchers {
  readonly watchdog: Watchdog;
  readonly heartbeat: Heartbeat;
  readonly summary: SummaryClock;
}

interface Told {
  readonly selects: Selection;
  readonly destination: Destination;
}

function withSelections(destinations: readonly Destination[]): Told[] {
  return destinations.map((destination) => {
    return { selects: selectionOf(destination.settings.events), destination };
  });
}

/** The destinations, each with its file, as configurations come and go. */
function openBoxes(deps: AlertsDeps) {
  const { settings, emit } = deps;
  const directory = join(settings().queue.directory, 'alerts');
  const open = new Map<string, Destination>();
  const closing = new Set<string>();
  const forDestination: DestinationDeps = {
    ...deps,
    digestMs: () => settings().notifications.alerts.digestMs,
    relay: () => settings().hostname,
  };
  const drop = async (key: string, destination: Destination): Promise<void> => {
    open.delete(key);
    closing.add(key);
    await destination.close();
    forget(directory, key, emit);
    closing.delete(key);
  };
  return {
    directory,
    follow(): Destination[] {
      const wanted = keyed(settings().notifications.alerts.destinations);
      for (const [key, destination] of open) if (!wanted.has(key)) void drop(key, destination);
      for (const key of keptIn(directory, emit)) {
        if (!wanted.has(key) && !closing.has(key)) forget(directory, key, emit);
      }
      return [...wanted].map(([key, one]) => {
        const known = open.get(key);
        known?.follow(one);
        const file = openStateFile(pathOf(directory, key));
        const destination = known ?? new Destination(forDestination, one, file);
        open.set(key, destination);
        return destination;
      });
    },
  };
}

/** What a destination is known by in the next configuration: its address, not its place. */
function keyed(destinations: readonly AlertDestination[]): Map<string, AlertDestination> {
  const found = new Map<string, AlertDestination>();
  for (const one of destinations) {
    const address = one.is === 'webhook' ? one.url.reveal() : JSON.stringify(one.run);
    const hash = createHash('sha256').update(address).digest('hex').slice(0, 16);
    let key = `${one.is}-${hash}`;
    for (let n = 2; found.has(key); n++) key = `${one.is}-${hash}-${n}`;
    found.set(key, one);
  }
  return found;
}

const pathOf = (directory: string, key: string): string => join(directory, `${key}.json`);

function keptIn(directory: string, emit: EventSink): string[] {
  try {
    return readdirSync(directory).flatMap((name) => /^(\w+-.+)\.json$/.exec(name)?.[1] ?? []);
  } catch (error) {
    const detail = String(error);
    if (codeOf(error) !== 'ENOENT') emit({ is: 'alert.not-kept', destination: REMOVED, detail });
    return [];
  }
}

/** What is no longer in relay.yaml has no name there. */
const REMOVED = 'removed';

/** What it was not told of is lost, and that is said. */
function forget(directory: string, key: string, emit: EventSink): void {
  const path = pathOf(directory, key);
  const destination = REMOVED;
  const fail = (detail: string): void => emit({ is: 'alert.not-kept', destination, detail });
  const box = new KeptBox(openStateFile(path), fail).read();
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') fail(String(error));
  }
  const events = box === null ? 0 : untold(box);
  if (events === 0) return;
  const detail = 'it is no longer in relay.yaml';
  const tries = box?.waiting?.tries ?? 0;
  emit({ is: 'alert.failed', destination, events, tries, detail, nextAtMs: null });
}
