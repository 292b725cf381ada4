import { expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { parseReply } from '../../../src/mail/reply.ts';
import { explain } from '../../../src/policy/classify.ts';
import { mayFailOver } from '../../../src/policy/verdicts.ts';
import type { Phase } from '../../../src/relay/outcome.ts';

/*
 * What each kind of reply has to come to with its provider's rules, written down apart from them: phase, verdict,
 * reason, whether another account may take the mail. `D` stands for the end of data.
 */
const phases: Readonly<Record<string, Phase>> = {
  G: 'greeting',
  E: 'ehlo',
  A: 'auth',
  M: 'mail',
  R: 'rcpt',
  D: 'end-of-data',
};

const FACTS = `
ses          | A | account hold credentials +    | 535 Authentication Credentials Invalid
ses          | A | account hold suspended +      | 535 Account not subscribed to SES
ses          | M | account hold credentials +    | 530 Must issue a STARTTLS command first
ses          | A | account pause upstream +      | 454 Temporary authentication failure
ses          | D | account pause throttled -     | 454 Throttling failure: Maximum sending rate exceeded
ses          | D | account pause quota +         | 454 Throttling failure: Daily message quota exceeded
ses          | D | account pause throttled -     | 454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded
ses          | G | account pause throttled -     | 421 Too many concurrent SMTP connections
ses          | M | message reconnect upstream -  | 451 4.4.2 Timeout waiting for data from client
ses          | D | message retry upstream -      | 454 Temporary service failure
ses          | D | message bounce content -      | 552 Message is too long.
ses          | M | message bounce sender -       | 553 <a@b> Invalid email address
ses          | R | recipient bounce recipient -  | 553 <r@b.example> address unknown
ses          | D | sender hold sender -          | 554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-3: r@b.example, a@b.example
ses          | D | recipient bounce recipient -  | 554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-3: r@b.example
ses          | D | account hold credentials +    | 554 Access denied: User ARN is not authorized to perform ses:SendRawEmail on resource ARN
ses          | D | account hold suspended +      | 554 Message rejected: Sending paused for this account. For more information, please check the inbox
ses          | D | sender hold sender -          | 554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.
ses          | D | message bounce content -      | 554 Transaction failed: Duplicate header 'X'.
gmail        | A | account hold credentials +    | 535 5.7.8 Username and Password not accepted
gmail        | A | account hold credentials +    | 534 5.7.14 Please log in through your web browser
gmail        | A | account pause throttled +     | 454 4.7.0 Too many login attempts, please try again later
gmail        | D | account pause quota +         | 550 5.4.5 Daily user sending limit exceeded
gmail-relay  | D | account pause quota +         | 550 5.7.1 Daily SMTP relay (sending) limit exceeded for customer
gmail-relay  | D | account pause quota +         | 450 4.2.1 Peak SMTP relay limit exceeded for customer
gmail        | E | account pause upstream +      | 421 4.7.0 Try again later, closing connection. (EHLO)
gmail        | D | account pause upstream +      | 421 4.4.5 Server busy
gmail        | M | message reconnect upstream -  | 421 4.7.0 Connection expired, try reconnecting
gmail        | D | account pause throttled -     | 421 4.7.28 Our system has detected an unusual rate of unsolicited mail
gmail        | D | message retry content -       | 421 4.7.28 exceeded its quota for sending messages with the same Message-ID
gmail        | R | recipient retry recipient -   | 450 4.2.1 The user you are trying to contact is receiving mail too quickly
gmail        | R | recipient bounce recipient -  | 550 5.2.1 The email account that you tried to reach is disabled
gmail        | D | message bounce content -      | 552 5.7.0 This message was blocked because its content presents a potential security issue
gmail        | D | message bounce content -      | 550 5.7.26 This mail has been blocked because the sender is unauthenticated
gmail-relay  | D | account hold credentials +    | 550 5.7.0 Mail relay denied
microsoft365 | A | account hold credentials +    | 535 5.7.139 Authentication unsuccessful, basic authentication is disabled.
microsoft365 | M | account pause throttled -     | 432 4.3.2 Concurrent connections limit exceeded.
microsoft365 | D | account pause throttled -     | 421 4.4.2 Message submission rate for this client has exceeded the configured limit
microsoft365 | D | account pause quota +         | 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException
microsoft365 | R | account pause quota +         | 550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients
microsoft365 | D | account hold quota +          | 554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException
microsoft365 | D | message retry sender -        | 554 5.2.252 SendAsDenied; a@b.example not allowed to send as x@b.example
microsoft365 | D | account hold suspended +      | 550 5.1.8 Access denied, bad outbound sender
microsoft365 | D | account hold suspended +      | 550 5.7.705 Access denied, tenant has exceeded threshold
microsoft365 | D | account pause upstream +      | 451 4.7.500 Server busy. Please try again later
microsoft365 | R | message split recipient -     | 550 5.5.3 Too many recipients
outlook      | R | recipient bounce recipient -  | 550 5.1.10 RESOLVER.ADR.RecipientNotFound
microsoft365 | R | recipient bounce recipient -  | 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required
sendgrid     | A | account pause quota +         | 451 Authentication failed: Maximum credits exceeded
sendgrid     | A | account hold credentials +    | 535 Authentication failed: Bad username / password
sendgrid     | D | sender hold sender -          | 550 The from address does not match a verified Sender Identity. Mail cannot be sent
mailgun      | R | account hold credentials +    | 550 5.7.1 Relaying denied
mailgun      | D | account pause quota +         | 421 Domain d.example is not allowed to send: recipient limit exceeded, try again after Sun, 05 Oct 2025 19:22:44 UTC
mailgun      | D | message bounce recipient -    | 421 Domain sandbox1.mailgun.org is not allowed to send: Sandbox subdomains are for test purposes only.
mailgun      | D | account hold suspended +      | 421 Domain d.example is not allowed to send: Account disabled
brevo        | A | account hold credentials +    | 525 5.7.1 Unauthorized IP address
brevo        | D | account hold suspended +      | 502 5.7.0 Your SMTP account is not yet activated.
postmark     | A | account hold credentials +    | 535 5.7.8 Error: authentication failed
mailjet      | A | account hold credentials +    | 535 5.7.8 Error: authentication failed
zoho         | M | sender hold sender -          | 553 Relaying disallowed as a@b.example
zoho         | D | account pause quota +         | 550 5.4.6 Unusual sending activity detected. Please try after sometime
zeptomail    | D | account hold suspended +      | 554 5.1.8 Email Outgoing Blocked
zoho         | D | message bounce content -      | 552 5.2.1 Subject is Mandatory.
resend       | D | sender hold sender -          | 550 The d.example domain is not verified. Please add and verify your domain
resend       | D | message bounce recipient -    | 450 You can only send testing emails to your own email address (a@b.example).
resend       | D | account pause throttled -     | 450 Too many requests. You can only make 10 requests per second.
sparkpost    | D | sender hold sender -          | 550 5.7.1 Unconfigured Sending Domain <d.example>
sparkpost    | D | account pause quota +         | 550 Exceed Sending Limit (hourly)
yahoo        | A | account hold credentials +    | 535 5.7.0 (#AUTH005) Too many bad auth attempts.
yahoo        | D | sender hold sender -          | 550 Request failed; Mailbox unavailable
aol          | M | account pause upstream +      | 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred
yahoo        | M | message reconnect upstream -  | 421 Max message per connection reached, closing transmission channel
icloud       | M | sender hold sender -          | 550 5.7.0 From address is not one of your addresses
icloud       | D | account pause quota +         | 550 5.7.1 a@icloud.com: You have exceeded your daily sending limit. Please try again later.
fastmail     | D | sender hold sender -          | 551 5.7.1 Not authorised to send from this header address
cpanel       | R | account pause quota +         | 550 Domain d.example has exceeded the max emails per hour (51/50 (102%)) allowed. Message discarded.
cpanel       | R | account hold credentials +    | 550 Please turn on SMTP Authentication in your mail client
cpanel       | R | account hold credentials +    | 550 relay not permitted
cpanel       | M | message reconnect upstream -  | 421 host.example SMTP command timeout - closing connection
cpanel       | R | recipient retry upstream -    | 451 Temporary local problem
cpanel       | R | message split recipient -     | 452 too many recipients
cpanel       | R | sender hold sender -          | 550 Sender verify failed
cpanel       | R | recipient bounce recipient -  | 550 No such user here
ses          | D | sender hold sender -          | 554 Access denied: User arn:aws:iam::1:user/u is not authorized to perform ses:SendRawEmail on resource arn:aws:ses:eu-west-3:1:identity/b.example
ses          | D | message bounce content -      | 554 Message rejected: Configuration set relay does not exist
gmail-relay  | D | account pause quota +         | 550 5.7.1 Daily SMTP relay limit exceeded for customer
gmail        | D | account pause upstream +      | 451 4.3.0 Temporary system problem
gmail        | D | account pause throttled -     | 421 4.7.0 this message has been temporarily rate limited
gmail        | R | recipient retry recipient -   | 450 4.2.1 The user is receiving mail at a rate that prevents
gmail        | R | recipient retry recipient -   | 452 4.2.2 The recipient is over quota
gmail        | R | recipient bounce recipient -  | 552 5.2.2 The email account is over quota and inactive
gmail        | D | message bounce content -      | 550 5.7.1 The domain has a policy that prohibited the mail
gmail        | D | message bounce content -      | 550 5.7.26 This mail is unauthenticated
gmail        | D | message bounce content -      | 550 5.7.1 Messages missing a valid Message-ID header are not accepted.
gmail        | D | message bounce content -      | 550 5.7.1 Messages with multiple addresses in From: header are not accepted.
microsoft365 | D | account pause throttled -     | 432 4.3.2 STOREDRV.ClientSubmit; exceeded the message limit per account
microsoft365 | R | recipient bounce recipient -  | 550 5.7.124 Sender not in allowed-senders list for group
microsoft365 | R | recipient bounce recipient -  | 550 5.7.134 sender not authenticated for mailbox
microsoft365 | D | message bounce content -      | 552 5.2.3 Message size exceeds the mailbox limit
microsoft365 | D | message bounce content -      | 550 5.7.520 Access denied, Your organization does not allow external forwarding
microsoft365 | D | message bounce content -      | 550 5.7.901 message rejected by policy
zoho         | D | message bounce content -      | 552 5.7.1 virus detected in the message
cpanel       | D | message bounce content -      | 552 message size exceeds maximum permitted
cpanel       | R | account pause quota +         | 550 Email account a@b.example is sending too many emails - rate overlimit = 83.6 / 1h
none         | D | account pause quota +         | 550 User a@b.example has exceeded its 24-hour sending limit. Messages to 5 recipients out of 6 allowed have been sent. Relay quota will reset in 3.2 hours.
none         | D | account pause quota +         | 550 IB504 hourly limit
none         | D | account pause quota +         | 550 IB607 hourly limit
none         | D | message reconnect upstream -  | 421 IB510 too many messages in this session
none         | G | account pause throttled -     | 554 IB007 too many sessions
none         | G | account pause upstream +      | 421 IB101 busy
none         | D | message bounce content -      | 552 IB212 content rejected
none         | D | message bounce content -      | 552 IB705 content rejected
`;

const cases = FACTS.split('\n')
  .filter((line) => line !== '')
  .map((line) => line.split('|').map((part) => part.trim()))
  .map(
    ([provider = '', phase = '', expected = '', raw = '']) =>
      [provider, phase, raw, expected] as const,
  );

test.each(cases)('%s %s %s: %s', (provider, phase, raw, expected) => {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(`not a reply: ${raw}`);
  const seen = {
    phase: phases[phase] ?? 'data',
    reply,
    recipients: expected.includes('split') ? 2 : 1,
    acceptedRecipients: phase === 'D' ? 1 : 0,
    senders: ['a@b.example'],
    recipient: 'r@b.example',
  };
  const { verdict } = explain(seen, replyRulesOf(provider));
  const { scope, action, reason } = verdict;
  const another = mayFailOver(verdict) ? '+' : '-';
  expect(`${scope} ${action} ${reason} ${another}`).toBe(expected.replaceAll(/ +/g, ' '));
});
