import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { advise } from '../../../src/cli/probe-advice.ts';
import { type PortReport, reportOf, type SurveyReport } from '../../../src/cli/probe-report.ts';
import type { PortSurvey } from '../../../src/delivery/port-survey.ts';
import { makeCa, makeCertificate, makeSelfSigned, spkiPin } from '../../support/certificates.ts';
import { startUpstream, type UpstreamOptions } from '../../support/upstream.ts';
import { settingsOf, temporaryDirectory } from '../config/temporary-file.ts';
import { nowMs, relayctl } from './harness.ts';

/** The commands' clock stands still: certificates are valid or over whatever day the test runs on. */
const decades = { notBefore: new Date('2020-01-01'), notAfter: new Date('2100-01-01') };
const over = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
const names = ['localhost', '127.0.0.1'];
const accounts = { 'up@shop.example': 'up-password' };
const ca = await makeCa(decades);

async function upstream(options: UpstreamOptions = {}) {
  const pair = await makeCertificate(ca, { names, ...decades });
  const started = await startUpstream({ accounts, pair, ...options });
  onTestFinished(() => started.close());
  return started;
}

/** A relay.yaml with one account whose host is another one; returns its name. */
function relayYaml(keys = 'tls: {ca: ca.pem}'): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'ca.pem'), ca.certificate);
  const file = join(directory, 'relay.yaml');
  writeFileSync(
    file,
    `clients:
  shop: {password: shop-password, senders: ["*"]}
accounts:
  up: {host: mail.example, username: up@shop.example, password: up-password, ${keys}}
routes:
  - {sender: "*", accounts: [up]}
`,
  );
  chmodSync(file, 0o600);
  return file;
}

async function probe(ports: readonly number[], rest = '') {
  const line = `upstream probe 127.0.0.1 --timeout 500ms --ports ${ports.join(',')} ${rest}`;
  const ran = await relayctl(`--json ${line}`);
  const report = JSON.parse(ran.out) as SurveyReport;
  return { ...ran, report, only: report.ports[0] as PortReport };
}

