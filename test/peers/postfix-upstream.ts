import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostfix } from '../support/postfix.ts';
import type { ProviderOptions } from './providers.ts';

/** Postfix as a provider: STARTTLS, AUTH by Cyrus SASL from a password file of its own. */
export async function startPostfixProvider(options: ProviderOptions) {
  const secrets = mkdtempSync(join(tmpdir(), 'postfix-secrets-'));
  chmodSync(secrets, 0o755);
  const database = join(secrets, 'sasldb2');
  for (const [username, password] of Object.entries(options.accounts)) {
    const [name = '', realm = ''] = username.split('@');
    execFileSync('saslpasswd2', ['-c', '-p', '-f', database, '-u', realm, name], {
      input: password,
    });
  }
  execFileSync('chown', ['postfix', database]);
  writeFileSync(join(secrets, 'cert.pem'), options.pair.key + options.pair.certificate);
  const server = await startPostfix({
    port: options.port,
    main: {
      relayhost: `[127.0.0.1]:${options.nextHopPort}`,
      mynetworks: '',
      smtpd_tls_security_level: 'encrypt',
      smtpd_tls_chain_files: join(secrets, 'cert.pem'),
      smtpd_sasl_auth_enable: 'yes',
      smtpd_tls_auth_only: 'yes',
      smtpd_sasl_security_options: 'noanonymous',
      smtpd_sasl_authenticated_header: 'yes', // names the user in Received
      smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
      smtpd_recipient_restrictions:
        'check_recipient_access inline:{{nobody@ = 550 5.1.1 no such user}}',
      message_size_limit: 50_000_000,
    },
    files: {
      'sasl/smtpd.conf': `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${database}
mech_list: PLAIN LOGIN
`,
    },
  });
  return {
    ...server,
    close: async () => {
      await server.close();
      await rm(secrets, { recursive: true, force: true });
    },
  };
}
