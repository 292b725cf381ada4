import { EX_CONFIG, EX_DATAERR, EX_NOPERM, EX_OK, EX_TEMPFAIL, EX_USAGE } from '../lib/sysexits.ts';
import { needsSmtpUtf8 } from '../mail/path.ts';
import { formatReply, type Reply } from '../mail/reply.ts';
import type { Delivery } from './command.ts';
import { type Dialogue, openDialogue } from './dialogue.ts';
import { SubmissionFailure } from './failure.ts';
import { AddressFault, addresses, type Caller, composeHead, recipientsOf } from './head.ts';
import { type Head, splitHead, wireText } from './message.ts';

/** What a delivery touches outside of itself. */
export interface Surroundings {
  /** The message. */
  readonly input: AsyncIterable<Buffer>;
  readonly socket: () => Promise<string>;
  /** Told the name that relayd gives itself. */
  readonly caller: (ownName: string) => Caller;
  readonly nowMs: () => number;
  readonly say: (line: string) => void;
}

/** Hands the message on the input to relayd: all recipients, or none and a SubmissionFailure. */
export async function submit(delivery: Delivery, surroundings: Surroundings): Promise<number> {
  const input = surroundings.input[Symbol.asyncIterator]();
  let dialogue: Dialogue | null = null;
  try {
    dialogue = await openDialogue(await surroundings.socket());
    const greeting = expect(await dialogue.reply(), 'greeting');
    const caller = surroundings.caller(greeting.text.split(' ')[0] ?? '');
    const opening = await readHead(input);
    const letter = compose(delivery, { caller, opening, atMs: surroundings.nowMs() });
    const reply = await converse(dialogue, { delivery, letter, caller, input, opening });
    if (delivery.verbose) surroundings.say(formatReply(reply));
    return EX_OK;
  } catch (error) {
    dialogue?.socket.destroy();
    // A program that is still writing would be killed by its broken pipe before it saw our words.
    await drain(input);
    throw error;
  }
}

/** The beginning of the input, up to the end of the header at least. */
interface Opening {
  readonly head: Head;
  readonly data: Buffer;
}

const headBytesMax = 1024 * 1024;

async function readHead(input: AsyncIterator<Buffer>): Promise<Opening> {
  let data: Buffer = Buffer.alloc(0);
  for (;;) {
    const { done, value } = await input.next();
    if (done !== true) data = data.length === 0 ? value : Buffer.concat([data, value]);
    const head = splitHead(data, done === true);
    if (head !== null) return { head, data };
    if (data.length > headBytesMax) {
      throw new SubmissionFailure(EX_DATAERR, 'the header of the message is longer than 1 MiB');
    }
  }
}

interface Letter {
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly header: string;
}

function compose(
  delivery: Delivery,
  { caller, opening, atMs }: { caller: Caller; opening: Opening; atMs: number },
): Letter {
  const { fields } = opening.head;
  try {
    const given = delivery.recipients.flatMap((text) =>
      addresses(text, caller.domain, 'recipient'),
    );
    const named = delivery.extract ? recipientsOf(fields, caller.domain) : [];
    const recipients = delivery.extract ? without(named, given) : given;
    if (recipients.length === 0) {
      throw new SubmissionFailure(EX_USAGE, 'the message names no recipients in To, Cc or Bcc');
    }
    const reversePath = senderOf(delivery.sender, caller);
    const facts = { caller, sender: reversePath, fullName: delivery.fullName, atMs };
    return {
      reversePath,
      recipients: [...new Set(recipients)],
      header: composeHead(fields, facts),
    };
  } catch (error) {
    if (!(error instanceof AddressFault)) throw error;
    throw new SubmissionFailure(EX_DATAERR, error.message);
  }
}

/** As Exim and Sendmail do with -t: who is named as an argument, too, does not get the message. */
function without(recipients: readonly string[], removed: readonly string[]): readonly string[] {
  const folded = new Set(removed.map((address) => address.toLowerCase()));
  return recipients.filter((address) => !folded.has(address.toLowerCase()));
}

function senderOf(given: string | null, caller: Caller): string {
  if (given === null) return `${caller.name}@${caller.domain}`;
  const [address, ...more] = addresses(given, caller.domain, 'sender');
  if (more.length > 0) throw new AddressFault(`sender: ${given} has several addresses`);
  return address ?? '';
}

