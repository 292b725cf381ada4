import { expect, test } from 'vitest';
import { formatDateTime } from '../../../src/mail/date-time.ts';
import { formatReceived, protocolName } from '../../../src/mail/received.ts';

const facts = {
  helo: 'app.example',
  remoteAddress: '127.0.0.1',
  by: 'relay.example',
  protocol: 'ESMTPA',
  id: '0abc',
  forwardPath: 'a@b.example',
  atMs: Date.UTC(2026, 10, 21, 11, 35, 7),
};

test('Received names the peer, ourselves, the id and a single recipient', () => {
  expect(formatReceived(facts).toString()).toBe(
    'Received: from app.example ([127.0.0.1])\r\n' +
      '\tby relay.example with ESMTPA id 0abc\r\n' +
      '\tfor <a@b.example>;\r\n' +
      '\tSat, 21 Nov 2026 11:35:07 +0000\r\n',
  );
});

test('several recipients are not named, a hostile EHLO is not repeated', () => {
  const text = formatReceived({
    ...facts,
    helo: 'x) by evil',
    remoteAddress: '::1',
    forwardPath: null,
  });
  expect(text.toString()).toBe(
    'Received: from unknown ([IPv6:::1])\r\n' +
      '\tby relay.example with ESMTPA id 0abc;\r\n' +
      '\tSat, 21 Nov 2026 11:35:07 +0000\r\n',
  );
  const local = formatReceived({ ...facts, remoteAddress: null }).toString();
  expect(local).toMatch(/^Received: from app\.example\r\n/);
});

test.each([
  [{ extended: false, secure: true, authenticated: true, smtpUtf8: false }, 'SMTP'],
  [{ extended: true, secure: false, authenticated: false, smtpUtf8: false }, 'ESMTP'],
  [{ extended: true, secure: true, authenticated: true, smtpUtf8: false }, 'ESMTPSA'],
  [{ extended: true, secure: false, authenticated: true, smtpUtf8: true }, 'UTF8SMTPA'],
])('%j is %s', (session, name) => {
  expect(protocolName(session)).toBe(name);
});

test('dates are RFC 5322 in UTC', () => {
  expect(formatDateTime(0)).toBe('Thu, 1 Jan 1970 00:00:00 +0000');
  expect(formatDateTime(999)).toBe('Thu, 1 Jan 1970 00:00:00 +0000');
  expect(formatDateTime(1_000)).toBe('Thu, 1 Jan 1970 00:00:01 +0000');
  expect(formatDateTime(0)).toBe('Thu, 1 Jan 1970 00:00:00 +0000');
});
