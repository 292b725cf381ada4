import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import type { MessageId } from '../../../src/relay/message.ts';
import { owner, T0 } from '../../contract/fixtures.ts';
import { openInProcessStore } from '../../contract/in-process-store.ts';

const child = join(import.meta.dirname, 'store-child.ts');

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-crash-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Ledger {
  readonly accepted: Set<string>;
  readonly settling: Set<string>;
}

/** Reads the child's lines, kills it after so many of them, and reads the rest. */
async function runAndKill(process_: ChildProcess, lines: number, ledger: Ledger): Promise<void> {
  let seen = 0;
  const closed = once(process_, 'close');
  if (process_.stdout === null) throw new Error('no standard output');
  for await (const line of createInterface(process_.stdout)) {
    const id = line.slice(2);
    if (line.startsWith('+ ')) ledger.accepted.add(id);
    if (line.startsWith('- ')) ledger.settling.add(id);
    seen += 1;
    if (seen === lines) process_.kill('SIGKILL');
  }
  await closed;
  expect([process_.signalCode, process_.exitCode, seen >= lines]).toEqual(['SIGKILL', null, true]);
}

test('kill -9 at any instant: every accepted message is there, nothing is in two states', async () => {
  const directory = temporaryDirectory();
  const ledger: Ledger = { accepted: new Set(), settling: new Set() };
  for (const [round, lines] of [3, 40, 160, 400, 900].entries()) {
    const args = [child, directory, String(round * 1_000_000), '1000000', '8'];
    const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await runAndKill(running, lines, ledger);
    const store = openInProcessStore({ directory, clock: () => T0, report: () => {} });
    const missing: string[] = [];
    for (const id of ledger.accepted) {
      const { queued } = await store.show(id as MessageId);
      if (queued === null && !ledger.settling.has(id)) missing.push(id);
      if (queued !== null)
        expect(await store.body(id as MessageId)).toMatchObject({ in: 'memory' });
    }
    expect(missing).toEqual([]);
    const query = { nowMs: T0, dotted: new Set<MessageId>(), inDoubtDueAtMs: T0 };
    await store.recover({ owner: owner(`after-${round}`), ...query, inDoubtHold: false });
    expect((await store.counts()).map(({ state }) => state)).toEqual(['waiting']);
    await store.close();
  }
  expect(ledger.accepted.size).toBeGreaterThan(500);
});

test('no accept is acknowledged before its commit is synced', async (context) => {
  if (spawnSync('strace', ['-V']).status !== 0) context.skip('needs strace');
  const directory = temporaryDirectory();
  const trace = join(directory, 'trace');
  const args = ['-f', '-y', '-e', 'trace=fsync,fdatasync,write,pwrite64', '-o', trace];
  const node = [process.execPath, child, join(directory, 'queue'), '0', '20', '1'];
  spawnSync('strace', [...args, ...node], { stdio: 'ignore' });
  const said = wholeCalls(readFileSync(trace, 'utf8')).filter(isStep);
  const acknowledged = said.flatMap((line, at) => (SAYS.test(line) ? [at] : []));
  expect(acknowledged.length).toBe(20);
  const synced = acknowledged.map((at) => said.slice(0, at).findLast((line) => WAL.test(line)));
  expect(synced.filter((line) => line === undefined || !SYNC.test(line))).toEqual([]);
});

const WAL = /queue\.db-wal>/;
const SYNC = /f(?:data)?sync\(\d+<[^>]*queue\.db-wal>/;
const SAYS = / write\(1<[^>]*>, "\+ /;
const isStep = (line: string) => WAL.test(line) || SAYS.test(line);

/** Calls that strace shows in two lines, because threads overlap, count where they end. */
function wholeCalls(trace: string): string[] {
  const open = new Map<string, string>();
  return trace.split('\n').flatMap((line) => {
    const thread = line.split(' ', 1)[0] ?? '';
    if (line.endsWith('<unfinished ...>')) {
      open.set(thread, line);
      return [];
    }
    if (!line.includes(' resumed>')) return [line];
    const begun = open.get(thread) ?? '';
    open.delete(thread);
    return [begun];
  });
}