interface Exchange {
  readonly delivery: Delivery;
  readonly letter: Letter;
  readonly caller: Caller;
  readonly opening: Opening;
  readonly input: AsyncIterator<Buffer>;
}

/** RFC 5321 section 3.3, with RFC 2920: two round trips before the message. */
async function converse(dialogue: Dialogue, exchange: Exchange): Promise<Reply> {
  const { letter, delivery, caller } = exchange;
  dialogue.send(`EHLO ${caller.domain}\r\n`);
  expect(await dialogue.reply(), 'EHLO');
  const notify = delivery.notify === null ? '' : ` NOTIFY=${delivery.notify}`;
  const paths = letter.recipients.map((path) => `RCPT TO:<${path}>${notify}\r\n`);
  dialogue.send(
    `MAIL FROM:<${letter.reversePath}>${mailParameters(exchange)}\r\n${paths.join('')}`,
  );
  const mail = await dialogue.reply();
  const rcpt: Reply[] = [];
  for (const _ of letter.recipients) rcpt.push(await dialogue.reply());
  expect(mail, `sender <${letter.reversePath}>`);
  // One that is refused stops all: a caller who tries again sends nothing twice.
  rcpt.forEach((reply, index) => {
    expect(reply, `recipient <${letter.recipients[index]}>`);
  });
  dialogue.send('DATA\r\n');
  expect(await dialogue.reply(), 'DATA');
  await sendMessage(dialogue, exchange);
  dialogue.send('.\r\nQUIT\r\n');
  const accepted = expect(await afterTheDot(dialogue), 'message');
  dialogue.socket.destroySoon();
  return accepted;
}

/** RFC 1047: a message whose answer is lost may have been taken. */
async function afterTheDot(dialogue: Dialogue): Promise<Reply> {
  try {
    return await dialogue.reply();
  } catch (error) {
    if (!(error instanceof SubmissionFailure)) throw error;
    const doubt = `${error.message}; whether it has taken the message is not known`;
    throw new SubmissionFailure(error.exitCode, doubt);
  }
}

function mailParameters({ letter, delivery }: Exchange): string {
  const utf8 = [letter.reversePath, ...letter.recipients].some(needsSmtpUtf8);
  return [
    delivery.body === null ? '' : ` BODY=${delivery.body}`,
    utf8 ? ' SMTPUTF8' : '',
    delivery.ret === null ? '' : ` RET=${delivery.ret}`,
    delivery.envid === null ? '' : ` ENVID=${xtext(delivery.envid)}`,
  ].join('');
}

/** RFC 3461 section 4 */
function xtext(text: string): string {
  return text.replace(
    /[+=]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function sendMessage(dialogue: Dialogue, exchange: Exchange): Promise<void> {
  const { letter, opening, input, delivery } = exchange;
  let full: Promise<void> | null = null;
  const emit = (piece: Buffer): void => {
    full = dialogue.write(piece) ?? full;
  };
  const head = wireText(emit, false);
  head.push(Buffer.from(letter.header, 'latin1'));
  const body = wireText(emit, !delivery.dotsIgnored);
  let open = body.push(opening.data.subarray(opening.head.length));
  while (open) {
    await full;
    full = null;
    const { done, value } = await input.next();
    if (done === true) break;
    open = body.push(value);
  }
  body.end();
}

/** The reply, when it is a good one; throws SubmissionFailure for the others. */
function expect(reply: Reply, about: string): Reply {
  if (reply.code < 400) return reply;
  throw new SubmissionFailure(exitCode(reply), `${about}: relayd says ${formatReply(reply)}`);
}

function exitCode({ code, detail }: Reply): number {
  // Trying again would not make the list of recipients shorter.
  if (code < 500) return code === 452 && detail === '5.3' ? EX_DATAERR : EX_TEMPFAIL;
  if (code === 530) return EX_CONFIG;
  return detail?.startsWith('7.') === true ? EX_NOPERM : EX_DATAERR;
}

async function drain(input: AsyncIterator<Buffer>): Promise<void> {
  if (process.stdin.isTTY) return;
  for (let next = await input.next(); next.done !== true; ) next = await input.next();
}
