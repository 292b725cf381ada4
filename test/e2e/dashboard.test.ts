import { expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { daemon, mainLogin, simpleConfig, submit, temporaryDirectory, upstream } from './scene.ts';

const mail = { from: 'sender@relay.test', to: 'kim@dest.test', subject: 'x', text: 'x' };

const read = async ({ observePort }: Daemon, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${observePort}${path}`)).text();

/** Asks until it is there: it comes beside what is waited for. */
async function until(look: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!(await look())) {
    if (performance.now() > endMs) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function accepted(relay: Daemon): Promise<number> {
  const { rows } = JSON.parse(await read(relay, '/series')) as { rows: number[][] };
  return rows.reduce((all, [, count = 0]) => all + count, 0);
}

test('the dashboard shows what went through, finds it, and remembers it after a restart', async () => {
  const server = await upstream({ accounts: mainLogin });
  const directory = await temporaryDirectory();
  const config = await simpleConfig(server);
  const first = await daemon({ directory, config });
  await submit(first.ports[0] ?? 0, mail);
  await first.event('recipient.settled');
  await until(async () => (await read(first, '/')).includes('All is well.'));
  const overview = await read(first, '/');
  expect(overview).toContain('<bdi class="mail">main</bdi>');
  expect(await read(first, '/search?q=kim%40dest.test')).toContain('state ok">delivered');
  expect(await accepted(first)).toBe(1);
  await first.kill();

  const second = await daemon({ directory, config });
  await until(async () => (await read(second, '/')).includes('250 2.0.0'));
  expect(await read(second, '/queue')).toContain('Nothing waits.');
});

test('without it metrics and health are all there is', async () => {
  const server = await upstream({ accounts: mainLogin });
  const port = await freePort();
  const observe = { listen: `127.0.0.1:${port}`, dashboard: false };
  const relay = await daemon({ config: await simpleConfig(server, { observe }) });
  const page = await fetch(`http://127.0.0.1:${port}/`);
  expect([page.status, await page.text()]).toEqual([404, 'there is: /metrics /healthz /readyz\n']);
  expect(relay.events.filter(({ event }) => event === 'config.warning')).toEqual([]);
});
