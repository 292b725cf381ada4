import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { processIo } from '../../../src/cli/io.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { topicText } from '../../../src/cli/topics.ts';
import { relayctl } from './harness.ts';

test.each([
  ['help', 'help topics are listed', 'relayctl help TOPIC'],
  ['help queue flush', 'the same as --help', 'Usage: relayctl queue flush'],
  ['help states', 'a topic', 'in-doubt'],
  ['help exim', 'a topic', 'exim -qff'],
  ['help exim', 'the programs that keep their names', 'sendmail, mailq, newaliases and exim'],
  ['help exim', 'sendmail of cron jobs', 'sendmail -t'],
  ['help filters', 'flush alone needs no choice', 'queue flush alone'],
])('%s: %s', async (line, _, text) => {
  const ran = await relayctl(line);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  expect(ran.out).toContain(text);
});

test('what stands for a command of Exim is a command with these options', () => {
  const program = buildProgram({ io: processIo(), exitCode: 0 });
  const lines = [...(topicText('exim') ?? '').matchAll(/relayctl (.+)$/gm)].flatMap(
    ([, line = '']) => line.split(/ \| |, relayctl |, or relayctl /),
  );
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines.filter((one) => !one.startsWith('wc '))) {
    let command: Command = program;
    for (const word of line.split(/,? /)) {
      const sub = command.commands.find((one) => one.name() === word);
      if (sub !== undefined) command = sub;
      if (!word.startsWith('--')) continue;
      expect(
        command.options.map(({ long }) => long),
        line,
      ).toContain(word);
    }
    expect(command.commands, line).toEqual([]);
  }
});

test('all that waits is counted, as exim -bpc does', () => {
  expect(topicText('exim')).toContain('relayctl queue list --ids --all | wc -l');
});

test('a mistake names the topics', async () => {
  const ran = await relayctl('help queu');
  expect(ran).toMatchObject({ exitCode: 64, out: '' });
  expect(ran.err).toContain('topics: states, filters, ids, secrets, exim');
});
