import { createHash } from 'node:crypto';
import { Unsupported } from './scope.ts';

/** `${name:subject}` (section 11.6 of Exim's specification). */
export function applyOperator(name: string, subject: string): string {
  const [, base = '', first, second] =
    /^([a-z0-9]+(?:_[a-z]+)*)(?:_(\d+))?(?:_(\d+))?$/.exec(name) ?? [];
  const own = OPERATORS[base];
  if (own !== undefined) return own(subject);
  if (base === 'substr' || base === 's') return cut(subject, Number(first ?? 0), second);
  if (base === 'length' || base === 'l') return subject.slice(0, Number(first ?? 0));
  throw new Unsupported(`it uses \${${name}:…}`);
}

function cut(subject: string, start: number, length: string | undefined): string {
  return subject.slice(start, length === undefined ? undefined : start + Number(length));
}

const OPERATORS: Readonly<Record<string, (subject: string) => string>> = {
  lc: (text) => text.toLowerCase(),
  uc: (text) => text.toUpperCase(),
  domain: (text) => addressIn(text).replace(/^.*@/s, ''),
  local_part: (text) => addressIn(text).replace(/@[^@]*$/s, ''),
  address: addressIn,
  strlen: (text) => String(Buffer.byteLength(text)),
  escape: (text) => text,
  expand: () => {
    throw new Unsupported('it expands what it has looked up');
  },
  quote: (text) =>
    /[^\w.-]/.test(text) || text === '' ? `"${text.replace(/["\\]/g, '\\$&')}"` : text,
  quote_local_part: (text) => (/[^\w.+-]/.test(text) ? JSON.stringify(text) : text),
  rxquote: (text) => text.replace(/\W/g, '\\$&'),
  md5: (text) => createHash('md5').update(text).digest('hex'),
  sha1: (text) => createHash('sha1').update(text).digest('hex').toUpperCase(),
  sha256: (text) => createHash('sha256').update(text).digest('hex').toUpperCase(),
  base64: (text) => Buffer.from(text).toString('base64'),
  str2b64: (text) => Buffer.from(text).toString('base64'),
  base64d: (text) => Buffer.from(text, 'base64').toString(),
};

function addressIn(text: string): string {
  return (/<([^<>]*)>/.exec(text)?.[1] ?? text).trim();
}
