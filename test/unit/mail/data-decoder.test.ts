import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataDecoder } from '../../../src/mail/data-decoder.ts';

interface Decoded {
  readonly text: string;
  /** Wire bytes that belong to the message; -1: the end did not come. */
  readonly used: number;
  readonly bareNewline: boolean;
  readonly nul: boolean;
  readonly eightBit: boolean;
}

/** Feeds the wire bytes in the segments that `cuts` (positions) make of them. */
function decode(wire: string, cuts: readonly number[] = []): Decoded {
  const bytes = Buffer.from(wire, 'latin1');
  let text = '';
  const decoder = new DataDecoder((piece) => {
    text += piece.toString('latin1');
  });
  const bounds = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  let used = -1;
  for (const to of [...bounds, bytes.length]) {
    if (to <= from) continue;
    const taken = decoder.push(bytes.subarray(from, to));
    if (taken >= 0) {
      used = from + taken;
      break;
    }
    from = to;
  }
  const { bareNewline, nul, eightBit } = decoder;
  return { text, used, bareNewline, nul, eightBit };
}

test.each([
  ['an empty message', '.\r\n', ''],
  ['one line', 'a\r\n.\r\n', 'a\r\n'],
  ['stuffed dots', '..\r\n..a\r\nb..c\r\n.\r\n', '.\r\n.a\r\nb..c\r\n'],
  ['a dot that a careless client did not stuff', '.a\r\n.\r\n', 'a\r\n'],
  ['LF alone', 'a\nb\r\n.\r\n', 'a\r\nb\r\n'],
  ['CR alone', 'a\rb\r\n.\r\n', 'a\r\nb\r\n'],
  ['dots stuffed after LF alone', 'a\n..b\n.c\r\n.\r\n', 'a\r\n.b\r\n.c\r\n'],
  ['LF . LF is content', 'a\n.\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
  ['LF . CRLF is content', 'a\n.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
  ['CRLF . LF is content', 'a\r\n.\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
  ['CRLF . CR is content', 'a\r\n.\rb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
  ['CR . CR is content', 'a\r.\rb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
  ['CR . CRLF is content', 'a\r.\r\nb\r\n.\r\n', 'a\r\n.\r\nb\r\n'],
  ['CRLF . CR CRLF is content', 'a\r\n.\r\r\nb\r\n.\r\n', 'a\r\n.\r\n\r\nb\r\n'],
  ['CRLF NUL . CRLF is content', 'a\r\n\0.\r\nb\r\n.\r\n', 'a\r\n\0.\r\nb\r\n'],
])('%s', (_, wire, text) => {
  expect(decode(wire)).toMatchObject({ text, used: wire.length });
});

test('what follows the end mark is not touched', () => {
  expect(decode('a\r\n.\r\nMAIL FROM:<>\r\n')).toMatchObject({ text: 'a\r\n', used: 6 });
});

test('NUL, octets above 127 and lone newlines are noticed', () => {
  expect(decode('a\0\r\n.\r\n')).toMatchObject({ nul: true, eightBit: false, bareNewline: false });
  expect(decode('\xe4\r\n.\r\n')).toMatchObject({ nul: false, eightBit: true });
  expect(decode('a\n\r\n.\r\n').bareNewline).toBe(true);
});

/** Long enough for the stretches that are passed over four bytes at a time. */
const plain = 'plain text, and \t more of it';

const parts = ['\r\n', '\r', '\n', '.', 'a', '\0', '\xff', '\r\n.', 'bc', plain, `${plain}\xe4`];
const wireText = fc
  .array(fc.constantFrom(...parts), { maxLength: 40 })
  .map((chosen) => `${chosen.join('')}\r\n.\r\n`);
const cuts = fc.array(fc.nat(200), { maxLength: 8 });

test('segments make no difference', () => {
  fc.assert(
    fc.property(wireText, cuts, (wire, at) => {
      expect(decode(wire, at)).toEqual(decode(wire));
    }),
    { numRuns: 2000 },
  );
});

test('the message ends at the first CRLF.CRLF and nowhere else', () => {
  fc.assert(
    fc.property(wireText, cuts, (wire, at) => {
      const end = `\r\n${wire}`.indexOf('\r\n.\r\n') + 3;
      expect(decode(wire, at).used).toBe(end);
    }),
    { numRuns: 2000 },
  );
});

test('NUL and octets above 127 are noticed wherever they stand', () => {
  fc.assert(
    fc.property(wireText, cuts, (wire, at) => {
      const { used, nul, eightBit } = decode(wire, at);
      const message = wire.slice(0, used);
      expect({ nul, eightBit }).toEqual({
        nul: message.includes('\0'),
        eightBit: /[\x80-\xff]/.test(message),
      });
    }),
    { numRuns: 2000 },
  );
});

test('a stuffed message with CRLF line ends comes out as it was', () => {
  const lines = fc.array(fc.constantFrom('', '.', '..', 'a', '.a', '\t', '\xe9'), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(lines, cuts, (content, at) => {
      const text = content.map((line) => `${line}\r\n`).join('');
      const wire = `${text.replace(/^\./gm, '..')}.\r\n`;
      expect(decode(wire, at)).toMatchObject({ text, used: wire.length, bareNewline: false });
    }),
  );
});

test('what comes out has no lone CR or LF', () => {
  fc.assert(
    fc.property(wireText, cuts, (wire, at) => {
      expect(decode(wire, at).text).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
    }),
  );
});
