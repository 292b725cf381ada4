/** A message that the relay acknowledged, as it was sent: CRLF line ends, dots not stuffed. */
export interface Acknowledged {
  readonly id: string;
  readonly content: string;
}

const ENTIRE_REPLY = /(?:\d{3}-[^\r]*\r\n)*(\d{3}) ([^\r]*)\r\n/y;
const END_OF_DATA = /(?:^|\r\n)\.\r\n/g;

/**
 * Goes through both sides of a session as somebody would who has read RFC 5321 and not the relay:
 * each line gets one reply, after 354 everything up to CRLF . CRLF gets one.
 */
export function readSession(said: string, replies: string): Acknowledged[] {
  const found: Acknowledged[] = [];
  let rest = said;
  let content: string | null = null;
  ENTIRE_REPLY.lastIndex = 0;
  for (let first = true; ; first = false) {
    const reply = ENTIRE_REPLY.exec(replies);
    if (reply === null || reply[1] === '421') return found;
    if (first) continue;
    if (content === null) {
      const end = rest.indexOf('\n');
      if (end < 0) throw new Error(`a reply to nothing: ${reply[0]}`);
      rest = rest.slice(end + 1);
      if (reply[1] === '354') content = '';
      continue;
    }
    END_OF_DATA.lastIndex = 0;
    const end = END_OF_DATA.exec(rest);
    if (end === null) throw new Error(`a reply to a message without an end: ${reply[0]}`);
    content = decoded(rest.slice(0, end.index), end[0] !== '.\r\n');
    rest = rest.slice(END_OF_DATA.lastIndex);
    const id = /queued as (\S+)/.exec(reply[2] ?? '')?.[1];
    if (reply[1] === '250' && id !== undefined) found.push({ id, content });
    content = null;
  }
}

/**
 * Section 4.5.2, and where a line ends with LF alone only what was surely stuffed: of two dots
 * one goes.
 */
function decoded(raw: string, terminated: boolean): string {
  const whole = `${raw}${terminated ? '\r\n' : ''}`;
  const unstuffed = whole.replace(/(^|\r\n)\.(?![\r\n])|(\n)\.(?=\.)/g, '$1$2');
  return unstuffed.replace(/\r\n|\r|\n/g, '\r\n');
}
