import type { Provider } from '../provider.ts';
import { padded } from '../words.ts';

export const ses: Provider = {
  name: 'email-smtp.amazonaws.com',
  tls: 'starttls',
  mechanisms: ['PLAIN', 'LOGIN'],
  extensions: ['8BITMIME', 'SIZE 10485760'],
  counts: 'recipients',
  says: {
    greeting: '220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-A1B2C3D4E',
    auth: '235 Authentication successful.',
    mail: '250 Ok',
    rcpt: '250 Ok',
    data: '354 End data with <CR><LF>.<CR><LF>',
  },
  accepts: ({ sequence }) =>
    `250 Ok 01000170d10e6a6c-71c65177-ce88-4135-9258-48c0e8${padded(sequence, 6)}-000000`,
  walls: {
    login: { at: 'auth', reply: () => '535 Authentication Credentials Invalid' },
    connections: {
      at: 'greeting',
      reply: () => '421 Too many concurrent SMTP connections',
      drop: true,
    },
    recipients: {
      at: 'end-of-data',
      reply: () => '554 Transaction failed: Recipient count exceeds 50.',
    },
    rate: {
      at: 'end-of-data',
      reply: () => '454 Throttling failure: Maximum sending rate exceeded',
    },
    quota: {
      at: 'end-of-data',
      reply: () => '454 Throttling failure: Daily message quota exceeded',
    },
    senders: { at: 'end-of-data', reply: unverified },
    sandboxRecipients: { at: 'end-of-data', reply: unverified },
  },
};

function unverified({ named }: { readonly named: readonly string[] }): string {
  return (
    '554 Message rejected: Email address is not verified. The following identities failed the ' +
    `check in region EU-WEST-3: ${named.join(', ')}`
  );
}
