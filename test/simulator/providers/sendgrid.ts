import type { Provider } from '../provider.ts';
import { padded } from '../words.ts';

export const sendgrid: Provider = {
  name: 'smtp.sendgrid.net',
  tls: 'starttls',
  mechanisms: ['PLAIN', 'LOGIN'],
  extensions: ['8BITMIME', 'PIPELINING', 'SIZE 31457280'],
  counts: 'recipients',
  says: {
    greeting: '220 SG ESMTP service ready at geopod-ismtpd-1',
    auth: '235 Authentication successful',
    mail: '250 Sender address accepted',
    rcpt: '250 Recipient address accepted',
    data: '354 Continue',
  },
  accepts: ({ sequence }) => `250 Ok: queued as D9F4A1cTQm-${padded(sequence, 6)}`,
  walls: {
    login: { at: 'auth', reply: () => '535 Authentication failed: Bad username / password' },
    credits: {
      at: 'auth',
      reply: () => '451 Authentication failed: Maximum credits exceeded',
      drop: true,
    },
    senders: {
      at: 'end-of-data',
      reply: () =>
        '550 The from address does not match a verified Sender Identity. Mail cannot be sent until ' +
        'this error is resolved. Visit https://sendgrid.com/docs/for-developers/sending-email/' +
        'sender-identity/ to see the Sender Identity requirements',
    },
  },
};
