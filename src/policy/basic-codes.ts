import type { Phase } from '../relay/outcome.ts';
import type { Judgement } from '../relay/reply-rule.ts';

/** Judgements per part of the session; null: by the code's class. */
interface Row {
  readonly beforeMail: Judgement | null;
  readonly auth: Judgement | null;
  readonly mail: Judgement | null;
  readonly rcpt: Judgement | null;
  readonly data: Judgement | null;
}

const RETRY: Judgement = ['retry', 'upstream'];
const PAUSE: Judgement = ['pause', 'upstream'];
const THROTTLE: Judgement = ['throttle', 'throttled'];
const BOUNCE: Judgement = ['bounce', null];
const CREDENTIALS: Judgement = ['hold-account', 'credentials'];
const SENDER: Judgement = ['hold-sender', 'sender'];
/**
 * RFC 5321 section 3.1, 4.1.1.1: a 5yz before MAIL is their outage or our configuration, no
 * message's fault.
 */
const REFUSED_BEFORE_MAIL: Judgement = [
  'pause',
  'upstream',
  'The upstream server refuses the connection before any mail was named. If this lasts, check ' +
    'host, port, tls and the address you connect from.',
];
const NEVER_MAIL: Judgement = [
  'hold-account',
  'upstream',
  'The upstream server says that it never accepts mail (RFC 7504). Check host and port of the ' +
    'account in relay.yaml.',
];

const everywhere = (judgement: Judgement): Row => ({
  beforeMail: judgement,
  auth: judgement,
  mail: judgement,
  rcpt: judgement,
  data: judgement,
});
const TEMPORARY: Row = { beforeMail: PAUSE, auth: PAUSE, mail: RETRY, rcpt: RETRY, data: RETRY };
const PERMANENT: Row = {
  beforeMail: REFUSED_BEFORE_MAIL,
  auth: CREDENTIALS,
  mail: BOUNCE,
  rcpt: BOUNCE,
  data: BOUNCE,
};
const TOO_FAST: Row = { ...TEMPORARY, mail: THROTTLE, rcpt: THROTTLE, data: THROTTLE };
const SYNTAX: Row = { ...PERMANENT, mail: ['reconnect-then-bounce', 'upstream'] };
const REFUSED: Row = { ...PERMANENT, mail: SENDER };
const UNSUPPORTED: Judgement = ['bounce', 'capability'];
const HOST_NEVER: Row = { ...PERMANENT, beforeMail: NEVER_MAIL };

/** What a reply code means without (or with an unknown) enhanced status. */
const ROWS: ReadonlyMap<number, Row> = new Map<number, Row>([
  // RFC 4954 section 4.7.1: a password transition is needed; after AUTH Microsoft's "too fast".
  [432, { ...TOO_FAST, auth: CREDENTIALS }],
  [450, TEMPORARY],
  [451, TEMPORARY],
  // RFC 5321 section 4.5.3.1.10: 452 to a RCPT after accepted ones means too many recipients.
  [452, { ...TEMPORARY, mail: PAUSE, rcpt: ['split-if-accepted', 'upstream'] }],
  [454, TOO_FAST],
  [455, TEMPORARY],
  [500, SYNTAX],
  [501, SYNTAX],
  [502, SYNTAX],
  [503, SYNTAX],
  [504, SYNTAX],
  [521, HOST_NEVER],
  [523, everywhere(CREDENTIALS)],
  [524, everywhere(CREDENTIALS)],
  [525, everywhere(CREDENTIALS)],
  [530, everywhere(CREDENTIALS)],
  [534, everywhere(CREDENTIALS)],
  [535, everywhere(CREDENTIALS)],
  [538, everywhere(CREDENTIALS)],
  [550, REFUSED],
  [551, REFUSED],
  [552, { ...PERMANENT, mail: ['bounce', 'content'] }],
  [553, REFUSED],
  [554, REFUSED],
  // RFC 5321 section 4.1.1.11: a parameter of MAIL or RCPT is not known or not implemented.
  [555, { ...PERMANENT, mail: UNSUPPORTED, rcpt: UNSUPPORTED }],
  [556, HOST_NEVER],
]);

export function judgeBasicCode(code: number, phase: Phase): Judgement {
  const row = ROWS.get(code);
  const fallback = code < 500 ? TEMPORARY : PERMANENT;
  const column = columnOf(phase);
  return row?.[column] ?? fallback[column] ?? BOUNCE;
}

function columnOf(phase: Phase): keyof Row {
  switch (phase) {
    case 'auth':
    case 'mail':
    case 'rcpt':
    case 'data':
      return phase;
    case 'end-of-data':
      return 'data';
    default:
      return 'beforeMail';
  }
}
