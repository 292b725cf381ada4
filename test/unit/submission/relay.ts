import { mkdtempSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { openSpool } from '../../../src/queue/spool.ts';
import { spoolDirectoryOf } from '../../../src/queue/spool-directory.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { messageIdSource } from '../../../src/relay/message-id.ts';
import type { Dispatch } from '../../../src/relay/ports.ts';
import type { NewMessage } from '../../../src/relay/queue.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import {
  openSubmission,
  type Submission,
  type SubmissionDeps,
} from '../../../src/submission/submission.ts';
import { type MemoryStore, openMemoryStore } from '../../contract/memory-store.ts';
import type { Taken } from '../../dialogue/run.ts';
import { makeCa, makeCertificate } from '../../support/certificates.ts';

/** Submission over an in-memory queue, with everything it did in view. */
export interface TestRelay {
  readonly directory: string;
  readonly submission: Submission;
  readonly port: number;
  readonly store: MemoryStore;
  readonly events: readonly RelayEvent[];
  /** Everything stored, in order. */
  readonly stored: readonly NewMessage[];
  /** Lanes woken, started and given back, in order. */
  readonly dispatched: readonly string[];
  readonly settings: () => Settings;
  /** Puts another configuration in force, as a reload does. */
  use(config: Readonly<Record<string, unknown>>): Promise<void>;
  taken(): Promise<readonly Taken[]>;
  close(): Promise<void>;
}

export interface TestRelayOptions {
  /** relay.yaml as an object, given the directory of this relay. */
  readonly config: (directory: string) => Readonly<Record<string, unknown>>;
  readonly deps?: Partial<SubmissionDeps>;
}

/** Without delays after wrong passwords; the other speeds as they are. */
const pace = { loginDelaysMs: [0], certificateSettleMs: 10 };

export async function startRelay({ config, deps }: TestRelayOptions): Promise<TestRelay> {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-submission-'));
  const pair = await makeCertificate(await makeCa(), { names: ['localhost', '127.0.0.1'] });
  writeFileSync(join(directory, 'cert.pem'), pair.certificate);
  writeFileSync(join(directory, 'key.pem'), pair.key);
  const queueDirectory = join(directory, 'queue');
  await mkdir(spoolDirectoryOf(queueDirectory), { recursive: true });
  let settings = await load(directory, config(directory));
  const store = openMemoryStore();
  const events: RelayEvent[] = [];
  const stored: NewMessage[] = [];
  const dispatched: string[] = [];
  const spool = openSpool(queueDirectory);
  const submission = await openSubmission({
    settings: () => settings,
    store: {
      async accept(incoming) {
        await store.accept(incoming);
        stored.push(...incoming);
      },
    },
    spool,
    dispatch: recordingDispatch(dispatched),
    holds: { current: [] },
    suppressed: { has: () => false, find: () => null },
    emit: (event) => void events.push(event),
    clock: Date.now,
    newMessageId: messageIdSource(Date.now, 0),
    pace,
    ...deps,
  });
  const queued = () => stored.filter(({ start }) => start.is !== 'discarded');
  const [address] = submission.addresses();
  const body = async ({ body }: NewMessage): Promise<Buffer> =>
    body.in === 'memory' ? body.bytes : readFile(join(spoolDirectoryOf(queueDirectory), body.file));
  return {
    directory,
    submission,
    port: address?.is === 'tcp' ? address.port : 0,
    store,
    events,
    stored,
    dispatched,
    settings: () => settings,
    async use(next) {
      settings = await load(directory, next);
      await submission.reload(settings);
    },
    taken: () =>
      Promise.all(
        queued().map(async (one) => ({
          reversePath: one.message.envelope.reversePath,
          forwardPaths: one.message.envelope.recipients.map(({ forwardPath }) => forwardPath),
          bytes: await body(one),
        })),
      ),
    async close() {
      await submission.close(0);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function load(
  directory: string,
  config: Readonly<Record<string, unknown>>,
): Promise<Settings> {
  const file = join(directory, 'relay.yaml');
  // JSON is YAML; only a file that nobody else can read may hold passwords.
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const result = await loadSettings(file, {});
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.settings;
}

function recordingDispatch(dispatched: string[]): Dispatch {
  return {
    choose: ([first = '']) => first,
    reserve: () => null,
    start: ({ message }) => void dispatched.push(`start ${message.id}`),
    cancel: (lane) => void dispatched.push(`cancel ${lane}`),
    wake: (lane) => void dispatched.push(`wake ${lane}`),
  };
}
