import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import type { App, Letter } from './app.ts';

/** A message as an app describes it; the fixed boundary lets it be composed twice with the same bytes. */
const described = (letter: Letter) => ({
  from: `Shop <${letter.from}>`,
  to: letter.to[0],
  bcc: letter.to.slice(1),
  subject: 'Größe',
  text: 'Your order is confirmed: Größe, 山田.\n.\nA line after a dot.\n',
  html: '<p>Your order is <b>confirmed</b>.</p>',
  attachments: [{ filename: 'invoice.bin', content: Buffer.alloc(5_000, 0x5a) }],
  baseBoundary: 'peer',
});

export const nodemailer: App = {
  name: 'nodemailer',
  async send(target, letter) {
    const tls =
      target.caFile === null
        ? { ignoreTLS: true }
        : { requireTLS: true, tls: { ca: readFileSync(target.caFile) } };
    const transport = createTransport({
      host: target.host,
      port: target.port,
      auth: { user: target.username, pass: target.password },
      ...tls,
    });
    await transport.sendMail(described(letter));
    const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
    return (await composer.sendMail(described(letter))).message as Buffer;
  },
};
