/**
 * `npm run quickstart`: relayd on 127.0.0.1:2587 with two apps and two upstream accounts, shown at work.
 * The upstream is a process of its own with real TLS and AUTH; it keeps what it gets to itself.
 * `npm run quickstart -- --once` ends after the demonstration, with 0 when every message left by its own account.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPortHolder } from '../src/lib/port-holder.ts';
import { type Child, type Line, startChild } from './quickstart/children.ts';
import { readSamples, type Sample, submit } from './quickstart/samples.ts';
import {
  accounts,
  clients,
  observePort,
  submissionPort,
  writeSettings,
} from './quickstart/scene.ts';

const root = join(import.meta.dirname, '..');
const once = process.argv.includes('--once');
const say = (text = ''): void => {
  process.stdout.write(`${text}\n`);
};

/** One message on its way: what its client sent, and by which account it has left. */
interface Journey {
  readonly sample: Sample;
  readonly id: string;
  readonly account: string;
  readonly authenticatedAs: string;
  readonly tls: string;
  /** The upstream has the bytes of the body as they were submitted. */
  readonly intact: boolean;
}

async function main(): Promise<void> {
  await portsAreFree();
  build();
  const directory = mkdtempSync(join(tmpdir(), 'relayd-quickstart-'));
  const opened = new AsyncDisposableStack();
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  try {
    await demonstrate(directory, opened);
  } finally {
    await opened.disposeAsync();
  }
}

async function demonstrate(directory: string, opened: AsyncDisposableStack): Promise<void> {
  const upstream = opened.adopt(startUpstream(directory), (child) => child.stop());
  const { port } = await upstream.line('the upstream', ({ is }) => is === 'listening');
  const settings = writeSettings(directory, Number(port));
  const relayd = opened.adopt(
    startChild(join(root, 'bin/relayd'), ['--config', settings]),
    (child) => child.stop(),
  );
  const stopped = stopSignal(relayd);
  await relayd.line('relayd', ({ event }) => event === 'daemon.started');
  say(
    `relayd listens on 127.0.0.1:${submissionPort}. Two apps submit the messages of test/samples:`,
  );
  say();

  const samples = readSamples(join(root, 'test/samples'));
  const last = samples.pop();
  const journeys: Journey[] = [];
  for (const sample of samples) {
    journeys.push(await follow(await submit(sample), sample, { relayd, upstream }));
  }
  if (last !== undefined) {
    const { name } = accounts[clients.indexOf(last.client)] ?? accounts[0];
    relayctl(settings, 'account', 'hold', name);
    const id = await submit(last);
    say(`While account ${name} is held, its mail waits (${last.file}):`);
    say();
    show(settings, 'queue', 'list');
    show(settings, 'account', 'resume', name);
    journeys.push(await follow(id, last, { relayd, upstream }));
  }
  say('How each message left:');
  say();
  showJourneys(journeys);
  show(settings, 'status');
  await showMetrics();
  if (!journeys.every(byOwnAccount)) throw new Error('a message left by the wrong account');
  if (once) return;
  showWays(settings);
  relayd.onLine(showArrival);
  await stopped;
  say('\nStopping.');
}

/** Waits until the upstream has the message for all recipients. */
async function follow(
  id: string,
  sample: Sample,
  { relayd, upstream }: { relayd: Child; upstream: Child },
): Promise<Journey> {
  await relayd.line(
    `the delivery of ${sample.file}`,
    (line) => line.event === 'message.completed' && line.id === id,
  );
  const settled = await relayd.line(
    'its account',
    (line) => line.event === 'recipient.settled' && line.id === id,
  );
  const received = await upstream.line(
    `${sample.file} at the upstream`,
    (line) => line.is === 'received' && String(line.header).includes(`id ${id}`),
  );
  return {
    sample,
    id,
    account: String(settled.account),
    authenticatedAs: String(received.authenticatedAs),
    tls: String(received.tls),
    intact: received.contentSha256 === contentSha256(sample.bytes),
  };
}

function contentSha256(message: Buffer): string {
  const content = message.subarray(message.indexOf('\r\n\r\n') + 4);
  return createHash('sha256').update(content).digest('hex');
}

/** The account's own username, reached by the route of the client's domain, with the body untouched. */
function byOwnAccount({ sample, account, authenticatedAs, intact }: Journey): boolean {
  const wanted = accounts[clients.indexOf(sample.client)];
  return account === wanted?.name && authenticatedAs === wanted.username && intact;
}

function showJourneys(journeys: readonly Journey[]): void {
  const rows = journeys.map((journey) => [
    journey.sample.file,
    journey.sample.client.name,
    journey.sample.from,
    journey.account,
    journey.authenticatedAs,
    journey.tls,
    journey.intact ? 'same bytes' : 'ALTERED',
  ]);
  table([['message', 'app', 'from', 'account', 'logged in as', 'TLS', 'body'], ...rows]);
}

function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  for (const row of rows) {
    say(`  ${row.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join('  ')}`.trimEnd());
  }
  say();
}

function relayctl(settings: string, ...command: string[]): string {
  const program = join(root, 'bin/relayctl');
  return execFileSync(program, ['--config', settings, ...command], { encoding: 'utf8' });
}

/** What an operator types and sees. */
function show(settings: string, ...command: string[]): void {
  say(`$ relayctl ${command.join(' ')}`);
  say(relayctl(settings, ...command).replace(/^(?=.)/gm, '  '));
}

async function showMetrics(): Promise<void> {
  const url = `http://127.0.0.1:${observePort}/metrics`;
  const text = await (await fetch(url)).text();
  const delivered = text.split('\n').filter((line) => /^relayd_\w*delivered\w*\{/.test(line));
  say(`$ curl ${url}`);
  for (const line of delivered) say(`  ${line}`);
  say();
}

function showWays(settings: string): void {
  say('It stays up until Ctrl-C. Send something yourself:');
  const [client] = clients;
  say(
    `  127.0.0.1:${submissionPort}, no TLS, username ${client.name}, password ${client.password}`,
  );
  say(`  from anything@${client.domain}, to anybody: nothing leaves this machine`);
  say(`Configuration: ${settings}`);
  say(`Steer it:      bin/relayctl --config ${settings} --help`);
  say();
}

function showArrival(line: Line): void {
  if (line.event !== 'recipient.settled') return;
  const who = line.authenticatedAs === null ? '' : ` as ${line.authenticatedAs}`;
  say(
    `  ${line.id}  ${line.recipient}  ${line.outcome}, account ${line.account}${who}: ${line.text}`,
  );
}

function startUpstream(directory: string): Child {
  return startChild(process.execPath, [
    join(root, 'test/support/upstream-main.ts'),
    ...accounts.flatMap(({ username, password }) => ['--account', `${username}:${password}`]),
    ...['--ca-out', join(directory, 'upstream-ca.pem')],
  ]);
}

/** Resolves at Ctrl-C; rejects when relayd ends by itself. */
function stopSignal(relayd: Child): Promise<void> {
  const stopped = new Promise<void>((resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    relayd.ended.then((text) => reject(new Error(`relayd ended by itself: ${text.trim()}`)));
  });
  stopped.catch(() => {}); // told where it is awaited; until then the demonstration fails on its own
  return stopped;
}

async function portsAreFree(): Promise<void> {
  for (const port of [submissionPort, observePort]) {
    const holder = await findPortHolder(port);
    if (holder !== null)
      throw new Error(`port ${port} is taken by ${holder}: end it, then try again`);
  }
}

function build(): void {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error('relayd does not build; see above');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`quickstart: ${error instanceof Error ? error.message : String(error)}
`);
  process.exitCode = 1;
}
