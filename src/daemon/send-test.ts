import type { Answer, Ask } from '../control/wire.ts';
import { ControlError } from '../control/wire.ts';
import { ownAccepted } from '../delivery/settled-events.ts';
import { admitThroughAny } from '../policy/admit.ts';
import { planLanes } from '../policy/route.ts';
import type { MessageId } from '../relay/message.ts';
import { ownMessage } from './own-message.ts';
import type { Relay } from './relay.ts';

export interface OwnMailParts {
  readonly relay: Pick<Relay, 'settings' | 'store' | 'delivery' | 'emit'>;
  readonly nowMs: () => number;
  readonly newMessageId: () => MessageId;
}

/** A message of our own, without what the queue gives it. */
export interface OwnMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** By the id that it gets; ASCII. */
  readonly lines: (id: MessageId) => readonly string[];
}

/** Accepts a short message of our own, and lets its lane deliver it. */
export function sendTest(
  parts: OwnMailParts,
  { from, to }: Ask<'message.send-test'>,
): Promise<Answer<'message.send-test'>> {
  const { hostname } = parts.relay.settings();
  return acceptOwn(parts, {
    from,
    to,
    subject: `relayd test from ${hostname}`,
    lines: (id) => [
      `This message was sent with relayctl send-test on ${hostname}.`,
      `It is in the queue as ${id}; relayctl queue show ${id} tells what became of it.`,
    ],
  });
}

/** Routes it as a client's message would be. Rejects with ControlError when no route takes it. */
export async function acceptOwn(
  { relay, nowMs, newMessageId }: OwnMailParts,
  { from, to, subject, lines }: OwnMail,
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
  const foreign = admitThroughAny(accounts, { reversePath: from, from: [from] }, plan.route);
  if (foreign !== null) throw new ControlError('refused', foreign.text);
  const id = newMessageId();
  const acceptedAtMs = nowMs();
  const { message, bytes } = ownMessage({
    id,
    from,
    to,
    hostname: settings.hostname,
    acceptedAtMs,
    lifetimeMs: plan.lifetimeMs,
    subject,
    lines: lines(id),
  });
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
