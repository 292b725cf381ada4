import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeaderScan } from '../../../src/mail/header-scan.ts';

const capture = new Map([
  ['from', 64],
  ['message-id', 998],
  ['date', 0],
]);
const remove = new Set(['bcc', 'resent-bcc']);

interface Scanned {
  readonly header: string;
  /** What follows the header; null when it did not end. */
  readonly body: string | null;
  readonly values: Record<string, readonly string[]>;
  readonly received: number;
  readonly utf8: boolean;
  readonly overlong: readonly string[];
}

function scan(message: string, cuts: readonly number[] = []): Scanned {
  const bytes = Buffer.from(message, 'utf8');
  let header = '';
  let body: string | null = null;
  const scanner = new HeaderScan({
    capture,
    remove,
    emit: (piece) => {
      header += piece.toString('latin1');
    },
  });
  const bounds = [...cuts.map((cut) => cut % (bytes.length + 1))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...bounds, bytes.length]) {
    if (to <= from || body !== null) continue;
    const used = scanner.push(bytes.subarray(from, to));
    if (used >= 0) {
      const rest = bytes.subarray(from + used);
      body = Buffer.concat([scanner.heldBack, rest]).toString('utf8');
    }
    from = to;
  }
  scanner.end();
  return {
    header: Buffer.from(header, 'latin1').toString('utf8'),
    body,
    values: Object.fromEntries(scanner.values),
    received: scanner.received,
    utf8: scanner.utf8,
    overlong: [...scanner.overlong],
  };
}

test('fields are found whatever their case, folding and white space', () => {
  const message =
    'FROM: a\r\n b@c.example\r\nfrom : d\r\nMessage-Id:<x@y>\r\nDate: now\r\n\r\nbody';
  expect(scan(message)).toMatchObject({
    header: message.slice(0, -6),
    body: 'body',
    values: { from: ['a b@c.example', 'd'], 'message-id': ['<x@y>'], date: [''] },
  });
});

test('Bcc goes with its folded lines, the fields around it stay', () => {
  const message =
    'Bcc: a@b\r\n\tc@d\r\nTo: e\r\nbcc:f\r\nRESENT-BCC : g\r\nX: h\r\n i\r\nBcc:\r\n\r\n';
  expect(scan(message)).toMatchObject({ header: 'To: e\r\nX: h\r\n i\r\n', body: '' });
});

test('Received is counted and octets above 127 are noticed, but not in what is removed', () => {
  const message = 'Received: a\r\nreceived: b\r\n x\r\nBcc: ü@x\r\n\r\n';
  expect(scan(message)).toMatchObject({ received: 2, utf8: false });
  expect(scan('Subject: ü\r\n\r\n').utf8).toBe(true);
});

test.each([
  ['Hello\r\nworld\r\n', '', 'Hello\r\nworld\r\n'],
  [
    'A: b\r\nHello: world\r\nno field here\r\nC: d\r\n',
    'A: b\r\nHello: world\r\n',
    'no field here\r\nC: d\r\n',
  ],
  [' folded first\r\n\r\n', '', ' folded first\r\n\r\n'],
  [': nameless\r\n', '', ': nameless\r\n'],
  ['two words: x\r\n', '', 'two words: x\r\n'],
  ['\r\nbody', '', 'body'],
])('a line that is no field ends the header: %j', (message, header, body) => {
  expect(scan(message)).toMatchObject({ header, body });
});

test('a message may end within its header', () => {
  expect(scan('From: a@b\r\n')).toMatchObject({ body: null, values: { from: ['a@b'] } });
});

test('a value longer than wanted is cut and named', () => {
  const long = scan(`From: ${'x'.repeat(100)}\r\n\r\n`);
  expect(long.overlong).toEqual(['from']);
  expect(long.values.from?.[0]).toHaveLength(63);
});

test('a header of 10 MiB passes with little kept', () => {
  const line = `X-Filler: ${'y'.repeat(900)}\r\n`;
  const message = line.repeat(10 * 1024);
  expect(scan(`${message}\r\nbody`, [1_000_000, 5_000_003])).toMatchObject({ body: 'body' });
});

test('segments make no difference', () => {
  const line = fc.constantFrom(
    'From: ü@x\r\n',
    'Bcc: a\r\n',
    ' folded\r\n',
    'Received: b\r\n',
    'no field\r\n',
    'X:\r\n',
    'Message-ID: <i>\r\n',
    '\r\n',
  );
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 12 }),
      fc.array(fc.nat(200), { maxLength: 6 }),
      (lines, cuts) => {
        const message = lines.join('');
        // The decoder before the scanner never parts CR from LF.
        const whole = cuts.filter((cut) => message[cut - 1] !== '\r');
        expect(scan(message, whole)).toEqual(scan(message));
      },
    ),
    { numRuns: 2000 },
  );
});
