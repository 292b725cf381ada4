import type { MessagePart } from '../control/reports.ts';
import { EX_OK } from '../lib/sysexits.ts';
import { eximId } from '../relay/exim-id.ts';
import type { Message, MessageId } from '../relay/message.ts';
import type { HistoryEntry, QueueRow } from '../relay/queue.ts';
import { readId } from './acts.ts';
import type { Command } from './command.ts';
import type { Desk } from './desk.ts';
import { type Head, splitHead } from './message.ts';
import { isFrozen, shown } from './queue-lines.ts';

/** -Mvl, -Mvh, -Mvb and -Mvc. */
export async function show(
  { what, id: text }: Extract<Command, { is: 'show' }>,
  desk: Desk,
): Promise<number> {
  const id = readId(text);
  const { queued, history } = await desk.ask('queue.show', { id });
  if (what === 'log') {
    desk.out(
      logLines(queued, history)
        .map((line) => `${shown(line)}\n`)
        .join(''),
    );
    return EX_OK;
  }
  if (what === 'header') {
    const pieces: Buffer[] = [];
    await readStored(desk, { id, what: 'headers' }, (piece) => pieces.push(piece));
    const head = splitHead(Buffer.concat(pieces), true);
    if (queued !== null && head !== null) desk.out(headerFile(queued, head));
    return EX_OK;
  }
  if (what === 'body') desk.out(`${eximId(id)}-D\n`);
  const toUnix = unixText();
  await readStored(desk, { id, what: what === 'body' ? 'body' : 'raw' }, (piece) =>
    desk.out(toUnix(piece)),
  );
  return EX_OK;
}

/** Piece by piece: a large message is never in memory as a whole. */
async function readStored(
  { ask }: Desk,
  message: { readonly id: MessageId; readonly what: MessagePart },
  onPiece: (piece: Buffer) => void,
): Promise<void> {
  await ask('message.read', { ...message, stored: true }, ({ base64 }) =>
    onPiece(Buffer.from(base64, 'base64')),
  );
}

/** In Exim's spool lines end as Unix has it. A CR in the middle of a line stays. */
function unixText(): (chunk: Buffer) => Buffer {
  let held = '';
  return (chunk) => {
    const text = held + chunk.toString('latin1');
    held = text.endsWith('\r') ? '\r' : '';
    const whole = text.slice(0, text.length - held.length);
    return Buffer.from(whole.replaceAll('\r\n', '\n'), 'latin1');
  };
}

/** Letters by which Exim marks the fields it looks for. */
const MARKS: Readonly<Record<string, string>> = {
  from: 'F',
  to: 'T',
  cc: 'C',
  bcc: 'B',
  'message-id': 'I',
  received: 'P',
  'reply-to': 'R',
  sender: 'S',
};

/** The -H file that Exim would keep of it, as far as there is something to say. */
function headerFile(queued: QueueRow, { fields }: Head): string {
  const { message } = queued;
  const { reversePath, recipients } = message.envelope;
  const seconds = Math.floor(message.acceptedAtMs / 1000);
  const frozen = isFrozen(queued) ? [`-frozen ${seconds}`] : [];
  const lines = [
    `${eximId(message.id)}-H`,
    `${message.client} 0 0`,
    `<${reversePath}>`,
    `${seconds} 0`,
    ...frozen,
    'XX',
    String(recipients.length),
    ...recipients.map(({ forwardPath }) => forwardPath),
    '',
    ...fields.map(({ name, text }) => {
      const length = String(text.length + 1).padStart(3, '0');
      return `${length}${MARKS[name] ?? ' '} ${Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1').toString('utf8')}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

/** What Exim's log of the message would say. */
function logLines(queued: QueueRow | null, history: HistoryEntry | null): string[] {
  const message = queued?.message ?? history?.message;
  if (message === undefined) return [];
  const to = (index: number): string => message.envelope.recipients[index]?.forwardPath ?? '?';
  const attempts = (history?.attempts ?? []).flatMap(({ startedAtMs, account, peer, results }) =>
    results.map(
      ({ index, outcome, text }) =>
        [startedAtMs, `${SIGNS[outcome]} ${to(index)} R=${account} H=${peer} ${text}`] as const,
    ),
  );
  const waiting = (queued?.recipients ?? []).flatMap(({ index, lane, lastText }) =>
    lastText === null
      ? []
      : [[Number.MAX_SAFE_INTEGER, `== ${to(index)} R=${lane ?? '-'} ${lastText}`] as const],
  );
  const end = history?.settledAtMs;
  return [
    [message.acceptedAtMs, received(message)] as const,
    ...attempts,
    ...waiting,
    ...(queued === null && end ? [[end, 'Completed'] as const] : []),
  ].map(([atMs, text]) => (atMs === Number.MAX_SAFE_INTEGER ? text : `${stamp(atMs)} ${text}`));
}

const SIGNS = { delivered: '=>', deferred: '==', 'in-doubt': '==', bounced: '**' } as const;

function received({ envelope, client, bytes, messageIdField }: Message): string {
  const id = messageIdField === null ? '' : ` id=${messageIdField.replace(/^<|>$/g, '')}`;
  return `Received from ${envelope.reversePath || '<>'} U=${client} S=${bytes}${id}`;
}

/** Local time, as in Exim's logs. */
function stamp(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
