import type { Provider } from '../provider.ts';
import { domainOf } from '../words.ts';

export const mailgun: Provider = {
  name: 'smtp.mailgun.org',
  tls: 'starttls',
  mechanisms: ['PLAIN', 'LOGIN'],
  extensions: ['SIZE 52428800', '8BITMIME', 'SMTPUTF8', 'PIPELINING'],
  counts: 'recipients',
  says: {
    greeting: '220 Mailgun Influx ready',
    auth: '235 Authentication succeeded',
    mail: '250 Sender address accepted',
    rcpt: '250 Recipient address accepted',
    data: '354 Continue',
  },
  accepts: () => '250 Great success',
  walls: {
    login: {
      at: 'auth',
      reply: () => '535 5.7.0 Mailgun is not loving your login or password',
    },
    rate: {
      at: 'end-of-data',
      reply: ({ meter, nowMs }) =>
        '421 account-requests-per-sec limit exceeded, try again after ' +
        `${Math.max(1, Math.ceil(((meter?.freeAtMs(nowMs) ?? nowMs) - nowMs) / 1_000))} seconds`,
    },
    quota: {
      at: 'end-of-data',
      reply: ({ username, meter, nowMs }) =>
        `421 Domain ${domainOf(username)} is not allowed to send: recipient limit exceeded, try again ` +
        `after ${dateOf(meter?.freeAtMs(nowMs) ?? nowMs)}`,
    },
    sandboxRecipients: {
      at: 'end-of-data',
      reply: ({ username }) =>
        `421 Domain ${domainOf(username)} is not allowed to send: Sandbox subdomains are for test ` +
        'purposes only. Please add your own domain or add the address to authorized recipients in ' +
        'Account Settings.',
    },
  },
};

/** `Sun, 05 Oct 2025 19:22:44 UTC`; not before the full second. */
function dateOf(ms: number): string {
  return new Date(Math.ceil(ms / 1_000) * 1_000).toUTCString().replace('GMT', 'UTC');
}
