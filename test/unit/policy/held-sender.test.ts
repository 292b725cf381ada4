import { expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { parseReply } from '../../../src/mail/reply.ts';
import { classify } from '../../../src/policy/classify.ts';
import { refusedSender, sendersOf } from '../../../src/policy/held-sender.ts';
import type { Author } from '../../../src/policy/sends-as.ts';
import type { Cause, Phase } from '../../../src/relay/outcome.ts';

function cause(phase: Phase, raw: string): Cause {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(raw);
  return { from: 'peer', phase, reply };
}

const by = (reversePath: string, ...from: string[]): Author => ({ reversePath, from });
const author = by('Bounces@X.example', 'Shop@X.example');

test('a message is sent as its From address and its reverse-path', () => {
  expect(sendersOf(author)).toEqual(['shop@x.example', 'bounces@x.example']);
  expect(sendersOf(by(''))).toEqual([]);
  expect(sendersOf(by('a@x.example', 'A@x.example'))).toEqual(['a@x.example']);
});

test('the sender that the reply names', () => {
  const named = cause('end-of-data', '554 not verified: BOUNCES@x.example');
  expect(refusedSender(author, named)).toBe('bounces@x.example');
  const both = cause('end-of-data', '554 bounces@x.example not allowed to send as shop@x.example');
  expect(refusedSender(author, both)).toBe('shop@x.example');
});

test('else by the phase', () => {
  expect(refusedSender(author, cause('mail', '550 no'))).toBe('bounces@x.example');
  expect(refusedSender(author, cause('rcpt', '550 no'))).toBe('bounces@x.example');
  expect(refusedSender(author, cause('end-of-data', '554 no'))).toBe('shop@x.example');
  const notification = by('');
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
