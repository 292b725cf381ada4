import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { startRelay, type TestRelay } from '../unit/submission/relay.ts';
import { type Dialogue, parseDialogues } from './language.ts';
import { RELAYS, type RelayName, relayConfig } from './relays.ts';
import { runDialogue } from './run.ts';

const folder = import.meta.dirname;
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
const relays = new Map<string, Promise<TestRelay>>();

/** One relay per configuration, started when the first dialogue asks for it. */
function relay(name: string): Promise<TestRelay> {
  const known = RELAYS.find((one) => one === name);
  if (known === undefined) throw new Error(`no relay called ${name}`);
  const running = relays.get(known) ?? start(known);
  relays.set(known, running);
  return running;
}

function start(name: RelayName): Promise<TestRelay> {
  return startRelay({ config: (directory) => relayConfig(name, directory) });
}

afterAll(async () => {
  for (const running of relays.values()) await (await running).close();
});

async function run(dialogue: Dialogue): Promise<void> {
  const { port, taken } = await relay(dialogue.relay);
  const implicitTls = dialogue.relay === 'implicit';
  await runDialogue(dialogue, { host: '127.0.0.1', port, implicitTls, taken });
}

let dialogues = 0;
for (const file of files) {
  describe(file, () => {
    for (const dialogue of parseDialogues(readFileSync(join(folder, file), 'utf8'), file)) {
      dialogues += 1;
      test(dialogue.title, () => run(dialogue));
    }
  });
}

test('there are at least 60 dialogues', () => {
  expect(dialogues).toBeGreaterThanOrEqual(60);
});
