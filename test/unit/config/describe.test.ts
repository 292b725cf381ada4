import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeSettings } from '../../../src/config/describe.ts';
import { settingsDifferences } from '../../../src/config/diff.ts';
import { minimal } from './minimal.ts';
import { settingsOf } from './temporary-file.ts';

test('the configuration in force is shown in the words of relay.yaml, without secrets', async () => {
  const tracing = '{endpoint: "http://[::1]:4318/v1/traces", headers: {X-Key: collector-key}}';
  const text = `${minimal}observe: {token: observe-token, tracing: ${tracing}}\n`;
  const shown = stringify(describeSettings(await settingsOf(text, { hostname: 'a.example' })));
  expect(shown).not.toMatch(/shop-password|up-password|observe-token|collector-key/);
  expect(parse(shown)).toMatchObject({
    hostname: 'a.example',
    listeners: [{ listen: '127.0.0.1:587', tls: 'none', auth: 'required' }],
    limits: { message_size: '25MiB', timeouts: { authenticate: '30s' } },
    clients: { shop: { password: '[secret]', senders: ['@shop.example'] } },
    accounts: {
      up: {
        host: 'mail.example',
        port: 587,
        password: '[secret]',
        tls: { mode: 'starttls', verify: 'full' },
        limits: { connections: 2, idle: '30s' },
      },
    },
    routes: [{ sender: '*', accounts: ['up'] }],
    queue: { lifetime: '5d', delay_warning: '4h' },
    observe: {
      listen: '127.0.0.1:9587',
      token: '[secret]',
      tracing: {
        endpoint: 'http://[::1]:4318/v1/traces',
        headers: { 'X-Key': '[secret]' },
        sample: 1,
      },
      dashboard: true,
    },
  });
});

test('alerts are shown without the paths and secrets of their addresses, which count as changes', async () => {
  const text = (token: string) => `${minimal}notifications:
  webhooks: [{url: "https://chat.example/hooks/${token}", secret: hook-secret}]
  commands: [{run: [/usr/local/bin/page-me], events: [account.held]}]
  heartbeat: {url: "https://ping.example/"}
  summary: {to: a@shop.example, at: "07:05", zone: Europe/Paris}
`;
  const settings = await settingsOf(text('one'));
  const shown = stringify(describeSettings(settings));
  expect(shown).not.toMatch(/\/hooks|hook-secret/);
  expect(parse(shown).notifications).toEqual({
    dsn: { mode: 'account' },
    digest: '5m',
    stalled_after: '15m',
    webhooks: [{ url: 'https://chat.example/[secret]', events: ['trouble'], secret: '[secret]' }],
    commands: [{ run: ['/usr/local/bin/page-me'], events: ['account.held'], timeout: '10s' }],
    heartbeat: { url: 'https://ping.example/', every: '5m' },
    summary: { to: 'a@shop.example', at: '07:05', zone: 'Europe/Paris' },
  });
  const other = await settingsOf(text('two'));
  const differences = settingsDifferences(settings, other);
  expect(differences).toMatchObject([{ path: 'notifications.webhooks.0.url', is: 'changed' }]);
  expect(JSON.stringify(differences)).not.toMatch(/one|two/);
});
