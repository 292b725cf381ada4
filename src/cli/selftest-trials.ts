import { inNetworks } from '../submission/network-client.ts';
import { openLines, type Peer, type SmtpLines } from './smtp-lines.ts';

/** One place where the relay listens, as somebody on this machine reaches it. */
export interface Target {
  /** `127.0.0.1:587`, or the path of a socket. */
  readonly at: string;
  readonly peer: Peer;
  /** Where we come from in the relay's eyes; '' for a Unix socket. */
  readonly source: string;
  readonly implicitTls: boolean;
}

/** Whom the configuration trusts, of all clients and listeners. */
export interface Trust {
  readonly networks: readonly string[];
  readonly proxies: readonly string[];
  readonly xclients: readonly string[];
}

/**
 * refused: as it should be. trusted: it was let in because the configuration says so. open: nothing
 * in the configuration says so, or nothing could be proved.
 */
export interface Trial {
  readonly at: string;
  readonly what: 'mail without a login' | 'a wrong password' | 'XCLIENT' | 'a PROXY header';
  readonly verdict: 'refused' | 'trusted' | 'open';
  readonly reply: string;
}

const withinMs = 10_000;
const address = 'selftest@selftest.invalid';

/** Tries what must not be possible; never sends a message. */
export async function tryTarget(target: Target, trust: Trust): Promise<readonly Trial[]> {
  const { source } = target;
  if (inNetworks(trust.proxies, source)) {
    const reply = 'a PROXY header is expected from here (listeners: proxy_protocol)';
    return [{ at: target.at, what: 'a PROXY header', verdict: 'trusted', reply }];
  }
  const known = inNetworks(trust.networks, source === '' ? '127.0.0.1' : source);
  const onSocket = source === '' && trust.networks.includes('unix');
  return [
    await attempt(target, 'mail without a login', known || onSocket, withoutLogin),
    await attempt(target, 'a wrong password', false, wrongPassword),
    await attempt(target, 'XCLIENT', inNetworks(trust.xclients, source), (lines) =>
      lines.say('XCLIENT ADDR=127.0.0.1'),
    ),
    await attempt(target, 'a PROXY header', false, (lines) => lines.say('NOOP'), proxyHeader),
  ];
}

const proxyHeader = 'PROXY TCP4 127.0.0.1 127.0.0.1 1 1';

async function attempt(
  target: Target,
  what: Trial['what'],
  trusted: boolean,
  dialogue: (lines: SmtpLines) => Promise<string | null>,
  before: string | null = null,
): Promise<Trial> {
  const trial = { at: target.at, what } as const;
  let lines: SmtpLines;
  try {
    lines = await openLines(target.peer, { implicitTls: target.implicitTls, withinMs });
  } catch (error) {
    return { ...trial, verdict: 'open', reply: `cannot connect: ${String(error)}` };
  }
  try {
    const first = await lines.say(before);
    // The header is answered in place of the greeting, or after it: the greeting says nothing.
    const greeted = first?.startsWith('220') === true;
    const reply = greeted ? await dialogue(lines) : first;
    return { ...trial, verdict: verdictOf(reply, trusted), reply: reply ?? 'no answer' };
  } finally {
    lines.close();
  }
}

/** 4xx is no proof: the same may be let in a moment later. */
function verdictOf(reply: string | null, trusted: boolean): Trial['verdict'] {
  if (reply?.startsWith('5') === true) return 'refused';
  return trusted && reply?.startsWith('2') === true ? 'trusted' : 'open';
}

async function withoutLogin(lines: SmtpLines): Promise<string | null> {
  await hello(lines);
  const mail = await lines.say(`MAIL FROM:<${address}>`);
  return mail?.startsWith('2') === true ? lines.say(`RCPT TO:<${address}>`) : mail;
}

async function wrongPassword(lines: SmtpLines): Promise<string | null> {
  await hello(lines);
  const login = Buffer.from('\0selftest\0wrong').toString('base64');
  return lines.say(`AUTH PLAIN ${login}`);
}

/** EHLO, inside TLS where that is offered. */
async function hello(lines: SmtpLines): Promise<void> {
  const offered = await lines.say('EHLO selftest.invalid');
  if (offered?.includes('STARTTLS') !== true) return;
  await lines.say('STARTTLS');
  await lines.upgrade();
  await lines.say('EHLO selftest.invalid');
}
