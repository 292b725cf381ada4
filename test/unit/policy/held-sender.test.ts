import { expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { parseReply } from '../../../src/mail/reply.ts';
import { classify } from '../../../src/policy/classify.ts';
import { refusedSender, sendersOf } from '../../../src/policy/held-sender.ts';
import type { Cause, Phase } from '../../../src/relay/outcome.ts';
import { message as messageOf } from './fixtures.ts';

function cause(phase: Phase, raw: string): Cause {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(raw);
  return { from: 'peer', phase, reply };
}

const makeMessage = (given: { reversePath: string; from: string | null }) =>
  messageOf({ ...given, recipients: ['r@y.example'] });
const message = makeMessage({ reversePath: 'Bounces@X.example', from: 'Shop@X.example' });

test('a message is sent as its From address and its reverse-path', () => {
  expect(sendersOf(message)).toEqual(['shop@x.example', 'bounces@x.example']);
  expect(sendersOf(makeMessage({ reversePath: '', from: null }))).toEqual([]);
  expect(sendersOf(makeMessage({ reversePath: 'a@x.example', from: 'A@x.example' }))).toEqual([
    'a@x.example',
  ]);
});

test('the sender that the reply names', () => {
  const named = cause('end-of-data', '554 not verified: BOUNCES@x.example');
  expect(refusedSender(message, named)).toBe('bounces@x.example');
  const both = cause('end-of-data', '554 bounces@x.example not allowed to send as shop@x.example');
  expect(refusedSender(message, both)).toBe('shop@x.example');
});

test('else by the phase', () => {
  expect(refusedSender(message, cause('mail', '550 no'))).toBe('bounces@x.example');
  expect(refusedSender(message, cause('rcpt', '550 no'))).toBe('bounces@x.example');
  expect(refusedSender(message, cause('end-of-data', '554 no'))).toBe('shop@x.example');
  const notification = makeMessage({ reversePath: '', from: null });
  expect(refusedSender(notification, cause('mail', '550 no'))).toBeNull();
  expect(refusedSender(notification, cause('end-of-data', '550 no'))).toBeNull();
});

test('what Microsoft sometimes refuses by mistake is tried twice more before the sender is held', () => {
  const reply = parseReply('554 5.2.252 SendAsDenied; a@x not allowed to send as b@x');
  if (reply === null) throw new Error('no reply');
  const seen = { phase: 'end-of-data', reply, recipients: 1, acceptedRecipients: 1 } as const;
  const rules = replyRulesOf('microsoft365');
  const said = [0, 1, 2, 3].map((attempts) => classify({ ...seen, attempts }, rules));
  expect(said.map(({ scope, action }) => `${scope} ${action}`)).toEqual([
    'message retry',
    'message retry',
    'sender hold',
    'sender hold',
  ]);
});
