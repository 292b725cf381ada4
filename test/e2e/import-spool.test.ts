import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeSpooled } from '../support/exim-spool.ts';
import { ask, daemon, mainLogin, simpleConfig, temporaryDirectory, upstream } from './scene.ts';

interface Handed {
  readonly messages: readonly {
    exim: string;
    is: string;
    id: string | null;
    held: boolean;
    why: string;
  }[];
}

const hourMs = 3_600_000;

test("Exim's spool is taken over once, whatever is handed over again", async () => {
  const server = await upstream({ accounts: mainLogin });
  const config = await simpleConfig(server, {
    routes: [
      { sender: 'nobody@relay.test', reject: 'not this one' },
      { sender: '*', accounts: ['main'] },
    ],
  });
  const relay = await daemon({ config });
  const spool = await temporaryDirectory();
  const sample = {
    sender: 'erp@relay.test',
    recipients: ['a@dest.test'],
    receivedAtMs: Date.now() - hourMs,
  };
  const large = 'large body\n'.repeat(80_000);
  writeSpooled(spool, { ...sample, id: '1xUmlA-0007M7-37' });
  writeSpooled(spool, { ...sample, id: '1xUmlB-0007M7-37', body: large });
  writeSpooled(spool, { ...sample, id: '1xUmlC-0007M7-37', frozen: true });
  writeSpooled(spool, { ...sample, id: '1xUmlD-0007M7-37', sender: 'nobody@relay.test' });
  const copy = await temporaryDirectory();
  cpSync(spool, copy, { recursive: true });

  const first = await relay.relayctl('--json', 'import', 'exim', '--spool', spool);
  expect(first.code).toBe(65);
  const { messages } = JSON.parse(first.stdout) as Handed;
  expect(messages.map(({ is, held, why }) => [is, held, why])).toEqual([
    ['taken', false, ''],
    ['taken', false, ''],
    ['taken', true, ''],
    ['left', false, 'not this one'],
  ]);
  expect(readdirSync(join(spool, 'input'))).toEqual(['1xUmlD-0007M7-37-D', '1xUmlD-0007M7-37-H']);

  const taken = await server.taken(2);
  expect(taken.map(({ authenticatedAs, reversePath }) => [authenticatedAs, reversePath])).toEqual([
    ['user@relay.test', 'erp@relay.test'],
    ['user@relay.test', 'erp@relay.test'],
  ]);
  expect(
    taken.map(({ body }) => body.toString().length).toSorted((a, b) => a - b)[1],
  ).toBeGreaterThan(900_000);

  const again = await relay.relayctl('--json', 'import', 'exim', '--spool', copy);
  const repeated = (JSON.parse(again.stdout) as Handed).messages;
  expect(repeated.map(({ is }) => is)).toEqual([
    'there-already',
    'there-already',
    'there-already',
    'left',
  ]);
  expect(repeated.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
  expect(server.messages).toHaveLength(2);

  const frozen = messages[2]?.id ?? '';
  const shown = await ask<{ queued: { recipients: { state: string; lastText: string }[] } }>(
    relay,
    'queue',
    'show',
    frozen,
  );
  expect(shown.queued.recipients[0]).toMatchObject({
    state: 'held',
    lastText: 'it was frozen in Exim',
  });
  await ask(relay, 'queue', 'release', frozen);
  expect(await server.taken(3)).toHaveLength(3);
});
