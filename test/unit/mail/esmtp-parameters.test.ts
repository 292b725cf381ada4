import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMailParameters, parseRcptParameters } from '../../../src/mail/esmtp-parameters.ts';
import { decodeXtext } from '../../../src/mail/xtext.ts';

const none = { sizeBytes: null, body: null, smtpUtf8: false, ret: null, envid: null };

test.each([
  ['', {}],
  ['SIZE=1234', { sizeBytes: 1234 }],
  ['body=8bitmime', { body: '8BITMIME' }],
  ['BODY=7BIT SMTPUTF8', { body: '7BIT', smtpUtf8: true }],
  ['RET=hdrs ENVID=a+2Bb', { ret: 'HDRS', envid: 'a+2Bb' }],
  ['AUTH=<>', {}],
  ['AUTH=e+3Dmc2@example.com', {}],
])('MAIL takes %j', (text, expected) => {
  expect(parseMailParameters(text)).toEqual({ value: { ...none, ...expected } });
});

test.each([
  ['FOO=1', 555],
  ['__proto__=1', 501],
  ['constructor', 555],
  ['NOTIFY=NEVER', 555],
  ['REQUIRETLS', 555],
  ['SIZE=', 501],
  ['SIZE=-1', 501],
  ['SIZE=1e3', 501],
  ['SIZE=123456789012345678901', 501],
  ['SIZE=1 SIZE=2', 501],
  ['SIZE=1 size=1', 501],
  ['BODY', 501],
  ['BODY=BINARYMIME', 501],
  ['SMTPUTF8=1', 501],
  ['RET=SOME', 501],
  ['ENVID=a=b', 501],
  ['ENVID=a+0D+0A', 501],
  ['ENVID=a+0d', 501],
  [`ENVID=${'x'.repeat(101)}`, 501],
  ['AUTH=', 501],
  ['=1', 501],
  ['-X', 501],
])('MAIL refuses %j with %i', (text, code) => {
  expect(parseMailParameters(text)).toMatchObject({ refusal: { code, detail: '5.4' } });
});

test.each([
  ['NOTIFY=never', { notify: 'NEVER', orcpt: null }],
  ['NOTIFY=SUCCESS,FAILURE,DELAY', { notify: 'SUCCESS,FAILURE,DELAY', orcpt: null }],
  ['ORCPT=rfc822;a+2Bb@c.example', { notify: null, orcpt: 'rfc822;a+2Bb@c.example' }],
  ['ORCPT=utf-8;ü@c.example', { notify: null, orcpt: 'utf-8;ü@c.example' }],
])('RCPT takes %j', (text, value) => {
  expect(parseRcptParameters(text)).toEqual({ value });
});

test.each([
  ['NOTIFY=NEVER,FAILURE', 501],
  ['NOTIFY=', 501],
  ['NOTIFY=SOON', 501],
  ['ORCPT=a@b.example', 501],
  ['ORCPT=rfc822;ü@b.example', 501],
  ['ORCPT=rfc822;a+0Ab', 501],
  [`ORCPT=rfc822;${'x'.repeat(500)}`, 501],
  ['SIZE=1', 555],
])('RCPT refuses %j with %i', (text, code) => {
  expect(parseRcptParameters(text)).toMatchObject({ refusal: { code, detail: '5.4' } });
});

/** RFC 3461 section 4, every octet written as it must be or may be. */
function encoded(text: string): string {
  return [...Buffer.from(text)]
    .map((octet) => `+${octet.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

test('xtext carries any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeXtext(encoded(text))).toBe(text);
    }),
  );
  expect(decodeXtext('a+2Bb')).toBe('a+b');
  expect(decodeXtext('a+2')).toBeNull();
});