/** Whether relay.yaml takes the lines as they are printed, beside a login. */
async function accountOf(lines: readonly string[], name: string) {
  const text = `clients: {shop: {password: x-password, senders: ["*"]}}
${lines.join('\n')}
    username: up@shop.example
    password: up-password
routes: [{sender: "*", accounts: [${name}]}]
`;
  const account = (await settingsOf(text, { nowMs })).accounts.get(name);
  if (account === undefined) throw new Error('no account');
  return account;
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A server that is no mail server: says `greeting`, or nothing at all. */
async function otherServer(greeting: string): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    if (greeting !== '') socket.write(greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

test('all ports at once: STARTTLS, implicit TLS, in clear, closed', async () => {
  const [starttls, implicit, clear] = await Promise.all([
    upstream(),
    upstream({ tls: 'implicit' }),
    upstream({ tls: 'none' }),
  ]);
  const ports = [starttls.port, implicit.port, clear.port, await closedPort()];
  const file = relayYaml();
  const { report, exitCode } = await probe(ports, `--account up --config ${file}`);
  expect(exitCode).toBe(0);
  expect(report.ports.map(({ state, mode }) => [state, mode])).toEqual([
    ['open', 'starttls'],
    ['open', 'implicit'],
    ['open', 'none'],
    ['refused', null],
  ]);
  const [first, second, third, last] = report.ports;
  expect(first).toMatchObject({
    address: '127.0.0.1',
    auth: ['PLAIN', 'LOGIN'],
    login: { ok: true },
    certificate: {
      faults: [],
      names,
      chain: [],
      pin: spkiPin(starttls.pair.certificate),
    },
    verdict: 'usable',
  });
  expect(first?.banner).toMatch(/^220 /);
  expect(first?.protocol).toMatch(/^TLSv1\.3 /);
  expect(first?.daysLeft).toBeGreaterThan(20_000);
  expect(second?.login?.ok).toBe(true);
  expect(third?.login).toMatchObject({ ok: null, detail: 'not tried: no TLS' });
  expect(last?.verdict).toBe('closed: nothing listens there');
  expect([starttls.port, implicit.port]).toContain(report.best?.port);
});

test('an expired certificate: not trusted with a password, and the lines that tolerate it', async () => {
  const pair = await makeCertificate(ca, { names, ...over });
  const { port, messages } = await upstream({ pair });
  const { only, report, exitCode } = await probe([port], `--account up --config ${relayYaml()}`);
  expect(exitCode).toBe(0);
  expect(only).toMatchObject({
    certificate: { faults: ['expired'] },
    login: { ok: null, detail: 'not tried: the certificate is neither verified nor pinned' },
  });
  expect(only.daysLeft).toBeLessThan(-1000);
  const account = await accountOf(report.best?.lines ?? [], 'up');
  expect(account).toMatchObject({
    port,
    tls: {
      mode: 'starttls',
      pins: [spkiPin(pair.certificate)],
      exception: { allow: ['expired'], untilMs: Date.UTC(2026, 11, 21) },
    },
  });
  expect(messages).toEqual([]);
});

test('an unknown authority: the lines pin the key, and with them the log-in is tried', async () => {
  const pair = await makeSelfSigned({ names, ...decades });
  const { port } = await upstream({ pair });
  const { only } = await probe([port]);
  expect(only).toMatchObject({ usable: true, certificate: { faults: ['self-signed'] } });
  const { tls } = await accountOf(only.lines, 'upstream');
  expect(tls).toMatchObject({ verify: 'pin', pins: [spkiPin(pair.certificate)] });
  const pinned = relayYaml(`tls: {verify: pin, pin: ["sha256//${tls.pins[0]}"]}`);
  const again = await probe([port], `--account up --config ${pinned}`);
  expect(again.only.login).toMatchObject({ ok: true });
});

test('a certificate for another name: its name is offered, with a warning', async () => {
  const pair = await makeCertificate(ca, { names: ['server12.host.example'], ...decades });
  const { port } = await upstream({ pair });
  const { only, report } = await probe([port], `--account up --config ${relayYaml()}`);
  expect(only.lines.at(-1)?.trim()).toBe('servername: "server12.host.example"');
  expect(report.notes.join()).toContain('make sure that it is the right server');
});

test('credentials that were refused are not tried at a second port', async () => {
  const refusing = { 'up@shop.example': 'another' };
  const servers = await Promise.all([
    upstream({ accounts: refusing }),
    upstream({ accounts: refusing }),
  ]);
  const ports = servers.map(({ port }) => port);
  const { report, exitCode } = await probe(ports, `--account up --config ${relayYaml()}`);
  expect(exitCode).toBe(69);
  const logins = report.ports.map(({ login }) => login);
  expect(logins[0]).toMatchObject({ ok: false, detail: expect.stringMatching(/^535/) });
  expect(logins[1]).toMatchObject({
    ok: false,
    detail: `not tried again: refused at port ${ports[0]}`,
  });
});

test('what is no mail server is told apart from a closed port', async () => {
  const [web, silent] = await Promise.all([
    otherServer('HTTP/1.1 400 Bad Request\r\n\r\n'),
    otherServer(''),
  ]);
  const line = `--json upstream probe 127.0.0.1 --timeout 400ms --ports ${web},${silent}`;
  const { exitCode, out } = await relayctl(line);
  expect(exitCode).toBe(69);
  expect((JSON.parse(out) as SurveyReport).ports.map(({ state }) => state)).toEqual([
    'failed',
    'failed',
  ]);
});

test('a STARTTLS that does not work and a server without AUTH are of no use', async () => {
  const broken = await upstream({ rules: [{ at: 'starttls', do: { drop: true } }] });
  const exchanger = await upstream({ accounts: {} });
  const { report } = await probe([broken.port, exchanger.port]);
  expect(report.usable).toBe(false);
  expect(report.ports.map(({ usable }) => usable)).toEqual([false, false]);
  expect(report.ports[1]?.verdict).toMatch(/^no AUTH/);
});

test('people get a table, the details and the lines', async () => {
  const { port } = await upstream();
  const closed = await closedPort();
  const ports = `${port},${closed}`;
  const line = `upstream probe 127.0.0.1 --ports ${ports} --account up --config ${relayYaml()}`;
  const { out } = await relayctl(line);
  const rows = out.split('\n').slice(0, 3);
  expect(rows[0]).toMatch(/^ *PORT +STATE +TLS +CERTIFICATE +AUTH +LOGIN +VERDICT$/);
  expect(rows[1]).toMatch(
    /^ *\d+ +open +starttls TLSv1\.3 +good, \d+ days left +PLAIN LOGIN +ok +usable$/,
  );
  expect(rows[2]).toMatch(/ refused +- +- +- +- +closed: nothing listens there$/);
  expect(out).toMatch(/Pin: +sha256\/\/[A-Za-z0-9+/]{43}=/);
  expect(out).toContain(
    `Use port ${port}. In relay.yaml:\n\naccounts:\n  up:\n    host: 127.0.0.1\n    port: ${port}\n` +
      '    tls:\n      mode: starttls\n',
  );
  expect(out).not.toContain('up-password');
});

test.each([
  ['upstream probe', 64],
  ['upstream probe mail.example:25', 64],
  ['upstream probe mail.example --ports 0', 64],
  ['upstream probe mail.example --ports 25,,465', 64],
  ['upstream probe mail.example --timeout soon', 64],
  ['upstream probe mail.example --timeout 40d', 64],
])('%s is a usage error', async (line, exitCode) => {
  expect((await relayctl(line)).exitCode).toBe(exitCode);
});

test('an account that is not in the file is named, before anything is connected', async () => {
  const ran = await relayctl(`upstream probe 127.0.0.1 --account gmial --config ${relayYaml()}`);
  expect(ran.exitCode).toBe(65);
  expect(ran.err).toContain('there is no account gmial; there are up');
});

const open: PortSurvey = {
  port: 587,
  state: 'open',
  detail: '',
  address: '192.0.2.7',
  banner: '220 mail.example',
  mode: 'none',
  starttlsBroken: false,
  protocol: null,
  certificate: null,
  auth: ['PLAIN'],
  tookMs: 12,
};

test('without TLS a password goes nowhere but to this machine', () => {
  const subject = { name: 'up', loginWanted: null, nowMs };
  expect(advise(open, null, { ...subject, host: 'mail.example' })).toMatchObject({
    usable: false,
    verdict: 'no TLS: a password would travel in the clear',
  });
  expect(advise(open, null, { ...subject, host: 'localhost' })).toMatchObject({ usable: true });
});

test('an old TLS has to be allowed in so many words', () => {
  const old = { ...open, mode: 'starttls' as const, protocol: 'TLSv1 ECDHE-RSA-AES128-SHA' };
  const { lines } = advise(old, null, { name: 'up', host: 'h', loginWanted: null, nowMs });
  expect(lines.map((line) => line.trim())).toContain('minimum: TLSv1');
});

test('ports that nothing answers on are put down to the network, not to the server', () => {
  const silent = { ...open, state: 'filtered' as const, mode: null, auth: [], port: 25 };
  const asked = { host: 'localhost', account: null, nowMs };
  const some = reportOf([silent, open], null, asked);
  expect(some.notes).toEqual([expect.stringContaining('Port 25: no answer, while the host')]);
  expect(some.best?.port).toBe(587);
  const all = reportOf([silent, { ...silent, port: 587 }], null, asked);
  expect(all.notes).toEqual([expect.stringContaining('may block outgoing mail')]);
  expect(all.usable).toBe(false);
});

test('of several good ports the one with TLS from the start is recommended', () => {
  const good = { ...open, mode: 'starttls' as const };
  const ports = [good, { ...good, port: 2525 }, { ...good, mode: 'implicit' as const, port: 465 }];
  expect(reportOf(ports, null, { host: 'h.example', account: null, nowMs }).best?.port).toBe(465);
});
