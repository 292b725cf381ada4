import type { Provider } from '../provider.ts';
import { padded } from '../words.ts';

export const gmail: Provider = {
  name: 'smtp.gmail.com',
  tls: 'starttls',
  mechanisms: ['LOGIN', 'PLAIN', 'XOAUTH2'],
  extensions: [
    'SIZE 35882577',
    '8BITMIME',
    'ENHANCEDSTATUSCODES',
    'PIPELINING',
    'CHUNKING',
    'SMTPUTF8',
  ],
  counts: 'messages',
  says: {
    greeting: '220 smtp.gmail.com ESMTP 5b1f17b1804b1-42b0a7 - gsmtp',
    auth: '235 2.7.0 Accepted',
    mail: '250 2.1.0 OK 5b1f17b1804b1-42b0a7 - gsmtp',
    rcpt: '250 2.1.5 OK 5b1f17b1804b1-42b0a7 - gsmtp',
    data: '354 Go ahead 5b1f17b1804b1-42b0a7 - gsmtp',
  },
  accepts: ({ sequence }) => `250 2.0.0 OK  1376056636 i3si95${padded(sequence, 5)}obz.16 - gsmtp`,
  walls: {
    logins: {
      at: 'auth',
      reply: () => '454 4.7.0 Too many login attempts, please try again later. - gsmtp',
      drop: true,
    },
    login: {
      at: 'auth',
      reply: () =>
        '535 5.7.8 Username and Password not accepted. For more information, go to\n' +
        '5.7.8  https://support.google.com/mail/?p=BadCredentials - gsmtp',
    },
    connections: {
      at: 'ehlo',
      reply: () => '421 4.7.0 Try again later, closing connection. (EHLO) - gsmtp',
      drop: true,
    },
    recipients: {
      at: 'rcpt',
      reply: () => '452 4.5.3 Your message has too many recipients. - gsmtp',
    },
    quota: {
      at: 'end-of-data',
      reply: () =>
        '550 5.4.5 Daily user sending limit exceeded. For more information on Gmail\n' +
        '5.4.5 sending limits go to https://support.google.com/a/answer/166852 - gsmtp',
    },
  },
};
