import type { Reply } from '../mail/reply.ts';
import { auth } from './auth.ts';
import { data } from './data.ts';
import { ehlo, helo } from './ehlo.ts';
import { mail } from './mail.ts';
import { authLineBytesMax, commandLineBytesMax } from './pace.ts';
import { rcpt } from './rcpt.ts';
import { REPLIES } from './replies.ts';
import type { Session } from './session.ts';

/**
 * Runs one command and calls `done` when the next may run; never calls it once the session has
 * ended.
 */
type Command = (session: Session, argument: string, done: () => void) => void;

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['EHLO', ehlo],
  ['HELO', helo],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['AUTH', auth],
  ['STARTTLS', startTls],
  ['RSET', rset],
  // RFC 5321 section 4.1.1.9: NOOP may have a string, which is ignored.
  ['NOOP', replying(REPLIES.ok)],
  ['HELP', replying(REPLIES.help)],
  ['VRFY', vrfy],
  ['EXPN', replying(REPLIES.notImplemented)],
  ['BDAT', replying(REPLIES.notImplemented)],
  ['ETRN', replying(REPLIES.notImplemented)],
  ['TURN', replying(REPLIES.notImplemented)],
  ['QUIT', quit],
]);

/** RFC 5321 section 4.1.4: these wait for HELO or EHLO. */
const AFTER_HELO = new Set(['MAIL', 'RCPT', 'DATA', 'AUTH', 'STARTTLS']);

/** A browser that was made to talk to us by a web page. */
const HTTP = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|CONNECT|PATCH) \S+ HTTP\/\d/i;

/** Of the line each character is an octet. */
export function runCommand(session: Session, line: string, done: () => void): void {
  const text = textOf(line);
  const space = text?.indexOf(' ') ?? -1;
  const verb = (space < 0 ? text : text?.slice(0, space))?.toUpperCase() ?? '';
  const fault = lineFault(line, text, verb);
  if (fault !== null || text === null) {
    session.reply(fault ?? REPLIES.badLine);
    done();
    return;
  }
  const argument = space < 0 ? '' : text.slice(space + 1).trim();
  const command = COMMANDS.get(verb);
  if (verb === 'XCLIENT' && session.mayXclient) {
    session.xclient(line, done);
  } else if (command === undefined) {
    unknown(session, text, done);
  } else if (session.helo === null && AFTER_HELO.has(verb)) {
    session.reply(REPLIES.heloFirst);
    done();
  } else {
    command(session, argument, done);
  }
}

function unknown(session: Session, text: string, done: () => void): void {
  if (HTTP.test(text)) {
    session.refuse({ reply: REPLIES.notSmtp, why: 'commands' });
    return;
  }
  session.reply(REPLIES.unknownCommand);
  done();
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Null when the line is not UTF-8. */
function textOf(line: string): string | null {
  if (!/[\x80-\xff]/.test(line)) return line;
  try {
    return decoder.decode(Buffer.from(line, 'latin1'));
  } catch {
    return null;
  }
}

function lineFault(line: string, text: string | null, verb: string): Reply | null {
  const bytesMax = verb === 'AUTH' ? authLineBytesMax : commandLineBytesMax;
  if (line.length > bytesMax) return verb === 'AUTH' ? REPLIES.authLong : REPLIES.lineTooLong;
  return text === null || /[\x00-\x1f\x7f]/.test(text) ? REPLIES.badLine : null;
}

function replying(reply: Reply): Command {
  return (session, _, done) => {
    session.reply(reply);
    done();
  };
}

/** RFC 5321 section 4.1.1.5 */
function rset(session: Session, argument: string, done: () => void): void {
  if (argument === '') session.transaction = null;
  session.reply(argument === '' ? REPLIES.ok : REPLIES.noArguments);
  done();
}

function vrfy(session: Session, argument: string, done: () => void): void {
  session.reply(argument === '' ? REPLIES.argumentMissing : REPLIES.vrfy);
  done();
}

/** RFC 3207 section 4 */
function startTls(session: Session, argument: string, done: () => void): void {
  if (session.listener.tls === 'starttls' && !session.secure && argument === '') {
    session.startTls(done);
    return;
  }
  if (session.secure) session.reply(REPLIES.tlsActive);
  else
    session.reply(
      session.listener.tls === 'starttls' ? REPLIES.noArguments : REPLIES.notImplemented,
    );
  done();
}

/** RFC 5321 section 4.1.1.10 */
function quit(session: Session, argument: string, done: () => void): void {
  session.reply(argument === '' ? REPLIES.bye : REPLIES.noArguments);
  if (argument === '') session.hangUp();
  else done();
}
