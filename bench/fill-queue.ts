import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { openQueue } from '../src/queue/open-queue.ts';

const dayMs = 86_400_000;

/**
 * Fills a new queue directory with so many messages of one recipient each: 20 accounts, 3 days,
 * some 5000 domains. Written past the engine, because nobody waits for a million commits.
 */
export function fillQueue(directory: string, messages: number, nowMs: number): void {
  openQueue({ directory, clock: () => nowMs, report: () => {} }).close();
  const db = new Sqlite(join(directory, 'queue.db'));
  db.pragma('synchronous = OFF');
  const given = { messages, firstMs: nowMs - 3 * dayMs, stepMs: (3 * dayMs) / messages, nowMs };
  db.transaction(() => {
    db.prepare(`INSERT INTO messages SELECT ${ID}, ${MESSAGE} FROM ${NUMBERS}`).run(given);
    db.prepare(`INSERT INTO bodies SELECT ${ID}, ${BODY} FROM ${NUMBERS}`).run(given);
    db.prepare(`INSERT INTO recipients SELECT ${ID}, ${RECIPIENT} FROM ${NUMBERS}`).run(given);
  })();
  db.close();
}

/** A configuration to go with it. Nothing is sent: all of it is due in an hour. */
export function configOfFill(): Readonly<Record<string, unknown>> {
  const account = { host: '127.0.0.1', port: 9, auth: 'none', tls: { mode: 'none' } };
  const client = { networks: ['127.0.0.0/8'], senders: ['*'] };
  const named = (name: string, count: number, value: unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, value]));
  return {
    clients: named('app', 1, client),
    accounts: named('account', 20, account),
    routes: [{ sender: '*', accounts: ['account0'] }],
  };
}

const NUMBERS = `(WITH RECURSIVE counted (n) AS
  (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < @messages) SELECT n FROM counted)`;
const ACCEPTED = 'CAST(@firstMs + n * @stepMs AS INTEGER)';
const ID = `${ACCEPTED} * 4096 + n % 4096`;
const FORWARD_PATH = `'user' || n || '@d' || (n * 7919 % 5000) || '.example'`;
const BODY = `CAST('From: app@our.example' || char(13, 10) || 'Subject: ' || n || char(13, 10, 13, 10)
  || 'hello' || char(13, 10) AS BLOB)`;

const MESSAGE = `'app' || (n % 5), 'bounce@our.example', json_array(${FORWARD_PATH}), NULL, 0, NULL, NULL,
  'app@our.example', '<' || n || '@our.example>', NULL, NULL, NULL, ${ACCEPTED},
  ${ACCEPTED} + ${5 * dayMs}, 500 + n % 20000, 0, 0, NULL`;

/** One of twenty is held, one of twenty in doubt; one of three has not been tried yet. */
const RECIPIENT = `0, ${FORWARD_PATH},
  CASE n / 20 % 20 WHEN 0 THEN 'held' WHEN 1 THEN 'in-doubt' ELSE 'waiting' END,
  'account' || (n % 20), n % 7,
  CASE n / 20 % 20 WHEN 0 THEN NULL ELSE @nowMs + 3600000 + n % 3600000 END,
  ${ACCEPTED} + ${5 * dayMs}, 0,
  CASE n % 3 WHEN 0 THEN NULL ELSE '450 4.2.1 try again later' END,
  CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN 'upstream' ELSE 'throttled' END, NULL, NULL`;
