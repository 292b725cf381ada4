import { formatDateTime } from './date-time.ts';
import { oneLine } from './dsn-field.ts';
import type { DsnAction, DsnInput, DsnRecipient } from './dsn-input.ts';
import { formatReply } from './reply.ts';

interface Wording {
  readonly subject: string;
  /** What happened, for all recipients listed. */
  readonly opening: string;
}

const WORDING: Readonly<Record<DsnAction, Wording>> = {
  failed: {
    subject: 'Your message could not be delivered',
    opening: 'Your message could not be delivered, and it will not be tried again, to:',
  },
  delayed: {
    subject: 'Your message is delayed',
    opening:
      'Your message is still waiting. You need not do anything: it is tried again until it is\n' +
      'delivered or its time is over, and you will be told if it fails. It has not yet reached:',
  },
  relayed: {
    subject: 'Your message was passed on',
    opening:
      'You asked to be told of the delivery. Your message was passed on to a mail server that\n' +
      'reports nothing further, so this is the last notice about:',
  },
  delivered: {
    subject: 'Your message was delivered',
    opening: 'You asked to be told of the delivery. Your message was delivered to:',
  },
};

export function dsnSubject(action: DsnAction): string {
  return WORDING[action].subject;
}

/**
 * What a sender can do about a failure, by the most specific beginning of the status without its
 * class.
 */
const ADVICE: readonly (readonly [detail: string, advice: string])[] = [
  ['1.7', 'Send from an address that the mail system accepts as yours.'],
  ['1.8', 'Send from an address that the mail system accepts as yours.'],
  ['1.', 'Check the address for mistakes; ask the recipient for the right one.'],
  ['2.2', 'The mailbox is full. Try again later, or reach the recipient another way.'],
  ['2.3', 'Send a smaller message, for instance a link in place of an attachment.'],
  ['2.', 'The mailbox cannot receive this. Reach the recipient another way.'],
  ['3.4', 'Send a smaller message, for instance a link in place of an attachment.'],
  ['4.6', 'The message goes round in a circle. Tell whoever runs the mail system.'],
  ['4.7', 'The time for trying is over. Send the message again later if it still matters.'],
  ['4.', 'The way to the recipient is broken. Try again later.'],
  ['5.3', 'Send the message to fewer recipients at once.'],
  ['6.', 'The message as it is written was refused. Change its content or format.'],
  ['7.', 'The message was refused by a rule. Ask the recipient or whoever runs the mail system.'],
];

/** The part for people: CRLF line ends, lines cut to a sensible length. */
export function dsnText(input: DsnInput, returnedWhole: boolean): string {
  const { action, original } = input;
  const attached = returnedWhole ? 'Your message' : 'The header of your message';
  const lines = [
    `This is the mail relay at ${oneLine(input.reportingMta)}.`,
    '',
    ...WORDING[action].opening.split('\n'),
    '',
    ...input.recipients.flatMap((recipient) => [...recipientLines(action, recipient), '']),
    `The message was accepted on ${formatDateTime(original.arrivedAtMs)}`,
    ...(original.messageIdField === null
      ? []
      : [`and has the Message-ID ${oneLine(original.messageIdField)}`]),
    `${attached} is attached, and a report that programs can read.`,
  ];
  return `${lines.flatMap(wrapped).join('\r\n')}\r\n`;
}

function recipientLines(action: DsnAction, recipient: DsnRecipient): string[] {
  const { status, explanation, reply, remoteMta, retryUntilMs } = recipient;
  const advice =
    action === 'failed' ? ADVICE.find(([detail]) => status.slice(2).startsWith(detail)) : undefined;
  const server = remoteMta === null ? 'The server' : `The server ${oneLine(remoteMta)}`;
  return [
    `  <${oneLine(recipient.forwardPath)}>`,
    ...(explanation === '' ? [] : [`    ${oneLine(explanation)}`]),
    ...(reply === null ? [] : [`    ${server} answered: ${oneLine(formatReply(reply))}`]),
    ...(advice === undefined ? [] : [`    ${advice[1]}`]),
    ...(action === 'delayed' && retryUntilMs !== null
      ? [`    It is tried until ${formatDateTime(retryUntilMs)}.`]
      : []),
  ];
}

/**
 * Breaks a line at spaces near 74 characters, which leaves room for quoted-printable, and keeps its
 * indentation; a long word is cut at 240.
 */
function wrapped(line: string): string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const rows: string[] = [];
  let row = indent;
  const words = line
    .trim()
    .split(' ')
    .flatMap((word) => word.match(/.{1,240}/gsu) ?? ['']);
  for (const word of words) {
    if (row.trim() !== '' && row.length + 1 + word.length > 74) {
      rows.push(row);
      row = indent;
    }
    row += row.trim() === '' ? word : ` ${word}`;
  }
  return [...rows, row.trimEnd()];
}
