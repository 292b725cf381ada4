import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { minimal, withAccount } from './minimal.ts';
import { problemsOf, settingsOf, temporaryDirectory } from './temporary-file.ts';

/** A self-signed certificate and its key as files. */
function makeCertificate(directory: string, name: string): void {
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=relay.example';
  const files = ['-keyout', join(directory, `${name}.key`), '-out', join(directory, `${name}.pem`)];
  const { status, stderr } = spawnSync('openssl', [...words.split(' '), ...files]);
  if (status !== 0) throw new Error(String(stderr));
}

test('certificates are read, and a key that belongs to another one is an error', async () => {
  const directory = temporaryDirectory();
  makeCertificate(directory, 'a');
  makeCertificate(directory, 'b');
  const listener = (key: string) =>
    `listeners: [{listen: 0.0.0.0:465, tls: implicit, certificate: a.pem, key: ${key}}]\n${minimal}`;
  const settings = await settingsOf(listener('a.key'), { directory });
  expect(settings.listeners[0]).toMatchObject({
    certificate: join(directory, 'a.pem'),
    key: join(directory, 'a.key'),
  });
  const [line] = await problemsOf(listener('b.key'), { directory });
  expect(line).toMatch(
    /^relay.yaml:1:\d+: listeners\[0\]\.key: is not the key of the certificate$/,
  );
});

test('an account brings its client certificate, authorities, pins and exception', async () => {
  const directory = temporaryDirectory();
  makeCertificate(directory, 'a');
  const pin = `sha256//${'A'.repeat(43)}=`;
  const keys =
    'host: mail.example, username: u@x.example, password: p, certificate: a.pem, key: a.key, ' +
    `tls: {ca: a.pem, pin: ["${pin}"], exception: {allow: [expired], reason: asked, until: 2026-12-31}}`;
  const options = { directory, nowMs: Date.parse('2026-06-01') };
  const tls = (await settingsOf(withAccount(keys), options)).accounts.get('up')?.tls;
  expect(tls).toMatchObject({
    pins: [`${'A'.repeat(43)}=`],
    exception: { allow: ['expired'], reason: 'asked', untilMs: Date.parse('2026-12-31T00:00:00Z') },
  });
  expect(tls?.ca).toContain('BEGIN CERTIFICATE');
  expect(tls?.certificate).toContain('BEGIN CERTIFICATE');
  expect(tls?.key?.reveal()).toContain('PRIVATE KEY');
});
