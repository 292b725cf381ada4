import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { relayctl } from './harness.ts';

const GOOD = `
hostname: relay.example.org
clients:
  velosi: {password: {env: VELOSI}, senders: [erp@velosi.example]}
accounts:
  old-host:
    host: mail.old-host.example
    username: erp@velosi.example
    password: {env: OLD_HOST}
routes:
  - {sender: erp@velosi.example, accounts: [old-host]}
control: {socket: c.sock}
`;
const environment = { VELOSI: 'geheim-1', OLD_HOST: 'geheim-2' };

function file(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayctl-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'relay.yaml'), text);
  return join(directory, 'relay.yaml');
}

test('check: a good file is exit code 0', async () => {
  const path = file(GOOD);
  const ran = await relayctl(['config', 'check', path], { environment });
  expect(ran).toMatchObject({ exitCode: 0, out: `${path}: no errors\n`, asked: [] });
});

test('check: every error with its place, exit code 78', async () => {
  const path = file(`${GOOD}hostnam: x\nlisteners: 5\n`);
  const ran = await relayctl(['--config', path, 'config', 'check'], { environment });
  expect(ran.exitCode).toBe(78);
  expect(ran.out).toMatch(/relay\.yaml:13:1: .*hostnam.*\n/);
  expect(ran.out).toMatch(/relay\.yaml:14:\d+: .*listeners.*\n/);
  expect(ran.out).toContain(`${path}: 2 errors\n`);
  const json = await relayctl(['--json', 'config', 'check', path], { environment });
  expect(json.exitCode).toBe(78);
  expect(JSON.parse(json.out)).toMatchObject({
    ok: false,
    problems: [{ line: 13 }, { line: 14 }],
  });
});

test('check: warnings are named', async () => {
  const spare = '  spare: {host: spare.example, username: x, password: {env: OLD_HOST}}\n';
  const path = file(`${GOOD.replace('routes:', `${spare}routes:`)}failover: {after: 5m}\n`);
  const { out, exitCode } = await relayctl(['config', 'check', path], { environment });
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^relay\.yaml:10:\d+: warning: accounts\.spare.*$/m);
  expect(out).toContain(`${path}: no errors, 1 warning\n`);
});

test('check: a file that is not there, and one argument too many', async () => {
  const missing = await relayctl('config check /nowhere/relay.yaml', { environment });
  expect(missing.exitCode).toBe(78);
  expect(missing.out).toContain('cannot read /nowhere/relay.yaml');
  expect((await relayctl('config check a b')).exitCode).toBe(64);
});

test('check: RELAYD_CONFIG names the file when nothing else does', async () => {
  const path = file(GOOD);
  const ran = await relayctl('config check', {
    environment: { ...environment, RELAYD_CONFIG: path },
  });
  expect(ran.out).toBe(`${path}: no errors\n`);
});

test('show: what the daemon works with, as YAML or JSON', async () => {
  const shown = {
    file: '/etc/relayd/relay.yaml',
    settings: { hostname: 'a.example' },
    origins: { hostname: 'relay.yaml:1' },
  };
  const daemon = { 'config.show': async () => shown };
  expect((await relayctl('config show', { daemon })).out).toBe('hostname: a.example\n');
  expect(JSON.parse((await relayctl('config show --json', { daemon })).out)).toEqual(shown);
});

test('show --origin: one value a line with its place, of the daemon and of a file', async () => {
  const shown = {
    file: '/etc/relayd/relay.yaml',
    settings: { hostname: 'a.example', queue: { retry: ['1m', '5m'] } },
    origins: { hostname: 'relay.yaml:1', 'queue.retry': 'default' },
  };
  const ran = await relayctl('config show --origin', {
    daemon: { 'config.show': async () => shown },
  });
  expect(ran.out).toBe(
    'KEY          VALUE      FROM\nhostname     a.example  relay.yaml:1\nqueue.retry  [1m, 5m]   default\n',
  );
  const path = file(GOOD);
  const { out } = await relayctl(['config', 'show', '--origin', path], { environment });
  expect(out).toMatch(/^accounts\.old-host\.host +mail\.old-host\.example +relay\.yaml:7$/m);
  expect(out).toMatch(/^accounts\.old-host\.password +\[secret\] +relay\.yaml:9$/m);
  expect(out).not.toContain('geheim');
});

test('show: of a file, and instead of a daemon that does not run; never a secret', async () => {
  const path = file(GOOD);
  const named = await relayctl(['config', 'show', path], { environment });
  expect(named).toMatchObject({ exitCode: 0, err: '', sockets: [] });
  const fallback = await relayctl(['--config', path, 'config', 'show'], { environment });
  expect(fallback.err).toBe(`relayctl: relayd is not running; this is what ${path} says\n`);
  expect(fallback.out).toBe(named.out);
  expect(named.out).toContain('password: "[secret]"');
  expect(named.out).toContain('host: mail.old-host.example');
  expect(
    named.out + (await relayctl(['--json', 'config', 'show', path], { environment })).out,
  ).not.toContain('geheim');
});

test('show: a bad file is exit code 78, every problem on a line of its own', async () => {
  const path = file('a: 1\nb: 2\n');
  const ran = await relayctl(['config', 'show', path]);
  expect(ran.exitCode).toBe(78);
  expect(ran.err.match(/^relayctl: relay\.yaml:\d+:\d+: /gm)?.length).toBeGreaterThanOrEqual(2);
});

