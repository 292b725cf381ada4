import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../../scripts/bundle.ts';
import { packageRoot } from '../../src/lib/version.ts';
import { startCollector } from '../support/collector.ts';
import {
  daemon,
  idOf,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

/** Everything else is tested as source; what only a bundler can break is what this is about. */
test('built, it relays, traces, reloads and answers from files of its own', {
  timeout: 60_000,
}, async () => {
  const home = await temporaryDirectory();
  await bundle(join(home, 'dist'));
  cpSync(join(packageRoot, 'bin'), join(home, 'bin'), { recursive: true });
  for (const name of ['config', 'web', 'node_modules', 'package.json']) {
    symlinkSync(join(packageRoot, name), join(home, name));
  }
  const server = await upstream({ accounts: mainLogin });
  const collector = await startCollector();
  const coverage = await temporaryDirectory();
  const relay = await daemon({
    from: 'built',
    home,
    config: await simpleConfig(server, { observe: { tracing: { endpoint: collector.endpoint } } }),
    environment: { NODE_V8_COVERAGE: coverage },
  });
  const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };
  const id = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event('message.completed');
  expect((await relay.relayctl('queue', 'show', id)).stdout).toContain('b@dest.test');
  expect((await relay.relayctl('config', 'check')).stdout).toContain('no errors');
  process.kill(relay.pid, 'SIGHUP');
  await relay.event('config.reloaded');
  expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(collector.spans.map(({ name }) => name)).toContain('attempt');

  const loaded = readdirSync(coverage).flatMap((file) => {
    const text = readFileSync(join(coverage, file), 'utf8');
    return (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url);
  });
  const packages = loaded.flatMap(
    (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [],
  );
  expect(loaded.filter((url) => url.includes('/dist/daemon/main'))).not.toEqual([]);
  expect(new Set(packages)).toEqual(new Set(['better-sqlite3']));
});
