import type { Message, MessageId } from '../relay/message.ts';

interface OwnMessage {
  readonly id: MessageId;
  readonly from: string;
  readonly to: string;
  readonly hostname: string;
  readonly acceptedAtMs: number;
  readonly lifetimeMs: number;
  readonly subject: string;
  /** ASCII. */
  readonly lines: readonly string[];
}

/** A message of the relay's own: text that no program answers. */
export function ownMessage(given: OwnMessage): { message: Message; bytes: Buffer } {
  const { id, from, to, hostname, acceptedAtMs, lifetimeMs } = given;
  const bytes = bytesOf(given);
  const message: Message = {
    id,
    client: 'relayd',
    envelope: {
      reversePath: from,
      recipients: [{ forwardPath: to, notify: null, orcpt: null }],
      body: null,
      smtpUtf8: false,
      ret: null,
      envid: null,
    },
    from,
    messageIdField: `<${id}@${hostname}>`,
    boundAccount: null,
    routeSender: null,
    routeHeaders: {},
    acceptedAtMs,
    expiresAtMs: acceptedAtMs + lifetimeMs,
    bytes: bytes.length,
    eightBit: false,
    headerUtf8: false,
  };
  return { message, bytes };
}

function bytesOf({ id, from, to, hostname, acceptedAtMs, subject, lines }: OwnMessage): Buffer {
  const date = new Date(acceptedAtMs).toUTCString().replace('GMT', '+0000');
  return Buffer.from(
    [
      `From: <${from}>`,
      `To: <${to}>`,
      `Date: ${date}`,
      `Message-ID: <${id}@${hostname}>`,
      `Subject: ${subject}`,
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=us-ascii',
      '',
      ...lines,
      '',
    ].join('\r\n'),
  );
}
