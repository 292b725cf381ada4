import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startDaemon } from './daemon.ts';
import { plainConfig } from './plain-config.ts';

/**
 * The tests start relayd hundreds of times: what Node compiles is kept from run to run, by text, so
 * that a change makes it compile anew. Most of them are killed and keep nothing; the first one here
 * ends in order.
 */
export async function setup(project: TestProject): Promise<void> {
  const cache = join(import.meta.dirname, '../../node_modules/.cache/relayd-compiled');
  const environment = { NODE_COMPILE_CACHE: cache };
  project.config.env = { ...project.config.env, ...environment };
  if (existsSync(cache)) return;
  mkdirSync(cache, { recursive: true });
  const relay = await startDaemon({ config: plainConfig(25), environment });
  await relay.relayctl('status');
  await relay.kill('SIGTERM');
  await relay.close();
}
