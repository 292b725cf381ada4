import type { Answer, Ask } from '../control/wire.ts';
import { ControlError } from '../control/wire.ts';
import { ownAccepted } from '../delivery/settled-events.ts';
import { admitThroughAny } from '../policy/admit.ts';
import { planLanes } from '../policy/route.ts';
import type { Message, MessageId } from '../relay/message.ts';
import type { Relay } from './relay.ts';

interface SendTestParts {
  readonly relay: Relay;
  readonly nowMs: () => number;
  readonly newMessageId: () => MessageId;
}

/**
 * Accepts a short message of our own, routed as a client's would be, and lets its lane deliver it.
 */
export async function sendTest(
  { relay, nowMs, newMessageId }: SendTestParts,
  { from, to }: Ask<'message.send-test'>,
): Promise<Answer<'message.send-test'>> {
  const settings = relay.settings();
  const [plan] = planLanes(settings, {
    client: 'relayd',
    sender: from,
    boundAccount: null,
    author: { reversePath: from, from: [], own: false, bytes: 0 },
    recipients: [to],
    headers: {},
  });
  if (plan === undefined || plan.action === 'reject') {
    throw new ControlError('refused', plan?.text ?? `no route for ${from} to ${to}`);
  }
  if (plan.action === 'discard') {
    throw new ControlError('refused', `the route for ${from} to ${to} discards`);
  }
  const names = plan.accounts.length > 0 ? plan.accounts : [plan.lane ?? ''];
  const accounts = names.flatMap((name) => settings.accounts.get(name) ?? []);
  const foreign = admitThroughAny(accounts, { reversePath: from, from: [] });
  if (foreign !== null) throw new ControlError('refused', foreign.text);
  const id = newMessageId();
  const acceptedAtMs = nowMs();
  const bytes = testMessage({ id, from, to, hostname: settings.hostname, atMs: acceptedAtMs });
  const message: Message = {
    id,
    client: 'relayd',
    envelope: {
      reversePath: from,
      recipients: [{ forwardPath: to, notify: null, orcpt: null }],
      body: null,
      smtpUtf8: false,
      ret: null,
      envid: null,
    },
    from,
    messageIdField: `<${id}@${settings.hostname}>`,
    boundAccount: null,
    routeSender: null,
    routeHeaders: {},
    acceptedAtMs,
    expiresAtMs: acceptedAtMs + plan.lifetimeMs,
    bytes: bytes.length,
    eightBit: false,
    headerUtf8: false,
  };
  const held = plan.action === 'hold' || plan.lane === null;
  const lane = held ? plan.lane : relay.delivery.choose(plan.accounts, 1);
  const start = held
    ? ({ is: 'held', reason: plan.text } as const)
    : ({ is: 'waiting', dueAtMs: acceptedAtMs } as const);
  const own = { message, body: { in: 'memory', bytes }, lane, start } as const;
  await relay.store.accept([own]);
  relay.emit(ownAccepted(own, nowMs()));
  if (lane !== null) relay.delivery.wake(lane, acceptedAtMs);
  return { id, account: lane };
}

interface TestMessage {
  readonly id: MessageId;
  readonly from: string;
  readonly to: string;
  readonly hostname: string;
  readonly atMs: number;
}

function testMessage({ id, from, to, hostname, atMs }: TestMessage): Buffer {
  const date = new Date(atMs).toUTCString().replace('GMT', '+0000');
  return Buffer.from(
    [
      `From: <${from}>`,
      `To: <${to}>`,
      `Date: ${date}`,
      `Message-ID: <${id}@${hostname}>`,
      `Subject: relayd test from ${hostname}`,
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=us-ascii',
      '',
      `This message was sent with relayctl send-test on ${hostname}.`,
      `It is in the queue as ${id}; relayctl queue show ${id} tells what became of it.`,
      '',
    ].join('\r\n'),
  );
}
