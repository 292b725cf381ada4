import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HeaderChange, HeaderEdit } from '../../../src/mail/header-edit.ts';

function edited(
  message: string,
  change: Partial<HeaderChange>,
  cuts: readonly number[] = [],
): string {
  const bytes = Buffer.from(message);
  const edit = new HeaderEdit({ remove: [], from: null, ...change });
  const pieces: Buffer[] = [];
  const ends = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    pieces.push(...edit.push(bytes.subarray(from, to)));
    from = to;
  }
  pieces.push(...edit.end());
  return Buffer.concat(pieces).toString();
}

test('fields are left out by name and by beginning, whatever their case and folding', () => {
  const message =
    'X-Ses-Tags: a,\r\n b\r\nSubject: hi,\r\n\tyou\r\nx-secret : s\r\nX-SESame: stays\r\n\r\nX-Secret: no\r\n';
  expect(edited(message, { remove: ['x-ses-*', 'x-secret'] })).toBe(
    'Subject: hi,\r\n\tyou\r\nX-SESame: stays\r\n\r\nX-Secret: no\r\n',
  );
});

test.each([
  ['a@x.example', 'n@y.example', 'a@x.example'],
  ['<a@x.example>', 'n@y.example', '<a@x.example>'],
  ['"Shop, Inc." <a@x.example>', '"Shop, Inc." <n@y.example>', '"Shop, Inc." <a@x.example>'],
  ['=?utf-8?q?B=C3=A4r?= <a@x.example>', '=?utf-8?q?B=C3=A4r?= <n@y.example>', null],
  ['Bär <a@x.example>', 'Bär <n@y.example>', 'Bär <a@x.example>'],
  ['root@x.example (Cron Daemon)', 'Cron Daemon <n@y.example>', null],
  ['root@x.example (J. "K")', '"J. \\"K\\"" <n@y.example>', null],
  ['A <a@x.example>, b@x.example', 'A <n@y.example>', 'A <a@x.example>, b@x.example'],
])('From: %s becomes %s, and Reply-To without one', (from, renamed, replyTo) => {
  expect(edited(`From: ${from}\r\nTo: b@z.example\r\n\r\nbody`, { from: 'n@y.example' })).toBe(
    `To: b@z.example\r\nFrom: ${renamed}\r\nReply-To: ${replyTo ?? from}\r\n\r\nbody`,
  );
});

test('a Reply-To stays, a Sender is rewritten, further From fields go', () => {
  const message =
    'From: a@x.example\r\nReply-To: c@x.example\r\nSender: S <s@x.example>\r\nFrom: b@x.example\r\n\r\n';
  expect(edited(message, { from: 'n@y.example' })).toBe(
    'Reply-To: c@x.example\r\nFrom: n@y.example\r\nSender: S <n@y.example>\r\n\r\n',
  );
});

test.each(['undisclosed:;', 'a@x.example <', ''])('nobody can answer to From: %s', (from) => {
  expect(edited(`From: ${from}\r\n\r\n`, { from: 'n@y.example' })).toBe(
    'From: n@y.example\r\n\r\n',
  );
});

test('a message that ends within its header gets the fields all the same', () => {
  const change = { from: 'n@y.example' };
  expect(edited('To: b@z.example\r\n', change)).toBe('To: b@z.example\r\nFrom: n@y.example\r\n');
  expect(edited('To: b@z.example', change)).toBe('To: b@z.example\r\nFrom: n@y.example\r\n');
  expect(edited('', change)).toBe('From: n@y.example\r\n');
  expect(edited('\r\nbody', change)).toBe('From: n@y.example\r\n\r\nbody');
  expect(edited('To: b@z.example\r\nno field', change)).toBe(
    'To: b@z.example\r\nFrom: n@y.example\r\n\r\nno field',
  );
});

const name = fc.constantFrom('From', 'SENDER', 'reply-to', 'X-A', 'X-Ses-B', 'Subject', 'x-secret');
const value = fc.constantFrom(' a@x.example', ' "B, C" <b@x.example>', '', ' x\r\n y', ' ä');
const field = fc.tuple(name, value).map(([key, text]) => `${key}:${text}\r\n`);
const removable = fc.subarray(['x-a', 'x-ses-*', 'x-secret', 'subject']);

test('kept fields and the body keep every byte, however the message is cut', () => {
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 8 }),
      fc.string({ unit: fc.constantFrom('a', '.', '\r\n', ':', ' ', 'ä'), maxLength: 20 }),
      removable,
      fc.option(fc.constant('n@y.example')),
      fc.array(fc.nat(400), { maxLength: 8 }),
      (fields, body, remove, from, cuts) => {
        const message = `${fields.join('')}\r\n${body}`;
        const result = edited(message, { remove, from }, cuts);
        expect(result).toBe(edited(message, { remove, from }));
        const gone = [
          ...remove.map((one) => one.replace('*', '')),
          ...(from ? ['from', 'sender'] : []),
        ];
        const kept = fields.filter(
          (one) => !gone.some((start) => one.toLowerCase().startsWith(start)),
        );
        expect(result.startsWith(kept.join(''))).toBe(true);
        expect(result.endsWith(`\r\n${body}`)).toBe(true);
        const added = result.slice(kept.join('').length, result.length - body.length - 2);
        if (from === null) expect(added).toBe('');
        else
          expect(added).toMatch(/^From: .*n@y\.example>?\r\n(?:Sender: .*\r\n)?(?:Reply-To: |$)/);
      },
    ),
    { numRuns: 1_000 },
  );
});
