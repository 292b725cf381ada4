import { expect, test } from 'vitest';
import type { FeedbackKind } from '../../../src/relay/feedback.ts';
import {
  brevoPost,
  mailgunPost,
  postmarkPost,
  type SignedPost,
  sendgridPost,
  sesBounce,
  snsPost,
} from '../../support/feedback-posts.ts';
import { gridKeys, openScene, type Scene, snsKeys } from './scene.ts';

const id = '0102018f3a2b4c5d-01234567-89ab-cdef-0123-456789abcdef-000000';
const kim = 'kim@example.net';
const at = '2026-11-20T10:00:00Z';

const ses = (said: unknown) => (): SignedPost => snsPost(snsKeys.privateKey, said);
const mail = { messageId: id, destination: [kim] };
const grid = (event: Readonly<Record<string, unknown>>) => (): SignedPost =>
  sendgridPost(gridKeys, [
    { email: kim, timestamp: 1_795_000_000, sg_message_id: `${id}.recvd-1`, ...event },
  ]);
const gun =
  (data: Readonly<Record<string, unknown>>) =>
  (scene: Scene): SignedPost =>
    mailgunPost(scene.secrets.mailgun, {
      recipient: kim,
      message: { headers: { 'message-id': '1@velosi.example' } },
      ...data,
    });
const mark =
  (record: Readonly<Record<string, unknown>>) =>
  (scene: Scene): SignedPost =>
    postmarkPost(scene.secrets.postmark, { MessageID: id, Email: kim, BouncedAt: at, ...record });
const brevo =
  (event: string) =>
  (scene: Scene): SignedPost =>
    brevoPost(scene.secrets.brevo, {
      event,
      email: kim,
      'message-id': '<1@velosi.example>',
      ts_event: 1_795_000_000,
    });

const SAYINGS: [string, (scene: Scene) => SignedPost, FeedbackKind | null][] = [
  ['SES bounce', ses(sesBounce(id, kim)), 'bounced'],
  ['SES bounce for now', ses(sesBounce(id, kim, 'Transient')), 'soft-bounced'],
  [
    'SES feedback notification',
    ses({
      notificationType: 'Bounce',
      bounce: { bounceType: 'Permanent', bouncedRecipients: [{ emailAddress: kim }] },
      mail,
    }),
    'bounced',
  ],
  [
    'SES complaint',
    ses({
      eventType: 'Complaint',
      complaint: { complainedRecipients: [{ emailAddress: kim }] },
      mail,
    }),
    'complained',
  ],
  [
    'SES delivery',
    ses({ eventType: 'Delivery', delivery: { recipients: [kim] }, mail }),
    'delivered',
  ],
  [
    'SES delay',
    ses({
      eventType: 'DeliveryDelay',
      deliveryDelay: { delayedRecipients: [{ emailAddress: kim }] },
      mail,
    }),
    'soft-bounced',
  ],
  ['SES reject', ses({ eventType: 'Reject', reject: { reason: 'Bad content' }, mail }), 'dropped'],
  ['SES open', ses({ eventType: 'Open', open: {}, mail }), null],
  ['SES in plain words', ses('Successfully validated SNS topic'), null],
  ['SendGrid bounce', grid({ event: 'bounce', type: 'bounce', status: '5.1.1' }), 'bounced'],
  ['SendGrid block', grid({ event: 'bounce', type: 'blocked' }), 'soft-bounced'],
  ['SendGrid spam report', grid({ event: 'spamreport' }), 'complained'],
  ['SendGrid delivered', grid({ event: 'delivered' }), 'delivered'],
  ['SendGrid dropped', grid({ event: 'dropped' }), 'dropped'],
  ['SendGrid click', grid({ event: 'click' }), null],
  [
    'Mailgun failure for good',
    gun({ event: 'failed', severity: 'permanent', reason: 'bounce' }),
    'bounced',
  ],
  ['Mailgun failure for now', gun({ event: 'failed', severity: 'temporary' }), 'soft-bounced'],
  [
    'Mailgun full mailbox',
    gun({
      event: 'failed',
      severity: 'permanent',
      'delivery-status': { 'enhanced-code': '5.2.2' },
    }),
    'soft-bounced',
  ],
  [
    'Mailgun own list',
    gun({ event: 'failed', severity: 'permanent', reason: 'suppress-bounce' }),
    'dropped',
  ],
  ['Mailgun complaint', gun({ event: 'complained' }), 'complained'],
  ['Mailgun open', gun({ event: 'opened' }), null],
  ['Postmark hard bounce', mark({ RecordType: 'Bounce', Type: 'HardBounce', ID: 1 }), 'bounced'],
  [
    'Postmark soft bounce',
    mark({ RecordType: 'Bounce', Type: 'SoftBounce', ID: 2 }),
    'soft-bounced',
  ],
  [
    'Postmark complaint',
    mark({ RecordType: 'SpamComplaint', Type: 'SpamComplaint', ID: 3 }),
    'complained',
  ],
  [
    'Postmark delivery',
    mark({ RecordType: 'Delivery', Recipient: kim, DeliveredAt: at }),
    'delivered',
  ],
  ['Postmark open', mark({ RecordType: 'Open', Recipient: kim }), null],
  ['Brevo hard bounce', brevo('hard_bounce'), 'bounced'],
  ['Brevo soft bounce', brevo('soft_bounce'), 'soft-bounced'],
  ['Brevo spam', brevo('spam'), 'complained'],
  ['Brevo delivered', brevo('delivered'), 'delivered'],
  ['Brevo opened', brevo('unique_opened'), null],
];

