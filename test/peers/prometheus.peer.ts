import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { anchorsOf } from '../support/anchors.ts';
import { makeCa, makeCertificate, spkiPin } from '../support/certificates.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const root = join(import.meta.dirname, '../..');
const rules = join(root, 'config/alerts.rules.yaml');
const names = ['good', 'bad', 'limited', 'slow'] as const;
let upstream: Upstream;
let relay: Daemon;
let prometheus: Prometheus;

function send(account: (typeof names)[number], to: string, from = `app@${account}.test`) {
  const { ports } = relay;
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: ports[0] ?? 0, ignoreTLS: true },
    auth: { user: 'app', pass: 'app-password' },
  });
  return transport.sendMail({ from, to, text: 'x' }).finally(() => transport.close());
}

/** Four accounts at one server: one that works, one to be refused, one with a small quota, one that is told to slow down. */
async function startScene(): Promise<void> {
  const ca = await makeCa();
  const pair = await makeCertificate(ca, { names: ['127.0.0.1'] });
  upstream = await startUpstream({
    pair: { certificate: `${pair.certificate}${ca.certificate}`, key: pair.key },
    accounts: Object.fromEntries(names.map((name) => [name, 'secret'])),
    rules: [
      {
        at: 'auth',
        username: 'bad',
        do: { reply: '535 5.7.8 Username and Password not accepted' },
      },
      { at: 'rcpt', path: 'nobody@', do: { reply: '550 5.1.1 no such user' } },
      { at: 'rcpt', path: 'later@', do: { reply: '450 4.2.1 this mailbox is busy' } },
      { at: 'end-of-data', path: 'doubt@', times: 1, do: { drop: true } },
      {
        at: 'end-of-data',
        path: 'unverified@',
        do: { reply: '554 Message rejected: Email address is not verified.' },
      },
      {
        at: 'end-of-data',
        username: 'slow',
        times: 2,
        do: { reply: '454 Throttling failure: Maximum sending rate exceeded' },
      },
    ],
  });
  const tls = {
    mode: 'starttls',
    verify: 'pin',
    pin: [`sha256//${spkiPin(pair.certificate)}`],
  };
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const exception = { allow: ['expired'], reason: 'a test', until };
  const account = (username: string, more = {}) => [
    username,
    { host: '127.0.0.1', port: upstream.port, username, password: 'secret', tls, ...more },
  ];
  const route = (sender: string, ...accounts: string[]) => ({ sender, accounts });
  relay = await startDaemon({
    config: {
      clients: { app: { password: 'app-password', senders: ['*'] } },
      accounts: Object.fromEntries([
        account('good', { tls: { ...tls, exception } }),
        account('bad'),
        account('limited', { limits: { rate: ['2/d'] } }),
        account('slow'),
      ]),
      routes: [
        route('@good.test', 'good'),
        route('@bad.test', 'bad', 'good'),
        route('@limited.test', 'limited'),
        route('@slow.test', 'slow'),
      ],
      failover: { after: '1s' },
      limits: { auth_failures: '3/h' },
      // Nobody listens there: it is told of nothing, and that is counted.
      notifications: { webhooks: [{ url: 'http://127.0.0.1:9/', events: ['account.held'] }] },
    },
  });
  const target = `127.0.0.1:${relay.observePort}`;
  prometheus = await startPrometheus({ target, rules });
}

beforeAll(startScene);
afterAll(async () => {
  await prometheus?.close();
  await relay?.close();
  await upstream?.close();
});

