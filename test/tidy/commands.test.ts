import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { processIo } from '../../src/cli/io.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { root } from './sources.ts';

const program = buildProgram({ io: processIo(), exitCode: 0 });
const names = program.commands.map((command) => command.name()).join('|');

/** Command lines of relayctl in a document, without that word: of blocks, and of code in prose. */
function commandsIn(text: string): string[] {
  const block = /^```\w*\n.*?^```/gms;
  const lines = [...text.matchAll(block)].flatMap(([all]) =>
    [...all.matchAll(/^(?:# )?relayctl ([a-z-].*)$/gm)].map(([, line = '']) => line),
  );
  const begins = new RegExp(`^(?:relayctl (?=[a-z-])|(?=(?:${names}) (?:--)?[a-z]))`);
  const code = [...text.replace(block, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  return [...lines, ...code.filter((span) => begins.test(span))].map((line) =>
    line.replace(begins, ''),
  );
}

/** What of a command line relayctl does not know; null: nothing. */
function unknownIn(line: string): string | null {
  let command: Command = program;
  const words = line
    .replace(/ [#|>&].*$/s, '')
    .split(/[\s[\]]+/)
    .values();
  for (const word of words) {
    if (word.startsWith('--')) {
      const options = [...command.options, ...program.options];
      const option = options.find(({ long }) => long === word);
      if (option === undefined) return line;
      if (option.required) words.next();
    } else if (command.commands.length > 0) {
      const sub = command.commands.find((one) => one.name() === word);
      if (sub === undefined) return line;
      command = sub;
    }
  }
  return null;
}

// Decisions speak of the day they were taken.
test.each(globSync(['*.md', 'docs/*.md'], { cwd: root }))(
  '%s names only commands and options of relayctl that exist',
  (path) => {
    const commands = commandsIn(readFileSync(join(root, path), 'utf8'));
    expect(commands.flatMap((line) => unknownIn(line) ?? [])).toEqual([]);
  },
);

test('what does not exist is seen', () => {
  const text = 'Try `queue lst`, `queue list --acount x`.\n```sh\nrelayctl acount list\n```\n';
  expect(commandsIn(text).map(unknownIn)).toEqual([
    'acount list',
    'queue lst',
    'queue list --acount x',
  ]);
});

/** Every command with the values that it takes on its command line. */
function valuesOf(command: Command): string[] {
  const options = command.options.filter(({ required, optional }) => required || optional);
  const own = [
    ...options.map(({ long }) => `${command.name()} ${long}`),
    ...command.registeredArguments.map((argument) => `${command.name()} <${argument.name()}>`),
  ];
  return [...own, ...command.commands.flatMap(valuesOf)];
}

// /proc/PID/cmdline is open to everybody.
test('no command takes a secret as an argument', () => {
  const values = valuesOf(program);
  expect(values).toContain('drain --reason');
  expect(
    values.filter((value) =>
      /(?:pass|secret|token|\bkey\b)(?!.*-file)/i.test(value.split(' ')[1] ?? ''),
    ),
  ).toEqual([]);
});
