import { ImportError, type Imported, noteBook, type Place } from './model.ts';
import { type Fields, type Row, routesOfRows } from './rows.ts';

interface Variable {
  readonly value: string;
  readonly at: Place;
}

/** Prefixes in the order in which they are looked for; the first that names a host wins. */
const PREFIXES = ['SMTP_', 'EMAIL_', 'MAIL_', 'MAILER_', 'SMTP_SERVER_', 'NODEMAILER_'];

/** What apps call the same thing. */
const NAMES: Readonly<Record<keyof Fields, readonly string[]>> = {
  host: ['HOST', 'SERVER', 'HOSTNAME', 'ADDRESS'],
  port: ['PORT'],
  username: ['USER', 'USERNAME', 'LOGIN', 'HOST_USER', 'USER_NAME', 'AUTH_USER'],
  password: ['PASSWORD', 'PASS', 'HOST_PASSWORD', 'AUTH_PASS', 'AUTH_PASSWORD'],
  enabled: ['ENABLED'],
  tls: [
    'SECURE',
    'ENCRYPTION',
    'TLS',
    'USE_TLS',
    'SCHEME',
    'ENABLE_STARTTLS_AUTO',
    'STARTTLS',
    'SECURITY',
  ],
  ssl: ['USE_SSL', 'SSL'],
  sender: ['FROM', 'FROM_ADDRESS', 'FROM_EMAIL', 'SENDER', 'DEFAULT_FROM'],
  name: [],
};

/** Reads environment files, one app each. Throws ImportError. */
export function importEnv(
  files: readonly { readonly path: string; readonly text: string }[],
): Imported {
  const { note, findings } = noteBook();
  const rows = files.flatMap((file): Row[] => {
    const row = rowOf(readVariables(file));
    if (row === null) {
      note(
        'left-out',
        { file: file.path, line: 1 },
        file.path,
        'it names no SMTP_HOST, EMAIL_HOST or MAIL_HOST',
      );
      return [];
    }
    note(
      'changed',
      row.at,
      'in the app: its mail server',
      'set host 127.0.0.1, port 587, no TLS, and remove user and password',
    );
    return [row];
  });
  if (rows.length === 0) {
    throw new ImportError(
      'no file names a mail server: looked for SMTP_HOST, EMAIL_HOST, MAIL_HOST',
    );
  }
  // The only app may send as anybody; of several each keeps to its own sender.
  return routesOfRows(rows, { note, findings, everybody: rows.length === 1 });
}

/** `NAME=value`, `export NAME="value"`; the last of several counts. */
function readVariables(file: {
  readonly path: string;
  readonly text: string;
}): Map<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const [index, raw] of file.text.split(/\r?\n/).entries()) {
    const [, name, text = ''] =
      /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]\s*(.*?)\s*$/.exec(raw) ?? [];
    if (name === undefined) continue;
    variables.set(name.toUpperCase(), {
      value: unquoted(text),
      at: { file: file.path, line: index + 1 },
    });
  }
  return variables;
}

function unquoted(text: string): string {
  const [, double] = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(text) ?? [];
  if (double !== undefined) return double.replace(/\\(["\\$])/g, '$1');
  const [, single] = /^'([^']*)'\s*(?:#.*)?$/.exec(text) ?? [];
  return single ?? text.replace(/\s+#.*$/, '');
}

function rowOf(variables: ReadonlyMap<string, Variable>): Row | null {
  const prefix = PREFIXES.find((start) =>
    NAMES.host.some((name) => variables.get(start + name)?.value),
  );
  if (prefix === undefined) return null;
  const get = (field: keyof Fields): Variable | undefined =>
    NAMES[field].map((name) => variables.get(prefix + name)).find((found) => found !== undefined);
  const from =
    get('sender') ??
    variables.get('DEFAULT_FROM_EMAIL') ??
    variables.get('MAIL_FROM_ADDRESS') ??
    variables.get('EMAIL_FROM');
  const fields = Object.fromEntries(
    (Object.keys(NAMES) as (keyof Fields)[]).map((field) => [field, get(field)?.value ?? '']),
  );
  const at = get('host')?.at ?? { file: '', line: 1 };
  return { fields: { ...(fields as unknown as Fields), sender: from?.value ?? '' }, at };
}
