import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../src/queue/database.ts';
import { openHistory } from '../src/queue/history.ts';
import { term, wantedTerms } from '../src/queue/log-terms.ts';
import { HISTORY_APPLICATION_ID, HISTORY_MIGRATIONS } from '../src/queue/migrations.ts';
import type { LogQuery } from '../src/relay/log-search.ts';

/**
 * How long a search takes in a history of so many settled messages, and how long the storage thread
 * is kept when it takes rows into the index:
 *
 *     node bench/history-rows.ts [ROWS] [DAYS]
 *
 * The rows and most of the index are made in SQL, because 10 million of them by the daemon's own way
 * take hours; the last 20,000 rows are indexed as the daemon does it.
 */
const rows = Number(process.argv[2] ?? 100_000);
const days = Number(process.argv[3] ?? 30);
const byDaemon = 20_000;
const dayMs = 86_400_000;
const endMs = Date.UTC(2026, 10, 21);
const directory = mkdtempSync(join(tmpdir(), 'history-rows-'));
const path = join(directory, 'history.db');

const open = () =>
  openDatabase({
    path,
    applicationId: HISTORY_APPLICATION_ID,
    migrations: HISTORY_MIGRATIONS,
    synchronous: 'NORMAL',
    mainTables: [],
    busyMs: 50,
  });
const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1);
const megabytes = (): string => (statSync(path).size / 1e6).toFixed(0);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const at = (n: string): string =>
  `CAST(${endMs} - (${rows} - ${n}) * ${(days * dayMs) / rows} AS INTEGER)`;
const app = "'app' || (n * 7919 % 40) || '.example'";
const recipient = "'user' || (n * 7919 % 300000) || '@host' || (n * 7919 % 5000) || '.example'";

function fill(): void {
  const db = open();
  db.pragma('synchronous = OFF');
  const insert = db.prepare(`
    WITH RECURSIVE numbers (n) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO history SELECT
      ${at('n')} * 4096 + n % 4096, 'app' || (n * 7919 % 40), 'erp@' || ${app},
      json_array(${recipient}), NULL, 0, NULL, NULL, 'erp@' || ${app},
      '<' || n || '.1795000000@' || ${app} || '>', NULL, NULL, NULL,
      ${at('n')}, ${at('n')} + 432000000, 4096, 0, 0, ${at('n')} + 900,
      printf('{"index":0,"outcome":"delivered","reason":"ok","text":"250 2.0.0 OK 1795000000 %dabcdef-1234567890sm123456abc.12 - gsmtp","atMs":%d}', n, ${at('n')} + 900) || char(10),
      printf('{"account":"account%d","authenticatedAs":"erp@app.example","startedAtMs":%d,"tookMs":812,"tls":"TLSv1.3 TLS_AES_256_GCM_SHA384","peer":"smtp.gmail.com[192.0.2.1]:587","results":[{"index":0,"outcome":"delivered","text":"250 2.0.0 OK 1795000000 %dabcdef-1234567890sm123456abc.12 - gsmtp","providerId":"%dabcdef"}]}', n * 7919 % 12, ${at('n')} + 80, n, n) || char(10),
      '', '' FROM numbers`);
  for (let n = 0; n < rows; n += 100_000) insert.run(n, Math.min(n + 100_000, rows) - 1);
  db.close();
}

