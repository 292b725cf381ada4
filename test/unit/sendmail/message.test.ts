import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitHead, wireText } from '../../../src/sendmail/message.ts';

/** What goes over the wire of a text that comes in the given pieces. */
function wire(pieces: readonly string[], dotEnds: boolean): string {
  let said = '';
  const text = wireText((piece) => {
    said += piece.toString('latin1');
  }, dotEnds);
  for (const piece of pieces) if (!text.push(Buffer.from(piece, 'latin1'))) break;
  text.end();
  return said;
}

test.each([
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\r\nb', 'a\r\nb\r\n'],
  ['.\n..\n.x\n', '..\r\n...\r\n..x\r\n'],
  ['', ''],
  ['\n', '\r\n'],
  ['a\rb\n', 'a\rb\r\n'],
  ['end\r', 'end\r\n'],
  ['.', '..\r\n'],
])('%j goes out as %j', (text, expected) => {
  expect(wire([text], false)).toBe(expected);
});

test.each([
  ['a\n.\nb\n', 'a\r\n'],
  ['.\r\nb\n', ''],
  ['a\n.b\n.', 'a\r\n..b\r\n..\r\n'],
])('without -i %j ends at the dot: %j', (text, expected) => {
  expect(wire([text], true)).toBe(expected);
});

test('it does not matter in which pieces a message comes', () => {
  const text = fc.string({ unit: fc.constantFrom('.', '\n', '\r', 'a', 'ä'), maxLength: 30 });
  fc.assert(
    fc.property(
      text,
      fc.boolean(),
      fc.array(fc.nat(30), { maxLength: 5 }),
      (whole, dotEnds, cuts) => {
        const places = [...new Set(cuts)].sort((a, b) => a - b);
        const pieces = [0, ...places].map((from, index) => whole.slice(from, places[index]));
        expect(wire(pieces, dotEnds)).toBe(wire([whole], dotEnds));
      },
    ),
    { numRuns: 2000 },
  );
});

const head = (text: string, complete = true) => splitHead(Buffer.from(text, 'latin1'), complete);

test('the header ends at the empty line, or before the first line that is no field', () => {
  const fields = [
    { name: 'to', text: 'To: a@b.example,\n\tc@d.example' },
    { name: 'subject', text: 'Subject: hi' },
  ];
  const text = 'To: a@b.example,\n\tc@d.example\nSubject: hi\n';
  expect(head(`${text}\nbody`)).toEqual({ fields, length: text.length + 1 });
  expect(head(`${text.replaceAll('\n', '\r\n')}\r\nbody`)).toMatchObject({ fields });
  expect(head(`${text}no field\n`)).toEqual({ fields, length: text.length });
  expect(head(text)).toEqual({ fields, length: text.length });
  expect(head(text, false)).toBeNull();
});

test('the line of a mailbox is left out, a message may begin with its body', () => {
  const from = 'From somebody Sat Nov 21 10:00:00 2026\n';
  expect(head(`${from}To: a\n\nx`)).toMatchObject({ fields: [{ name: 'to' }] });
  expect(head('just a body\n')).toEqual({ fields: [], length: 0 });
  expect(head('\nbody')).toEqual({ fields: [], length: 1 });
  expect(head('')).toEqual({ fields: [], length: 0 });
});
