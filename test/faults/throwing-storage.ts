/**
 * Loaded into relayd before anything else: the storage thread throws, when mail has come. TEST_THROW is `timer:N`, 5 N ms after
 * the first message; `accept:NTH` or `commit:NTH`, in the middle of one; `exit:NTH`, gone without a word at a commit.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';

const [where = '', count = '0'] = (process.env.TEST_THROW ?? '').split(':');
let left = Number(count);

function fail(): never {
  throw new TypeError('thrown by the test');
}

const points: Readonly<Record<string, RegExp>> = {
  accept: /^INSERT INTO messages/,
  commit: /^COMMIT$/,
  exit: /^COMMIT$/,
};
const begins = /^INSERT INTO messages/;
let serving = false;

function pass(sql: string): void {
  if (!serving && begins.test(sql)) {
    serving = true;
    if (where === 'timer') setTimeout(fail, Number(count) * 5);
  }
  if (!serving || points[where]?.test(sql) !== true || --left !== 0) return;
  if (where === 'exit') process.exit(3);
  // Not only where it is called: what the engine catches is an answer, this is the thread's end.
  setImmediate(fail);
  fail();
}

interface Runs {
  run(...args: unknown[]): unknown;
}

if (!isMainThread && typeof workerData?.directory === 'string') {
  const { prepare } = Database.prototype;
  const watched = function (this: Database.Database, sql: string): Runs {
    const statement: Runs = prepare.call(this, sql);
    if (!begins.test(sql) && !/^COMMIT$/.test(sql)) return statement;
    const run = statement.run.bind(statement);
    statement.run = (...args) => {
      pass(sql);
      return run(...args);
    };
    return statement;
  };
  Object.assign(Database.prototype, { prepare: watched });
}
