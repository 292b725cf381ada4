import type { Envelope, EnvelopeRecipient } from './envelope.ts';
import type { Reply } from './reply.ts';
import { isPrintableXtext } from './xtext.ts';

/** Parameters of MAIL, absent ones null. */
export interface MailParameters extends Pick<Envelope, 'body' | 'smtpUtf8' | 'ret' | 'envid'> {
  /** RFC 1870: the size the client declares, in bytes. */
  readonly sizeBytes: number | null;
}

/** Parameters of RCPT, absent ones null. */
export type RcptParameters = Pick<EnvelopeRecipient, 'notify' | 'orcpt'>;

/** Either the parameters, or the reply that refuses the command. */
export type Parsed<T> = { readonly value: T } | { readonly refusal: Reply };

/** Keyword in upper case to value; null for a keyword without `=`. */
type Given = ReadonlyMap<string, string | null>;

export function parseMailParameters(text: string): Parsed<MailParameters> {
  const given = split(text, MAIL_CHECKS);
  if ('refusal' in given) return given;
  const { value } = given;
  const size = value.get('SIZE');
  return {
    value: {
      sizeBytes: size === undefined ? null : Number(size),
      body: upper(value, 'BODY') as MailParameters['body'],
      smtpUtf8: value.has('SMTPUTF8'),
      ret: upper(value, 'RET') as MailParameters['ret'],
      envid: value.get('ENVID') ?? null,
    },
  };
}

export function parseRcptParameters(text: string): Parsed<RcptParameters> {
  const given = split(text, RCPT_CHECKS);
  if ('refusal' in given) return given;
  const { value } = given;
  return { value: { notify: upper(value, 'NOTIFY'), orcpt: value.get('ORCPT') ?? null } };
}

function upper(given: Given, keyword: string): string | null {
  return given.get(keyword)?.toUpperCase() ?? null;
}

/** Whether a parameter's value is well formed; null stands for no value. */
type Checks = Readonly<Record<string, (value: string | null) => boolean>>;

/** RFC 3461 section 4.4: 100 octets. */
const envidBytesMax = 100;
/** RFC 3461 section 4.2: 500 octets. */
const orcptBytesMax = 500;

const MAIL_CHECKS: Checks = {
  // RFC 1870 section 6.2: size-value is 1*20DIGIT.
  SIZE: (value) => value !== null && /^\d{1,20}$/.test(value),
  // RFC 6152 section 2; BINARYMIME belongs to CHUNKING, which is not offered.
  BODY: (value) => value !== null && /^(?:7BIT|8BITMIME)$/i.test(value),
  // RFC 6531 section 3.4: no value.
  SMTPUTF8: (value) => value === null,
  RET: (value) => value !== null && /^(?:FULL|HDRS)$/i.test(value),
  ENVID: (value) =>
    value !== null && value !== '' && value.length <= envidBytesMax && isPrintableXtext(value),
  // RFC 4954 section 5. The identity is not passed on: whoever submits here has authenticated
  // itself.
  AUTH: (value) => value !== null && (value === '<>' || (value !== '' && isPrintableXtext(value))),
};

const RCPT_CHECKS: Checks = {
  // RFC 3461 section 4.1: NEVER stands alone, the others form a list.
  NOTIFY: (value) =>
    value !== null &&
    /^(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2})$/i.test(value),
  ORCPT: (value) => value !== null && value.length <= orcptBytesMax && isOriginalRecipient(value),
};

/**
 * RFC 3461 section 4.2: `addr-type;xtext`; RFC 6533 section 3 lets type utf-8 hold UTF-8 as it is.
 */
function isOriginalRecipient(value: string): boolean {
  const parts = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+);(.+)$/.exec(value);
  if (parts === null) return false;
  const address = parts[2] ?? '';
  if (parts[1]?.toLowerCase() !== 'utf-8') return isPrintableXtext(address);
  return /^[!-*,-<>-~\u{a0}-\u{10ffff}+]+$/u.test(address);
}

/** RFC 5321 section 4.1.2: `esmtp-keyword ["=" esmtp-value]`, each at most once. */
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u{a0}-\u{10ffff}]+))?$/u;

function split(text: string, checks: Checks): Parsed<Given> {
  const given = new Map<string, string | null>();
  for (const parameter of text === '' ? [] : text.split(/ +/)) {
    const parts = PARAMETER.exec(parameter);
    const keyword = parts?.[1]?.toUpperCase();
    if (keyword === undefined) return refusal(501, 'Bad parameter syntax');
    const check = Object.hasOwn(checks, keyword) ? checks[keyword] : undefined;
    // RFC 5321 section 4.1.1.11: 555 for parameters not recognised.
    if (check === undefined) return refusal(555, `Parameter ${shown(keyword)} is not supported`);
    if (given.has(keyword)) return refusal(501, `Parameter ${keyword} is given twice`);
    const value = parts?.[2] ?? null;
    if (!check(value)) return refusal(501, `Bad value of parameter ${keyword}`);
    given.set(keyword, value);
  }
  return { value: given };
}

function shown(keyword: string): string {
  return keyword.slice(0, 40);
}

function refusal(code: number, text: string): { refusal: Reply } {
  return { refusal: { code, detail: '5.4', text } };
}
