import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { notes } from '../../../src/cli/command.ts';
import { processIo } from '../../../src/cli/io.ts';
import { manPage } from '../../../src/cli/man.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { packageVersion } from '../../../src/lib/version.ts';
import { relayctl } from './harness.ts';

const program = buildProgram({ io: processIo(), exitCode: 0 });
const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test('--version prints the version', async () => {
  expect(await relayctl('--version')).toMatchObject({ exitCode: 0, out: `${packageVersion()}\n` });
});

test.each([
  ['queu list', "unknown command 'queu'\n(Did you mean queue?)"],
  ['queue lst', "unknown command 'lst'\n(Did you mean list?)"],
  ['queue list --acount x', "unknown option '--acount'\n(Did you mean --account?)"],
  ['--jsn status', "unknown option '--jsn'\n(Did you mean --json?)"],
])('%s: the nearest word is suggested, exit code 64', async (line, text) => {
  const ran = await relayctl(line, { daemon: {} });
  expect(ran.exitCode).toBe(64);
  expect(ran.err).toContain(`relayctl: ${text}`);
  expect(ran.out).toBe('');
});

test.each(['', 'queue', 'account'])(
  'relayctl %s alone shows help and is a usage error',
  async (line) => {
    const ran = await relayctl(line);
    expect(ran.exitCode).toBe(64);
    expect(ran.err).toContain(`Usage: relayctl ${line}`.trimEnd());
  },
);

test('help is exit code 0, on standard output', async () => {
  for (const line of ['--help', 'help queue', 'queue --help', 'queue list -h']) {
    const ran = await relayctl(line);
    expect(ran).toMatchObject({ exitCode: 0, err: '' });
    expect(ran.out).toMatch(/^Usage: relayctl/);
  }
});

test('every command has examples and says what --json prints', () => {
  for (const leaf of leaves(program)) {
    expect(notes(leaf)?.examples.length, leaf.name()).toBeGreaterThan(0);
    expect(notes(leaf)?.json, leaf.name()).toBeDefined();
    expect(leaf.description(), leaf.name()).not.toBe('');
  }
});

test('examples are command lines that exist', async () => {
  const lines = leaves(program).flatMap((leaf) => notes(leaf)?.examples ?? []);
  for (const [line] of lines) {
    const words = line.split(/ [|<&] ?| --/)[0]?.split(' ') ?? [];
    const known = leaves(program).map((leaf) =>
      leaf.parent === program ? leaf.name() : `${leaf.parent?.name()} ${leaf.name()}`,
    );
    expect(
      known.some((name) => words.join(' ').startsWith(name)),
      line,
    ).toBe(true);
  }
});

test('defaults are shown as they would be written', () => {
  for (const leaf of leaves(program)) {
    for (const { defaultValue, defaultValueDescription, flags } of leaf.options) {
      const shown = defaultValueDescription ?? defaultValue;
      if (flags.includes('<duration>')) expect(typeof shown, flags).not.toBe('number');
    }
  }
});

test('the man page names every command and option, and is the same each time', () => {
  const page = manPage(program);
  for (const leaf of leaves(program)) {
    const path = leaf.parent === program ? leaf.name() : `${leaf.parent?.name()} ${leaf.name()}`;
    expect(page).toContain(`.SS ${path.replaceAll('-', '\\-')}`);
    for (const option of leaf.options) expect(page).toContain(option.flags.replaceAll('-', '\\-'));
  }
  expect(manPage(buildProgram({ io: processIo(), exitCode: 0 }))).toBe(page);
  expect(page.split('\n').filter((line) => /^'|^\.(?![A-Z]|\\"|br)/.test(line))).toEqual([]);
});
