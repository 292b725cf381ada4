import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeSettings } from '../../../src/config/describe.ts';
import { minimal } from './minimal.ts';
import { settingsOf } from './temporary-file.ts';

test('the configuration in force is shown in the words of relay.yaml, without secrets', async () => {
  const text = `${minimal}observe: {token: observe-token}\n`;
  const shown = stringify(describeSettings(await settingsOf(text, { hostname: 'a.example' })));
  expect(shown).not.toMatch(/shop-password|up-password|observe-token/);
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
    observe: { listen: '127.0.0.1:9587', token: '[secret]', dashboard: true },
  });
});
