import { expect, test } from 'vitest';
import { accountTestLetter } from '../../../src/daemon/account-test.ts';
import type { Account } from '../../../src/relay/account.ts';
import type { MessageId } from '../../../src/relay/message.ts';

const given = { id: '1n8f3k2x0q4' as MessageId, hostname: 'relay.example', nowMs: 0 };

function letter(
  account: Pick<Account, 'identities' | 'username'>,
  wanted: { from?: string; to?: string } = {},
) {
  const { from = null, to = null } = wanted;
  return accountTestLetter({ name: 'up', ...account } as Account, { from, to }, given);
}

test('by default it goes from and to the first address that the account may send as', () => {
  const account = { identities: ['@a.example', 'erp@a.example'], username: 'AKIA' };
  const { message, bytes } = letter(account);
  expect(message.envelope).toMatchObject({
    reversePath: 'erp@a.example',
    recipients: [{ forwardPath: 'erp@a.example' }],
  });
  expect(message.bytes).toBe(bytes.length);
  expect(bytes.toString()).toContain('From: <erp@a.example>\r\n');
  expect(letter({ identities: [], username: 'u@a.example' }).message.from).toBe('u@a.example');
});

test('what is given goes before, but nobody is impersonated', () => {
  const account = { identities: ['@a.example'], username: 'AKIA' };
  const { envelope } = letter(account, { from: 'x@a.example', to: 'y@b.example' }).message;
  expect([envelope.reversePath, envelope.recipients[0]?.forwardPath]).toEqual([
    'x@a.example',
    'y@b.example',
  ]);
  expect(() => letter(account)).toThrow('up may send as @a.example; choose with --from');
  expect(() => letter(account, { from: 'x@c.example' })).toThrow('may not send as x@c.example');
});
