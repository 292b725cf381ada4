import type { Provider } from '../provider.ts';
import { domainOf, padded } from '../words.ts';

/** A shared host with cPanel: Exim behind implicit TLS. */
export const cpanel: Provider = {
  name: 'server12.hoster.example',
  tls: 'implicit',
  mechanisms: ['PLAIN', 'LOGIN'],
  extensions: ['SIZE 52428800', '8BITMIME', 'PIPELINING', 'PIPECONNECT'],
  counts: 'recipients',
  says: {
    greeting:
      '220 server12.hoster.example ESMTP Exim 4.97.1 #2\nWe do not authorize the use of this system ' +
      'to transport unsolicited,\nand/or bulk e-mail.',
    auth: '235 Authentication succeeded',
    mail: '250 OK',
    rcpt: '250 Accepted',
    data: '354 Enter message, ending with "." on a line by itself',
  },
  accepts: ({ sequence }) => `250 OK id=1h${padded(sequence, 4)}-000E4S-A1`,
  walls: {
    login: { at: 'auth', reply: () => '535 Incorrect authentication data' },
    connections: {
      at: 'greeting',
      reply: () => '421 Too many concurrent SMTP connections; please try again later.',
      drop: true,
    },
    sessionMessages: {
      at: 'mail',
      reply: () => '421 too many messages in this connection',
      drop: true,
    },
    recipients: { at: 'rcpt', reply: () => '452 too many recipients' },
    quota: {
      at: 'rcpt',
      reply: ({ username, meter, nowMs }) => {
        const amount = meter?.amount ?? 1;
        const wanted = (meter?.used(nowMs) ?? amount) + 1;
        const percent = Math.floor((wanted * 100) / amount);
        return (
          `550 Domain ${domainOf(username)} has exceeded the max emails per hour ` +
          `(${wanted}/${amount} (${percent}%)) allowed. Message discarded.`
        );
      },
    },
    senders: { at: 'mail', reply: () => '550 Sender verify failed' },
  },
};
