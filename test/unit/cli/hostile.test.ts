import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UNPRINTABLE } from '../../../src/lib/printable.ts';
import { HOSTILE, hostileText } from '../../support/hostile.ts';
import { messageId, relayctl } from './harness.ts';
import { daemonSaying } from './hostile-reports.ts';

/** Every command that prints what mail, upstreams or their certificates say. */
const COMMANDS = [
  'status',
  'account list',
  'account show gmail',
  'queue list',
  `queue show ${messageId}`,
  `queue show ${messageId} --log`,
  'queue stats --by account',
  'queue remove --all --yes --dry-run',
  'queue reroute --all --yes',
  'log search',
  `evidence ${messageId}`,
  `evidence ${messageId} --redact`,
  'hold list',
  'resume',
  'top --once',
  'stats --by sender',
  'route test --running --from a@b.example --to c@d.example',
] as const;

const lines = (text: string): number => text.split('\n').length;
const steering = (text: string): string => text.replace(/[\n\t]/g, '');

/** What a command prints about harmless mail; its lines are what it prints about any. */
async function printed(line: string, text: string, columns: number) {
  const ran = await relayctl(line, { daemon: daemonSaying(text), columns, terminal: true });
  return { ...ran, all: ran.out + ran.err };
}

test.each(COMMANDS)(
  'relayctl %s: hostile text neither steers the terminal nor adds a line',
  async (line) => {
    for (const columns of [80, Number.POSITIVE_INFINITY]) {
      const plain = await printed(line, 'plain', columns);
      expect(plain.exitCode).toBe(0);
      expect(plain.all).toContain('plain');
      for (const [, text] of HOSTILE) {
        const { exitCode, all } = await printed(line, text, columns);
        expect(exitCode).toBe(0);
        expect(steering(all)).not.toMatch(UNPRINTABLE);
        expect(lines(all)).toBe(lines(plain.all));
      }
    }
  },
);

test.each(COMMANDS)('relayctl --json %s: one line of JSON that is safe to print', async (line) => {
  for (const [, text] of HOSTILE) {
    const { out } = await printed(`--json ${line}`, text, 80);
    for (const one of out.trimEnd().split('\n')) {
      expect(JSON.parse(one)).toBeTypeOf('object');
      expect(one).not.toMatch(UNPRINTABLE);
    }
  }
});

test('relayctl trace: each line of a reply is a line that says whose it is', async () => {
  for (const [, text] of HOSTILE) {
    const { out, err } = await printed('trace', text, 80);
    for (const one of out.trimEnd().split('\n')) {
      expect(one).toMatch(/^\d\d:\d\d:\d\d\.\d{3} .*#1 [<>*]/s);
      expect(steering(one)).not.toMatch(UNPRINTABLE);
    }
    expect(lines(err)).toBe(2);
    const { out: json } = await printed('--json trace', text, 80);
    expect(json.trimEnd().split('\n')).toHaveLength(3);
    expect(steering(json)).not.toMatch(UNPRINTABLE);
  }
});

test('any mixture of them prints as harmlessly', async () => {
  const some = fc.constantFrom(...COMMANDS);
  await fc.assert(
    fc.asyncProperty(hostileText(), some, async (text, line) => {
      const [plain, hostile] = [await printed(line, 'plain', 100), await printed(line, text, 100)];
      expect(steering(hostile.all)).not.toMatch(UNPRINTABLE);
      // An empty text may save a line; none makes one.
      expect(lines(hostile.all)).toBeLessThanOrEqual(lines(plain.all));
    }),
    { numRuns: 50 },
  );
});
