import { formatDateTime } from './date-time.ts';

export interface ReceivedFacts {
  /** The argument of EHLO or HELO. */
  readonly helo: string;
  /** IP address; null for a local socket. */
  readonly remoteAddress: string | null;
  /** Our own name. */
  readonly by: string;
  readonly protocol: string;
  readonly id: string;
  /**
   * The only forward-path; null when there are several: none may learn of the others (RFC 5321
   * section 7.2).
   */
  readonly forwardPath: string | null;
  readonly atMs: number;
}

/** RFC 5321 section 4.4: the trace field a relay puts before the message, with its line end. */
export function formatReceived(facts: ReceivedFacts): Buffer {
  const { remoteAddress } = facts;
  const literal = remoteAddress?.includes(':') ? `IPv6:${remoteAddress}` : remoteAddress;
  const peer = literal === null ? '' : ` ([${literal}])`;
  const first = `Received: from ${traceName(facts.helo)}${peer}`;
  const by = `by ${facts.by} with ${facts.protocol} id ${facts.id}`;
  const shown = facts.forwardPath !== null && /^[ -~]+$/.test(facts.forwardPath);
  const to = shown ? `\r\n\tfor <${facts.forwardPath}>` : '';
  const date = formatDateTime(facts.atMs);
  return Buffer.from(`${first}\r\n\t${by}${to};\r\n\t${date}\r\n`, 'latin1');
}

/**
 * What clients say at EHLO need not be a name: nothing that could end the clause gets into the
 * field.
 */
function traceName(helo: string): string {
  return /^[A-Za-z0-9[\]._:-]{1,255}$/.test(helo) ? helo : 'unknown';
}

/** RFC 3848 and RFC 6531 section 4.3: the protocol name of the `with` clause. */
export function protocolName(session: {
  readonly extended: boolean;
  readonly secure: boolean;
  readonly authenticated: boolean;
  readonly smtpUtf8: boolean;
}): string {
  if (!session.extended) return 'SMTP';
  const base = session.smtpUtf8 ? 'UTF8SMTP' : 'ESMTP';
  return `${base}${session.secure ? 'S' : ''}${session.authenticated ? 'A' : ''}`;
}
