import { headerField } from '../mail/dsn-field.ts';

type Fields = Readonly<Record<string, string>>;

const heads = new WeakMap<Fields, Buffer>();

/**
 * Header fields of the configuration as they go before a message, null without any. A field of the
 * route stands in place of the account's of that name: providers refuse the second of a kind.
 */
export function headFields(account: Fields, route: Fields | null): Buffer | null {
  const head = formatted(route === null ? account : overridden(account, route));
  return head.length === 0 ? null : head;
}

function overridden(account: Fields, route: Fields): Fields {
  const names = new Set(Object.keys(route).map((name) => name.toLowerCase()));
  const rest = Object.entries(account).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(rest), ...route };
}

function formatted(fields: Fields): Buffer {
  const known = heads.get(fields);
  if (known !== undefined) return known;
  const text = Object.entries(fields).map(([name, value]) => headerField(name, value));
  const head = Buffer.from(text.join(''));
  heads.set(fields, head);
  return head;
}
