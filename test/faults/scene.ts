import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { type Daemon, type DaemonOptions, startDaemon } from '../support/daemon.ts';
import { plainConfig } from '../support/plain-config.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type Account, type Ledger, openLedger } from './ledger.ts';

/** One relay with one account at a test upstream, and the ledger of what it was given. */
export interface Scene {
  readonly directory: string;
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly config: Readonly<Record<string, unknown>>;
  /** All that were started. */
  readonly relays: readonly Daemon[];
  start(options?: Pick<DaemonOptions, 'environment'>): Promise<Daemon>;
}

export interface SceneOptions {
  /** Default: a new one. */
  readonly ledger?: Ledger;
  /** The relay's directory; default: one that goes when the test ends. */
  readonly directory?: string;
  /** Keys of relay.yaml besides those of every scene. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Keys of the account besides host and port. */
  readonly account?: Readonly<Record<string, unknown>>;
}

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'relayd-faults-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function makeScene(options: SceneOptions = {}): Promise<Scene> {
  const directory = options.directory ?? (await temporaryDirectory());
  const ledger = options.ledger ?? openLedger();
  const upstream = await startUpstream({
    tls: 'none',
    keepBodies: false,
    keepMessages: false,
    onMessage: ({ recipients, reply }) => {
      ledger.arrived(recipients[0]?.forwardPath.split('@')[0] ?? '', reply);
    },
  });
  onTestFinished(() => upstream.close());
  const config = { ...plainConfig(upstream.port, options.account), ...options.config };
  const relays: Daemon[] = [];
  return {
    directory,
    upstream,
    ledger,
    config,
    relays,
    async start(more = {}) {
      const relay = await startDaemon({ ...more, directory, config });
      onTestFinished(() => relay.close());
      relays.push(relay);
      return relay;
    },
  };
}

/** Polls; for what nobody announces. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  while (!(await holds())) {
    if (signal.aborted) throw new Error(`not within a minute: ${what}`);
    await sleep(50);
  }
}

/** An operator's command, which has to be understood. */
export async function tell(relay: Daemon, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await relay.relayctl(...args);
  if (code !== 0) throw new Error(`relayctl ${args.join(' ')} ended with ${code}: ${stderr}`);
}

const stuckMs = 60_000;

/**
 * Lets everything out that the fault left, in doubt and held included, until the queue is empty.
 * Rejects when nothing leaves it for a minute, and says what stays.
 */
export async function drain(relay: Daemon, { ledger }: Pick<Scene, 'ledger'>): Promise<void> {
  let [least, stuckAtMs] = [Number.POSITIVE_INFINITY, 0];
  for (let round = 1; ; round++) {
    const queued = ledger.read(relay.directory);
    if (queued.length === 0) return;
    if (queued.length < least) [least, stuckAtMs] = [queued.length, performance.now() + stuckMs];
    if (performance.now() > stuckAtMs) {
      const stay = Map.groupBy(queued, ({ state }) => state);
      const words = [...stay].map(([state, { length }]) => `${length} ${state}`);
      throw new Error(`nothing left the queue for a minute: ${words.join(', ')}`);
    }
    // What was in doubt is known by now; pauses and waiting times of the fault are cut short.
    const moving = queued.some(({ state }) => state === 'leased');
    if (!moving || round % 20 === 0) await tell(relay, 'queue', 'flush', '--include-held', '--yes');
    await sleep(50);
  }
}

/** Every acknowledged message is somewhere, and what came twice had been in doubt. Says the count. */
export function expectNothingLost(
  scene: Scene,
  what: string,
  { unexcusedMax = 0 }: { readonly unexcusedMax?: number } = {},
): Account {
  const { directory, ledger, relays } = scene;
  for (const { event, outcome, recipient } of relays.flatMap(({ events }) => events)) {
    const doubt = event === 'recipient.settled' && outcome === 'in-doubt';
    if (doubt) ledger.doubted(String(recipient).split('@')[0] ?? '');
  }
  const account = ledger.account(directory);
  const { acknowledged, fates, lost, twice, unexcused } = account;
  const parts = Object.entries(fates).map(([fate, count]) => `${count} ${fate}`);
  console.info(
    `${what}: ${acknowledged} acknowledged = ${parts.join(' + ')} + ${lost.length} lost; ` +
      `${twice.length} came twice, ${unexcused.length} of them without excuse`,
  );
  expect(lost).toEqual([]);
  if (unexcused.length > unexcusedMax) expect(unexcused).toEqual([]);
  const counted = Object.values(fates).reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(acknowledged);
  return account;
}
