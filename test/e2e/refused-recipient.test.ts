import { expect, test } from 'vitest';
import { daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('a refused recipient is told to the sender, the accepted one gets the message once', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'rcpt', path: 'gone@dest.test', do: { reply: '550 5.1.1 no such user here' } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  await submit(port, {
    from: 'sender@relay.test',
    to: ['good@dest.test', 'gone@dest.test'],
    subject: 'two recipients',
    text: 'x',
  });
  const [first, second] = await server.taken(2);
  const [mail, report] = first?.reversePath === '' ? [second, first] : [first, second];
  expect(mail?.recipients.map(({ forwardPath }) => forwardPath)).toEqual(['good@dest.test']);
  // RFC 3464: a report with the null reverse-path, to the sender, by the same account.
  expect(report?.reversePath).toBe('');
  expect(report?.recipients.map(({ forwardPath }) => forwardPath)).toEqual(['sender@relay.test']);
  const text = report?.body.toString('latin1') ?? '';
  expect(text).toContain('Final-Recipient: rfc822; gone@dest.test');
  expect(text).toContain('Action: failed');
  expect(text).toContain('Status: 5.1.1');
  expect(text).toMatch(/Diagnostic-Code: smtp; 550 5\.1\.1 no such user here/);
  expect(text).not.toContain('upstream-password');
});
