import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJournal } from '../support/journal.ts';
import { KILL_POINTS } from './kill-points.ts';
import { startLoad } from './load.ts';
import { crashConfig, drainQueue, startSink, verdict } from './scene.ts';

const program = join(import.meta.dirname, 'daemon-with-kill-point.ts');

/** Mail that is deferred once is claimed later: both ways into an attempt are under fire. */
const deferSome = [{ at: 'rcpt', after: 5, times: 10, do: { reply: '450 4.2.1 busy' } }] as const;

test.each(KILL_POINTS)('kill -9 at %s loses nothing', { timeout: 180_000 }, async (point) => {
  const sink = await startSink();
  const directory = await mkdtemp(join(tmpdir(), 'relayd-crash-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const config = {
    ...crashConfig(sink.server.port),
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: 'off' },
    queue: { directory: join(directory, 'queue'), retry: ['1s'] },
  };
  const file = join(directory, 'relay.yaml');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  const acknowledged = new Set<string>();
  let tokens = 0;
  // A lane claims far less often than it accepts.
  for (const nth of point.endsWith('claim') ? ['1', '4'] : ['1', '7', '40']) {
    sink.server.script(deferSome);
    const child = spawn(process.execPath, [program, file, point, nth], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const journal = readJournal(child);
    // A kill point of the claim can be met while it starts: then there is no listener to load.
    const opened = journal
      .find(({ event }) => event === 'listener.opened', 15_000, 'listener.opened')
      .catch(() => null);
    const listen = (await opened)?.listen ?? '';
    const load = startLoad({
      port: Number(String(listen).split(':').at(-1)) || 1,
      sessions: 10,
      nextToken: () => `t${tokens++}`,
      acknowledged,
    });
    const { signal } = await journal.exited;
    await load.stop();
    expect(signal, journal.stderr()).toBe('SIGKILL');
  }
  sink.server.script([]);
  const { inDoubt } = await drainQueue(directory, config);
  const { lost, twice } = verdict(acknowledged, sink.arrivals);
  expect(lost).toEqual([]);
  expect(twice.length).toBeLessThanOrEqual(inDoubt);
});