test.each(SAYINGS)('%s is read, attached, and taken once', async (_, make, kind) => {
  const scene = await openScene();
  const message = await scene.sent({ providerId: id });
  const post = make(scene);
  expect(await scene.post(post)).toBe(200);
  const received = scene.events.filter((event) => event.is === 'feedback.received');
  const said = (await scene.store.show(message)).history?.events ?? [];
  if (kind === null) {
    expect([received, said]).toEqual([[], []]);
    return;
  }
  expect(received).toMatchObject([{ kind, id: message, account: 'main' }]);
  expect(said).toMatchObject([{ is: 'feedback', kind, index: 0, account: 'main' }]);
  const suppressed = kind === 'bounced' || kind === 'complained';
  expect(scene.suppressions.has(kim)).toBe(suppressed);
  expect(await scene.post(post)).toBe(409);
  expect((await scene.store.show(message)).history?.events).toHaveLength(1);
});

test('a message that nobody here knows is kept by its id alone', async () => {
  const scene = await openScene();
  const post = snsPost(snsKeys.privateKey, sesBounce(id, kim));
  expect(await scene.post(post)).toBe(200);
  expect(scene.events).toMatchObject([
    { is: 'feedback.received', id: null, recipient: null, text: '' },
  ]);
  expect(await scene.store.unknownFeedback(9)).toMatchObject([{ providerId: id, kind: 'bounced' }]);
  expect(scene.suppressions.size).toBe(0);
});

test('of several who may have complained none is suppressed', async () => {
  const scene = await openScene();
  await scene.sent({ to: [kim, 'lee@example.net'], providerId: id });
  const complainedRecipients = [{ emailAddress: kim }, { emailAddress: 'lee@example.net' }];
  await scene.post(ses({ eventType: 'Complaint', complaint: { complainedRecipients }, mail })());
  expect(scene.events).toMatchObject([{ suppressed: false }, { suppressed: false }]);
  expect(scene.suppressions.size).toBe(0);
});

test('Postmark gives our own id back', async () => {
  const scene = await openScene();
  const message = await scene.sent({ messageIdField: '<9@x.example>' });
  await scene.sent({ messageIdField: '<10@x.example>' });
  const record = {
    RecordType: 'Bounce',
    Type: 'HardBounce',
    ID: 7,
    MessageID: 'another',
    Metadata: { relayd: message },
  };
  expect(await scene.post(mark(record)(scene))).toBe(200);
  expect(scene.events).toMatchObject([{ id: message, recipient: kim }]);
});

test('an entry that lasts longer stays, and the scope may be everybody', async () => {
  const scene = await openScene();
  await scene.sent({ providerId: id });
  const forever = {
    address: kim,
    account: null,
    reason: 'operator',
    detail: '',
    sinceMs: 1,
    untilMs: null,
  } as const;
  await scene.suppressions.add([forever]);
  scene.suppression = { ...scene.suppression, scope: 'global' };
  await scene.post(snsPost(snsKeys.privateKey, sesBounce(id, 'KIM@example.NET')));
  expect(scene.suppressions.of(kim)).toEqual([forever]);
  await scene.suppressions.remove([forever]);
  await scene.post(snsPost(snsKeys.privateKey, sesBounce(id, 'KIM@example.NET')));
  expect(scene.suppressions.find(kim, [])).toMatchObject({ reason: 'bounce', account: null });
  scene.suppression = { ...scene.suppression, bounceMs: 'off' };
  await scene.suppressions.remove([forever]);
  await scene.post(snsPost(snsKeys.privateKey, sesBounce(id, kim)));
  expect(scene.suppressions.size).toBe(0);
});
