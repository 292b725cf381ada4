import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeCa, makeCertificate } from '../support/certificates.ts';
import { startUpstream } from '../support/upstream.ts';
import type { Action, UpstreamPhase } from '../support/upstream-rules.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, tell, temporaryDirectory, until } from './scene.ts';

/** What is usual at each phase, and what belongs to another one. */
const PHASES = {
  greeting: { usual: '220 upstream.test ESMTP', elsewhere: '354 go on' },
  ehlo: { usual: '250 upstream.test', elsewhere: '354 go on' },
  starttls: { usual: '220 2.0.0 go ahead', elsewhere: '354 go on' },
  auth: { usual: '235 2.7.0 welcome', elsewhere: '354 go on' },
  mail: { usual: '250 2.1.0 ok', elsewhere: '354 go on' },
  rcpt: { usual: '250 2.1.5 ok', elsewhere: '334 VXNlcm5hbWU6' },
  data: { usual: '354 go on', elsewhere: '250 2.0.0 taken' },
  'end-of-data': { usual: '250 2.0.0 taken', elsewhere: '354 go on' },
  quit: { usual: '221 2.0.0 closes', elsewhere: '354 go on' },
} as const satisfies Partial<Record<UpstreamPhase, object>>;
type Phase = keyof typeof PHASES;

const FAULTS: Readonly<Record<string, (phase: Phase) => Action>> = {
  'drops the connection': () => ({ drop: true }),
  stalls: () => ({ stall: true }),
  resets: () => ({ raw: '', end: 'reset' }),
  'says yes and is gone': (phase) => ({ reply: PHASES[phase].usual, drop: true }),
  'answers garbage': () => ({ raw: '\x00\xff\x16\x03 what?\r\n' }),
  'answers half a line': () => ({ raw: '25', end: 'drop' }),
  'answers 421': () => ({ reply: '421 4.3.2 going down', drop: true }),
  'answers a line of 10 KiB': (phase) => ({
    raw: `${PHASES[phase].usual} ${'x'.repeat(10_240)}\r\n`,
  }),
  'answers what belongs elsewhere': (phase) => ({ raw: `${PHASES[phase].elsewhere}\r\n` }),
  'answers before it is asked': (phase) => ({
    raw: `${PHASES[phase].usual}\r\n250 2.0.0 taken\r\n`,
  }),
};

const cells = (Object.keys(PHASES) as Phase[]).flatMap((phase) =>
  Object.entries(FAULTS).map(([what, act], at) => ({
    name: `${phase}-${at}`,
    what: `${what} at ${phase}`,
    phase,
    action: act(phase),
  })),
);

const messagesPerCell = 3;
/** Short, so that a stall ends; a busy machine then only meets more doubt. */
const timeouts = { connect: '5s', greeting: '2s', command: '2s', data: '2s', end_of_data: '2s' };
const login = { username: 'user', password: 'upstream-password' };

async function startCells(ledger: Ledger) {
  const ca = await makeCa();
  const pair = await makeCertificate(ca, { names: ['127.0.0.1'] });
  const caFile = join(await temporaryDirectory(), 'ca.pem');
  writeFileSync(caFile, ca.certificate);
  return Promise.all(
    cells.map(async (cell) => {
      const secure = cell.phase === 'starttls' || cell.phase === 'auth';
      let met = 0;
      const upstream = await startUpstream({
        ...(secure ? { pair, accounts: { [login.username]: login.password } } : { tls: 'none' }),
        keepBodies: false,
        keepMessages: false,
        rules: [{ at: cell.phase, times: 2, when: () => ++met > 0, do: cell.action }],
        onMessage: ({ recipients, reply }) => {
          ledger.arrived(recipients[0]?.forwardPath.split('@')[0] ?? '', reply);
        },
      });
      onTestFinished(() => upstream.close());
      const account = {
        host: '127.0.0.1',
        port: upstream.port,
        ...(secure ? login : { auth: 'none' }),
        identities: ['*'],
        tls: secure ? { mode: 'starttls', ca: caFile } : { mode: 'none' },
        // A connection that has done its share says QUIT.
        limits: { messages_per_connection: 1 },
        timeouts,
      };
      return { ...cell, account, met: () => met };
    }),
  );
}

test(`promises 1, 2 and 5: ${cells.length} ways in which an upstream misbehaves`, {
  timeout: 240_000,
}, async () => {
  const ledger = openLedger();
  const running = await startCells(ledger);
  const scene = await makeScene({
    ledger,
    config: {
      accounts: Object.fromEntries(running.map(({ name, account }) => [name, account])),
      routes: running.map(({ name }) => ({ sender: `${name}@relay.test`, accounts: [name] })),
      queue: { retry: ['1s'] },
    },
  });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  for (const { name } of running) {
    const nextToken = () => `${name}-${ledger.nextToken()}`;
    const from = { sessions: 1, reversePath: `${name}@relay.test`, messages: messagesPerCell };
    await startLoad({ port, ...from, ledger: { ...ledger, nextToken } }).ended;
  }
  expect(ledger.acknowledged.size).toBe(cells.length * messagesPerCell);
  // Each fault is met before anything is mended by hand.
  await until('every fault was met', () => running.every(({ met }) => met() > 0));
  for (const { account } of relay.events.filter(({ event }) => event === 'account.held')) {
    await tell(relay, 'account', 'resume', String(account));
  }
  await drain(relay, scene);
  const { fates } = expectNothingLost(scene, `${cells.length} cells`);
  // Whatever an upstream said at whichever phase: no message bounced for it, and all arrived in the end.
  expect(fates).toMatchObject({ delivered: ledger.acknowledged.size });
});
