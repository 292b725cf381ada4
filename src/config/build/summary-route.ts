import { addressMatcher } from '../../relay/address-pattern.ts';
import type { Settings } from '../../relay/settings.ts';
import type { BuildContext } from './context.ts';

/** The summary goes the way of all mail; that no route takes it would be known the next morning. */
export function warnOfUnroutedSummary(
  { routes, notifications }: Settings,
  { report }: BuildContext,
): void {
  const { summary } = notifications.alerts;
  if (summary === null || routes.length === 0) return;
  const { to, from } = summary;
  const [isSender, isRecipient] = [addressMatcher(from ?? to), addressMatcher(to)];
  const taken = routes.some(
    ({ client, sender, recipient, header, action }) =>
      (client === null || client === 'relayd') &&
      (sender === null || isSender(sender)) &&
      (recipient === null || isRecipient(recipient)) &&
      header === null &&
      (action.is === 'accounts' || action.is === 'hold'),
  );
  if (taken) return;
  report.warn(
    ['notifications', 'summary', from === null ? 'to' : 'from'],
    `no route takes mail of this sender to ${to}; the summary could not be sent`,
  );
}
