import type { Message, MessageId } from '../relay/message.ts';

interface TestMessage {
  readonly id: MessageId;
  readonly from: string;
  readonly to: string;
  readonly hostname: string;
  readonly acceptedAtMs: number;
  readonly lifetimeMs: number;
  /** The command that sends it, and what else there is to know. */
  readonly lines: readonly string[];
}

/** A short message of the relay's own. */
export function testMessage(given: TestMessage): { message: Message; bytes: Buffer } {
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

function bytesOf({ id, from, to, hostname, acceptedAtMs, lines }: TestMessage): Buffer {
  const date = new Date(acceptedAtMs).toUTCString().replace('GMT', '+0000');
  return Buffer.from(
    [
      `From: <${from}>`,
      `To: <${to}>`,
      `Date: ${date}`,
      `Message-ID: <${id}@${hostname}>`,
      `Subject: relayd test from ${hostname}`,
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=us-ascii',
      '',
      ...lines,
      '',
    ].join('\r\n'),
  );
}
