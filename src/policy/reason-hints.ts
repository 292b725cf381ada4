import type { ReasonClass } from '../relay/outcome.ts';

/** What a person can do about failures of a class, in one sentence. */
export const REASON_HINTS: Readonly<Record<ReasonClass, string>> = {
  ok: 'Nothing needs to be done.',
  recipient: 'The address does not exist or does not take mail: correct it in the app.',
  content: 'The upstream refuses what the message says or how large it is: look at its reply.',
  sender:
    'The account may not send as this sender: verify it at the provider, or change the route.',
  credentials: 'The upstream refuses the login: put a new password into relay.yaml and reload.',
  quota:
    'A limit of the provider is used up: wait for it, raise it, or add an account to the route.',
  suspended: 'The provider has stopped the account: ask its support.',
  refusals: 'One and the same refusal for all: look at the reply, then resume the account.',
  throttled: 'The upstream wants less at a time: nothing needs to be done.',
  upstream: 'The upstream has trouble of its own: it is tried again.',
  network: 'The upstream cannot be reached: look at DNS, firewall and port.',
  tls: "The upstream's certificate or TLS is not accepted: relayctl account test says why.",
  'in-doubt': 'Nobody knows whether the message arrived: ask the recipient, or see queue.in_doubt.',
  expired: 'The lifetime was over before the upstream took it: see why it waited.',
  capability: 'The upstream lacks an extension that the message needs: send it another way.',
  'no-route': 'No route of relay.yaml takes this sender: add one.',
  suppressed:
    'The address is on the suppression list: relayctl suppression remove lets mail to it go again.',
  operator: 'An operator ended it.',
  internal: 'A fault of the relay itself: see the log.',
};
