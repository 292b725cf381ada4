import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Action, Script, Situation, UpstreamPhase } from './upstream-rules.ts';
import { Wire } from './wire.ts';

/** A message whose final dot was seen, as the upstream has it. */
export interface ReceivedMessage {
  /** Username of the session, null without AUTH. */
  readonly authenticatedAs: string | null;
  /** `TLSv1.3`, null in clear. */
  readonly tls: string | null;
  /** Sessions are numbered from 1 in the order of their connection. */
  readonly session: number;
  /** The text between MAIL FROM:< and >, octets as latin1. */
  readonly reversePath: string;
  /** ESMTP parameters of MAIL, as received. */
  readonly parameters: readonly string[];
  readonly recipients: readonly {
    readonly forwardPath: string;
    readonly parameters: readonly string[];
  }[];
  /** Dots unstuffed; empty when the upstream was told not to keep bodies. */
  readonly body: Buffer;
  readonly bytes: number;
  readonly sha256: string;
  /** What the client was answered; null when the connection was cut instead. */
  readonly reply: string | null;
}

/** What a session needs of its server. */
export interface Host {
  readonly name: string;
  readonly tls: 'none' | 'starttls' | 'implicit';
  readonly context: SecureContext;
  /** Username to password; empty: AUTH is neither offered nor asked for. */
  readonly accounts: Map<string, string>;
  readonly mechanisms: readonly string[];
  /** EHLO keywords besides STARTTLS and AUTH. */
  readonly extensions: readonly string[];
  readonly keepBodies: boolean;
  readonly script: Script;
  /** What the server itself does where no rule says otherwise; null: the usual. */
  readonly behave: (situation: Situation) => Action | null;
  /** Resolves when stalled sessions may go on. */
  released(): Promise<void>;
  received(message: ReceivedMessage): void;
}

interface Transaction {
  reversePath: string;
  parameters: string[];
  recipients: { forwardPath: string; parameters: string[] }[];
}

/** The connection was cut on purpose. */
const cut = Symbol('cut');

interface State {
  /** Beneath TLS, where there is any. */
  readonly tcp: Socket;
  readonly wire: Wire;
  readonly host: Host;
  readonly number: number;
  username: string | null;
  transaction: Transaction | null;
  /** What was written last; null: the connection was cut without. */
  said: string | null;
}

/** Runs one SMTP session until the client or a rule ends it. */
export async function serve(socket: Socket, host: Host, number: number): Promise<void> {
  const state: State = {
    tcp: socket,
    wire: new Wire(socket),
    host,
    number,
    username: null,
    transaction: null,
    said: null,
  };
  try {
    await answer(state, 'greeting', `220 ${host.name} ESMTP`);
    for (;;) {
      const line = await state.wire.line();
      if (line === null || (await command(state, line)) === 'over') break;
    }
  } catch (error) {
    if (error !== cut) throw error;
  } finally {
    // What was written last still goes out: TLS writes it later than a plain socket.
    state.wire.socket.destroySoon();
  }
}

async function command(state: State, line: string): Promise<'over' | undefined> {
  const { wire, host } = state;
  const verb = line.slice(0, 4).toUpperCase();
  if (verb === 'EHLO' || verb === 'HELO') await answer(state, 'ehlo', greeting(state));
  else if (verb === 'STAR') await startTls(state);
  else if (verb === 'AUTH') await authenticate(state, line);
  else if (verb === 'MAIL') await mail(state, line);
  else if (verb === 'RCPT') await recipient(state, line);
  else if (verb === 'DATA') await data(state);
  else if (verb === 'NOOP') wire.write('250 2.0.0 ok\r\n');
  else if (verb === 'RSET') {
    state.transaction = null;
    await answer(state, 'rset', '250 2.0.0 reset');
  } else if (verb === 'QUIT') {
    await answer(state, 'quit', `221 2.0.0 ${host.name} closes`);
    wire.socket.end();
    return 'over';
  } else wire.write('502 5.5.1 not known here\r\n');
  return undefined;
}

/** Writes the usual reply, or does what a rule says instead. Returns what the client was told. */
async function answer(
  state: State,
  at: UpstreamPhase,
  usual: string,
  about: { readonly path?: string | null; readonly body?: Buffer } = {},
): Promise<string> {
  const { host, username, transaction, number: session } = state;
  state.said = null;
  const { path = transaction?.reversePath ?? null, body = null } = about;
  const situation = { at, username, path, session, usual, transaction, body };
  const action = host.script.next(situation) ?? host.behave(situation);
  if (action !== null && 'stall' in action) {
    await state.wire.meanwhile(state.host.released());
  }
  if (action !== null && 'raw' in action) return answerRaw(state, action);
  if (action !== null && 'drop' in action && !('reply' in action)) throw cut;
  const reply = action !== null && 'reply' in action ? action.reply : usual;
  state.wire.write(wireReply(reply));
  state.said = reply;
  if (action !== null && 'drop' in action && action.drop === true) {
    state.wire.socket.end();
    throw cut;
  }
  return reply;
}

function answerRaw(state: State, { raw, end }: Extract<Action, { raw: string }>): string {
  const { tcp, wire } = state;
  wire.write(raw);
  state.said = raw;
  if (end === undefined) return raw;
  if (end === 'reset') tcp.resetAndDestroy();
  throw cut;
}

/** `250 a\nb` becomes `250-a` and `250 b`. */
function wireReply(reply: string): string {
  const code = reply.slice(0, 3);
  const texts = reply.slice(4).split('\n');
  return texts
    .map((text, index) => `${code}${index === texts.length - 1 ? ' ' : '-'}${text}\r\n`)
    .join('');
}

const positive = (reply: string): boolean => reply.startsWith('2') || reply.startsWith('3');

