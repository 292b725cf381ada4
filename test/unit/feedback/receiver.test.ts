import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
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
} from '../../support/feedback-posts.ts';
import { gridKeys, openScene, type Scene, snsKeys } from './scene.ts';

const kim = 'kim@example.net';
const day = 86_400_000;
const bounce = sesBounce('id-1', kim);
const { privateKey } = snsKeys;
const failed = { event: 'failed', severity: 'permanent', recipient: kim };
const hard = { RecordType: 'Bounce', Type: 'HardBounce', ID: 1, Email: kim };

function whys(scene: Scene): unknown[] {
  return scene.events.map((event) => (event.is === 'feedback.refused' ? event.reason : event.is));
}

const changed = (post: SignedPost): SignedPost => ({ ...post, body: `${post.body} ` });

const FORGED: [string, (scene: Scene) => SignedPost, string][] = [
  [
    'SNS with a changed text',
    () => {
      const post = snsPost(privateKey, bounce);
      return { ...post, body: post.body.replaceAll('kim@', 'lee@') };
    },
    'signature',
  ],
  [
    'SNS by another key',
    () => {
      const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return snsPost(other.privateKey, bounce);
    },
    'signature',
  ],
  [
    'SNS of another topic',
    () => snsPost(privateKey, bounce, { TopicArn: `${topic}-2` }),
    'signature',
  ],
  [
    'SNS with another version',
    () => snsPost(privateKey, bounce, { SignatureVersion: '3' }),
    'signature',
  ],
  [
    'SNS of yesterday',
    () => {
      return snsPost(privateKey, bounce, {
        Timestamp: new Date(Date.now() - 2 * day).toISOString(),
      });
    },
    'stale',
  ],
  [
    'SNS of tomorrow',
    () => {
      return snsPost(privateKey, bounce, { Timestamp: new Date(Date.now() + day).toISOString() });
    },
    'stale',
  ],
  ['SNS without a time', () => snsPost(privateKey, bounce, { Timestamp: 'soon' }), 'stale'],
  [
    'SendGrid with a changed body',
    () => changed(sendgridPost(gridKeys, [{ event: 'bounce' }])),
    'signature',
  ],
  [
    'SendGrid by another key',
    () => sendgridPost(sendgridKeys(), [{ event: 'bounce' }]),
    'signature',
  ],
  ['SendGrid of yesterday', () => sendgridPost(gridKeys, [], Date.now() - 2 * day), 'stale'],
  [
    'SendGrid without a signature',
    () => {
      return { ...sendgridPost(gridKeys, []), headers: { 'content-type': 'application/json' } };
    },
    'signature',
  ],
  ['Mailgun by another key', () => mailgunPost('another', failed), 'signature'],
  [
    'Mailgun of yesterday',
    ({ secrets }) => mailgunPost(secrets.mailgun, failed, Date.now() - 2 * day),
    'stale',
  ],
  [
    'Mailgun without a token',
    ({ secrets }) => {
      const post = mailgunPost(secrets.mailgun, failed);
      return { ...post, body: post.body.replace(/"token":"[^"]*"/, '"token":""') };
    },
    'signature',
  ],
  ['Postmark with another password', () => postmarkPost('hook:wrong', hard), 'credentials'],
  [
    'Postmark without one',
    ({ secrets }) => {
      return { ...postmarkPost(secrets.postmark, hard), headers: {} };
    },
    'credentials',
  ],
  ['Brevo with another token', () => brevoPost('wrong', { event: 'spam' }), 'credentials'],
  ['a path of nobody', () => ({ path: '/feedback/resend', headers: {}, body: '{}' }), 'path'],
  ['another path', () => ({ path: '/', headers: {}, body: '' }), 'path'],
  [
    'a list in place of an object',
    () => ({ path: '/feedback/ses', headers: {}, body: '[[[]]]' }),
    'signature',
  ],
  [
    'no JSON',
    () => ({ path: '/feedback/mailgun', headers: {}, body: '{"signature":' }),
    'signature',
  ],
];

test.each(FORGED)('%s reads 403, is counted, and changes nothing', async (_, make, why) => {
  const scene = await openScene();
  const id = await scene.sent({ providerId: 'id-1' });
  expect(await scene.post(make(scene))).toBe(403);
  expect(whys(scene)).toEqual([why]);
  expect((await scene.store.show(id)).history?.events).toBeUndefined();
});

test('a post whose key cannot be had now is to come again: it is no forgery yet', async () => {
  const sns = { keyAt: async () => null, confirm: async () => false };
  const scene = await openScene({ sns });
  expect(await scene.post(snsPost(privateKey, bounce))).toBe(503);
  expect(whys(scene)).toEqual(['unproven']);
});

test('a signature of version 1 is believed, too', async () => {
  const scene = await openScene();
  expect(await scene.post(snsPost(privateKey, bounce, { SignatureVersion: '1' }))).toBe(200);
});

test('a token of Mailgun counts once, whatever the body says', async () => {
  const scene = await openScene();
  const id = await scene.sent({ messageIdField: '<1@x.example>' });
  const post = mailgunPost(scene.secrets.mailgun, { event: 'opened' });
  expect(await scene.post(post)).toBe(200);
  const { signature } = JSON.parse(post.body) as { signature: unknown };
  const message = { headers: { 'message-id': '1@x.example' } };
  const body = JSON.stringify({ signature, 'event-data': { ...failed, message } });
  expect(await scene.post({ ...post, body })).toBe(409);
  expect(whys(scene)).toEqual(['replay']);
  expect((await scene.store.show(id)).history?.events).toBeUndefined();
});

test('keys are remembered for longer than a post is believed', async () => {
  const scene = await openScene();
  const post = mailgunPost(scene.secrets.mailgun, failed);
  expect(await scene.post(post)).toBe(200);
  scene.aheadMs = day;
  await scene.suppressions.expire();
  expect(await scene.post(post)).toBe(409);
  scene.aheadMs = 2 * day;
  await scene.suppressions.expire();
  expect(await scene.post(post)).toBe(403);
});

test('a listed topic is confirmed, at SNS only', async () => {
  const scene = await openScene();
  const SubscribeURL = `https://${snsHost}/?Action=ConfirmSubscription&TopicArn=${topic}&Token=t`;
  const ask = (url: string, more: Record<string, string> = {}) =>
    snsPost(privateKey, 'subscribe?', {
      ...{ Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL: url },
      ...more,
    });
  expect(await scene.post(ask(SubscribeURL))).toBe(200);
  expect(scene.confirmed).toEqual([SubscribeURL]);
  expect(await scene.post(ask('https://evil.example/?Action=ConfirmSubscription'))).toBe(403);
  expect(await scene.post(ask(SubscribeURL, { TopicArn: `${topic}-2` }))).toBe(403);
  expect(await scene.post(ask(`https://${snsHost}/?Action=DeleteTopic`))).toBe(403);
  expect(scene.confirmed).toHaveLength(1);
});

test('a provider reads what is wrong with its post; a stranger does not', async () => {
  const scene = await openScene();
  const { secrets } = scene;
  const post = postmarkPost(secrets.postmark, hard);
  const plain = { ...post.headers, 'content-type': 'text/html' };
  expect(await scene.post({ ...post, headers: plain })).toBe(415);
  expect(await scene.post({ ...post, body: '{"RecordType":' })).toBe(400);
  expect(await scene.post({ ...post, body: 'x'.repeat(2 * 1024 * 1024) })).toBe(413);
  const stranger = { path: '/feedback/ses', headers: {}, body: 'x'.repeat(2 * 1024 * 1024) };
  expect(await scene.post(stranger)).toBe(403);
  expect(whys(scene)).toEqual(['type', 'malformed', 'size', 'size']);
});

test('deep and wide JSON is read to its bound', async () => {
  const scene = await openScene();
  const { secrets } = scene;
  const post = postmarkPost(secrets.postmark, hard);
  const deep = '['.repeat(400_000) + ']'.repeat(400_000);
  expect(await scene.post({ ...post, body: `{"RecordType":"Open","Details":${deep}}` })).toBe(200);
  const event = { event: 'open', email: '' };
  const many = Array.from({ length: 20_000 }, () => event);
  expect(await scene.post(brevoPost(secrets.brevo, many))).toBe(200);
  expect(scene.events).toEqual([]);
});

test('what a provider writes is one bounded line', async () => {
  const scene = await openScene();
  const id = await scene.sent({ providerId: 'id-1' });
  const nasty = `550 <script>\r\n\u001b[31mred\u202e ${'x'.repeat(10_000)}`;
  const said = {
    eventType: 'Delivery',
    mail: { messageId: 'id-1' },
    delivery: { recipients: [kim], smtpResponse: nasty },
  };
  await scene.post(snsPost(privateKey, said));
  const [event] = (await scene.store.show(id)).history?.events ?? [];
  expect(event).toMatchObject({
    text: expect.stringMatching(/^550 <script> \[31mred x{100,500}$/),
  });
});

test('a body that does not come to its end is not waited for', async () => {
  const scene = await openScene({ bodyMsMax: 30 });
  const socket = connect(scene.port, '127.0.0.1');
  const answer = new Promise<string>((resolve) =>
    socket.once('data', (data) => resolve(String(data))),
  );
  socket.write('POST /feedback/ses HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"Type":');
  expect(await answer).toMatch(/^HTTP\/1\.1 403 /);
  socket.destroy();
  expect(whys(scene)).toEqual(['slow']);
});

test('more posts than any provider sends read 429, and are told of once', async () => {
  const scene = await openScene({
    clock: () => 1_000,
    posts: { burst: 5, perSecond: 1 },
  });
  const post = { path: '/nowhere', headers: {}, body: '' };
  const statuses: number[] = [];
  for (let at = 0; at < 9; at++) statuses.push(await scene.post(post));
  expect(statuses.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 403));
  expect(statuses.slice(5)).toEqual(Array.from({ length: 4 }, () => 429));
  expect(whys(scene).filter((why) => why === 'rate')).toHaveLength(1);
});

test('a storage that fails asks for the post again', async () => {
  const scene = await openScene();
  const post = snsPost(privateKey, bounce);
  scene.store.failWith('full');
  expect(await scene.post(post)).toBe(503);
  scene.store.failWith(null);
  expect(await scene.post(post)).toBe(200);
});

test('a post that we stumble over ends itself, not the relay', async () => {
  const keyAt = async (): Promise<never> => Promise.reject(new TypeError('no such thing'));
  const scene = await openScene({ sns: { keyAt, confirm: async () => false } });
  expect(await scene.post(snsPost(privateKey, bounce))).toBe(500);
  expect(scene.events).toMatchObject([
    { is: 'feedback.refused', detail: expect.stringContaining('no such thing') },
  ]);
});

test('a recipient that is no text is left out', async () => {
  const scene = await openScene();
  const recipients = [{ toString: 1, valueOf: 1 }, kim];
  const said = { eventType: 'Delivery', mail: { messageId: 'id-1' }, delivery: { recipients } };
  expect(await scene.post(snsPost(privateKey, said))).toBe(200);
});
