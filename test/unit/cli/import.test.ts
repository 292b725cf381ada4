import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ImportedEnvelope } from '../../../src/control/import-wire.ts';
import { ControlError, type ControlHandlers } from '../../../src/control/wire.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import { writeSpooled } from '../../support/exim-spool.ts';
import { nowMs, relayctl } from './harness.ts';

const samples = join(import.meta.dirname, '../../import');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'relayd-import-'));
  const made = directory;
  onTestFinished(() => rmSync(made, { recursive: true }));
});

const mode = (path: string): number => statSync(path).mode & 0o777;

/** Every importer with a file of its own kind. */
const good: readonly (readonly [string, readonly string[], number])[] = [
  [
    'exim',
    [join(samples, 'two-accounts/etc/exim4/exim.conf'), '--root', join(samples, 'two-accounts')],
    5,
  ],
  [
    'exim',
    ['update-exim4.conf.conf', 'passwd.client'].map((name) => join(samples, 'debian', name)),
    1,
  ],
  ['postfix', [join(samples, 'postfix/etc/postfix'), '--root', join(samples, 'postfix')], 5],
  ['env', ['laravel', 'django', 'node'].map((name) => join(samples, 'apps', `${name}.env`)), 3],
  ['sql', [join(samples, 'apps/organisations.csv')], 2],
  ['sql', [join(samples, 'apps/organisations.json')], 2],
];

describe.each(good)('import %s %s', (program, args, accounts) => {
  test('writes relay.yaml and secrets that config check is content with', async () => {
    const ran = await relayctl(['import', program, ...args, '--to', directory]);
    expect(ran).toMatchObject({ exitCode: 0, err: '', sockets: [] });
    expect(ran.out).toContain('Carried over:\n');
    expect(ran.out).toContain('Not carried over:');
    expect(ran.out).toMatch(new RegExp(`^${accounts} account`, 'm'));
    expect(mode(join(directory, 'secrets'))).toBe(0o700);
    for (const name of readdirSync(join(directory, 'secrets'))) {
      const file = join(directory, 'secrets', name);
      expect(mode(file)).toBe(0o600);
      expect(ran.out).not.toContain(readFileSync(file, 'utf8').trim());
    }
    const checked = await relayctl(['config', 'check', join(directory, 'relay.yaml')]);
    expect(checked).toMatchObject({ exitCode: 0, err: '' });
    expect(checked.out).toMatch(/: no errors/);
  });

  test('prints all of it as JSON, without a secret, and writes nothing by itself', async () => {
    const ran = await relayctl(['--json', 'import', program, ...args]);
    const report = JSON.parse(ran.out);
    expect(report).toMatchObject({ directory: null, findings: expect.any(Array) });
    expect(report.accounts).toHaveLength(accounts);
    expect(report.findings[0]).toEqual({
      is: expect.any(String),
      file: expect.any(String),
      line: expect.any(Number),
      what: expect.any(String),
      why: expect.any(String),
    });
    expect(ran.out).not.toMatch(/abcd efgh|geheim|BExample/);
    expect(readdirSync(directory)).toEqual([]);
  });
});

test('msmtp: commands stay commands', async () => {
  const ran = await relayctl(['import', 'msmtp', join(samples, 'apps/msmtprc'), '--to', directory]);
  expect(ran.exitCode).toBe(0);
  expect(readFileSync(join(directory, 'relay.yaml'), 'utf8')).toContain(
    'password: {command: [cat, /etc/old-password]}',
  );
});

test('sql: a SQLite file; of several tables one has to be chosen', async () => {
  const file = join(directory, 'app.db');
  const database = new Database(file);
  database.exec(
    `CREATE TABLE smtp (host TEXT, port INTEGER, user TEXT, password TEXT, enabled INTEGER);
     INSERT INTO smtp VALUES ('smtp.gmail.com', 587, 'erp@velosi.example', 'abcd efgh ijkl mnop', 1), ('a.example', 25, NULL, NULL, 1)`,
  );
  expect((await relayctl(['--json', 'import', 'sql', file])).out).toContain('"gmail-velosi"');
  database.exec('CREATE TABLE other (x)');
  const several = await relayctl(['import', 'sql', file]);
  expect(several).toMatchObject({ exitCode: 65, out: '' });
  expect(several.err).toMatch(/several tables; choose one with --table: smtp, other/);
  expect((await relayctl(['import', 'sql', file, '--table', 'smtp'])).exitCode).toBe(0);
  expect((await relayctl(['import', 'sql', file, '--table', 'no'])).err).toMatch(
    /no table no: smtp/,
  );
  database.close();
});

