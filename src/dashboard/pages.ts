import type { StatusReport } from '../control/reports.ts';
import { ControlError, type ControlErrorCode } from '../control/wire.ts';
import { formatAge } from '../lib/duration.ts';
import { formatSize } from '../lib/size.ts';
import { faultMain } from './action-pages.ts';
import { type Html, html } from './html.ts';
import { type Frame, type PageName, page, type Visitor } from './layout.ts';
import { messageMain } from './message-page.ts';
import { overviewMain } from './overview-page.ts';
import { field, idIn, logQueries, queueAsk } from './queries.ts';
import { queueMain } from './queue-page.ts';
import { type Answer, htmlAnswer } from './requests.ts';
import { searchAll, searchMain } from './search-page.ts';
import type { Series } from './series.ts';
import type { Snapshot } from './snapshot.ts';
import type { SnapshotSources } from './snapshots.ts';

export interface PageSources extends SnapshotSources {
  readonly hostname: () => string;
  readonly series: Series;
  readonly snapshot: () => Promise<Snapshot>;
}

export interface Pages {
  overview(visitor: Visitor): Promise<Answer>;
  queue(visitor: Visitor, query: URLSearchParams): Promise<Answer>;
  message(visitor: Visitor, id: string): Promise<Answer>;
  search(visitor: Visitor, query: URLSearchParams): Promise<Answer>;
  /** Any other content in the frame of all pages. */
  framed(visitor: Visitor, content: Content): Promise<Answer>;
  fault(visitor: Visitor, error: ControlError): Answer;
}

interface Content {
  readonly name: PageName;
  readonly title: string;
  readonly main: Html;
  readonly status?: number;
}

const rowsShown = 50;

const HTTP_STATUS: Partial<Readonly<Record<ControlErrorCode, number>>> = {
  invalid: 400,
  'not-found': 404,
  refused: 409,
  storage: 503,
  stopping: 503,
};

/** The documents. Each rejects with ControlError when what it needs cannot be had. */
export function openPages(sources: PageSources): Pages {
  const { ask, mayAct } = sources;
  const answer = (visitor: Visitor, about: Html | null, content: Content): Answer => {
    const frame: Frame = { hostname: sources.hostname(), visitor, about };
    const { name, title, main, status = 200 } = content;
    return htmlAnswer(status, page(name, title, { frame, main }));
  };
  const status = (): Promise<StatusReport> => ask('status', {});
  const fault = (visitor: Visitor, error: ControlError): Answer => {
    const main = faultMain('That did not work', error.message);
    const code = HTTP_STATUS[error.code] ?? 500;
    return answer(visitor, null, { name: 'fault', title: 'Fault', main, status: code });
  };

  return {
    async overview(visitor) {
      const snapshot = await sources.snapshot();
      const main = overviewMain(snapshot, sources.series.minutes());
      return answer(visitor, about(snapshot.status), { name: 'overview', title: 'Overview', main });
    },

    async queue(visitor, query) {
      const asked = { ...queueAsk(query, sources.nowMs()), limit: rowsShown };
      const [report, rows] = await Promise.all([status(), ask('queue.list', asked)]);
      const clients = [...sources.clients()];
      const main = queueMain({ query, status: report, clients, page: rows, mayAct });
      return answer(visitor, about(report), { name: 'queue', title: 'Queue', main });
    },

    async message(visitor, text) {
      const id = idIn(text);
      if (id === null) throw new ControlError('not-found', `no message has the id ${text}`);
      const [report, found] = await Promise.all([status(), ask('queue.show', { id })]);
      const main = messageMain({ report: found, status: report, mayAct });
      return answer(visitor, about(report), { name: 'message', title: `Message ${id}`, main });
    },

    async search(visitor, query) {
      const report = await status();
      const queries = logQueries(query, report.nowMs);
      const before = idIn(field(query, 'before'));
      const found = queries.length === 0 ? null : await searchAll(ask, queries, before);
      const main = searchMain({ query, found, nowMs: report.nowMs });
      return answer(visitor, about(report), { name: 'search', title: 'History', main });
    },

    framed: async (visitor, content) => answer(visitor, about(await status()), content),
    fault,
  };
}

function about({ version, startedAtMs, nowMs, memoryBytes, store }: StatusReport): Html {
  return html`relayd ${version}, up ${formatAge(nowMs - startedAtMs)},
${formatSize(memoryBytes)} of memory, ${formatSize(store.bytesOnDisk)} on disk`;
}
