import { cut } from '../lib/printable.ts';

/**
 * An SMTP reply: the three-digit code, the enhanced status detail if the peer gave one, and its
 * text. RFC 5321 section 4.2, RFC 2034.
 */
export interface Reply {
  /** 200..599 */
  readonly code: number;
  /**
   * `subject.detail` of RFC 3463, without the class: the class is the code's first digit. Null when
   * absent.
   */
  readonly detail: StatusDetail | null;
  /** All lines joined by one space, codes removed, controls replaced; cut after 1 KiB, which it then says. */
  readonly text: string;
}

/** RFC 3463 section 2 `subject.detail`, for example `7.1`. */
export type StatusDetail = `${number}.${number}`;

/**
 * RFC 3463 section 2: class.subject.detail; the class is the reply code's first digit, never
 * stored.
 */
export function enhancedStatus(code: number, detail: StatusDetail): string {
  return `${Math.trunc(code / 100)}.${detail}`;
}

export const replyTextMax = 1024;

/** What nearly every reply is: one line of printable ASCII. Its text needs no cleaning and no cutting. */
const ONE_LINE = /^[2-5]\d\d [!-~](?:[ -~]{0,510}[!-~])?$/;
const STATUS = /^[245]\.(\d{1,3}\.\d{1,3})(?:\s+|$)/;

/**
 * Reads a reply as the wire or a library gives it: one or more lines `nnn[- ][x.y.z ]text`. Null
 * when it is none.
 */
export function parseReply(raw: string): Reply | null {
  if (ONE_LINE.test(raw)) {
    const { detail, text } = parted(raw.slice(4));
    return { code: Number(raw.slice(0, 3)), detail, text };
  }
  const lines = raw.split(/\r?\n/).filter((line) => line !== '');
  const code = Number(/^([2-5]\d\d)(?:[ -]|$)/.exec(lines.at(-1) ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(code)) return null;
  const parts = lines.map((line) => parted(line.replace(/^\d{3}[ -]?/, '')));
  const text = parts
    .map((part) => part.text)
    .join(' ')
    .replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')
    .trim();
  const detail = parts.find((part) => part.detail !== null)?.detail ?? null;
  return { code, detail, text: cut(text, replyTextMax) };
}

function parted(line: string): Pick<Reply, 'detail' | 'text'> {
  const status = STATUS.exec(line);
  if (status === null) return { detail: null, text: line };
  return { detail: status[1] as StatusDetail, text: line.slice(status[0].length) };
}

/** What was asked is done (RFC 5321 section 4.2.1); null is no answer. */
export function isPositive(reply: Reply | null): boolean {
  return reply !== null && reply.code < 300;
}

/** One line as a log or a DSN shows it: `550 5.1.1 no such user`. */
export function formatReply(reply: Reply): string {
  const status = reply.detail === null ? '' : `${enhancedStatus(reply.code, reply.detail)} `;
  return `${reply.code} ${status}${reply.text}`.trimEnd();
}
