import { expect, test } from 'vitest';
import { account, relayctl, row } from './harness.ts';

const daemon = {
  'account.list': async () => ({ accounts: [account(), account({ name: 'ses-paris' })] }),
  'queue.list': async () => ({ rows: [row()], next: null }),
  'config.show': async () => ({
    file: 'relay.yaml',
    settings: { clients: { erp: {}, cron: {} } },
    origins: {},
  }),
};

async function completed(...words: readonly string[]): Promise<string[]> {
  const ran = await relayctl(['complete', '--', ...words], { daemon });
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  return ran.out.split('\n').slice(0, -1);
}

test('commands, and the commands of a group', async () => {
  expect(await completed('')).toContain('queue');
  expect(await completed('')).not.toContain('complete');
  expect(await completed('queue', 'l')).toEqual(['list']);
  expect(await completed('init', '--framework', 'd')).toEqual(['django']);
  expect(await completed('--json', 'account', 'res')).toEqual(['resume']);
});

test('options of the command, and those that may stand anywhere', async () => {
  expect(await completed('queue', 'flush', '--')).toEqual(
    expect.arrayContaining(['--account', '--include-held', '--json', '--socket']),
  );
  expect(await completed('status', '--inc')).toEqual([]);
});

test.each([
  [
    ['account', 'show', ''],
    ['gmail-velosi', 'ses-paris'],
  ],
  [['queue', 'list', '--account', 'ses'], ['ses-paris']],
  [['upstream', 'probe', 'x.example', '--account', 'g'], ['gmail-velosi']],
  [
    ['queue', 'list', '--client', ''],
    ['cron', 'erp'],
  ],
  [['queue', 'show', '1n'], ['1n8f3k2x0q4']],
  [['queue', 'flush', '1n8f3k2x0q4', '1'], ['1n8f3k2x0q4']],
  [['queue', 'list', '--state', 'in'], ['in-doubt']],
  [['provider', 'show', 'gmail-'], ['gmail-relay']],
  [
    ['reply', 'explain', '--provider', 'se'],
    ['sendgrid', 'ses'],
  ],
  [['completion', 'z'], ['zsh']],
  [['help', 'sta'], ['states']],
  [['queue', 'list', '--sort', 's'], ['size']],
  [['queue', 'list', '--reason', 'quo'], ['quota']],
  [['queue', 'stats', '--by', 'rec'], ['recipient-domain']],
  [['queue', 'reroute', '--to', 'ses'], ['ses-paris']],
])('what can follow %j', async (words, found) => {
  expect(await completed(...words)).toEqual(found);
});

test.each([
  ['more than a command takes', ['account', 'show', 'gmail-velosi', '']],
  ['a value that only the user knows', ['queue', 'list', '--sender', '']],
  ['a sentence', ['queue', 'hold', '--reason', '']],
  ['no such command', ['queeu', 'l', '']],
])('nothing follows: %s', async (_, words) => {
  expect(await completed(...words)).toEqual([]);
});

test('a daemon that is down is silence, not an error', async () => {
  const ran = await relayctl(['complete', '--', 'account', 'show', ''], { daemon: null });
  expect(ran).toMatchObject({ exitCode: 0, out: '', err: '' });
});

test.each(['bash', 'zsh', 'fish'])('the script of %s asks relayctl', async (shell) => {
  const ran = await relayctl(`completion ${shell}`);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  expect(ran.out).toContain('complete -- ');
});

test('another shell is refused, and which there are', async () => {
  const ran = await relayctl('completion tcsh');
  expect(ran.exitCode).toBe(64);
  expect(ran.err).toContain('bash, zsh, fish');
});
