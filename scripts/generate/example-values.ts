/** The configuration of relay.example.yaml: three providers and two apps, usable after the secrets are set. */
export const exampleValues = {
  hostname: 'relay.example.org',
  listeners: [{ listen: '127.0.0.1:587', tls: 'none', auth: 'required' }],
  clients: {
    shop: {
      password: { env: 'SHOP_PASSWORD' },
      senders: ['@shop.example', '@news.shop.example'],
      rate: '600/h',
    },
    office: {
      password: { env: 'OFFICE_PASSWORD' },
      senders: ['office@company.example'],
    },
  },
  accounts: {
    gmail: {
      provider: 'gmail',
      username: 'office@company.example',
      password: { env: 'GMAIL_APP_PASSWORD' },
    },
    sendgrid: {
      provider: 'sendgrid',
      password: { file: '/etc/relayd/secrets/sendgrid' },
      identities: ['@shop.example'],
    },
    ses: {
      provider: 'ses',
      region: 'eu-west-3',
      username: 'AKIAIOSFODNN7EXAMPLE',
      password: { credential: 'ses-smtp' },
      identities: ['@news.shop.example'],
      headers: { 'X-SES-CONFIGURATION-SET': 'newsletter' },
    },
  },
  routes: [
    { sender: 'office@company.example', accounts: ['gmail'] },
    { sender: '@shop.example', accounts: ['sendgrid'] },
    { sender: '@news.shop.example', accounts: ['ses'] },
    { sender: '*', reject: 'no upstream account for this sender' },
  ],
  queue: { directory: '/var/lib/relayd', lifetime: '5d' },
  notifications: { dsn: { mode: 'account' } },
  observe: { listen: '127.0.0.1:9587' },
  control: { socket: '/run/relayd/control.sock' },
  log: { level: 'info', format: 'json' },
} as const;
