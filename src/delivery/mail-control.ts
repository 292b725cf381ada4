import type { MessageId } from '../relay/message.ts';
import type { RedirectReport } from '../relay/queue-views.ts';
import type { DeliveryParts } from './delivery-parts.ts';
import { type Preview, previewOf } from './preview.ts';
import { type RedirectAsk, redirectMatching } from './redirect.ts';

/** What an operator can do with one message or many, by the accounts and routes in force. */
export interface MailControl {
  /** Sends what matches another way, or says what that would do. */
  redirect(ask: RedirectAsk): Promise<RedirectReport>;
  /** The bytes that would go out now, or the stored ones; null when they are not there any more. */
  preview(id: MessageId, stored: boolean): Promise<Preview | null>;
}

export function mailControl(parts: DeliveryParts): MailControl {
  const { deps, dispatcher, housekeeping, keeper } = parts;
  return {
    async redirect(ask) {
      const report = await redirectMatching({ ...deps, housekeeping }, ask);
      if (ask.dryRun) return report;
      for (const { to } of report.moves) dispatcher.wake(to, deps.clock());
      await keeper.look();
      return report;
    },
    preview: (id, stored) => previewOf(deps, id, stored),
  };
}
