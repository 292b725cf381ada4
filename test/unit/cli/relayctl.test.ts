import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openControl } from '../../../src/control/server.ts';
import type { ControlHandlers } from '../../../src/control/wire.ts';
import { packageRoot } from '../../../src/lib/version.ts';
import { row } from './harness.ts';

const entry = join(packageRoot, 'src/cli/relayctl.ts');

async function daemon(some: Partial<ControlHandlers>): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'relayctl-'));
  const socket = join(directory, 'control.sock');
  const handlers = some as ControlHandlers;
  const control = await openControl({ socket, handlers, emit: () => {} });
  onTestFinished(async () => {
    await control.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return socket;
}

/** The program as a process of its own, in a shell so that it can be piped. */
function shell(line: string): Promise<{ exitCode: number; out: string; err: string }> {
  const command = line.replace(/^relayctl/, `"${process.execPath}" "${entry}"`);
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', command], (error, out, err) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test('the program asks a daemon over its socket and ends', async () => {
  const socket = await daemon({
    'queue.count': async () => ({ recipients: 2, messages: 1, lanes: [] }),
    'queue.release': async () => ({ recipients: 2, messages: 1 }),
  });
  expect(await shell(`relayctl --socket ${socket} queue release --all`)).toEqual({
    exitCode: 0,
    out: 'Released: 2 recipients of 1 message.\n',
    err: '',
  });
});

test('a reader that has seen enough is no error', async () => {
  const rows = Array.from({ length: 1000 }, () => row());
  const socket = await daemon({
    'queue.list': async () => ({ rows, next: null }),
    'account.list': async () => ({ accounts: [] }),
  });
  const ran = await shell(`relayctl --socket ${socket} queue list --limit 1000 | head -n 1`);
  expect(ran).toMatchObject({ exitCode: 0, err: '' });
  expect(ran.out).toMatch(/^ID .*LAST REPLY OR REASON\n$/);
});

test('a bug in the daemon is exit code 70', async () => {
  const socket = await daemon({});
  const ran = await shell(`relayctl --socket ${socket} status`);
  expect(ran).toMatchObject({ exitCode: 70, out: '' });
  expect(ran.err).toMatch(/^relayctl: .*is not a function\n$/);
});
