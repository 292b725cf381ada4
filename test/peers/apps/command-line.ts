import { writeFileSync } from 'node:fs';
import { type App, run } from './app.ts';

/** curl sends the file as it is. */
export const curl: App = {
  name: 'curl',
  async send(target, letter) {
    await run('curl', [
      ...['--silent', '--show-error', '--url', `smtp://${target.host}:${target.port}/app.test`],
      ...['--user', `${target.username}:${target.password}`, '--mail-from', letter.from],
      ...letter.to.flatMap((recipient) => ['--mail-rcpt', recipient]),
      ...['--upload-file', letter.file],
      ...(target.caFile === null ? [] : ['--ssl-reqd', '--cacert', target.caFile]),
    ]);
    return null;
  },
};

export const msmtp: App = {
  name: 'msmtp',
  async send(target, letter) {
    const file = `${letter.file}.msmtprc`;
    const tls =
      target.caFile === null
        ? 'tls off'
        : `tls on\ntls_starttls on\ntls_trust_file ${target.caFile}`;
    writeFileSync(
      file,
      `account default\nhost ${target.host}\nport ${target.port}\n${tls}\nauth plain\n` +
        `user ${target.username}\npassword ${target.password}\n`,
      { mode: 0o600 },
    );
    const unix = Buffer.from(letter.message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    await run('msmtp', ['-C', file, '-f', letter.from, '--', ...letter.to], unix);
    return null;
  },
};

/** swaks puts one more line end behind the data. */
export const swaks: App = {
  name: 'swaks',
  async send(target, letter) {
    await run('swaks', [
      ...['--server', target.host, '--port', String(target.port), '--ehlo', 'app.test'],
      ...['--auth', 'LOGIN', '--auth-user', target.username, '--auth-password', target.password],
      ...['--from', letter.from, '--to', letter.to.join(','), '--data', `@${letter.file}`],
      ...(target.caFile === null ? [] : ['--tls', '--tls-verify', '--tls-ca-path', target.caFile]),
    ]);
    return Buffer.concat([letter.message, Buffer.from('\r\n')]);
  },
};
