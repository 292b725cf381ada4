import { parseReply, type Reply } from '../mail/reply.ts';
import type { Account } from '../relay/account.ts';
import type { Cause } from '../relay/outcome.ts';
import { interrupted, networkCause } from './fault.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import type { SaslAnswer, UpstreamSession } from './session.ts';
import type { TokenSource } from './token-source.ts';

export interface TokenLogin {
  readonly account: Account;
  readonly username: string;
  readonly tokens: TokenSource;
  readonly signal: AbortSignal;
}

/**
 * Logs in with an access token. A token that is refused is replaced once, because it may have been
 * withdrawn before its time; a second refusal is meant. Null: logged in. Otherwise the session is
 * ended.
 */
export async function logInWithToken(
  session: UpstreamSession,
  login: TokenLogin,
): Promise<Refusal | null> {
  const refusal = await tryTokens(session, login);
  if (refusal !== null) session.fail(refusal.cause);
  return refusal;
}

async function tryTokens(session: UpstreamSession, login: TokenLogin): Promise<Refusal | null> {
  const { account, tokens, signal } = login;
  // The token endpoint has a deadline of its own.
  session.rest();
  const first = await tokens.token();
  if (signal.aborted) return refusalOf(account, interrupted);
  if ('refusal' in first) return first.refusal;
  const cause = await offer(session, login, first.token);
  if (cause === null || !isRefused(cause)) return cause === null ? null : refusalOf(account, cause);
  session.rest();
  const second = await tokens.replace(first.token);
  if (signal.aborted) return refusalOf(account, interrupted);
  if (second === null) return refusedToken(account, cause);
  if ('refusal' in second) return second.refusal;
  const again = await offer(session, login, second.token);
  if (again === null) return null;
  if (isRefused(again)) tokens.dropped(second.token);
  return refusedToken(account, again);
}

/** The general advice on refused logins speaks of passwords. */
function refusedToken(account: Account, cause: Cause): Refusal {
  const { verdict } = refusalOf(account, cause);
  const aboutToken = verdict.scope === 'account' && verdict.reason === 'credentials';
  return { cause, verdict: aboutToken ? { ...verdict, hint: refusedHint } : verdict };
}

const refusedHint =
  'The upstream takes no access token of this account. Check its username and scope, its rights ' +
  'at the provider and that SMTP AUTH is on for the mailbox, then run `relayctl account resume`.';

const isRefused = (cause: Cause): boolean => cause.from === 'peer' && cause.reply.code >= 500;

async function offer(
  session: UpstreamSession,
  { username, tokens, signal }: TokenLogin,
  token: string,
): Promise<Cause | null> {
  let answer: SaslAnswer | null = null;
  const broken = await session.step(signal, (done) => {
    session.authenticate('XOAUTH2', xoauth2(username, token), (given) => {
      answer = given;
      done(null);
    });
  });
  const cause = causeOf(answer, broken);
  if (cause === null) tokens.accepted(token);
  return cause;
}

/** The peer's answer, also when it closed right after it; null: it took the token. */
function causeOf(answer: SaslAnswer | null, broken: Cause | null): Cause | null {
  if (answer === null) return broken ?? networkCause('auth', 'protocol', 'no answer to AUTH');
  const reply = parseReply(answer.last);
  if (reply === null || (reply.code >= 300 && reply.code < 400)) {
    return networkCause('auth', 'protocol', 'the answer to AUTH XOAUTH2 cannot be understood');
  }
  if (reply.code < 300) return broken;
  return { from: 'peer', phase: 'auth', reply: withStatus(reply, answer.challenge) };
}

/** The SASL initial response as Google and Microsoft define it. */
export function xoauth2(username: string, token: string): string {
  return Buffer.from(`user=${username}\x01auth=Bearer ${token}\x01\x01`).toString('base64');
}

/** The challenge of a refusal is base64 of JSON: its status says more than the reply. */
function withStatus(reply: Reply, challenge: string | null): Reply {
  const status = challenge === null ? null : statusIn(challenge);
  return status === null ? reply : { ...reply, text: `${reply.text} (token: status ${status})` };
}

function statusIn(challenge: string): string | null {
  try {
    const json: unknown = JSON.parse(Buffer.from(challenge, 'base64').toString('utf8'));
    const status = (json as { status?: unknown } | null)?.status;
    return /^[\w.-]{1,40}$/.test(String(status ?? '')) ? String(status) : null;
  } catch {
    // Not the JSON that is usual; the reply that follows stands for itself.
    return null;
  }
}
