import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const submissionPort = 2587;
export const observePort = 2588;

/** The local apps of the demonstration, and what stands in their From fields. */
export const clients = [
  { name: 'shop', password: 'shop-password', domain: 'velosi.example' },
  { name: 'backend', password: 'backend-password', domain: 'alliance.example' },
] as const;

/** Two accounts at one provider: relayd must never confuse them. */
export const accounts = [
  { name: 'velosi', username: 'erp@velosi.example', password: 'velosi-app-password' },
  { name: 'alliance', username: 'mail@alliance.example', password: 'alliance-app-password' },
] as const;

/** Writes relay.yaml as a person would; returns its path. The mode allows passwords in the text. */
export function writeSettings(directory: string, upstreamPort: number): string {
  const account = ({ name, username, password }: (typeof accounts)[number]) => `
  ${name}:
    host: localhost
    port: ${upstreamPort}
    username: ${username}
    password: ${password}
    identities: ["${username.replace(/^.*@/, '@')}"]
    tls: {mode: starttls, verify: full, ca: ${directory}/upstream-ca.pem}`;
  const file = join(directory, 'relay.yaml');
  writeFileSync(
    file,
    `# The quickstart's relay.yaml: two apps, two upstream accounts, a route for each sender domain.
hostname: relay.quickstart.example
listeners:
  - listen: 127.0.0.1:${submissionPort}
clients:
${clients.map(({ name, password, domain }) => `  ${name}: {password: ${password}, senders: ["@${domain}"]}`).join('\n')}
accounts:${accounts.map(account).join('')}
routes:
  - {sender: "@velosi.example", accounts: [velosi]}
  - {sender: "@alliance.example", accounts: [alliance]}
queue:
  directory: ${directory}/queue
observe:
  listen: 127.0.0.1:${observePort}
control:
  socket: ${directory}/control.sock
`,
    { mode: 0o600 },
  );
  return file;
}