test('the control socket comes from the file, whatever else is wrong with it', async () => {
  const path = file('control: {socket: c.sock}\nnonsense: [unclosed\n');
  const ran = await relayctl(['--config', path, 'status'], { daemon: null });
  expect(ran.sockets).toEqual([path.replace('relay.yaml', 'c.sock')]);
  const other = file('hostname: x\n');
  const usual = await relayctl('status', { daemon: null, environment: { RELAYD_CONFIG: other } });
  expect(usual.sockets).toEqual(['/run/relayd/control.sock']);
  const named = await relayctl(['--config', path, '--socket', '/x', 'status'], { daemon: null });
  expect(named.sockets).toEqual(['/x']);
});

test('a configuration file that is named but not there is an error, not a guess', async () => {
  const ran = await relayctl('--config /nowhere/relay.yaml status', { daemon: {} });
  expect(ran).toMatchObject({
    exitCode: 78,
    err: 'relayctl: there is no configuration file /nowhere/relay.yaml\n',
    sockets: [],
  });
});

const route = (path: string, line: string) =>
  relayctl(['--config', path, 'route', 'test', ...line.split(' ')], { environment });

test('route test: from the file alone', async () => {
  const path = file(GOOD);
  const ran = await route(path, '--from erp@velosi.example --to a@b.example --client velosi');
  expect(ran).toMatchObject({ exitCode: 0, sockets: [] });
  expect(ran.out).toBe(
    'erp@velosi.example -> a@b.example: relayed (route 1, line 11)\n' +
      '  old-host at mail.old-host.example:587: first choice\n',
  );
});

test('route test: refusals are exit code 65 and give the reply', async () => {
  const path = file(GOOD);
  const noRoute = await route(path, '--from x@y.example --to a@b.example');
  expect(noRoute.exitCode).toBe(65);
  expect(noRoute.out).toContain('refused, no route matches\n  550 5.7.1 no route for x@y.example');
  const foreign = await route(path, '--from x@y.example --to a@b.example --client velosi --json');
  expect(foreign.exitCode).toBe(65);
  expect(JSON.parse(foreign.out)).toMatchObject({
    result: 'refused',
    route: null,
    accounts: [],
    reply: expect.stringContaining('553 5.7.1'),
  });
  const unknown = await route(path, '--from x@y.example --to a@b.example --client nobody');
  expect(unknown).toMatchObject({
    exitCode: 65,
    err: 'relayctl: no client "nobody" is configured\n',
  });
});

test('route test: header conditions, holding and dropping routes', async () => {
  const path = file(
    GOOD.replace(
      'routes:\n',
      'routes:\n  - {sender: "@a.example", header: {X-Stream: news}, discard: true}\n' +
        '  - {sender: "@a.example", hold: true}\n  - {sender: "@b.example", reject: not from here}\n',
    ),
  );
  const news = ['--from', 'x@a.example', '--to', 'y@z.example', '--header', 'X-Stream: news'];
  const ran = await relayctl(['--config', path, 'route', 'test', ...news], { environment });
  expect(ran.out).toContain('accepted and dropped (route 1');
  expect((await route(path, '--from x@a.example --to y@z.example')).out).toContain(
    'accepted and held (route 2',
  );
  const rejected = await route(path, '--from x@b.example --to y@z.example');
  expect(rejected.out).toContain('550 5.7.1 not from here');
  expect(rejected.exitCode).toBe(65);
});

test('route test: what the route changes in what it sends', async () => {
  const path = file(
    GOOD.replace(
      'routes:\n',
      'routes:\n  - sender: "@a.example"\n    accounts: [old-host]\n' +
        '    rewrite: {from: erp@velosi.example, when: always}\n' +
        '    headers: {add: {X-Relay: relayd}, remove: [X-Internal-*]}\n    bcc: [log@a.example]\n',
    ),
  );
  expect((await route(path, '--from x@a.example --to y@z.example')).out).toBe(
    'x@a.example -> y@z.example: relayed (route 1, line 11)\n' +
      '  old-host at mail.old-host.example:587: first choice; rewritten to erp@velosi.example\n' +
      '  added to the header: X-Relay: relayd\n' +
      '  removed from the header: x-internal-*\n' +
      '  a copy to: log@a.example\n',
  );
});

test('route test --running asks the daemon, for the states of the accounts', async () => {
  const daemon = {
    'route.test': async () => ({
      result: 'accounts' as const,
      route: { index: 2, line: 9 },
      accounts: [
        {
          name: 'gmail',
          host: 'smtp.gmail.com',
          port: 587,
          maySendAs: true,
          rewrittenTo: null,
          state: { is: 'open' as const },
          takes: true,
        },
        {
          ...{ name: 'ses', host: 'ses.example', port: 587, maySendAs: false },
          ...{ rewrittenTo: null, state: null, takes: false },
        },
      ],
      edits: null,
      bcc: [],
      reply: null,
      why: 'the first route that matches',
    }),
  };
  const ran = await relayctl('route test --from <> --to a@b.example --running', { daemon });
  expect(ran.asked).toEqual([
    ['route.test', { from: '', to: 'a@b.example', client: null, headers: {} }],
  ]);
  expect(ran.out).toBe(
    '<> -> a@b.example: relayed (route 2, line 9)\n' +
      '  gmail at smtp.gmail.com:587: first choice; open; takes it now\n' +
      '  ses at ses.example:587: choice 2; may not send as <>: never used for it\n',
  );
  expect((await relayctl('route test --from <> --to a@b.example --running')).exitCode).toBe(69);
});

test.each([
  ['route test --to a@b.example', "required option '--from <address>' not specified"],
  ['route test --from nobody --to a@b.example', 'It must be a mail address'],
  ['route test --from a@b.example --to c@d.example --header x', 'written as "Name: value"'],
])('%s is a usage error', async (line, text) => {
  const ran = await relayctl(line);
  expect(ran.exitCode).toBe(64);
  expect(ran.err).toContain(text);
});