describe('what is there already', () => {
  const line = () => ['import', 'env', join(samples, 'apps/node.env'), '--to', directory];

  test('is never replaced without --force', async () => {
    writeFileSync(join(directory, 'relay.yaml'), 'mine\n');
    const ran = await relayctl(line());
    expect(ran).toMatchObject({ exitCode: 73, out: '' });
    expect(ran.err).toMatch(/relay\.yaml is there already; --force replaces it/);
    expect(existsSync(join(directory, 'secrets'))).toBe(false);
    expect((await relayctl([...line(), '--force'])).exitCode).toBe(0);
    expect(readFileSync(join(directory, 'relay.yaml'), 'utf8')).toContain('provider: ses');
  });

  test('a secret that others could read is made private', async () => {
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/ses'), 'old\n');
    chmodSync(join(directory, 'secrets/ses'), 0o644);
    expect((await relayctl(line())).exitCode).toBe(73);
    expect((await relayctl([...line(), '--force'])).exitCode).toBe(0);
    expect(mode(join(directory, 'secrets'))).toBe(0o700);
    expect(mode(join(directory, 'secrets/ses'))).toBe(0o600);
  });

  test('a place that cannot be written to', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const ran = await relayctl(['import', 'env', join(samples, 'apps/node.env'), '--to', file]);
    expect(ran).toMatchObject({ exitCode: 73, out: '' });
  });
});

test.each([
  ['exim', 'exim.conf'],
  ['msmtp', 'msmtprc'],
  ['env', '.env'],
  ['sql', 'table.csv'],
])('%s: an empty file has nothing to import', async (program, name) => {
  const file = join(directory, name);
  writeFileSync(file, '');
  const ran = await relayctl(['import', program, file]);
  expect(ran).toMatchObject({ exitCode: 65, out: '' });
  expect(ran.err).toMatch(/^relayctl: /);
  const gone = await relayctl(['import', program, join(directory, 'gone')]);
  expect(gone).toMatchObject({ exitCode: 66, out: '' });
  expect(gone.err).toMatch(/cannot read .*gone: no such file/);
});

test('postfix: an empty main.cf, and none', async () => {
  expect((await relayctl(['import', 'postfix', directory])).exitCode).toBe(66);
  writeFileSync(join(directory, 'main.cf'), '');
  expect((await relayctl(['import', 'postfix', directory])).exitCode).toBe(65);
});

test.each([
  ['import exim'],
  ['import exim file --spool dir'],
  ['import msmtp'],
  ['import msmtp a b'],
  ['import env'],
  ['import sql'],
  ['import postfix a b'],
  ['import sendmail x'],
])('%s is not how it is used', async (line) => {
  expect(await relayctl(line)).toMatchObject({ exitCode: 64, sockets: [] });
});

test('--force is about --to', async () => {
  const line = ['import', 'env', join(samples, 'apps/node.env'), '--force'];
  expect((await relayctl(line)).exitCode).toBe(64);
});

