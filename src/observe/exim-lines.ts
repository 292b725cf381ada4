import type { RelayEvent } from '../relay/events.ts';
import { eximId } from '../relay/exim-id.ts';
import type { MessageId } from '../relay/message.ts';
import { oneLine, prettyLine } from './pretty.ts';
import type { AddressRedaction } from './redact.ts';

/*
 * Lines of Exim's main log (Exim specification, chapter "Log files"), such that eximstats and exigrep
 * count and find what relayd did. An account stands in place of a transport (T=), a client or
 * a username in place of what authenticated (A=relayd:NAME).
 *
 * What Exim has no line for is written as `log.format: pretty` writes it. Those lines begin with an ISO
 * timestamp, which Exim's tools pass over; they would count any line with `refused` in it.
 */

type Settled = Extract<RelayEvent, { is: 'recipient.settled' }>;

/** The lines for one event, without line ends. */
export type EximLines = (event: RelayEvent, nowMs: number) => string | null;

/**
 * Keeps, between the end of an attempt and what it settled, how long it took. The first recipient
 * delivered by a transaction has `=>`, the others `->`.
 */
export function eximLines(redact: AddressRedaction | null): EximLines {
  const attempts = new Map<MessageId, { readonly tookMs: number; delivered: number }>();
  let settling: MessageId | null = null;
  return (event, nowMs) => {
    const id = event.is === 'recipient.settled' ? event.id : null;
    // The recipients of one transaction are told in a row.
    if (settling !== null && settling !== id) attempts.delete(settling);
    settling = id;
    const shown = redact?.event(event) ?? event;
    switch (shown.is) {
      case 'attempt.finished':
        attempts.set(shown.id, { tookMs: shown.tookMs, delivered: 0 });
        return null;
      case 'message.accepted':
        return line(nowMs, shown.id, accepted(shown));
      case 'recipient.settled': {
        const attempt = attempts.get(shown.id);
        const first = attempt === undefined || attempt.delivered === 0;
        if (attempt !== undefined && shown.outcome === 'delivered') attempt.delivered++;
        return line(nowMs, shown.id, settled(shown, { first, tookMs: attempt?.tookMs ?? null }));
      }
      case 'message.completed':
        return line(nowMs, shown.id, `Completed QT=${length(shown.queuedMs)}`);
      case 'message.refused':
        return line(nowMs, null, refused(shown));
      case 'login.failed':
        return line(nowMs, null, failedLogin(shown));
      case 'session.refused': {
        const { remote, listen, reason } = shown;
        return line(nowMs, null, `refused connection from [${remote}] on ${listen} (${reason})`);
      }
      default:
        return prettyLine(shown, nowMs);
    }
  };
}

function accepted(event: Extract<RelayEvent, { is: 'message.accepted' }>): string {
  const { client, reversePath, remote, protocol, bytes, messageIdField } = event;
  const from = remote === 'local' ? ` U=${client}` : ` H=[${remote}]`;
  const id = messageIdField === null ? '' : ` id=${messageIdField.replace(/^<|>$/g, '')}`;
  const login = remote === 'local' ? '' : ` A=relayd:${client}`;
  return `<= ${reversePath || '<>'}${from} P=${protocol.toLowerCase()}${login} S=${bytes}${id}`;
}

function settled(
  event: Settled,
  { first, tookMs }: { readonly first: boolean; readonly tookMs: number | null },
): string {
  const { recipient, text, waitedMs } = event;
  const way = wayOf(event);
  switch (event.outcome) {
    case 'delivered': {
      const took = tookMs === null ? '' : ` DT=${length(tookMs)}`;
      const flag = first ? '=>' : '->';
      return `${flag} ${recipient}${way} C="${text.replace(/["\\]/g, '\\$&')}" QT=${length(waitedMs)}${took}`;
    }
    case 'discarded':
      return `=> :blackhole: <${recipient}> R=routes`;
    case 'bounced':
      return `** ${recipient}${way}: ${text}`;
    case 'removed':
      return `removed by the operator: <${recipient}>`;
    case 'held':
      return `== ${recipient}${way} held: ${text}`;
    case 'in-doubt':
      return `== ${recipient}${way} defer (0): in doubt: ${text}`;
    case 'deferred':
      return `== ${recipient}${way} defer (0): ${text}`;
  }
}

/** Router, transport, host, cipher and login of a delivery. */
function wayOf({ account, peer, tls, authenticatedAs }: Settled): string {
  const [, host, ip, port] = /^(.*?)(?:\[(.*)\])?(?::(\d+))?$/.exec(peer ?? '') ?? [];
  const address =
    ip === undefined || ip === '?' ? '' : ` [${ip}]${port === undefined ? '' : `:${port}`}`;
  return (
    ' R=routes' +
    (account === null ? '' : ` T=${account}`) +
    (host === undefined || host === '' ? '' : ` H=${host}${address}`) +
    (tls === null ? '' : ` X=${tls.replace(' ', ':')}`) +
    (authenticatedAs === null ? '' : ` A=relayd:${authenticatedAs}`)
  );
}

function refused(event: Extract<RelayEvent, { is: 'message.refused' }>): string {
  const { client, reversePath, recipient, reply, reason } = event;
  const soft = reply.startsWith('4') ? 'temporarily ' : '';
  const what = recipient === null ? 'MAIL' : `RCPT <${recipient}>`;
  return `U=${client} F=<${reversePath}> ${soft}rejected ${what} (${reason}): ${reply || 'the client left'}`;
}

function failedLogin(event: Extract<RelayEvent, { is: 'login.failed' }>): string {
  const { mechanism, remote, client } = event;
  return (
    `${mechanism.toLowerCase()} authenticator failed for [${remote}]: ` +
    `535 Incorrect authentication data (set_id=${client})`
  );
}

function line(nowMs: number, id: MessageId | null, text: string): string {
  return `${timestamp(nowMs)} ${id === null ? '' : `${eximId(id)} `}${oneLine(text)}`;
}

let lastSecond = { atMs: Number.NaN, text: '' };

/** Local time, as Exim has it by default. */
function timestamp(nowMs: number): string {
  const atMs = Math.floor(nowMs / 1000) * 1000;
  if (atMs === lastSecond.atMs) return lastSecond.text;
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  lastSecond = { atMs, text: `${day} ${time}` };
  return lastSecond.text;
}

const UNITS = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/** `2h3m4s`, whole seconds: what eximstats reads. */
function length(ms: number): string {
  let rest = Math.floor(ms / 1000);
  let text = '';
  for (const [unit, seconds] of UNITS) {
    if (rest >= seconds) text += `${Math.floor(rest / seconds)}${unit}`;
    rest %= seconds;
  }
  return `${text}${rest > 0 || text === '' ? `${rest}s` : ''}`;
}
