import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DotStuffing, stuffed } from '../../../src/delivery/dot-stuffing.ts';

/** RFC 5321 section 4.5.2, the receiving side, written as the RFC says it. */
function received(wire: Buffer): Buffer {
  const text = wire.toString('latin1');
  const end = text.startsWith('.\r\n') ? 0 : text.indexOf('\r\n.\r\n') + 2;
  const lines = text.slice(0, end).split(/(?<=\r\n)/);
  return Buffer.from(
    lines.map((line) => (line.startsWith('.') ? line.slice(1) : line)).join(''),
    'latin1',
  );
}

const pieces = fc.array(fc.constantFrom('a', '.', '\r\n', '..', '.\r\n', '\r\n.', '\xff'), {
  maxLength: 30,
});

test('what is unstuffed is what was sent, for every body of CRLF lines', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const body = Buffer.from(parts.join(''), 'latin1');
      const wire = Buffer.concat(stuffed([body]));
      const ended = body.length === 0 || body.toString('latin1').endsWith('\r\n');
      const expected = ended ? body : Buffer.concat([body, Buffer.from('\r\n')]);
      expect(received(wire).toString('latin1')).toBe(expected.toString('latin1'));
      expect(wire.toString('latin1').endsWith('\r\n.\r\n') || wire.toString() === '.\r\n').toBe(
        true,
      );
    }),
  );
});

test('it does not matter where a body is cut', () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(60), { maxLength: 5 }), (parts, cuts) => {
      const body = Buffer.from(parts.join(''), 'latin1');
      const at = [
        0,
        ...cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b),
        body.length,
      ];
      const stuffing = new DotStuffing();
      const out = at.slice(1).flatMap((end, index) => stuffing.add(body.subarray(at[index], end)));
      expect(Buffer.concat([...out, stuffing.end()])).toEqual(Buffer.concat(stuffed([body])));
    }),
  );
});