function index(): void {
  const db = open();
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -400000');
  const known = new Map<string, number>();
  db.function('term_of', { deterministic: true }, (kind, value) => {
    const key = `${kind} ${value}`;
    const found = known.get(key) ?? term(kind as 'client', String(value));
    if (known.size < 500_000 && kind !== 'message-id' && kind !== 'provider-id')
      known.set(key, found);
    return BigInt(found);
  });
  const insert = db.prepare(`
    WITH rows AS MATERIALIZED (SELECT id, client, reverse_path AS s, recipients ->> 0 AS r,
        message_id_field AS m, attempts ->> '$.account' AS a, attempts ->> '$.results[0].providerId' AS p
      FROM history WHERE id >= :from AND id < :to)
    INSERT INTO terms SELECT :day, t, id FROM (
      SELECT term_of('client', client) AS t, id FROM rows
      UNION ALL SELECT term_of('account', a), id FROM rows
      UNION ALL SELECT term_of('sender', s), id FROM rows
      UNION ALL SELECT term_of('sender', substr(s, instr(s, '@'))), id FROM rows
      UNION ALL SELECT term_of('recipient', r), id FROM rows
      UNION ALL SELECT term_of('recipient', substr(r, instr(r, '@'))), id FROM rows
      UNION ALL SELECT term_of('message-id', substr(m, 2, length(m) - 2)), id FROM rows
      UNION ALL SELECT term_of('provider-id', p), id FROM rows) ORDER BY t, id`);
  const dayNumbers = dayMs * 4096;
  const last = Number(
    db
      .prepare(
        `SELECT id FROM history ORDER BY id DESC LIMIT 1 OFFSET ${Math.min(byDaemon, rows) - 1}`,
      )
      .pluck()
      .get(),
  );
  for (let day = Math.floor(endMs / dayMs) - days - 1; day * dayNumbers < last; day++) {
    const to = Math.min((day + 1) * dayNumbers, last);
    insert.run({ day, from: day * dayNumbers, to });
  }
  db.prepare('INSERT INTO unindexed SELECT id FROM history WHERE id >= ?').run(last);
  db.close();
}

function indexAsTheDaemonDoes(): void {
  const history = openHistory(open());
  const stretches: number[] = [];
  for (let left = history.index.unindexed(); left > 0; ) {
    const beganMs = performance.now();
    left = history.index.index(50);
    stretches.push(performance.now() - beganMs);
  }
  history.close();
  stretches.sort((a, b) => a - b);
  const part = (of: number): string =>
    (stretches[Math.floor((stretches.length - 1) * of)] ?? 0).toFixed(1);
  say(`stretches of 50 rows: p50 ${part(0.5)} p99 ${part(0.99)} longest ${part(1)} ms`);
}

/** On a database opened anew, so that nothing is in SQLite's own cache. */
function measure(name: string, query: LogQuery, limit = 50): void {
  const history = openHistory(open());
  const beganMs = performance.now();
  let found = 0;
  let longestMs = 0;
  for (let next: number | null = Number.MAX_SAFE_INTEGER; next !== null && found < limit; ) {
    const stretchMs = performance.now();
    const range = { before: next, from: 0, scan: 2_000 };
    const stretch = history.index.search({ terms: wantedTerms(query), ...range });
    longestMs = Math.max(longestMs, performance.now() - stretchMs);
    for (const id of stretch.ids.slice(0, limit - found)) {
      history.show(id);
      found += 1;
    }
    next = stretch.next;
  }
  const tookMs = performance.now() - beganMs;
  say(`${name}: ${found} in ${tookMs.toFixed(1)} ms, longest stretch ${longestMs.toFixed(1)} ms`);
  history.close();
}

try {
  let beganMs = performance.now();
  fill();
  say(`${rows} rows in ${seconds(beganMs)} s, ${megabytes()} MB`);
  beganMs = performance.now();
  index();
  say(`their index in ${seconds(beganMs)} s, ${megabytes()} MB`);
  indexAsTheDaemonDoes();
  const n = Math.floor(rows / 50);
  measure('newest', {});
  measure('Message-ID, old', { messageIdField: `<${n}.1795000000@app${(n * 7919) % 40}.example>` });
  measure('provider id, old', { providerId: `${n}abcdef` });
  measure('recipient', {
    recipient: `user${(n * 7919) % 300_000}@host${(n * 7919) % 5_000}.example`,
  });
  measure('recipient domain', { recipient: '@host77.example' });
  measure('sender', { sender: 'erp@app3.example' });
  measure('account', { account: 'account5' });
  measure('account and client', { account: 'account5', client: 'app5' });
  measure('account and client that never meet', { account: 'account5', client: 'app4' });
  measure('nobody', { recipient: 'nobody@nowhere.example' });
} finally {
  rmSync(directory, { recursive: true });
}
