import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { processIo } from '../../../src/cli/io.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { relayctl } from './harness.ts';

/** A full command line of every command that asks the daemon. */
const ASKING = [
  'status',
  'suppression list',
  'suppression add a@dest.example',
  'suppression remove a@dest.example',
  'suppression import test/unit/cli/samples/suppressed.csv',
  'feedback unknown',
  'alert list',
  'alert test',
  'queue list',
  'queue list --ids',
  'queue list --all',
  'queue show 1n8f3k2x0q4',
  'queue show 1n8f3k2x0q4 --headers',
  'queue show 1n8f3k2x0q4 --body',
  'queue show 1n8f3k2x0q4 --raw',
  'queue show 1n8f3k2x0q4 --log',
  'queue stats',
  'queue flush',
  'queue flush --plan',
  'queue flush --dry-run',
  'queue hold --all',
  'queue release --all',
  'queue remove --all --yes',
  'queue bounce --all',
  'queue reroute --all',
  'hold add --sender @app.test',
  'hold list',
  'hold remove 1',
  'pause',
  'resume',
  'drain',
  'undrain',
  'selftest',
  'top --once',
  'trace',
  'log search',
  'evidence 1n8f3k2x0q4',
  'account list',
  'account show main',
  'account hold main',
  'account resume main',
  'account test main',
  'account login main',
  'route test --from a@app.test --to b@dest.test --running',
  'send-test --from a@app.test --to b@dest.test',
  'stats',
  'loglevel',
  'loglevel debug',
];

/** These work on files, DNS or other machines; what they may ask of the daemon they can do without. */
const ALONE = new Set([
  'backup',
  'restore',
  'verify',
  'upstream probe',
  'domain check',
  'provider list',
  'provider show',
  'reply explain',
  'config check',
  'config show',
  'config diff',
  'init',
  'client password',
  'import exim',
  'import postfix',
  'import msmtp',
  'import env',
  'import sql',
  'completion',
  'complete',
  'help',
]);

const program = buildProgram({ io: processIo(), exitCode: 0 });

function leaves(command: Command): string[] {
  if (command.commands.length > 0) return command.commands.flatMap(leaves);
  return [
    command.parent === program ? command.name() : `${command.parent?.name()} ${command.name()}`,
  ];
}

const socket = '/run/relayd/control.sock';

test.each(ASKING)(
  'relayctl %s without a daemon: one line that says so, exit code 69',
  async (line) => {
    const ran = await relayctl(`--socket ${socket} ${line}`, { daemon: null });
    expect(ran).toMatchObject({ exitCode: 69, out: '' });
    expect(ran.err).toBe(`relayctl: relayd is not running: there is no socket ${socket}\n`);
  },
);

// These print the message itself, which is no JSON.
const inJson = ASKING.filter((line) => !/--(headers|body|raw)$/.test(line));

test.each(inJson)('relayctl %s --json without a daemon: the same as JSON', async (line) => {
  const ran = await relayctl(`--json --socket ${socket} ${line}`, { daemon: null });
  expect(ran).toMatchObject({ exitCode: 69, out: '' });
  expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'not-running', exitCode: 69 } });
});

test('every command is tried without a daemon, or needs none', () => {
  const untried = leaves(program).filter(
    (name) => !ALONE.has(name) && !ASKING.some((line) => `${line} `.startsWith(`${name} `)),
  );
  expect(untried).toEqual([]);
});
