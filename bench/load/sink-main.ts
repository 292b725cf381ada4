/**
 * An upstream that offers STARTTLS, which smtp-sink does not: takes every message and throws it away. Started with
 * certificate and key; says its port first and from then on, as smtp-sink does, how many messages it has.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

const [certificateFile = '', keyFile = ''] = process.argv.slice(2);
const context = createSecureContext({
  cert: readFileSync(certificateFile),
  key: readFileSync(keyFile),
});
let taken = 0;
let told = 0;

function serve(socket: Socket, secured: boolean): void {
  let text = '';
  let inBody = false;
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('latin1');
    let replies = '';
    for (;;) {
      const mark = inBody ? '\r\n.\r\n' : '\r\n';
      const end = text.indexOf(mark);
      if (end < 0) break;
      const line = inBody ? 'DOT' : text.slice(0, end);
      text = text.slice(end + mark.length);
      if (inBody) taken += 1;
      inBody = line === 'DATA';
      if (/^STARTTLS$/i.test(line)) {
        socket.off('data', onData);
        socket.write('220 2.0.0 go ahead\r\n');
        serve(new TLSSocket(socket, { isServer: true, secureContext: context }), true);
        return;
      }
      replies += replyTo(line, secured);
    }
    // Only the mark can begin in what is kept of a body.
    if (inBody) text = text.slice(-4);
    if (replies !== '') socket.write(replies);
  };
  socket.on('data', onData);
  socket.on('error', () => socket.destroy());
}

function replyTo(line: string, secured: boolean): string {
  const verb = line.slice(0, 4).toUpperCase();
  if (verb === 'EHLO') {
    return `250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n${secured ? '' : '250-STARTTLS\r\n'}250 SIZE\r\n`;
  }
  if (verb === 'DATA') return '354 go ahead\r\n';
  return verb === 'QUIT' ? '221 2.0.0 bye\r\n' : '250 2.0.0 ok\r\n';
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.write('220 sink.test ESMTP\r\n');
  serve(socket, false);
});
server.listen(0, '127.0.0.1', () => {
  console.log(`port=${(server.address() as AddressInfo).port}`);
});
setInterval(() => {
  if (taken !== told) console.log(`mesg=${taken} `);
  told = taken;
}, 20);
