import { deepStrictEqual, match, ok } from 'node:assert/strict';
import { connect } from 'node:net';
import type { NewMessage } from '../../src/relay/queue.ts';
import { plainConfig } from '../unit/submission/config.ts';
import { startRelay } from '../unit/submission/relay.ts';
import { readSession } from './read-session.ts';
import type { Pieces, Target } from './target.ts';

const login = `AUTH PLAIN ${Buffer.from('\0shop\0open-sesame').toString('base64')}\r\n`;
const head = 'From: a@x.example\r\nDate: now\r\nMessage-ID: <m@x.example>\r\n\r\n';
const envelope = 'MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n';

const REPLY = /^(?:220 .*|334 .*|354 .*|250[- ].*|501 Give .*|([245])\d\d \1\.\d\.\d{1,3} [ -~]*)$/;

/**
 * Whatever is said, and however it is cut: each reply is well formed; a message is stored exactly when
 * its client reads 250; there is one for each final dot; and it is what the client sent, to the byte.
 */
export const submissionTarget: Target = {
  words: [
    'EHLO x\r\n',
    'HELO x\r\n',
    login,
    'AUTH LOGIN\r\n',
    'AUTH CRAM-MD5\r\n',
    'c2hvcA==\r\n',
    '*\r\n',
    envelope,
    envelope,
    `${envelope}${head}hello\r\n.\r\n`,
    'MAIL FROM:<a@x.example>\r\n',
    'MAIL FROM:<',
    'RCPT TO:<b@x.example>\r\n',
    'RCPT TO:<"a b"@[IPv6:::1]>\r\n',
    'DATA\r\n',
    head,
    'text\r\n',
    '.\r\n',
    '\r\n.\r\n',
    '\n.\n',
    '\n.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r\n.\r',
    '\r\n..\r\n',
    '\r\n.a\r\n',
    '.',
    'Bcc: h@x.example\r\n',
    'RSET\r\n',
    'NOOP\r\n',
    'VRFY a\r\n',
    'STARTTLS\r\n',
    'BDAT 4 LAST\r\nabcd',
    'XCLIENT ADDR=10.0.0.1 LOGIN=shop\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n',
    ' SIZE=1',
    ' BODY=8BITMIME',
    ' SMTPUTF8',
    ' NOTIFY=NEVER',
    '\r',
    '\n',
    '\0',
  ],
  piecesMax: 20,
  seeds: [
    ['EHLO x\r\n', login, envelope, `${head}hello\r\n`, '.\r\n', 'QUIT\r\n'],
    ['EHLO x\r\n', login, envelope, head, 'a\r\n', '..b\r\n', '.\r\n', envelope, head, '.\r\n'],
    ['EHLO x\r\n', login, envelope, head, 'a\n.\nMAIL FROM:<evil@x.example>\r\n', '.\r\n'],
  ],
  async open() {
    const accepted: NewMessage[] = [];
    const store = {
      accept: async (incoming: readonly NewMessage[]) => void accepted.push(...incoming),
    };
    const relay = await startRelay({ config: plainConfig, deps: { store, emit: () => {} } });
    return {
      async run(pieces) {
        accepted.length = 0;
        const replies = await talk(relay.port, pieces);
        for (const line of replies.split('\r\n').slice(0, -1)) match(line, REPLY);
        const wanted = readSession(pieces.join(''), replies);
        const stored = accepted.map(({ message, body }) => {
          ok(body.in === 'memory');
          return { id: message.id as string, bytes: body.bytes.toString('latin1') };
        });
        deepStrictEqual(
          stored.map(({ id }) => id),
          wanted.map(({ id }) => id),
        );
        for (const [index, { bytes }] of stored.entries()) {
          const { content } = wanted[index] ?? { content: '' };
          if (!content.startsWith(head) || /^bcc/im.test(content)) continue;
          ok(
            bytes.endsWith(content),
            `stored ${JSON.stringify(bytes)}, sent ${JSON.stringify(content)}`,
          );
        }
      },
      close: relay.close,
    };
  },
};

/** All that the relay says to these segments. */
function talk(port: number, pieces: Pieces): Promise<string> {
  return new Promise((resolve) => {
    let replies = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    socket.on('data', (chunk) => {
      replies += chunk.toString('latin1');
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(replies));
    const write = (index: number): void => {
      const piece = pieces[index];
      if (piece === undefined || socket.destroyed) socket.end();
      else socket.write(Buffer.from(piece, 'latin1'), () => setImmediate(write, index + 1));
    };
    socket.on('connect', () => write(0));
    socket.on('end', () => socket.end());
  });
}