function greeting({ host, wire }: State): string {
  const secure = wire.socket instanceof TLSSocket;
  const keywords = [...host.extensions];
  if (host.tls === 'starttls' && !secure) keywords.push('STARTTLS');
  if (host.accounts.size > 0 && (secure || host.tls === 'none')) {
    keywords.push(`AUTH ${host.mechanisms.join(' ')}`);
  }
  return `250 ${[host.name, ...keywords].join('\n')}`;
}

async function startTls(state: State): Promise<void> {
  const { host, wire } = state;
  if (host.tls !== 'starttls' || wire.socket instanceof TLSSocket) {
    wire.write('503 5.5.1 no TLS now\r\n');
    return;
  }
  if (!positive(await answer(state, 'starttls', '220 2.0.0 go ahead'))) return;
  const secured = new TLSSocket(wire.release(), { isServer: true, secureContext: host.context });
  wire.upgrade(secured);
  state.transaction = null;
  await wire.meanwhile(once(secured, 'secure'));
}

async function authenticate(state: State, line: string): Promise<void> {
  const [, mechanism = '', initial] = line.split(' ');
  if (!state.host.mechanisms.includes(mechanism.toUpperCase())) {
    state.wire.write('504 5.7.4 Unrecognized Authentication Type\r\n');
    return;
  }
  const given = await credentials(state.wire, mechanism.toUpperCase(), initial);
  const known = given !== null && state.host.accounts.get(given.username) === given.password;
  if (!known && mechanism.toUpperCase() === 'XOAUTH2' && !(await tokenRefused(state))) return;
  const usual = known ? '235 2.7.0 welcome' : '535 5.7.8 username or password not accepted';
  const before = state.username;
  state.username = given?.username ?? null; // rules at `auth` see who tries
  const reply = await answer(state, 'auth', usual);
  if (!reply.startsWith('235')) state.username = before;
}

async function credentials(
  wire: Wire,
  mechanism: string,
  initial: string | undefined,
): Promise<{ username: string; password: string } | null> {
  const ask = async (prompt: string): Promise<string> => {
    wire.write(`334 ${Buffer.from(prompt).toString('base64')}\r\n`);
    return decode((await wire.line()) ?? '');
  };
  if (mechanism === 'XOAUTH2') {
    const string = /^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$/;
    const [, username, password] = string.exec(decode(initial ?? '')) ?? [];
    return username === undefined || password === undefined ? null : { username, password };
  }
  if (mechanism === 'PLAIN') {
    const token = initial === undefined ? await ask('') : decode(initial);
    const [, username, password] = token.split('\0');
    return username === undefined || password === undefined ? null : { username, password };
  }
  if (mechanism !== 'LOGIN') return null;
  const username = initial === undefined ? await ask('Username:') : decode(initial);
  return { username, password: await ask('Password:') };
}

/** As Google and Microsoft do: the 535 comes after an empty line. False: something else came. */
async function tokenRefused({ wire }: State): Promise<boolean> {
  const why = { status: '401', schemes: 'bearer', scope: 'https://mail.example/' };
  wire.write(`334 ${Buffer.from(JSON.stringify(why)).toString('base64')}\r\n`);
  if ((await wire.line()) === '') return true;
  wire.write('501 5.5.2 an empty line was expected\r\n');
  return false;
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

async function mail(state: State, line: string): Promise<void> {
  const path = parsePath(line);
  if (path === null) {
    state.wire.write('501 5.5.4 MAIL FROM:<path>\r\n');
    return;
  }
  const open = state.host.accounts.size === 0 || state.username !== null;
  const usual = open ? '250 2.1.0 ok' : '530 5.7.0 authentication first';
  if (!positive(await answer(state, 'mail', usual, { path: path.path }))) return;
  state.transaction = { reversePath: path.path, parameters: path.parameters, recipients: [] };
}

async function recipient(state: State, line: string): Promise<void> {
  const path = parsePath(line);
  const usual = state.transaction === null || path === null ? '503 5.5.1 no' : '250 2.1.5 ok';
  const reply = await answer(state, 'rcpt', usual, { path: path?.path ?? null });
  if (!positive(reply) || path === null) return;
  state.transaction?.recipients.push({ forwardPath: path.path, parameters: path.parameters });
}

/** `MAIL FROM:<path> A=b`; a quoted local part may hold any character. */
function parsePath(line: string): { path: string; parameters: string[] } | null {
  const match = /^\w{4} (?:FROM|TO):\s*<((?:"(?:[^"\\]|\\.)*"|[^>"])*)>(?: (.*))?$/i.exec(line);
  if (match === null) return null;
  return { path: match[1] ?? '', parameters: match[2]?.split(' ').filter(Boolean) ?? [] };
}

async function data(state: State): Promise<void> {
  const { transaction } = state;
  const usual =
    (transaction?.recipients.length ?? 0) > 0 ? '354 go on' : '503 5.5.1 no valid recipients';
  if (!(await answer(state, 'data', usual)).startsWith('354')) return;
  const body = await state.wire.data();
  if (body === null || transaction === null) return;
  try {
    await answer(state, 'end-of-data', `250 2.0.0 taken in session ${state.number}`, {
      body,
    });
  } finally {
    state.host.received(asReceived(state, transaction, body));
    state.transaction = null;
  }
}

function asReceived(
  { wire, host, number, username, said: reply }: State,
  transaction: Transaction,
  body: Buffer,
): ReceivedMessage {
  return {
    authenticatedAs: username,
    tls: wire.socket instanceof TLSSocket ? wire.socket.getProtocol() : null,
    session: number,
    ...transaction,
    body: host.keepBodies ? body : Buffer.alloc(0),
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
    reply,
  };
}
