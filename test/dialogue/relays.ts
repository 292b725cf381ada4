import { join } from 'node:path';

/** The configurations that dialogues run against (`@ NAME`), each with one listener on a free port. */
export const RELAYS = ['plain', 'starttls', 'implicit', 'networks', 'strict', 'accounts'] as const;
export type RelayName = (typeof RELAYS)[number];

/** relay.yaml as an object; `directory` holds cert.pem and key.pem, and the queue. */
export function relayConfig(name: RelayName, directory: string): Record<string, unknown> {
  const listener = { listen: '127.0.0.1:0', ...LISTENERS(directory)[name] };
  return {
    hostname: 'relay.test',
    listeners: [listener],
    limits: { disk_free: '1MiB', ...LIMITS[name] },
    clients: CLIENTS,
    accounts: ACCOUNTS,
    routes: ROUTES,
    queue: { directory: join(directory, 'queue') },
    control: { socket: join(directory, 'control.sock') },
  };
}

const LISTENERS = (directory: string): Readonly<Partial<Record<RelayName, object>>> => {
  const tls = { certificate: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  return {
    starttls: { tls: 'starttls', ...tls },
    implicit: { tls: 'implicit', ...tls },
    networks: { auth: 'optional', xclient: ['127.0.0.1/32'] },
    accounts: { account_login: true },
  };
};

const LIMITS: Readonly<Partial<Record<RelayName, object>>> = {
  strict: {
    message_size: '1KiB',
    recipients: 2,
    bare_newlines: 'reject',
    hops: 2,
    auth_failures: '100/m',
  },
};

const CLIENTS = {
  shop: { password: 'open-sesame', senders: ['*'] },
  erp: { password: 'swordfish', senders: ['erp@velosi.example'], message_size: '2KiB' },
  slow: { password: 'tortoise', senders: ['*'], rate: '1/h' },
  cron: { networks: ['127.0.0.1/32'], senders: ['@cron.example'] },
};

const ACCOUNTS = {
  main: {
    host: '127.0.0.1',
    port: 1,
    username: 'erp@velosi.example',
    password: 'abcd efgh ijkl mnop',
    auth: 'plain',
    identities: ['erp@velosi.example'],
  },
  other: { host: '127.0.0.1', port: 1, auth: 'none' },
  own: { host: '127.0.0.1', port: 1, auth: 'none', identities: ['@own.example'] },
};

const ROUTES = [
  { sender: 'nobody@refused.example', reject: 'not from here' },
  { sender: '@example.com', recipient: '@refused.example', reject: 'not to there' },
  { sender: '@example.com', header: { 'X-Stream': 'drop' }, discard: true },
  { sender: '@example.com', recipient: '@held.example', hold: true },
  { sender: '@example.com', accounts: ['other'] },
  { sender: '@velosi.example', accounts: ['other'] },
  { sender: '@cron.example', accounts: ['other'] },
  { sender: '*@*.example.com', accounts: ['other'] },
  { sender: '@own.example', accounts: ['own'] },
  { sender: '@foreign.example', accounts: ['own'] },
  { sender: '@either.example', recipient: '@own.example', accounts: ['own'] },
  { sender: '@either.example', accounts: ['other'] },
  { sender: '@quoted.example', accounts: ['other'] },
  { sender: '@bücher.example', accounts: ['other'] },
];
