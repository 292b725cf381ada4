import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, test } from 'vitest';
import { makeCa, makeCertificate } from '../support/certificates.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { parseDialogues } from './language.ts';
import { RELAYS, type RelayName, relayConfig } from './relays.ts';
import { runDialogue, type Taken } from './run.ts';

/** The same dialogues, spoken to relayd as it is run: what it took is read from its queue on disk. */
interface RunningRelay {
  readonly daemon: Daemon;
  taken(): Promise<readonly Taken[]>;
  close(): Promise<void>;
}

const folder = import.meta.dirname;
const relays = new Map<RelayName, Promise<RunningRelay>>();

async function start(name: RelayName): Promise<RunningRelay> {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-dialogue-'));
  const pair = await makeCertificate(await makeCa(), { names: ['localhost', '127.0.0.1'] });
  writeFileSync(join(directory, 'cert.pem'), pair.certificate);
  writeFileSync(join(directory, 'key.pem'), pair.key);
  // Port 1 of the account refuses connections, so that everything taken stays in the queue.
  const daemon = await startDaemon({ directory, config: relayConfig(name, directory) });
  const db = new Database(join(directory, 'queue', 'queue.db'), { readonly: true });
  const messages = db.prepare<[], { reverse_path: string; recipients: string; body: Buffer }>(
    `SELECT reverse_path, recipients, bodies.bytes AS body
     FROM messages JOIN bodies ON bodies.message_id = messages.id ORDER BY messages.id`,
  );
  return {
    daemon,
    taken: async () =>
      messages.all().map(({ reverse_path, recipients, body }) => ({
        reversePath: reverse_path,
        forwardPaths: (JSON.parse(recipients) as (string | string[])[]).map(
          (one) => [one].flat()[0] ?? '',
        ),
        bytes: body,
      })),
    async close() {
      db.close();
      await daemon.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function relay(name: string): Promise<RunningRelay> {
  const known = RELAYS.find((one) => one === name);
  if (known === undefined) throw new Error(`no relay called ${name}`);
  const running = relays.get(known) ?? start(known);
  relays.set(known, running);
  return running;
}

afterAll(async () => {
  for (const running of relays.values()) await (await running).close();
});

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  describe(`relayd: ${file}`, () => {
    for (const dialogue of parseDialogues(readFileSync(join(folder, file), 'utf8'), file)) {
      test(dialogue.title, async () => {
        const { daemon, taken } = await relay(dialogue.relay);
        const implicitTls = dialogue.relay === 'implicit';
        const [port = 0] = daemon.ports;
        await runDialogue(dialogue, { host: '127.0.0.1', port, implicitTls, taken });
      });
    }
  });
}
