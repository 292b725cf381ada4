import { type MailParameters, parseMailParameters } from '../mail/esmtp-parameters.ts';
import { mailboxFault, needsSmtpUtf8, splitAddressArgument } from '../mail/path.ts';
import type { Reply } from '../mail/reply.ts';
import { admitReversePath, type BoundAccount } from '../policy/admit.ts';
import type { Client } from '../relay/client.ts';
import type { RefusalReason } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import { type Identity, identityName } from './identity.ts';
import { reportRefusal } from './message-events.ts';
import { networkClient } from './network-client.ts';
import { REPLIES, tooLarge } from './replies.ts';
import type { Session } from './session.ts';

/** RFC 5321 section 4.1.1.2 */
export function mail(session: Session, argument: string, done: () => void): void {
  const identity = identify(session);
  if (identity === null) {
    done();
    return;
  }
  if (session.transaction !== null) {
    session.reply(REPLIES.nestedMail);
    done();
    return;
  }
  const parsed = parse(argument);
  if ('code' in parsed) {
    session.reply(parsed);
    done();
    return;
  }
  const settings = session.core.settings();
  const sender = senderOf(settings, identity);
  if (sender === null) {
    session.end(REPLIES.clientGone);
    return;
  }
  const free = session.core.disk.freeBytes();
  if (free instanceof Promise) {
    void free.then((bytes) => {
      if (!session.gone) open(session, { settings, identity, sender, parsed, freeBytes: bytes });
      done();
    });
    return;
  }
  open(session, { settings, identity, sender, parsed, freeBytes: free });
  done();
}

/**
 * Who sends: logged in, or known by network where the listener lets that do. Null: the client got
 * its reply.
 */
function identify(session: Session): Identity | null {
  if (session.identity !== null) return session.identity;
  const { listener, core } = session;
  if (listener.tls === 'starttls' && !session.secure && listener.auth === 'required') {
    session.reply(REPLIES.tlsRequired);
    return null;
  }
  const client =
    listener.auth === 'optional' ? networkClient(core.settings(), session.remoteAddress) : null;
  if (client === null) {
    session.reply(REPLIES.authRequired);
    return null;
  }
  const identity: Identity = { is: 'client', name: client.name, authenticated: false };
  return session.become(identity) ? identity : null;
}

interface ParsedMail {
  readonly reversePath: string;
  readonly parameters: MailParameters;
}

function parse(argument: string): ParsedMail | Reply {
  const split = splitAddressArgument(argument, 'FROM');
  if (split === null) return REPLIES.reversePathSyntax;
  const { path } = split;
  const fault = path === '' ? null : mailboxFault(path);
  if (fault === 'too-long') return REPLIES.reversePathLong;
  if (fault === 'syntax') return REPLIES.reversePathSyntax;
  const parameters = parseMailParameters(split.parameters);
  if ('refusal' in parameters) return parameters.refusal;
  // RFC 6531 section 3.5
  if (needsSmtpUtf8(path) && !parameters.value.smtpUtf8) return REPLIES.needsSmtpUtf8;
  return { reversePath: path, parameters: parameters.value };
}

/** What the configuration in force says of the session; null: it no longer knows it. */
function senderOf(settings: Settings, identity: Identity): Client | BoundAccount | null {
  if (identity.is === 'client') return settings.clients.get(identity.name) ?? null;
  const account = settings.accounts.get(identity.name);
  return account === undefined ? null : { account };
}

interface Opening {
  readonly settings: Settings;
  readonly identity: Identity;
  readonly sender: Client | BoundAccount;
  readonly parsed: ParsedMail;
  readonly freeBytes: number | null;
}

function open(session: Session, opening: Opening): void {
  const { settings, identity, sender, parsed } = opening;
  const { reversePath, parameters } = parsed;
  const clientMax = 'account' in sender ? null : sender.messageBytesMax;
  const bytesMax = Math.min(settings.limits.messageBytes, clientMax ?? Number.POSITIVE_INFINITY);
  const refusal = judge(session, opening, bytesMax);
  if (refusal !== null) {
    reportRefusal(session.core, { identity, reversePath }, refusal);
    session.reply(refusal.reply);
    return;
  }
  session.transaction = {
    settings,
    identity,
    sender,
    reversePath,
    parameters,
    bytesMax,
    recipients: [],
    forwardPaths: new Set(),
    startedAtMs: session.core.clock(),
  };
  session.reply(REPLIES.mailOk);
}

function judge(
  session: Session,
  { settings, identity, sender, parsed, freeBytes }: Opening,
  bytesMax: number,
): { reply: Reply; why: RefusalReason } | null {
  const { sizeBytes } = parsed.parameters;
  // RFC 1870 section 6.1
  if (sizeBytes !== null && sizeBytes > bytesMax) return { reply: tooLarge(bytesMax), why: 'size' };
  const refusal = admitReversePath(settings, sender, parsed.reversePath);
  if (refusal !== null) return { reply: refusal, why: refusal.why };
  const wantedBytes = settings.limits.diskFreeBytes + (sizeBytes ?? 0);
  if (freeBytes !== null && freeBytes < wantedBytes) {
    return { reply: REPLIES.storageFull, why: 'storage-full' };
  }
  const rate = 'account' in sender ? null : sender.rate;
  if (rate !== null && !session.core.rates.take(identityName(identity), rate)) {
    return { reply: REPLIES.rate, why: 'rate' };
  }
  return null;
}
