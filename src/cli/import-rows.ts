import { readFile } from 'node:fs/promises';
import { reasonOf } from '../config/secrets.ts';
import { ImportError } from '../import/model.ts';
import { readCsv, readJson, type Table, textOf } from '../import/sql.ts';
import { EX_DATAERR, EX_NOINPUT } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';

const sqliteMagic = Buffer.from('SQLite format 3\0');

/** A table from CSV, JSON or a SQLite file, told apart by what they begin with. */
export async function readRows(path: string, table: string | null): Promise<Table> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Failure('no-input', EX_NOINPUT, `cannot read ${path}: ${reasonOf(error)}`);
  }
  if (bytes.subarray(0, sqliteMagic.length).equals(sqliteMagic)) return readSqlite(path, table);
  const text = bytes.toString('utf8');
  try {
    return /^\s*[[{]/.test(text) ? readJson(path, text) : readCsv(path, text);
  } catch (error) {
    if (error instanceof ImportError) throw new Failure('bad-input', EX_DATAERR, error.message);
    throw error;
  }
}

async function readSqlite(path: string, wanted: string | null): Promise<Table> {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    const names = database
      .prepare(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'",
      )
      .pluck()
      .all() as string[];
    const name = wanted ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined || !names.includes(name)) {
      const known = names.join(', ') || 'none';
      const why =
        wanted === null ? 'has several tables; choose one with --table' : `has no table ${wanted}`;
      throw new Failure('bad-input', EX_DATAERR, `${path} ${why}: ${known}`);
    }
    const statement = database.prepare(`SELECT * FROM "${name.replaceAll('"', '""')}"`);
    const columns = statement.columns().map((column) => column.name);
    const rows = statement.raw().all() as unknown[][];
    return {
      columns,
      rows: rows.map((values, index) => ({
        at: { file: path, line: index + 1 },
        values: values.map(textOf),
      })),
    };
  } finally {
    database.close();
  }
}
