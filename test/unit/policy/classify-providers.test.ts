import { expect, test } from 'vitest';
import { parseReply } from '../../../src/mail/reply.ts';
import { classify } from '../../../src/policy/classify.ts';
import type { Phase } from '../../../src/relay/outcome.ts';

/*
 * Replies as providers really give them, which the generic rules alone must place rightly: what stops or slows
 * an account must never bounce a message. `D` stands for the end of data.
 */
const phases: Readonly<Record<string, Phase>> = {
  G: 'greeting',
  E: 'ehlo',
  A: 'auth',
  M: 'mail',
  R: 'rcpt',
  D: 'end-of-data',
};

const SAMPLES = `
Amazon SES
A | account hold    | 535 Authentication Credentials Invalid
A | account hold    | 535 Account not subscribed to SES
M | account hold    | 530 Authentication required
M | account hold    | 530 Must issue a STARTTLS command first
A | account pause   | 454 Temporary authentication failure
D | account pause   | 454 Throttling failure: Maximum sending rate exceeded
D | account pause   | 454 Throttling failure: Daily message quota exceeded
D | account pause   | 454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded
G | account pause   | 421 Too many concurrent SMTP connections
D | message retry   | 451 Temporary service failure
D | account pause   | 454 Temporary service failure
D | message bounce  | 552 Message is too long.
R | recipient bounce| 553 <bob@example.net> address unknown
D | sender hold     | 554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-3: a@b.example
D | account hold    | 554 Message rejected: Sending paused for this account. For more information, please check the inbox
D | sender hold     | 554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.
D | message bounce  | 554 Transaction failed: Duplicate header 'X'.
Gmail
A | account hold    | 535-5.7.8 Username and Password not accepted. Learn more at|535 5.7.8 https://support.google.com/mail/?p=BadCredentials - gsmtp
A | account hold    | 534 5.7.9 Application-specific password required
A | account hold    | 534 5.7.14 Please log in through your web browser
M | account hold    | 530 5.7.0 Authentication Required
A | account hold    | 504 5.7.4 Unrecognized Authentication Type
A | account pause   | 454 4.7.0 Too many login attempts, please try again later
D | account pause   | 550-5.4.5 Daily user sending limit exceeded. For more information on Gmail|550 5.4.5 sending limits go to - gsmtp
D | account pause   | 550 5.4.5 Daily SMTP relay limit exceeded for user
D | account pause   | 550 5.7.1 Daily SMTP relay (sending) limit exceeded for customer
E | account pause   | 421 4.7.0 Try again later, closing connection. (EHLO) - gsmtp
D | message reconnect | 421 4.4.5 Server busy
D | account pause   | 451 4.3.0 Mail server temporarily rejected message
R | message reconnect | 421 4.7.0 Connection expired, try reconnecting
M | message reconnect | 503 5.7.0 No identity changes permitted
R | message reconnect | 451 4.4.2 Timeout - closing connection
R | recipient retry | 450 4.2.1 The user you are trying to contact is receiving mail too quickly
R | recipient retry | 452 4.2.2 The email account that you tried to reach is over quota
R | recipient bounce| 550 5.1.1 The email account that you tried to reach does not exist
R | recipient bounce| 550 5.2.1 The email account that you tried to reach is disabled
R | recipient bounce| 552 5.2.2 The email account that you tried to reach is over quota
R | recipient bounce| 553 5.1.2 We weren't able to find the recipient domain
D | message bounce  | 552 5.2.3 Your message exceeded Google's message size limits
D | message bounce  | 552 5.3.4 Your message exceeded Google's message size limits
D | message bounce  | 552 5.7.0 This message was blocked because its content presents a potential security issue
D | message bounce  | 550 5.7.1 Our system has detected that this message is likely unsolicited mail
D | message bounce  | 550 5.7.26 This mail has been blocked because the sender is unauthenticated
D | message bounce  | 550 5.7.1 This message is not RFC 5322 compliant
D | account hold    | 550 5.7.0 Mail relay denied
D | account hold    | 550 5.7.1 Invalid credentials for relay
Microsoft 365
A | account hold    | 535 5.7.3 Authentication unsuccessful
A | account hold    | 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.
A | account hold    | 535 5.7.139 Authentication unsuccessful, basic authentication is disabled.
D | account hold    | 550 5.7.30 Basic authentication is not supported for Client Submission.
M | account hold    | 530 5.7.57 Client not authenticated to send mail
M | account pause   | 432 4.3.2 Concurrent connections limit exceeded.
A | account pause   | 432 4.3.2 Concurrent connections limit exceeded.
D | account pause   | 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded
M | account pause   | 421 4.4.2 Message submission rate for this client has exceeded the configured limit
D | account pause   | 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message
D | account pause   | 554 5.2.2 Submission quota exceeded
R | account pause   | 550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients
D | account hold    | 554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded
D | sender hold     | 554 5.2.252 SendAsDenied; a@x.example not allowed to send as b@x.example
D | sender hold     | 554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied
D | sender hold     | 550 5.7.60 SMTP; Client does not have permissions to send as this sender
D | account hold    | 550 5.1.8 Access denied, bad outbound sender
D | account hold    | 550 5.7.705 Access denied, tenant has exceeded threshold
D | account hold    | 550 5.7.708 Access denied, traffic not accepted from this IP
R | message split   | 452 4.5.3 Too many recipients
R | message split   | 550 5.5.3 Too many recipients
R | recipient bounce| 550 5.1.10 RESOLVER.ADR.RecipientNotFound
R | recipient bounce| 550 5.4.1 Recipient address rejected: Access denied
R | recipient bounce| 550 5.7.133 not accepting mail from outsiders
D | message bounce  | 552 5.3.4 Message size exceeds fixed maximum message size
D | message bounce  | 550 5.7.520 Access denied, your organization does not allow external forwarding
SendGrid
A | account pause   | 451 Authentication failed: Maximum credits exceeded
A | account hold    | 535 Authentication failed: Bad username / password
M | account hold    | 550 Unauthenticated senders not allowed
D | sender hold     | 550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved
Mailgun
A | account hold    | 535 5.7.0 Mailgun is not loving your login or password
R | account hold    | 550 5.7.1 Relaying denied
D | account pause   | 421 Domain d.example is not allowed to send: recipient limit exceeded, try again after Sun, 05 Oct 2025 19:22:44 UTC
D | account hold    | 421 Domain d.example is not allowed to send: Account disabled
D | account hold    | 421 Domain d.example is not allowed to send: Account Inactivity
Others
A | account hold    | 525 5.7.1 Unauthorized IP address
D | account hold    | 502 5.7.0 Your SMTP account is not yet activated
D | account hold    | 450 Your SMTP account is not yet activated
M | sender hold     | 553 Relaying disallowed as a@b.example
D | account hold    | 554 5.1.8 Sender Address Blocked
D | account hold    | 554 5.1.8 Email Outgoing Blocked
D | message bounce  | 552 5.7.1 virus found
D | sender hold     | 550 The d.example domain is not verified. Please add and verify your domain
A | account hold    | 535 5.7.8 Sorry. *** No authentication type succeeded
D | sender hold     | 550 5.7.1 Unconfigured Sending Domain <d.example>
D | message bounce  | 550 5.6.0 JSON parsing error in X-MSYS-API
D | account pause   | 550 Exceed Sending Limit (daily)
A | account hold    | 535 5.7.0 (#AUTH005) Too many bad auth attempts.
M | sender hold     | 550 Request failed; Mailbox unavailable
R | message reconnect | 421 Max message per connection reached, closing transmission channel
M | sender hold     | 550 5.7.0 From address is not one of your addresses
D | account pause   | 550 5.7.1 a@icloud.com: You have exceeded your daily sending limit. Please try again later.
D | sender hold     | 551 5.7.1 Not authorised to send from this header address
R | account pause   | 550 Domain d.example has exceeded the max emails per hour (51/50 (102%)) allowed. Message discarded.
R | account pause   | 550 Domain d.example has exceeded the max defers and failures per hour (5/5 (100%)) allowed.
A | account hold    | 535 Incorrect authentication data
R | account hold    | 550 Please turn on SMTP Authentication in your mail client
R | account hold    | 550 relay not permitted
R | message reconnect | 421 relay.example SMTP command timeout - closing connection
R | sender hold     | 550 Sender verify failed
R | account pause   | 550 Email account a is sending too many emails - rate overlimit = 83.6 / 1h
R | account pause   | 550 5.4.5 <bob@example.net>: Recipient address rejected: Domain Sending Quota Exceeded
D | account pause   | 550 User a has exceeded its 24-hour sending limit. Messages to 10 recipients out of 250
R | account pause   | 450 4.7.1 <a@b.example>: Sender address rejected: Deferring: Too many messages from sender in last 60
R | account pause   | 554 5.7.1 <r@b.example>: Recipient address rejected: Quota exceeded
D | account pause   | 550 5.7.1 <DATA>: Data command rejected: limit of 400 rcpts per 24 hours for client U reached
M | account pause   | 452 Sender is throttled
R | sender hold     | 553 5.7.1 <s@b.example>: Sender address rejected: not owned by user U
G | account pause   | 421 4.4.5 - Too many connections from your host
A mailbox that is full or gone is the recipient's affair
R | recipient bounce| 552 5.2.2 <r@b.example>: Quota exceeded (mailbox for user is full)
R | recipient retry | 452 4.2.2 Mailbox full
R | recipient bounce| 550 5.2.1 This account is disabled
R | recipient bounce| 550 Account suspended
R | recipient bounce| 554 5.2.1 mailbox disabled, not accepting messages
`;

const cases = SAMPLES.split('\n')
  .filter((line) => line.includes('|'))
  .map((line) => line.split('|').map((part) => part.trim()))
  .map(([phase = '', expected = '', ...lines]) => [phase, lines.join('\r\n'), expected] as const);

test.each(cases)('%s %s: %s', (phase, raw, expected) => {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(`not a reply: ${raw}`);
  const several = expected === 'message split';
  const verdict = classify({
    phase: phases[phase] ?? 'mail',
    reply,
    recipients: several ? 2 : 1,
    acceptedRecipients: several || phase === 'D' ? 1 : 0,
  });
  expect(`${verdict.scope} ${verdict.action}`).toBe(expected);
});
