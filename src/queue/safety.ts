import type { HeldSender, SendersReleased } from '../relay/held-sender.ts';
import type { Refusals } from '../relay/refusals.ts';
import { asSomebodyElse, isFrom } from './account-statements.ts';
import { type Core, count } from './core.ts';
import { where } from './filter.ts';
import { byAccount } from './kept.ts';
import type { Answer, Given } from './operations.ts';
import { parseJson } from './rows.ts';

/** A row that makes no sense is left out: the refusals are counted anew. */
export function refusals(core: Core): ReadonlyMap<string, Refusals> {
  return byAccount(core.sql.refusals.all(), decode);
}

/** Only the outline is looked at: nobody but this file writes it. */
function decode(row: { refusals: string }): Refusals | null {
  const value = parseJson(row.refusals) as Partial<Refusals> | null | undefined;
  const { credentialVersion, seen } = value ?? {};
  return typeof credentialVersion === 'string' && Array.isArray(seen)
    ? { credentialVersion, seen }
    : null;
}

export function saveRefusals(core: Core, given: Given<'account.save-refusals'>): undefined {
  const { account, refusals: kept } = given;
  if (kept === null) core.sql.forgetRefusals.run(account);
  else core.sql.saveRefusals.run(account, JSON.stringify(kept));
}

export function heldSenders(core: Core): HeldSender[] {
  return core.sql.heldSenders.all().map(({ since_at: sinceMs, ...rest }) => ({ ...rest, sinceMs }));
}

export function holdSender(core: Core, held: HeldSender): undefined {
  const { account, sender, detail, hint, sinceMs, standing } = held;
  core.sql.holdSender.run(account, sender, detail, hint, sinceMs, standing);
}

/** One sender is no longer held, or none of the account; the mail that was held for them is due. */
export function releaseSenders(core: Core, given: Given<'sender.release'>): SendersReleased {
  const { account, sender, dueAtMs } = given;
  const senders = core.sql.releaseSenders.all({ account, sender });
  const mail = { account, sender, ended: senders.length > 0 ? 1 : 0 };
  const { recipients, messages } = core.sql.countOfSender.get(mail) ?? {
    recipients: 0,
    messages: 0,
  };
  core.sql.releaseMail.run({ ...mail, dueAtMs });
  count(core, account, 'held', -recipients);
  count(core, account, 'waiting', recipients);
  return { senders, recipients, messages };
}

/**
 * Senders some of whose held mail matches are no longer held; the mail itself is left as it is. Mail
 * that was rewritten may be anybody's of its account.
 */
export function liftSenders(core: Core, filter: Given<'sender.lift'>): Answer<'sender.lift'> {
  const match = where(filter, ['held']);
  // Reads: held recipients that match, until one of the sender is found. Index: recipients_resting.
  const holds = core.db.prepare<unknown[], unknown>(
    `SELECT 1 FROM recipients WHERE ${match.sql} AND last_reason = 'sender' AND lane = ?
       AND (${isFrom('?')} OR ${asSomebodyElse('lane')}) LIMIT 1`,
  );
  const lifted = core.sql.heldSenders.all().filter(({ account, sender }) => {
    return holds.get(...match.values, account, sender, sender) !== undefined;
  });
  for (const { account, sender } of lifted) core.sql.releaseSenders.all({ account, sender });
  return lifted.map(({ account, sender }) => ({ account, sender }));
}
