import { enhancedStatus, type Reply, type StatusDetail } from '../mail/reply.ts';
import { REPLIES } from './replies.ts';

/** RFC 5321 section 4.5.3.1.5: a reply line has 512 octets, CRLF included. */
const replyLineBytesMax = 510;

/** A reply as it goes onto the wire: one line, printable ASCII. */
export function wireLine(reply: Reply): string {
  return known.get(reply) ?? format(reply);
}

function format({ code, detail, text }: Reply): string {
  const status = detail === null ? '' : `${enhancedStatus(code, detail)} `;
  // Route texts and addresses get into replies; nothing in them may begin another line.
  const line = `${code} ${status}${text.replace(/[^ -~]/g, '?')}`;
  return `${line.slice(0, replyLineBytesMax)}\r\n`;
}

const known: ReadonlyMap<Reply, string> = new Map(
  Object.values(REPLIES).map((reply) => [reply, format(reply)]),
);

/** Replies that say the client does not speak SMTP properly; policy and addresses do not count. */
export function isBadCommand({ code, detail }: Reply): boolean {
  return code >= 500 && (detail === null || detail.startsWith('5.'));
}

/** For the few replies that the library gives itself (XCLIENT): never its own guess by number. */
export const LIBRARY_DETAILS: ReadonlyMap<number, StatusDetail> = new Map([
  [421, '3.2'],
  [501, '5.4'],
  [503, '5.1'],
  [550, '7.1'],
]);
