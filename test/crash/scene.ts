import { onTestFinished } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** Copies of each token that the upstream answered with 250, and all whose final dot it saw. */
export interface Arrivals {
  readonly taken: ReadonlyMap<string, number>;
  readonly dotted: ReadonlyMap<string, number>;
}

export interface Sink {
  readonly server: Upstream;
  readonly arrivals: Arrivals;
}

export async function startSink(): Promise<Sink> {
  const taken = new Map<string, number>();
  const dotted = new Map<string, number>();
  const count = (into: Map<string, number>, token: string): void => {
    into.set(token, (into.get(token) ?? 0) + 1);
  };
  const server = await startUpstream({
    tls: 'none',
    keepBodies: false,
    keepMessages: false,
    onMessage: ({ recipients, reply }) => {
      const token = recipients[0]?.forwardPath.split('@')[0] ?? '';
      count(dotted, token);
      if (reply?.startsWith('250') === true) count(taken, token);
    },
  });
  onTestFinished(() => server.close());
  return { server, arrivals: { taken, dotted } };
}

export function crashConfig(upstreamPort: number): Record<string, unknown> {
  return {
    listeners: [{ listen: '127.0.0.1:0', auth: 'optional' }],
    clients: { load: { networks: ['127.0.0.1/32'], senders: ['*'] } },
    accounts: {
      main: { host: '127.0.0.1', port: upstreamPort, auth: 'none', tls: { mode: 'none' } },
    },
    routes: [{ sender: '*', accounts: ['main'] }],
    log: { level: 'info' },
  };
}

interface Counts {
  readonly queue: readonly { readonly state: string; readonly recipients: number }[];
}

async function counts(relay: Daemon): Promise<Counts['queue']> {
  const { stdout } = await relay.relayctl('--json', 'status');
  return (JSON.parse(stdout) as Counts).queue;
}

/** Starts relayd on what the crashes left, lets everything out, in doubt included, and stops it. */
export async function drainQueue(directory: string, config: Record<string, unknown>) {
  const relay = await startDaemon({ directory, config });
  try {
    let inDoubt = 0;
    for (let round = 0; round < 600; round++) {
      const queue = await counts(relay);
      if (queue.every(({ recipients }) => recipients === 0)) return { inDoubt };
      const doubtful = queue.filter(({ state }) => state === 'in-doubt');
      if (doubtful.length > 0 && doubtful.length === queue.length) {
        inDoubt += doubtful.reduce((sum, { recipients }) => sum + recipients, 0);
        await relay.relayctl('queue', 'flush', '--include-held');
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the queue did not drain: ${JSON.stringify(await counts(relay))}`);
  } finally {
    await relay.close();
  }
}

/** What became of every acknowledged message. */
export function verdict(acknowledged: ReadonlySet<string>, { taken }: Arrivals) {
  const lost = [...acknowledged].filter((token) => !taken.has(token));
  const twice = [...taken].filter(([, copies]) => copies > 1).map(([token]) => token);
  return { lost, twice };
}
