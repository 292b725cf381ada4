import { ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSettings } from '../../src/config/describe.ts';
import { loadSettings } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import type { Target } from './target.ts';

const example = readFileSync(join(import.meta.dirname, '../../relay.example.yaml'), 'utf8');
const env = { SHOP_PASSWORD: 'p', OFFICE_PASSWORD: 'p', GMAIL_APP_PASSWORD: 'p' };
const secret = 'hunter2-secret';

/** Whatever a file holds, it is loaded or refused with a place in it, and no password is shown. */
export const configTarget: Target = {
  words: [
    'accounts:\n',
    'clients:\n',
    'routes:\n',
    'listeners:\n',
    '  main:\n',
    '    host: smtp.example\n',
    `    password: ${secret}\n`,
    '    provider: gmail\n',
    '    limits: {rate: 10/m}\n',
    '  - sender: "*"\n',
    '    accounts: [main]\n',
    '  - listen: 127.0.0.1:2525\n',
    '- ',
    ': ',
    '&a ',
    '*a',
    '<<: *a\n',
    '!!binary ',
    '? ',
    '|\n',
    '>-\n',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '#',
    '%YAML 1.1\n',
    '---\n',
    '...\n',
    '\t',
    '__proto__: ',
    'constructor: ',
    '1e999',
    '0x7fffffffffffffff',
    'off',
    '99999999999999999999d',
    '\n',
  ],
  piecesMax: 12,
  seeds: [example.split(/(?<=\n)/), example.split(/(?<=\n)/).filter((line) => !/^ *#/.test(line))],
  async open() {
    const directory = mkdtempSync(join(tmpdir(), 'relayd-fuzz-'));
    const file = join(directory, 'relay.yaml');
    return {
      async run(pieces) {
        const text = pieces.join('');
        // What a file asks to be run is run: that is not for dice to choose.
        if (/command/.test(text)) return;
        writeFileSync(file, Buffer.from(text, 'latin1'), { mode: 0o600 });
        const result = await loadSettings(file, env);
        const problems = result.ok ? result.warnings : result.problems;
        ok(result.ok || problems.length > 0, 'refused without a reason');
        const shown = problems.map(formatProblem);
        if (result.ok) shown.push(JSON.stringify(describeSettings(result.settings)));
        for (const { line } of result.ok ? [] : problems) ok(line > 0, 'no place');
        const given = new RegExp(`^    password: ${secret}$`, 'm').test(text);
        const told = shown.some((one) => one.includes(secret));
        ok(!(given && result.ok && told), 'the password is shown');
      },
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
};
