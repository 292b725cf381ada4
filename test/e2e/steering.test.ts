import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { FlushPlan, TopReport } from '../../src/control/steering-reports.ts';
import type { HoldRule } from '../../src/relay/steering.ts';
import {
  ask,
  daemon,
  idOf,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

const mail = { from: 'a@staging.example', to: 'b@dest.test', subject: 's', text: 'private words' };

/** A dozen programs are started. */
const patient = { timeout: 60_000 };

test(
  'pause is kept over a restart, shown, and ended; hold rules hold and let go',
  patient,
  async () => {
    const server = await upstream({ accounts: mainLogin });
    const directory = await temporaryDirectory();
    const config = await simpleConfig(server);
    const first = await daemon({ config, directory });
    await ask(first, 'pause', '--reason', 'new firewall');
    await ask(first, 'hold', 'add', '--sender', '@staging.example', '--reason', 'load test');
    await first.kill('SIGTERM');

    const relay = await daemon({ config, directory });
    await relay.event('relay.paused');
    const status = await relay.relayctl('status');
    expect(status.stdout).toContain('All delivery is paused');
    expect(status.stdout).toContain('1 hold rule for mail to come');
    const ready = await fetch(`http://127.0.0.1:${relay.observePort}/readyz`);
    expect(ready.status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${relay.observePort}/metrics`)).text();
    expect(metrics).toMatch(/^relayd_paused 1$/m);
    expect(metrics).toMatch(/^relayd_hold_rules 1$/m);

    const held = idOf(await submit(relay.ports[0] ?? 0, mail));
    const other = idOf(await submit(relay.ports[0] ?? 0, { ...mail, from: 'a@relay.test' }));
    expect((await relay.relayctl('queue', 'show', held)).stdout).toContain(
      'hold rule 1: load test',
    );
    expect(server.sessions.total).toBe(0);
    await ask(relay, 'resume');
    await relay.event('message.completed', ({ id }) => id === other);
    const { rules } = await ask<{ rules: HoldRule[] }>(relay, 'hold', 'list');
    expect(rules).toMatchObject([{ id: 1, sender: '@staging.example' }]);
    expect(await ask(relay, 'hold', 'remove', '1')).toMatchObject({ recipients: 1 });
    await relay.event('message.completed', ({ id }) => id === held);
  },
);

test('trace, top, loglevel and the plan of a flush, on a daemon at work', patient, async () => {
  const server = await upstream({ accounts: mainLogin });
  const relay = await daemon({ config: await simpleConfig(server) });
  expect(await ask(relay, 'loglevel', 'debug', '--for', '10m')).toMatchObject({ level: 'debug' });
  await relay.event('log.level-changed', ({ newLevel }) => newLevel === 'debug');

  const tracing = relay.relayctl('trace', '--account', 'main', '--for', '3s');
  await relay.event('control.called');
  const sent = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event('message.completed', ({ id }) => id === sent);
  const top = await ask<TopReport>(relay, 'top');
  expect(top.accounts).toMatchObject([{ name: 'main' }]);
  expect(top.flows.main?.delivered.total).toBe(1);

  server.script([{ at: 'mail', do: { reply: '451 4.3.0 later' } }]);
  const late = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event(
    'recipient.settled',
    ({ id, outcome }) => id === late && outcome === 'deferred',
  );
  const plan = await ask<FlushPlan>(relay, 'queue', 'flush', '--plan');
  expect(plan.lanes).toMatchObject([{ account: 'main', recipients: 1, messages: 1, tooOld: 0 }]);
  server.script([]);
  await ask(relay, 'queue', 'flush');
  await relay.event('message.completed', ({ id }) => id === late);

  const { code, stdout } = await tracing;
  expect(code).toBe(0);
  for (const secret of ['upstream-password', 'private words', btoa('upstream-password')]) {
    expect(stdout).not.toContain(secret);
  }
});

test(
  'a terminal gets a screen, and has its own back after q and after SIGTERM',
  patient,
  async () => {
    const server = await upstream({ accounts: mainLogin });
    const relay = await daemon({ config: await simpleConfig(server) });
    const relayctl = join(import.meta.dirname, '../../src/cli/relayctl.ts');
    const line = `exec "${process.execPath}" "${relayctl}" --config "${relay.configFile}" top`;
    for (const how of ['q', 'SIGTERM'] as const) {
      // script(1) of util-linux gives the program a terminal of its own.
      const child = spawn('script', ['-qefc', `stty cols 80 rows 10; ${line}`, '/dev/null']);
      onTestFinished(() => void child.kill('SIGKILL'));
      let shown = '';
      const drawn = Promise.withResolvers<void>();
      child.stdout.on('data', (chunk) => {
        shown += chunk;
        if (shown.includes('q quit')) drawn.resolve();
      });
      const ended = once(child, 'exit');
      await Promise.race([drawn.promise, ended]);
      if (how === 'q') child.stdin.write('q');
      else child.kill('SIGTERM');
      await ended;
      expect(shown).toContain('\x1b[?1049h');
      expect(shown).toContain('main');
      if (how === 'q') expect(shown.trimEnd().endsWith('\x1b[?1049l')).toBe(true);
    }
  },
);
