import { expect, test } from 'vitest';
import { dsnFacts } from '../../../src/policy/dsn-facts.ts';
import type { Cause } from '../../../src/relay/outcome.ts';

const peer = (code: number, detail: '1.1' | '3.0' | null): Cause => ({
  from: 'peer',
  phase: 'rcpt',
  reply: { code, detail, text: 'says the peer' },
});

test('a refusal carries the server’s own status and words', () => {
  expect(dsnFacts('failed', peer(550, '1.1'))).toEqual({
    status: '5.1.1',
    explanation: 'The recipient was refused.',
    reply: { code: 550, detail: '1.1', text: 'says the peer' },
  });
  expect(dsnFacts('failed', peer(550, null)).status).toBe('5.0.0');
});

test('the class of the status follows the action (RFC 3464 section 2.3.4)', () => {
  expect(dsnFacts('delayed', peer(550, '1.1')).status).toBe('4.1.1');
  expect(dsnFacts('failed', peer(451, '3.0')).status).toBe('5.3.0');
  expect(dsnFacts('relayed', peer(250, null))).toMatchObject({ status: '2.0.0', explanation: '' });
});

test('an expired message shows the last real answer, or what else stood in its way', () => {
  const expired: Cause = { from: 'us', reason: 'expired', detail: '' };
  expect(dsnFacts('failed', expired, '451 4.3.0 try later')).toMatchObject({
    status: '5.4.7',
    reply: { code: 451, detail: '3.0', text: 'try later' },
  });
  const unreachable = dsnFacts('failed', expired, 'connect: ECONNREFUSED');
  expect(unreachable.reply).toBeNull();
  expect(unreachable.explanation).toContain('connect: ECONNREFUSED');
});

test('a delay without a new cause shows what the queue remembers', () => {
  expect(dsnFacts('delayed', null, '451 4.3.0 try later')).toMatchObject({
    status: '4.3.0',
    reply: { code: 451 },
  });
  expect(dsnFacts('delayed', null)).toEqual({ status: '4.0.0', explanation: '', reply: null });
});

test('a broken way there has a status of its own and no Diagnostic-Code', () => {
  const cause: Cause = { from: 'network', phase: 'connect', fault: 'resolve', detail: 'ENOTFOUND' };
  expect(dsnFacts('delayed', cause)).toMatchObject({ status: '4.4.3', reply: null });
  expect(dsnFacts('failed', { ...cause, phase: 'end-of-data', fault: 'reset' })).toMatchObject({
    status: '5.4.2',
    explanation: expect.stringContaining('may have arrived'),
  });
});

test.each([
  ['needs-8bitmime', '5.6.3'],
  ['needs-smtputf8', '5.6.7'], // RFC 6531 section 4.1
  ['too-large', '5.3.4'],
  ['no-route', '5.4.4'],
] as const)('%s is %s', (reason, status) => {
  expect(dsnFacts('failed', { from: 'us', reason, detail: '' }).status).toBe(status);
});
