import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startDaemon } from '../support/daemon.ts';
import { plainConfig } from '../support/plain-config.ts';
import { counts } from './counts.ts';

/** The suite starts relayd hundreds of times: what Node compiles is kept, by one that may end in order. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  console.info(`faults: ${JSON.stringify(counts)}`);
  const cache = await mkdtemp(join(tmpdir(), 'relayd-compiled-'));
  const environment = { NODE_COMPILE_CACHE: cache };
  project.config.env = { ...project.config.env, ...environment };
  const relay = await startDaemon({ config: plainConfig(25), environment });
  await relay.relayctl('status');
  await relay.kill('SIGTERM');
  await relay.close();
  return () => rm(cache, { recursive: true, force: true, maxRetries: 3 });
}
