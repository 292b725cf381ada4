import { randomBytes } from 'node:crypto';
import { isLocalListener } from '../config/listen-address.ts';
import type { Identity } from './identity.ts';
import { authLineBytesMax, wrongPasswordsMax } from './pace.ts';
import { REPLIES } from './replies.ts';
import { remoteName, type Session } from './session.ts';

type Step = (response: Buffer, done: () => void) => void;

/** Mechanisms the session may use now, for EHLO; none where a password would be in the clear. */
export function offeredMechanisms(session: Session): readonly string[] {
  if (session.identity?.authenticated === true || authNeedsTls(session)) return [];
  const { core, listener } = session;
  return core.authenticator.cramPossible(listener.accountLogin)
    ? ['PLAIN', 'LOGIN', 'CRAM-MD5']
    : ['PLAIN', 'LOGIN'];
}

/**
 * Passwords travel in the clear only where nobody but this machine could listen, and nobody asked
 * for TLS.
 */
function authNeedsTls({ secure, listener }: Session): boolean {
  return !secure && (listener.tls === 'starttls' || !isLocalListener(listener.listen));
}

/** RFC 4954 section 4 */
export function auth(session: Session, argument: string, done: () => void): void {
  const [mechanism = '', initial, ...rest] = argument.split(/ +/);
  const name = mechanism.toUpperCase();
  const malformed = argument === '' || rest.length > 0;
  const refusal = malformed ? REPLIES.argumentMissing : notNow(session, name);
  if (refusal !== null) {
    session.reply(refusal);
    done();
    return;
  }
  // RFC 4954 section 4: "=" is an initial response of no octets.
  const given = initial === '=' ? '' : initial;
  if (name === 'PLAIN') plain(session, given, done);
  else if (name === 'LOGIN') login(session, given, done);
  else cramMd5(session, given, done);
}

function notNow(
  session: Session,
  mechanism: string,
): (typeof REPLIES)[keyof typeof REPLIES] | null {
  if (!session.extended) return REPLIES.heloFirst;
  if (session.identity?.authenticated === true) return REPLIES.authAgain;
  if (session.transaction !== null) return REPLIES.authInMail;
  if (authNeedsTls(session)) return REPLIES.authNeedsTls;
  return offeredMechanisms(session).includes(mechanism) ? null : REPLIES.authMechanism;
}

/** RFC 4616: authorisation identity, authentication identity and password, parted by NUL. */
function plain(session: Session, initial: string | undefined, done: () => void): void {
  const step: Step = (response, next) => {
    const [authorize = '', name = '', password, ...rest] = response.toString('utf8').split('\0');
    if (password === undefined || rest.length > 0 || name === '') {
      session.reply(REPLIES.authSyntax);
      next();
    } else if (authorize !== '' && authorize !== name) {
      // Nobody may act as somebody else.
      fail(session, { name, mechanism: 'PLAIN' }, next);
    } else {
      check(session, { name, password, mechanism: 'PLAIN' }, next);
    }
  };
  if (initial === undefined) ask(session, '', step, done);
  else answer(session, initial, step, done);
}

/** The two prompts that every client of the LOGIN mechanism expects. */
function login(session: Session, initial: string | undefined, done: () => void): void {
  const step: Step = (username, next) => {
    const name = username.toString('utf8');
    const secret: Step = (password, last) =>
      check(session, { name, password: password.toString('utf8'), mechanism: 'LOGIN' }, last);
    ask(session, 'Password:', secret, next);
  };
  if (initial === undefined) ask(session, 'Username:', step, done);
  else answer(session, initial, step, done);
}

/** RFC 2195 */
function cramMd5(session: Session, initial: string | undefined, done: () => void): void {
  if (initial !== undefined) {
    session.reply(REPLIES.argumentMissing);
    done();
    return;
  }
  const { hostname } = session.core.settings();
  const challenge = `<${randomBytes(16).toString('hex')}.${session.core.clock()}@${hostname}>`;
  const step: Step = (response, next) => {
    const text = response.toString('utf8');
    const [, name, digest] = /^(.+) ([0-9a-fA-F]{32})$/.exec(text) ?? [];
    if (name === undefined || digest === undefined) {
      session.reply(REPLIES.authSyntax);
      next();
      return;
    }
    if (limitReached(session, name)) return;
    const identity = session.core.authenticator.checkCram({ name, challenge, digest });
    if (identity === null) fail(session, { name, mechanism: 'CRAM-MD5' }, next);
    else succeed(session, identity, next);
  };
  ask(session, challenge, step, done);
}

/** Sends a challenge and hands the client's next line to `step`, unless it cancels. */
function ask(session: Session, challenge: string, step: Step, done: () => void): void {
  session.readLine((line, next) => {
    if (line === '*') {
      session.reply(REPLIES.authCancelled);
      next();
    } else if (line.length > authLineBytesMax) {
      session.reply(REPLIES.authLong);
      next();
    } else {
      answer(session, line, step, next);
    }
  });
  session.reply({ code: 334, detail: null, text: Buffer.from(challenge).toString('base64') });
  done();
}

/** RFC 4648 section 4, nothing left out and nothing added. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function answer(session: Session, text: string, step: Step, done: () => void): void {
  if (BASE64.test(text)) {
    step(Buffer.from(text, 'base64'), done);
    return;
  }
  session.reply(REPLIES.authSyntax);
  done();
}

interface Attempt {
  readonly name: string;
  readonly mechanism: string;
}

function check(session: Session, attempt: Attempt & { password: string }, done: () => void): void {
  const { core, listener } = session;
  const { name, password } = attempt;
  if (limitReached(session, name)) return;
  const suspicious = core.logins.suspicious(name, session.remoteAddress);
  const { accountLogin } = listener;
  const answer = core.authenticator.check({ name, password, accountLogin, suspicious });
  if (!(answer instanceof Promise)) {
    succeed(session, answer, done);
    return;
  }
  void answer.then((identity) => {
    if (session.gone) return;
    if (identity === null) fail(session, attempt, done);
    else if (identity !== 'busy') succeed(session, identity, done);
    else {
      session.reply(REPLIES.authBusy);
      done();
    }
  });
}

function succeed(session: Session, identity: Identity, done: () => void): void {
  if (!session.become(identity)) return;
  session.reply(REPLIES.loggedIn);
  done();
}

/** No password is looked at, right or wrong: it would still tell which. */
function limitReached(session: Session, name: string): boolean {
  if (!session.core.logins.reached(name, session.remoteAddress)) return false;
  session.penalise(delayMs(session, wrongPasswordsMax), () =>
    session.refuse({ reply: REPLIES.tooManyLogins, why: 'logins' }),
  );
  return true;
}

function fail(session: Session, { name, mechanism }: Attempt, done: () => void): void {
  const { core, listener } = session;
  session.wrongPasswords += 1;
  core.logins.failed(name, session.remoteAddress);
  core.emit({
    is: 'login.failed',
    client: name.slice(0, 256),
    remote: remoteName(session),
    mechanism,
    known: core.authenticator.knows(name, listener.accountLogin),
  });
  session.penalise(delayMs(session, session.wrongPasswords), () => {
    if (session.wrongPasswords >= wrongPasswordsMax) {
      session.refuse({ reply: REPLIES.tooManyLogins, why: 'logins' });
      return;
    }
    session.reply(REPLIES.authFailed);
    done();
  });
}

function delayMs(session: Session, wrongPasswords: number): number {
  const { loginDelaysMs } = session.core.pace;
  return loginDelaysMs[Math.min(wrongPasswords, loginDelaysMs.length) - 1] ?? 0;
}
