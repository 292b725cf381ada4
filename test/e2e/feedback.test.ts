import { createPrivateKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeCa, makeCertificate } from '../support/certificates.ts';
import type { Daemon } from '../support/daemon.ts';
import {
  brevoPost,
  mailgunPost,
  postmarkPost,
  type SignedPost,
  sendgridKeys,
  sendgridPost,
  sesBounce,
  snsHost,
  snsPost,
  topic,
} from '../support/feedback-posts.ts';
import { freePort } from '../support/free-port.ts';
import {
  ask,
  daemon,
  idOf,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

/** SNS on this machine, reached as relayd reaches the real one: through a proxy of the environment. */
async function fakeSns(): Promise<{
  readonly key: KeyObject;
  readonly asked: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}> {
  const ca = await makeCa();
  const { certificate, key } = await makeCertificate(ca, { names: [snsHost] });
  const asked: string[] = [];
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    asked.push(request.url ?? '');
    response.end(request.url?.endsWith('.pem') ? certificate : '<ok/>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = createProxy();
  proxy.on('connect', (_, client) => {
    const way = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(way).pipe(client);
    });
    way.on('error', () => client.destroy());
    client.on('error', () => way.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
    server.close();
    server.closeAllConnections();
  });
  const file = join(await temporaryDirectory(), 'ca.pem');
  writeFileSync(file, ca.certificate);
  const { port: proxyPort } = proxy.address() as AddressInfo;
  const environment = {
    NODE_USE_ENV_PROXY: '1',
    HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
    NODE_EXTRA_CA_CERTS: file,
  };
  return { key: createPrivateKey(key), asked, environment };
}

/** Gives the status. */
async function post(port: number, { path, headers, body }: SignedPost): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body });
  await answer.text();
  return answer.status;
}

const secrets = { mailgun: 'mailgun-key', postmark: 'postmark-password', brevo: 'brevo-token' };

test('posts of every provider reach the message, the numbers and the suppression list', async () => {
  const sns = await fakeSns();
  const grid = sendgridKeys();
  const port = await freePort();
  const server = await upstream({ accounts: mainLogin });
  const config = await simpleConfig(server, {
    feedback: {
      listen: `127.0.0.1:${port}`,
      ses: { topics: [topic] },
      sendgrid: { public_key: grid.publicKey },
      mailgun: { signing_key: secrets.mailgun },
      postmark: { username: 'hook', password: secrets.postmark },
      brevo: { token: secrets.brevo },
    },
  });
  const relay = await daemon({ config, environment: sns.environment });
  const sent = async (name: string): Promise<string> => {
    const mail = {
      from: 'a@shop.example',
      to: `${name}@example.net`,
      messageId: `<${name}@x.example>`,
    };
    const id = idOf(await submit(relay.ports[0] ?? 0, mail));
    await relay.event('message.completed', (event) => event.id === id);
    return id;
  };
  const names = ['ses', 'sendgrid', 'mailgun', 'postmark', 'brevo'] as const;
  const ids = new Map<string, string>();
  for (const name of names) ids.set(name, await sent(name));

  const subscribeUrl = `https://${snsHost}/?Action=ConfirmSubscription&Token=t`;
  const subscription = { Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL: subscribeUrl };
  expect(await post(port, snsPost(sns.key, 'subscribe?', subscription))).toBe(200);
  expect(sns.asked).toHaveLength(2);

  const bounce = sesBounce('unknown-id', 'ses@example.net') as { mail: object };
  const headers = [{ name: 'Message-ID', value: '<ses@x.example>' }];
  const posts: Record<(typeof names)[number], SignedPost> = {
    ses: snsPost(sns.key, { ...bounce, mail: { ...bounce.mail, headers } }),
    sendgrid: sendgridPost(grid, [
      {
        event: 'bounce',
        type: 'bounce',
        email: 'sendgrid@example.net',
        'smtp-id': '<sendgrid@x.example>',
      },
    ]),
    mailgun: mailgunPost(secrets.mailgun, {
      event: 'complained',
      recipient: 'mailgun@example.net',
      message: { headers: { 'message-id': 'mailgun@x.example' } },
    }),
    postmark: postmarkPost(`hook:${secrets.postmark}`, {
      ...{ RecordType: 'Delivery', Recipient: 'postmark@example.net', MessageID: 'uuid' },
      ...{ DeliveredAt: new Date().toISOString(), Metadata: { relayd: ids.get('postmark') } },
    }),
    brevo: brevoPost(secrets.brevo, {
      ...{ event: 'spam', email: 'brevo@example.net', 'message-id': '<brevo@x.example>' },
      ts_event: Math.floor(Date.now() / 1_000),
    }),
  };
  for (const name of names) {
    expect([name, await post(port, posts[name])]).toEqual([name, 200]);
    const event = await relay.event('feedback.received', ({ provider }) => provider === name);
    expect(event).toMatchObject({ id: ids.get(name), account: 'main' });
    expect([name, await post(port, posts[name])]).toEqual([name, 409]);
  }
  expect(sns.asked).toHaveLength(2);
  const forged = { ...posts.ses, body: posts.ses.body.replace('Bounce', 'bounce') };
  expect(await post(port, forged)).toBe(403);
  const huge = { ...posts.mailgun, body: 'x'.repeat(5_000_000) };
  expect(await post(port, huge)).toBe(403);

  await afterwards(relay, ids);
}, 60_000);

async function afterwards(relay: Daemon, ids: ReadonlyMap<string, string>): Promise<void> {
  const shown = await relay.relayctl('log', 'search', ids.get('ses') ?? '');
  expect(shown.stdout).toContain('provider: bounced');
  expect((await relay.relayctl('queue', 'show', ids.get('ses') ?? '')).stdout).toContain(
    'SAID LATER OF',
  );
  const evidence = await relay.relayctl('evidence', ids.get('mailgun') ?? '');
  expect(evidence.stdout).toContain('provider: complained');
  const stats = await ask<{ rows: { complained: number }[] }>(relay, 'stats');
  expect(stats.rows).toMatchObject([{ complained: 2 }]);
  const { entries } = await ask<{ entries: { address: string }[] }>(relay, 'suppression', 'list');
  const addresses = ['brevo', 'mailgun', 'sendgrid', 'ses'].map((name) => `${name}@example.net`);
  expect(entries.map(({ address }) => address)).toEqual(addresses);
  const port = relay.ports[0] ?? 0;
  const mail = { from: 'a@shop.example', to: 'SES@example.net', text: 'again' };
  await expect(submit(port, mail)).rejects.toThrow(/550 5\.1\.1 This recipient is suppressed/);
  await relay.relayctl('suppression', 'remove', 'ses@example.net');
  await submit(port, mail);
  const metrics = await (await fetch(`http://127.0.0.1:${relay.observePort}/metrics`)).text();
  expect(metrics).toContain('relayd_feedback_received_total{account="main",kind="bounced"} 2');
  expect(metrics).toContain('relayd_feedback_refused_total{provider="ses",why="signature"} 1');
}
