import type { Reply, StatusDetail } from '../mail/reply.ts';

/**
 * One reply of ours. The enhanced status (RFC 2034, RFC 3463) is chosen here, never derived from
 * the code.
 */
function reply(code: number, detail: StatusDetail | null, text: string): Reply {
  return { code, detail, text };
}

/**
 * Every reply with a fixed text. RFC 2034 section 3: none to HELO and EHLO, nor the greeting, has a
 * status.
 */
export const REPLIES = {
  ok: reply(250, '0.0', 'Ok'),
  mailOk: reply(250, '1.0', 'Ok'),
  rcptOk: reply(250, '1.5', 'Ok'),
  bye: reply(221, '0.0', 'Bye'),
  help: reply(214, '0.0', 'relayd takes mail for submission; see RFC 6409'),
  // RFC 5321 section 7.3: verification would tell who exists.
  vrfy: reply(252, '5.0', 'Cannot verify here, send and see'),
  startTls: reply(220, '0.0', 'Ready to start TLS'),
  startData: reply(354, null, 'End data with <CR><LF>.<CR><LF>'),
  loggedIn: reply(235, '7.0', 'Authentication successful'),

  unknownCommand: reply(500, '5.1', 'Command not recognised'),
  notImplemented: reply(502, '5.1', 'Command not implemented'),
  lineTooLong: reply(500, '5.2', 'Line too long'),
  badLine: reply(500, '5.2', 'Control characters and broken UTF-8 have no place in a command'),
  noArguments: reply(501, '5.4', 'This command takes no argument'),
  argumentMissing: reply(501, '5.4', 'This command takes an argument'),
  heloSyntax: reply(501, null, 'Give the name of your host, once'),
  heloFirst: reply(503, '5.1', 'Send HELO or EHLO first'),
  nestedMail: reply(503, '5.1', 'A transaction is open already'),
  mailFirst: reply(503, '5.1', 'Send MAIL first'),
  noRecipients: reply(554, '5.1', 'No valid recipients'),
  tlsActive: reply(503, '5.1', 'TLS is active already'),

  reversePathSyntax: reply(501, '1.7', 'Bad reverse-path, wanted MAIL FROM:<address>'),
  forwardPathSyntax: reply(501, '1.3', 'Bad forward-path, wanted RCPT TO:<address>'),
  reversePathLong: reply(501, '1.7', 'Reverse-path too long (RFC 5321 section 4.5.3.1)'),
  forwardPathLong: reply(501, '1.3', 'Forward-path too long (RFC 5321 section 4.5.3.1)'),
  // RFC 6531 section 3.5
  needsSmtpUtf8: reply(553, '6.7', 'This address needs the SMTPUTF8 parameter at MAIL'),
  tooManyRecipients: reply(452, '5.3', 'Too many recipients, send the rest in another transaction'),

  authRequired: reply(530, '7.0', 'Authentication required'),
  tlsRequired: reply(530, '7.0', 'Send STARTTLS first'),
  // RFC 4954 section 6
  authNeedsTls: reply(538, '7.11', 'Encryption required, send STARTTLS first'),
  authAgain: reply(503, '5.1', 'You are authenticated already'),
  authInMail: reply(503, '5.1', 'AUTH has no place in a transaction'),
  authMechanism: reply(504, '5.4', 'Unrecognised authentication mechanism'),
  authSyntax: reply(501, '5.2', 'Cannot decode this response'),
  authLong: reply(500, '5.6', 'Authentication exchange line too long'),
  authCancelled: reply(501, '7.0', 'Authentication cancelled'),
  authFailed: reply(535, '7.8', 'Authentication credentials invalid'),
  authBusy: reply(454, '7.0', 'Too many logins at once, try again later'),

  bareNewline: reply(550, '6.11', 'A CR or LF stands alone in the message'),
  nul: reply(554, '6.0', 'The message holds a NUL'),
  fromTooLong: reply(554, '6.0', 'The From field is too long to be read'),
  hops: reply(554, '4.6', 'Too many hops: the message has too many Received fields'),
  storageFull: reply(452, '3.1', 'Insufficient system storage, nothing was accepted'),
  storageFailed: reply(451, '3.0', 'The queue could not store the message, nothing was accepted'),
  memoryFull: reply(452, '3.1', 'Too many messages at once, try again later'),
  rate: reply(450, '7.1', 'Too many messages, try again later'),

  // RFC 5321 section 3.8: 421 announces that the connection is closed.
  tooManyConnections: reply(421, '3.2', 'Too many connections, try again later'),
  evicted: reply(421, '3.2', 'Too many connections, an idle one makes room'),
  tooManyOfClient: reply(421, '7.0', 'Too many connections of this client'),
  tooManyOfAddress: reply(421, '7.0', 'Too many connections from this address'),
  tooManyBadCommands: reply(421, '7.0', 'Too many bad commands'),
  tooManyBeforeAuth: reply(421, '7.0', 'Too many commands without authentication'),
  tooManyLogins: reply(421, '7.0', 'Too many failed logins, try again later'),
  notSmtp: reply(421, '7.0', 'This is not a web server'),
  clientGone: reply(421, '7.0', 'You are no longer configured here'),
  authTimeout: reply(421, '4.2', 'No authentication within the time for it'),
  idle: reply(421, '4.2', 'Idle too long'),
  slowData: reply(421, '4.2', 'The message came too slowly'),
  tooLongForParser: reply(421, '5.2', 'Command line far too long'),
  draining: reply(421, '3.2', 'Maintenance, no mail is taken now, try again later'),
  stopping: reply(421, '3.2', 'The relay is stopping'),
  listenerClosed: reply(421, '3.2', 'This listener is being closed'),
} as const satisfies Record<string, Reply>;

export function tooLarge(bytesMax: number): Reply {
  return reply(552, '3.4', `Message larger than the ${bytesMax} bytes allowed`);
}

export function queuedAs(id: string): Reply {
  return reply(250, '0.0', `Ok: queued as ${id}`);
}

/** RFC 3463 section 3.2: the address is the fault. */
export function suppressedRecipient(text: string): Reply {
  return reply(550, '1.1', `This recipient is ${text}`);
}

export function noPermission(text: string): Reply {
  return reply(550, '7.1', text);
}
