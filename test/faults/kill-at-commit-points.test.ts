import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readJournal } from '../support/journal.ts';
import { counts } from './counts.ts';
import { KILL_POINTS } from './kill-points.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene } from './scene.ts';

const program = join(import.meta.dirname, 'daemon-with-kill-point.ts');

/**
 * Mail that is deferred once is claimed later: both ways into an attempt are under fire. Where the claim is what is waited
 * for, more is deferred, since fresh mail hardly ever is claimed.
 */
const deferring = (point: string) =>
  [
    {
      at: 'rcpt',
      after: 5,
      times: point.endsWith('claim') ? 500 : 10,
      do: { reply: '450 4.2.1 busy' },
    },
  ] as const;

test.each(KILL_POINTS)('promises 1 and 2: kill -9 at %s', async (point) => {
  const scene = await makeScene();
  const { directory, upstream, ledger } = scene;
  const config = {
    ...scene.config,
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: 'off' },
    queue: { directory: join(directory, 'queue'), retry: ['1s'] },
  };
  const file = join(directory, 'kill.yaml');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  // A lane claims far less often than it accepts.
  const times = point.endsWith('claim') ? ['1', '4'] : ['1', '7', '40'];
  for (const nth of times.slice(0, counts.rounds)) {
    upstream.script(deferring(point));
    const child = spawn(process.execPath, [program, file, point, nth], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const journal = readJournal(child);
    // A kill point of the claim can be met while it starts: then there is no listener to load.
    const opened = journal
      .find(({ event }) => event === 'listener.opened', 30_000, 'listener.opened')
      .catch(() => null);
    const listen = (await opened)?.listen ?? '';
    const port = Number(String(listen).split(':').at(-1)) || 1;
    const load = startLoad({ port, sessions: 10, ledger });
    const { signal } = await journal.exited;
    await load.stop();
    expect(signal, journal.stderr()).toBe('SIGKILL');
  }
  upstream.script([]);
  const relay = await scene.start();
  await drain(relay, scene);
  expectNothingLost(scene, `kill -9 at ${point}`);
});
