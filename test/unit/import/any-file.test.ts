import fc from 'fast-check';
import { expect, test } from 'vitest';
import { importEnv } from '../../../src/import/env.ts';
import { importExim } from '../../../src/import/exim/import.ts';
import { ImportError, type Imported } from '../../../src/import/model.ts';
import { importMsmtp } from '../../../src/import/msmtp.ts';
import { importPostfix } from '../../../src/import/postfix/import.ts';
import { importRows, readCsv } from '../../../src/import/sql.ts';
import { below, checked, sample } from './files.ts';

/** Files with lines left out, doubled, moved and cut, as people leave them behind. */
function damaged(text: string): fc.Arbitrary<string> {
  const lines = text.split('\n');
  const change = fc.record({
    line: fc.nat(lines.length - 1),
    what: fc.constantFrom('drop', 'double', 'cut', 'junk', 'join'),
    at: fc.nat(60),
    junk: fc.constantFrom(
      '{',
      '}',
      '${if',
      '\\',
      '"',
      '^',
      ':',
      '$',
      '*@',
      '\0',
      '[',
      'fail',
      '+x',
    ),
  });
  return fc.array(change, { maxLength: 5 }).map((changes) => {
    const left = [...lines];
    for (const { line, what, at, junk } of changes) {
      const old = left[line] ?? '';
      if (what === 'drop') left[line] = '';
      if (what === 'double') left[line] = `${old}\n${old}`;
      if (what === 'cut') left[line] = old.slice(0, at);
      if (what === 'junk') left[line] = old.slice(0, at) + junk + old.slice(at);
      if (what === 'join') left[line] = `${old}\\`;
    }
    return left.join('\n');
  });
}

/** What a damaged command does is not ours to say. */
const withoutCommands = (text: string): string =>
  text.replace(/^passwordeval.*$/gm, 'password geheim');

type Importer = (text: string) => Imported;

const exim = 'two-accounts/etc/exim4/exim.conf';
const importers: readonly (readonly [string, string, Importer])[] = [
  ['exim.conf', exim, (text) => importExim([{ path: exim, text }], below('two-accounts'))],
  [
    'a map of Exim',
    'cpanel/exim_relays',
    (text) =>
      importExim(
        [
          ...['routers', 'transports', 'auth'].map((name) => sample(`cpanel/${name}.txt`)),
          { path: '/etc/exim_relays', text },
        ],
        () => null,
      ),
  ],
  [
    'update-exim4.conf.conf',
    'debian/update-exim4.conf.conf',
    (text) =>
      importExim(
        [{ path: 'update-exim4.conf.conf', text }, sample('debian/passwd.client')],
        () => null,
      ),
  ],
  [
    'main.cf',
    'postfix/etc/postfix/main.cf',
    (text) =>
      importPostfix(
        { path: 'main.cf', text },
        sample('postfix/etc/postfix/master.cf'),
        below('postfix'),
      ),
  ],
  ['msmtprc', 'apps/msmtprc', (text) => importMsmtp({ path: 'msmtprc', text }, () => null)],
  ['.env', 'apps/laravel.env', (text) => importEnv([{ path: '.env', text }])],
  ['a table', 'apps/organisations.csv', (text) => importRows(readCsv('t.csv', text))],
];

test.each(importers)(
  '%s: the result is sound, or the error says why there is none',
  async (_, path, work) => {
    await fc.assert(
      fc.asyncProperty(damaged(withoutCommands(sample(path).text)), async (text) => {
        try {
          await checked(work(text));
        } catch (error) {
          expect(String(error)).toMatch(/^ImportError: /);
          expect(error).toBeInstanceOf(ImportError);
        }
      }),
      { numRuns: 25 },
    );
  },
  60_000,
);
