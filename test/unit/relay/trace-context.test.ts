import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../../src/relay/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

test.each([
  ['00', '01', true],
  ['00', '00', false],
  ['00', '03', true],
  ['01', '01', true],
])('version %s with flags %s is read', (version, flags, sampled) => {
  const read = parseTraceparent(`${version}-${traceId}-${spanId}-${flags}`);
  expect(read).toEqual({ traceId, spanId, sampled });
});

test('what a later version adds is not looked at', () => {
  expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-will-be`)).not.toBeNull();
});

test.each([
  '',
  `ff-${traceId}-${spanId}-01`,
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId}-${spanId}-1`,
  `00-${traceId}-${spanId}-01\n`,
  ` 00-${traceId}-${spanId}-01`,
])('%j is no traceparent', (text) => {
  expect(parseTraceparent(text)).toBeNull();
});

test('what is written is read again', () => {
  const hex = (length: number) =>
    fc
      .string({
        unit: fc.constantFrom(...'0123456789abcdef'),
        minLength: length,
        maxLength: length,
      })
      .filter((text) => !/^0+$/.test(text));
  fc.assert(
    fc.property(hex(32), hex(16), fc.boolean(), (trace, span, sampled) => {
      const context = { traceId: trace, spanId: span, sampled };
      expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
    }),
  );
});
