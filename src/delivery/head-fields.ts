import { headerField } from '../mail/dsn-field.ts';

type Fields = Readonly<Record<string, string>>;

const heads = new WeakMap<Fields, Buffer>();

/** Header fields of the configuration as they go before a message, null without any. */
export function headFields(...sets: readonly Fields[]): Buffer | null {
  const [first, ...more] = sets.map(formatted).filter(({ length }) => length > 0);
  if (first === undefined) return null;
  return more.length === 0 ? first : Buffer.concat([first, ...more]);
}

function formatted(fields: Fields): Buffer {
  const known = heads.get(fields);
  if (known !== undefined) return known;
  const text = Object.entries(fields).map(([name, value]) => headerField(name, value));
  const head = Buffer.from(text.join(''));
  heads.set(fields, head);
  return head;
}