describe('exim --spool', () => {
  const id = '1xUmlH-0007M7-37' as const;
  const ours = '1n8f3k2x0q4' as MessageId;
  const spooled = (some: Partial<Parameters<typeof writeSpooled>[1]> = {}) =>
    writeSpooled(directory, {
      id,
      sender: 'erp@velosi.example',
      recipients: ['a@b.example'],
      receivedAtMs: nowMs,
      ...some,
    });

  function daemon(taken: Partial<Awaited<ReturnType<ControlHandlers['import.message']>>> = {}) {
    const pieces: Buffer[] = [];
    const messages: ImportedEnvelope[] = [];
    const handlers: Partial<ControlHandlers> = {
      status: async () => ({}) as never,
      'import.piece': async ({ base64 }) => {
        pieces.push(Buffer.from(base64, 'base64'));
        return { bytes: Buffer.concat(pieces).length };
      },
      'import.message': async (ask) => {
        messages.push(ask);
        return { fresh: true, id: ours, accounts: ['gmail'], held: false, ...taken };
      },
    };
    return { handlers, messages, bytes: () => Buffer.concat(pieces).toString() };
  }

  test('hands each message to the daemon and puts its files aside', async () => {
    spooled({ recipients: ['a@b.example', 'c@d.example'], served: 'c@d.example' });
    const { handlers, messages, bytes } = daemon();
    const ran = await relayctl(['import', 'exim', '--spool', directory], { daemon: handlers });
    expect(ran).toMatchObject({ exitCode: 0, err: '' });
    expect(ran.out).toContain(`${id}: ${ours}: 1 recipient, waiting for gmail\n`);
    expect(messages).toEqual([
      {
        key: id,
        bytes: bytes().length,
        receivedAtMs: nowMs,
        frozen: false,
        client: null,
        reversePath: 'erp@velosi.example',
        recipients: [{ forwardPath: 'a@b.example', notify: null, orcpt: null }],
        ret: null,
        envid: null,
        smtpUtf8: false,
      },
    ]);
    expect(bytes()).toMatch(/^From: <erp@velosi\.example>\r\nSubject: .*\r\n\r\nhello\r\n$/s);
    expect(readdirSync(join(directory, 'input'))).toEqual([]);
    expect(readdirSync(join(directory, 'relayd-imported'))).toEqual([`${id}-D`, `${id}-H`]);
    const again = await relayctl(['import', 'exim', '--spool', directory], { daemon: handlers });
    expect(again).toMatchObject({ exitCode: 0, out: 'The spool is empty.\n' });
  });

  test('large messages go in pieces; --keep leaves the files', async () => {
    spooled({ body: `${'x'.repeat(70)}\n`.repeat(20_000), frozen: true });
    const { handlers, messages, bytes } = daemon({ held: true, fresh: false });
    const line = ['import', 'exim', '--spool', directory, '--keep', '--json'];
    const ran = await relayctl(line, { daemon: handlers });
    expect(JSON.parse(ran.out)).toMatchObject({
      moved: null,
      messages: [{ exim: id, is: 'there-already', id: ours, accounts: ['gmail'], held: true }],
    });
    expect(ran.asked.filter(([name]) => name === 'import.piece').length).toBeGreaterThan(2);
    expect(messages[0]).toMatchObject({ bytes: bytes().length, frozen: true });
    expect(readdirSync(join(directory, 'input'))).toHaveLength(2);
  });

  test('what the daemon refuses, and what cannot be read, stays in the spool', async () => {
    spooled();
    spooled({ id: '1xUmlI-0007M7-37' });
    writeFileSync(join(directory, 'input/1xUmlI-0007M7-37-H'), 'nonsense\n');
    spooled({ id: '1xUmlJ-0007M7-37', served: 'a@b.example' });
    const { handlers } = daemon();
    const refusing: Partial<ControlHandlers> = {
      ...handlers,
      'import.message': async () => {
        throw new ControlError('refused', 'no route for erp@velosi.example');
      },
    };
    const ran = await relayctl(['import', 'exim', '--spool', directory], { daemon: refusing });
    expect(ran.exitCode).toBe(65);
    expect(ran.out).toContain(`${id}: left in the spool: no route for erp@velosi.example`);
    expect(ran.out).toContain('1xUmlI-0007M7-37-H cannot be read: its first line is not its name');
    expect(ran.out).toContain('1xUmlJ-0007M7-37: left in the spool: all its recipients have it');
    expect(ran.out).toContain('0 messages taken over, 3 not.');
    expect(readdirSync(join(directory, 'input'))).toHaveLength(6);
  });

  test('not while Exim runs: both would send the same mail', async () => {
    spooled();
    const program = join(directory, 'exim4');
    copyFileSync('/bin/sleep', program);
    const exim = spawn(program, ['60']);
    await once(exim, 'spawn');
    onTestFinished(() => void exim.kill('SIGKILL'));
    writeFileSync(join(directory, 'exim-daemon.pid'), `${exim.pid}\n`);
    const line = ['import', 'exim', '--spool', directory];
    const ran = await relayctl(line, { daemon: daemon().handlers });
    expect(ran).toMatchObject({ exitCode: 75, asked: [] });
    expect(ran.err).toMatch(/Exim is running \(process \d+\)/);
    exim.kill('SIGKILL');
    await once(exim, 'exit');
    expect((await relayctl(line, { daemon: daemon().handlers })).exitCode).toBe(0);
  });

  test('the spool is not there; the daemon is not there', async () => {
    const gone = await relayctl(['import', 'exim', '--spool', join(directory, 'gone')], {
      daemon: {},
    });
    expect(gone).toMatchObject({ exitCode: 66 });
    spooled();
    expect((await relayctl(['import', 'exim', '--spool', directory])).exitCode).toBe(69);
    expect(readdirSync(join(directory, 'input'))).toHaveLength(2);
  });
});
