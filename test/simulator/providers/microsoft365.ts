import type { Provider } from '../provider.ts';

export const microsoft365: Provider = {
  name: 'AM0PR01CA0001.outlook.office365.com',
  tls: 'starttls',
  mechanisms: ['LOGIN', 'XOAUTH2'],
  extensions: [
    'SIZE 157286400',
    'PIPELINING',
    'DSN',
    'ENHANCEDSTATUSCODES',
    '8BITMIME',
    'BINARYMIME',
    'CHUNKING',
    'SMTPUTF8',
  ],
  counts: 'recipients',
  says: {
    greeting: '220 AM0PR01CA0001.outlook.office365.com Microsoft ESMTP MAIL Service ready',
    auth: '235 2.7.0 Authentication successful',
    mail: '250 2.1.0 Sender OK',
    rcpt: '250 2.1.5 Recipient OK',
    data: '354 Start mail input; end with <CRLF>.<CRLF>',
  },
  accepts: ({ messageId }) => `250 2.0.0 OK <${messageId}> [Hostname=AM0PR01MB0001.EURPRD01.PROD]`,
  walls: {
    login: {
      at: 'auth',
      reply: () =>
        '535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.exchangelabs.com]',
    },
    connections: {
      at: 'mail',
      reply: () =>
        '432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for ' +
        'more information.',
      drop: true,
    },
    rate: {
      at: 'end-of-data',
      reply: () =>
        '421 4.4.2 Message submission rate for this client has exceeded the configured limit',
      drop: true,
    },
    quota: {
      at: 'end-of-data',
      reply: () =>
        '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process ' +
        'message due to a permanent exception',
    },
    senders: {
      at: 'end-of-data',
      reply: ({ username, named }) =>
        `554 5.2.252 SendAsDenied; ${username} not allowed to send as ${named.join(', ')}; ` +
        'STOREDRV.Submission.Exception:SendAsDeniedException',
    },
  },
};
