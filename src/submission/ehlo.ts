import { offeredMechanisms } from './auth.ts';
import { REPLIES } from './replies.ts';
import type { Session } from './session.ts';

/** RFC 5321 section 4.5.3.1.2 */
const heloBytesMax = 255;

/**
 * RFC 5321 section 4.1.1.1: what clients call themselves is taken as it comes, as long as it is one
 * word.
 */
function greet(session: Session, argument: string): boolean {
  if (!/^[!-~\u{a0}-\u{10ffff}]+$/u.test(argument) || argument.length > heloBytesMax) {
    session.reply(REPLIES.heloSyntax);
    return false;
  }
  session.helo = argument;
  // RFC 5321 section 4.1.4: EHLO in a session is a RSET, too.
  session.transaction = null;
  return true;
}

export function helo(session: Session, argument: string, done: () => void): void {
  if (greet(session, argument)) {
    session.extended = false;
    session.replyLines(250, [session.core.settings().hostname]);
  }
  done();
}

export function ehlo(session: Session, argument: string, done: () => void): void {
  if (greet(session, argument)) {
    session.extended = true;
    session.replyLines(250, [
      `${session.core.settings().hostname} at your service`,
      ...offers(session),
    ]);
  }
  done();
}

/** Only what is kept: each offer has its dialogue in test/dialogue. */
function offers(session: Session): string[] {
  const { listener, core } = session;
  const mechanisms = offeredMechanisms(session);
  return [
    'PIPELINING',
    `SIZE ${core.settings().limits.messageBytes}`,
    ...(listener.tls === 'starttls' && !session.secure ? ['STARTTLS'] : []),
    ...(mechanisms.length > 0 ? [`AUTH ${mechanisms.join(' ')}`] : []),
    '8BITMIME',
    'ENHANCEDSTATUSCODES',
    'DSN',
    'SMTPUTF8',
    'HELP',
    ...(session.mayXclient ? ['XCLIENT NAME ADDR PORT PROTO HELO LOGIN'] : []),
  ];
}
