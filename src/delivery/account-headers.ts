import { headerField } from '../mail/dsn-field.ts';
import type { Account } from '../relay/account.ts';

const heads = new WeakMap<Account, Buffer>();

/** The account's own header fields as they go before every message, null without any. */
export function headFields(account: Account): Buffer | null {
  const known = heads.get(account);
  if (known !== undefined) return known;
  const fields = Object.entries(account.headers);
  if (fields.length === 0) return null;
  const head = Buffer.from(fields.map(([name, value]) => headerField(name, value)).join(''));
  heads.set(account, head);
  return head;
}
