import { isIP } from 'node:net';
import { z } from 'zod';
import { isTimeZone } from '../../lib/calendar.ts';
import { parseDuration } from '../../lib/duration.ts';
import { parseRate } from '../../lib/rate.ts';
import { parseSize } from '../../lib/size.ts';
import { parseQuotaRate } from '../../relay/quota-rate.ts';
import { parseProxyUrl } from '../proxy-url.ts';
import { didYouMean, either, wanted } from '../wanted.ts';

/** The scalar notations of relay.yaml. Each reads text into what the program computes with. */

interface Notation<T> {
  readonly what: string;
  readonly examples: readonly string[];
  /** For editors that check against the JSON schema; the reader below has the last word. */
  readonly pattern?: string;
  readonly read: (text: string) => T | null;
  /** The text may hold a password: errors do not repeat it. */
  readonly hidden?: boolean;
  /** What to add to the error when the text is a typical mistake. */
  readonly hint?: (text: string) => string;
}

export function notation<T>({ what, examples, pattern, read, hidden, hint }: Notation<T>) {
  const refused = (text: string) =>
    hidden === true
      ? `expected ${what} such as ${either(examples)}`
      : wanted(what, examples, text) + (hint?.(text) ?? '');
  return z
    .string({ error: (issue) => wanted(what, examples, issue.input) })
    .transform((text, context): T => {
      const value = read(text);
      if (value !== null) return value;
      context.addIssue({ code: 'custom', message: refused(text), input: text });
      return z.NEVER;
    })
    .meta({
      title: what.replace(/^an? /, ''),
      examples: [...examples],
      ...(pattern === undefined ? {} : { pattern }),
    });
}

const same = (pattern: RegExp) => (text: string) => (pattern.test(text) ? text : null);

/** `30s 5m 4h 5d`, combined as in `1h30m`; milliseconds. Zero only where it means something. */
export const durationOrZero = () => durationFrom(0);
export const duration = () => durationFrom(1);

const durationFrom = (least: number) =>
  notation({
    what: 'a duration',
    examples: ['30s', '5m', '4h'],
    pattern: '^(\\d+(ms|[smhd]))+$',
    read: (text) => atLeast(least, parseDuration(text)),
    hint: (text) => (parseDuration(text) === 0 ? moreThanZero : ''),
  });

/** `64KiB`, `25MiB`; bytes. Zero only where it means something. */
export const sizeOrZero = () => sizeFrom(0);
export const size = () => sizeFrom(1);

const sizeFrom = (least: number) =>
  notation({
    what: 'a size',
    examples: ['64KiB', '25MiB'],
    pattern: '^\\d+(\\.\\d+)? ?(B|KiB|MiB|GiB)$',
    read: (text) => atLeast(least, parseSize(text)),
    hint: (text) => {
      if (parseSize(text) === 0) return moreThanZero;
      return /^\d+ ?[KMG]B?$/i.test(text) ? '; units are B, KiB, MiB and GiB' : '';
    },
  });

const moreThanZero = '; it has to be more than 0';

function atLeast(least: number, value: number | null): number | null {
  return value === null || value < least ? null : value;
}

/** `20/m`: a count per second, minute, hour or day. */
export const rate = () =>
  notation({
    what: 'a rate',
    examples: ['20/m', '500/d'],
    pattern: '^\\d+/[smhd]$',
    read: parseRate,
    hint: () => '; units are s, m, h and d',
  });

/** A rate of an account: its window may be one of the calendar, and it may count recipients. */
export const quotaRate = () =>
  notation({
    what: 'a rate',
    examples: ['20/m', '500/d', '500/d@UTC', '10000/d recipients'],
    pattern: '^\\d+/([smhd]|[hd]@\\S+)( messages| recipients)?$',
    read: parseQuotaRate,
    hint: quotaRateHint,
  });

function quotaRateHint(text: string): string {
  const [, window = '', zone] = /^\d+\/(\w+)@(\S+)/.exec(text) ?? [];
  if (zone === undefined) return '; units are s, m, h and d';
  if (!/^[hd]$/.test(window)) return '; only h and d have a zone';
  return isTimeZone(zone) ? '' : `; ${zone} is no time zone, write UTC, +02:00 or Europe/Paris`;
}

