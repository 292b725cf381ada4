import { type HoldFacts, holdFor } from '../policy/hold-rules.ts';
import type { LanePlan } from '../policy/route.ts';
import { authorOf } from '../policy/sends-as.ts';
import type { Message, MessageId } from '../relay/message.ts';
import type { HoldRule } from '../relay/steering.ts';

/** Recipients with one fate, as a message of their own. */
export interface Part {
  readonly plan: LanePlan;
  readonly message: Message;
  /** The hold rule that is to hold it; absent: none. */
  readonly rule?: HoldRule;
}

/**
 * The parts as hold rules have them: recipients that a rule is about are parted from those that it
 * is not, so that only they are held.
 */
export function underHoldRules(
  parts: readonly Part[],
  rules: readonly HoldRule[],
  newMessageId: () => MessageId,
): readonly Part[] {
  if (rules.length === 0) return parts;
  return parts.flatMap((part) => (part.plan.action === 'deliver' ? split(part) : [part]));

  function split({ plan, message }: Part): Part[] {
    const { envelope } = message;
    const facts = factsOf(plan, message);
    // A copy goes the way of the message it is one of.
    const main = envelope.recipients.find(({ blind }) => blind !== true);
    const groups = Map.groupBy(envelope.recipients, (one) =>
      holdFor(rules, facts, (one.blind === true && main ? main : one).forwardPath),
    );
    return [...groups].map(([rule, recipients], place) => ({
      plan,
      message: {
        ...message,
        id: place === 0 ? message.id : newMessageId(),
        envelope: { ...envelope, recipients },
      },
      ...(rule === null ? {} : { rule }),
    }));
  }
}

function factsOf({ lane }: LanePlan, message: Message): HoldFacts {
  return { client: message.client, ...authorOf(message), lane };
}
