import { expect, test } from 'vitest';
import { refusedIdentities } from '../../../src/policy/identities.ts';

function verdict(list: string, recipient = 'r1@b.example', acceptedRecipients = 10) {
  const seen = {
    phase: 'end-of-data',
    reply: { code: 554, detail: null, text: list },
    recipients: acceptedRecipients,
    acceptedRecipients,
    senders: ['bounces@velosi.example', 'erp@velosi.example'],
    recipient,
  } as const;
  const { scope, action } = refusedIdentities(seen, list);
  return `${scope} ${action}`;
}

test.each([
  ['erp@velosi.example', 'sender hold'],
  ['ERP@Velosi.example...', 'sender hold'],
  ['velosi.example', 'sender hold'],
  ['Shop <erp@velosi.example>, r1@b.example', 'sender hold'],
  ['r1@b.example', 'recipient bounce'],
  ['r9@b.example, r1@b.example...', 'recipient bounce'],
  ['r9@b.example', 'message split'],
])('%s: %s', (list, expected) => {
  expect(verdict(list)).toBe(expected);
});

test('nobody else is left to send to: the sender is what is not known', () => {
  expect(verdict('someone@else.example', 'r1@b.example', 1)).toBe('sender hold');
});