/** `addr`, `@domain`, `*@sub.*` or `*`. */
export const addressPattern = () =>
  notation({
    what: 'an address pattern',
    examples: ['app@shop.example', '@shop.example', '*'],
    pattern: '^(\\*|\\S*@\\S+)$',
    read: same(/^(?:\*|[^\s<>]*@[^\s@<>]+)$/),
    hint: (text) => (/^[\w-]+(?:\.[\w-]+)+$/.test(text) ? `; a whole domain is "@${text}"` : ''),
  });

export const address = () =>
  notation({
    what: 'a mail address',
    examples: ['archive@shop.example'],
    read: same(/^[^\s<>]+@[^\s@<>]+$/),
  });

/** Of a message of our own, which does not ask for SMTPUTF8. */
export const asciiAddress = () =>
  notation({
    what: 'an ASCII mail address',
    examples: ['admin@shop.example'],
    read: same(/^[!-;=?-~]+@[!-;=?A-~]+$/),
  });

/** `a@b` or `Name <a@b>`: it becomes a From field as it is. */
export const mailbox = () =>
  notation({
    what: 'a mailbox',
    examples: ['Mail relay <relay@shop.example>'],
    read: same(
      /^(?:[^\s<>@]+@[^\s<>@]+|(?:"[^"\\\r\n]*" ?|[^<>()[\]\\,;:@"\x00-\x1f]*)<[^\s<>@]+@[^\s<>@]+>)$/,
    ),
  });

export const hostName = () =>
  notation({
    what: 'a host name or address',
    examples: ['smtp.example.org', '192.0.2.25'],
    read: (text) =>
      isIP(text) !== 0 || /^[\p{L}\d_](?:[\p{L}\d_.-]*[\p{L}\d_])?\.?$/u.test(text) ? text : null,
    hint: (text) =>
      /^[\w.-]+:\d+$/.test(text)
        ? '; the port has its own key'
        : /^\w+:\/\//.test(text)
          ? '; without the scheme'
          : '',
  });

/** Relative to the directory of relay.yaml. */
export const filePath = () =>
  notation({
    what: 'a file name',
    examples: ['/etc/relayd/tls/cert.pem'],
    read: same(/^[^\0]+$/),
  });

export const url = (protocols: readonly string[]) =>
  notation({
    what: `a URL with ${either(protocols)}`,
    examples: [`${protocols[0]}://host.example/`],
    hidden: true,
    read: (text) =>
      URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)) ? text : null,
  });

/** `socks5://user:pass@host:port`; the reader is strict, so that nothing in it goes unheeded. */
export const proxyUrl = () =>
  notation({
    what: 'a proxy URL',
    examples: ['socks5://127.0.0.1:1080', 'http://proxy.example:3128'],
    hidden: true,
    read: parseProxyUrl,
  });

/** A day (its beginning, UTC) or an instant; milliseconds since 1970. */
export const date = () =>
  notation({
    what: 'a date',
    examples: ['2026-12-31', '2026-12-31T18:00:00Z'],
    read: (text) => {
      if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)) return null;
      const instantMs = Date.parse(text);
      return Number.isNaN(instantMs) ? null : instantMs;
    },
  });

/** Field values go out as they are: no line break may get in. */
export const fieldText = () =>
  notation({
    what: 'a header field value',
    examples: ['relay'],
    read: same(/^[^\r\n\0]*$/),
  });

/** RFC 5322 section 3.6.8: printable US-ASCII without the colon. */
export const fieldName = () =>
  z
    .string()
    .regex(/^[!-9;-~]+$/, { error: 'is not a header field name; write one such as X-Relay' });

export const text = (what: string, example: string) =>
  z
    .string({ error: (issue) => wanted(what, [example], issue.input) })
    .min(1, { error: `is empty; give ${what} such as ${example}` })
    .meta({ examples: [example] });

export const whole = (least: number, most: number) =>
  z
    .int({ error: (issue) => wanted('a whole number', [], issue.input) })
    .min(least, { error: (issue) => `must be at least ${least}, found ${String(issue.input)}` })
    .max(most, { error: (issue) => `must be at most ${most}, found ${String(issue.input)}` });

export const truth = () =>
  z.boolean({ error: (issue) => wanted('true or false', [], issue.input) });

export const oneOf = <const T extends readonly string[]>(choices: T) =>
  z.enum(choices, { error: ({ input }) => choiceProblem(choices, input) });

function choiceProblem(choices: readonly string[], input: unknown): string {
  const hint = typeof input === 'string' ? didYouMean(input, choices) : '';
  return wanted(either(choices), [], input) + hint;
}
