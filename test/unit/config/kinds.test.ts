import { expect, test } from 'vitest';
import { mailbox } from '../../../src/config/schema/kinds.ts';

test.each([
  'relay@shop.example',
  'Mail relay <relay@shop.example>',
  '<relay@shop.example>',
  '"Shop, Inc." <relay@shop.example>',
  'Grüße aus Köln <relay@köln.example>',
])('a mailbox: %s', (text) => {
  expect(mailbox().safeParse(text)).toMatchObject({ success: true, data: text });
});

test.each([
  '',
  'relay',
  'Mail relay',
  'relay@',
  'Shop, Inc. <relay@shop.example>',
  'Relay <relay>',
  'Relay <a@b.example> <c@d.example>',
  'a@b.example, c@d.example',
  'Relay\r\nBcc: x <a@b.example>',
])('no mailbox: %j', (text) => {
  expect(mailbox().safeParse(text).success).toBe(false);
});
