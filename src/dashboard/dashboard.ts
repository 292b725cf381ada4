import { asControlError, asker } from '../control/answer.ts';
import { ControlError, type ControlHandlers } from '../control/wire.ts';
import type { Secret } from '../lib/secret.ts';
import type { Site } from '../observe/http.ts';
import type { EventSink } from '../relay/events.ts';
import { act, type Done, isVerb } from './actions.ts';
import { openActivity } from './activity.ts';
import { render } from './html.ts';
import { type Live, openLive } from './live.ts';
import { FRAGMENTS } from './overview-page.ts';
import { openPages } from './pages.ts';
import { recall } from './recall.ts';
import { type Answer, beginEvents, jsonAnswer } from './requests.ts';
import { sayFault } from './say-fault.ts';
import { minuteColumns, openSeries, type Series } from './series.ts';
import { openSessions } from './sessions.ts';
import { type DataAsk, openSite } from './site.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotsFrom } from './snapshots.ts';
import { loadWebFiles } from './web-files.ts';

export interface DashboardOptions {
  /** What relayctl may ask: the dashboard is one more front of the same. */
  readonly handlers: ControlHandlers;
  /** observe.token; null: it only shows. */
  readonly token: Secret | null;
  readonly hostname: () => string;
  /** Names that mail may be submitted under, by the configuration in force. */
  readonly clients: () => ReadonlySet<string>;
  readonly emit: EventSink;
  readonly nowMs: () => number;
  /** How often those who look on get news. */
  readonly liveEveryMs?: number;
}

export interface Dashboard {
  /** Has to hear every event. */
  readonly sink: EventSink;
  readonly site: Site;
}

/** While nobody looks, the length of the queue is noted for the plot this often. */
const sampleEveryMs = 60_000;

/** The relay for people: pages, news for those who look on, and a few actions. */
export function openDashboard(options: DashboardOptions): Dashboard {
  const { handlers, token, hostname, clients, emit, nowMs } = options;
  const ask = asker(handlers);
  const series = openSeries(nowMs);
  const activity = openActivity(nowMs, () => ({ clients: clients() }));
  const sources = { ask, activity, series, clients, mayAct: token !== null, nowMs };
  const snapshots = snapshotsFrom(sources);
  const { liveEveryMs: everyMs } = options;
  const live = openLive({
    frame: () => whenPossible(emit, () => frameOf(snapshots.latest, series)),
    ...(everyMs !== undefined && { everyMs }),
  });
  const sampling = setInterval(
    () => void whenPossible(emit, snapshots.latest),
    sampleEveryMs,
  ).unref();
  void whenPossible(emit, () => recall({ ask, series, activity, untilMs: nowMs() }));
  const pages = openPages({ ...sources, hostname, snapshot: snapshots.latest });
  const answer = openSite({
    pages,
    sessions: token === null ? null : openSessions(token, hostname(), nowMs),
    hostname,
    files: loadWebFiles(),
    data: new Map([
      ['/events', (asked: DataAsk) => events(live, asked)],
      ['/series', async () => jsonAnswer({ columns: minuteColumns, rows: series.minutes() })],
    ]),
    act: (verb, form) =>
      told(options, verb, () => perform(ask, verb, form)).finally(snapshots.forget),
    emit,
  });
  return {
    sink(event) {
      series.sink(event);
      activity.sink(event);
    },
    site: {
      answer,
      close() {
        clearInterval(sampling);
        live.close();
      },
    },
  };
}

/** Null: the relay cannot answer now. The mail goes on even when that is a fault of ours. */
async function whenPossible<T>(emit: EventSink, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    sayFault(emit, asControlError(error));
    return null;
  }
}

async function frameOf(snapshot: () => Promise<Snapshot>, series: Series): Promise<string> {
  const seen = await snapshot();
  const fragments = Object.fromEntries(
    Object.entries(FRAGMENTS).map(([name, fragment]) => [name, render(fragment(seen))]),
  );
  const data = JSON.stringify({ atMs: seen.nowMs, fragments, minute: series.latest() });
  return `event: snapshot\ndata: ${data}\n\n`;
}

async function events(live: Live, { response, allowed }: DataAsk): Promise<Answer | null> {
  beginEvents(response);
  // Too late for a status; the browser asks again after a while.
  if (!live.attach(response, allowed)) response.end('retry: 30000\n\n');
  return null;
}

async function perform(
  ask: ReturnType<typeof asker>,
  verb: string,
  form: URLSearchParams,
): Promise<Done> {
  if (!isVerb(verb)) throw new ControlError('not-found', `there is no action ${verb}`);
  return act(ask, verb, form);
}

/** What is done here is said as what relayctl does is. */
async function told(
  { emit, nowMs }: DashboardOptions,
  verb: string,
  does: () => Promise<Done>,
): Promise<Done> {
  const beganMs = nowMs();
  const say = (detail: string | null): void => {
    const called = { is: 'control.called', request: `dashboard ${verb}` } as const;
    const tookMs = nowMs() - beganMs;
    emit({ ...called, tookMs, failed: detail !== null, ...(detail !== null && { detail }) });
  };
  try {
    const done = await does();
    if (done.is !== 'unsure') say(null);
    return done;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