const promtool = (words: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync('promtool', words, { input, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
};

test('promtool has nothing to say about the rules, and their cases hold', () => {
  expect(promtool(['check', 'rules', '--lint-fatal', rules]).status).toBe(0);
  const cases = globSync('test/peers/alerts/*.yaml', { cwd: root });
  expect(cases.length).toBeGreaterThan(3);
  expect(promtool(['test', 'rules', ...cases.map((file) => join(root, file))])).toMatchObject({
    status: 0,
  });
});

test('a 535 fires "account held" at the first evaluation, and its runbook exists', async () => {
  const held = 'relayd_account_state{account="bad",state="held"}';
  const numberOf = async (expr: string) => Number((await prometheus.query(expr))[0]?.value[1]);
  await expect.poll(() => numberOf(held), { timeout: 20_000 }).toBe(0);
  await send('bad', 'a@dest.test');
  await relay.event('account.held');

  const firing = async () =>
    (await prometheus.alerts()).filter(({ labels }) => labels.alertname === 'RelaydAccountHeld');
  await expect
    .poll(firing, { timeout: 20_000 })
    .toMatchObject([{ state: 'firing', labels: { account: 'bad', severity: 'critical' } }]);
  // It was never pending: the first evaluation that saw the state fired.
  const pending = 'ALERTS{alertname="RelaydAccountHeld",alertstate="pending"}[1h]';
  expect(await prometheus.query(`count_over_time(${pending})`)).toEqual([]);

  const annotations = (await firing())[0]?.annotations;
  expect(annotations?.description).toContain('relayctl account show bad');
  const [file = '', anchor = ''] = annotations?.runbook_url?.split('#') ?? [];
  expect(anchorsOf(readFileSync(join(root, file), 'utf8'))).toContain(anchor);
});

/** Something for every panel to show. */
async function load(): Promise<void> {
  for (let n = 0; n < 30; n++) await send('good', `r${n}@dest.test`);
  for (const to of ['nobody@dest.test', 'later@dest.test']) await send('good', to);
  await send('good', 'r@dest.test', 'doubt@good.test');
  await send('good', 'r@dest.test', 'unverified@good.test');
  for (let n = 0; n < 5; n++) await send('limited', `r${n}@dest.test`);
  for (let n = 0; n < 3; n++) await send('slow', `r${n}@dest.test`);
  await expect(send('good', 'r@dest.test', 'app@nowhere.test')).rejects.toThrow('550');
  for (let n = 0; n < 5; n++) {
    const port = relay.ports[0] ?? 0;
    const auth = { user: 'app', pass: 'wrong' };
    const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true, auth });
    await expect(transport.verify()).rejects.toThrow();
    transport.close();
  }
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** As Grafana would ask, with everything chosen. */
function queriesOfTheDashboard(): string[] {
  const text = readFileSync(join(root, 'config/grafana-dashboard.json'), 'utf8');
  const { panels } = JSON.parse(text) as { panels: readonly Panel[] };
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) =>
      expr
        // A number for want of any must not stand in for what the query finds.
        .replaceAll(' or vector(0)', '')
        .replaceAll('$__rate_interval', '1m')
        .replaceAll('$__range', '1h')
        .replaceAll(/\$(?:instance|account)\b/g, '.*'),
    );
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}

/** What alerts compare, whether or not it is so now: each comparison gives 0 or 1 in place of nothing. */
function comparisonsOfTheAlerts(): string[] {
  const { groups } = parse(readFileSync(rules, 'utf8')) as RuleFile;
  return groups
    .flatMap((group) => group.rules.map(({ expr }) => expr))
    .flatMap((expr) => expr.split(/\bunless on \([^)]*\)/))
    .map((expr) => expr.replaceAll(/ (==|[<>]=?) /g, ' $1 bool '));
}

test('every query of the dashboard and every alert finds data', async () => {
  await load();
  const queries = [...queriesOfTheDashboard(), ...comparisonsOfTheAlerts()];
  expect(queries.length).toBeGreaterThan(100);
  const empty = async () => {
    const answers = await Promise.all(
      queries.map(async (expr) => ({ expr, found: (await prometheus.query(expr)).length })),
    );
    return answers.filter(({ found }) => found === 0).map(({ expr }) => expr);
  };
  await expect.poll(empty, { timeout: 40_000, interval: 1_000 }).toEqual([]);
  const fired = await prometheus.query('count by (alertname) (ALERTS{alertstate="firing"})');
  expect(fired.map(({ metric }) => metric.alertname).toSorted()).toEqual(
    expect.arrayContaining(['RelaydAccountHeld', 'RelaydInDoubt', 'RelaydSenderHeld']),
  );
});

test('promtool has nothing to say about the metrics of a relay that has worked', async () => {
  const answer = await fetch(`http://127.0.0.1:${relay.observePort}/metrics`);
  expect(promtool(['check', 'metrics'], await answer.text())).toEqual({ status: 0, said: '' });
});
