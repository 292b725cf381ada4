import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeDsn } from '../../../src/mail/dsn.ts';
import type { DsnInput, DsnOriginal, DsnRecipient } from '../../../src/mail/dsn-input.ts';

const header = 'From: app@x.example\r\nSubject: Invoice\r\n';
const original: DsnOriginal = {
  content: Buffer.from(`${header}\r\nDear Bob\r\n`),
  complete: true,
  messageIdField: '<m1@x.example>',
  ret: null,
  envid: null,
  arrivedAtMs: Date.UTC(2026, 10, 21, 11, 35, 0),
};
const recipient: DsnRecipient = {
  forwardPath: 'bob@example.net',
  orcpt: null,
  status: '5.1.1',
  explanation: 'The recipient was refused.',
  reply: { code: 550, detail: '1.1', text: 'no such user' },
  remoteMta: 'smtp.example.net',
  lastAttemptAtMs: Date.UTC(2026, 10, 21, 11, 35, 2),
  retryUntilMs: null,
};
const input: DsnInput = {
  action: 'failed',
  reportingMta: 'relay.example.org',
  from: 'Mail relay <MAILER-DAEMON@relay.example.org>',
  to: 'app@x.example',
  dateMs: Date.UTC(2026, 10, 21, 11, 36, 0),
  messageIdField: '<d1@relay.example.org>',
  boundary: 'b0undary',
  original,
  recipients: [recipient],
};

interface Part {
  readonly header: string;
  readonly body: string;
}

/** Splits as RFC 2046 section 5.1 says, by the boundary that the header names. */
function partsOf(dsn: Buffer): { readonly header: string; readonly parts: readonly Part[] } {
  const text = dsn.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1] ?? '';
  const inner = text.slice(end + 2).split(`\r\n--${boundary}`);
  expect(inner.at(-1)).toBe('--\r\n');
  const parts = inner.slice(1, -1).map((raw) => {
    const part = raw.slice(2);
    const at = part.indexOf('\r\n\r\n');
    return { header: part.slice(0, at + 2), body: part.slice(at + 4) };
  });
  return { header: text.slice(0, end + 2), parts };
}

function part(dsn: Buffer, index: number): Part {
  const found = partsOf(dsn).parts[index];
  if (found === undefined) throw new Error(`no part ${index}`);
  return found;
}

/** RFC 5322 section 2.2.3 */
function unfolded(text: string): string {
  return text.replace(/\r\n(?=[ \t])/g, '');
}

function decodedQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

describe('the envelope of the report', () => {
  const { header: fields, parts } = partsOf(composeDsn(input));

  test('it says who, to whom, about what, and that no machine may answer (RFC 3834)', () => {
    expect(unfolded(fields).split('\r\n')).toEqual([
      'From: Mail relay <MAILER-DAEMON@relay.example.org>',
      'To: <app@x.example>',
      'Subject: Your message could not be delivered',
      'Date: Sat, 21 Nov 2026 11:36:00 +0000',
      'Message-ID: <d1@relay.example.org>',
      'Auto-Submitted: auto-replied',
      'In-Reply-To: <m1@x.example>',
      'References: <m1@x.example>',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary="b0undary"',
      '',
    ]);
  });

  test('it has the three parts of RFC 6522 section 3', () => {
    expect(parts.map((each) => /Content-Type: ([^;\r]+)/.exec(each.header)?.[1])).toEqual([
      'text/plain',
      'message/delivery-status',
      'text/rfc822-headers',
    ]);
  });

  test('an original Message-ID that is none is not referred to', () => {
    for (const messageIdField of [null, 'x', '<a@b>\r\nBcc: c@d', '<a b>', '<a@b> <c@d>']) {
      const dsn = composeDsn({ ...input, original: { ...original, messageIdField } });
      expect(partsOf(dsn).header).not.toMatch(/References|In-Reply-To|Bcc/);
    }
  });
});

describe('the fields for programs (RFC 3464 section 2)', () => {
  test('all of a failure, groups parted by empty lines', () => {
    const dsn = composeDsn({
      ...input,
      original: { ...original, envid: 'QQ+2B314' },
      recipients: [
        { ...recipient, orcpt: 'rfc822;bob+2Blist@example.net' },
        {
          ...recipient,
          forwardPath: 'eve@example.net',
          status: '5.4.7',
          reply: null,
          remoteMta: null,
          lastAttemptAtMs: null,
          retryUntilMs: 0,
        },
      ],
    });
    expect(part(dsn, 1).body.split('\r\n')).toEqual([
      'Original-Envelope-Id: QQ+314',
      'Reporting-MTA: dns; relay.example.org',
      'Arrival-Date: Sat, 21 Nov 2026 11:35:00 +0000',
      '',
      'Original-Recipient: rfc822; bob+list@example.net',
      'Final-Recipient: rfc822; bob@example.net',
      'Action: failed',
      'Status: 5.1.1',
      'Remote-MTA: dns; smtp.example.net',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user',
      'Last-Attempt-Date: Sat, 21 Nov 2026 11:35:02 +0000',
      '',
      'Final-Recipient: rfc822; eve@example.net',
      'Action: failed',
      'Status: 5.4.7',
      '',
    ]);
  });

  test('a delay says until when it is tried', () => {
    const retryUntilMs = Date.UTC(2026, 10, 26, 11, 35, 0);
    const delayed = { ...recipient, status: '4.4.1', reply: null, retryUntilMs };
    const dsn = composeDsn({ ...input, action: 'delayed', recipients: [delayed] });
    expect(part(dsn, 1).body).toContain('Action: delayed\r\nStatus: 4.4.1\r\n');
    expect(part(dsn, 1).body).toContain('Will-Retry-Until: Thu, 26 Nov 2026 11:35:00 +0000\r\n');
    expect(part(dsn, 0).body).toContain('It is tried until Thu, 26 Nov 2026 11:35:00 +0000.');
  });

  test.each([
    // RFC 6533 section 3: outside ASCII the type is utf-8, written in ASCII.
    ['jörg@exämple.net', 'utf-8; j\\x{F6}rg@ex\\x{E4}mple.net'],
    ['😀@x.example', 'utf-8; \\x{1F600}@x.example'],
    ['"ü +="@x.example', 'utf-8; "\\x{FC}\\x{20}\\x{2B}\\x{3D}"@x.example'],
    ['"a  b"@x.example', 'rfc822; "a  b"@x.example'],
  ])('Final-Recipient of %s', (forwardPath, field) => {
    const dsn = composeDsn({ ...input, recipients: [{ ...recipient, forwardPath }] });
    expect(unfolded(part(dsn, 1).body)).toContain(`Final-Recipient: ${field}\r\n`);
  });

  test.each([
    ['RFC822;a@x.example', 'RFC822; a@x.example'],
    ['rfc822;a+3Db@x.example', 'rfc822; a=b@x.example'],
    ['utf-8;j\\x{F6}rg@x.example', 'utf-8; j\\x{F6}rg@x.example'],
    ['utf-8;jörg@x.example', 'utf-8; j\\x{F6}rg@x.example'],
    ['x400;/c+3Dus/', 'x400; /c=us/'],
    // What decodes to line breaks stays as it came.
    ['rfc822;a+0D+0AStatus:+202.0.0', 'rfc822; a+0D+0AStatus:+202.0.0'],
  ])('Original-Recipient of %s', (orcpt, field) => {
    const dsn = composeDsn({ ...input, recipients: [{ ...recipient, orcpt }] });
    expect(part(dsn, 1).body).toContain(`Original-Recipient: ${field}\r\n`);
  });
});

describe('the text for people', () => {
  test('it says what happened and what to do', () => {
    const { header: fields, body } = part(composeDsn(input), 0);
    expect(fields).toContain('Content-Type: text/plain; charset=us-ascii\r\n');
    expect(body).toContain('could not be delivered');
    expect(body).toContain('  <bob@example.net>\r\n    The recipient was refused.\r\n');
    expect(body).toContain('The server smtp.example.net answered: 550 5.1.1 no such user');
    expect(body).toContain('Check the address for mistakes');
    expect(body).toContain('<m1@x.example>');
    expect(body).toContain('The header of your message is attached');
  });

  test('outside ASCII it is UTF-8 in quoted-printable', () => {
    const forwardPath = 'jörg@exämple.net';
    const { header: fields, body } = part(
      composeDsn({ ...input, recipients: [{ ...recipient, forwardPath }] }),
      0,
    );
    expect(fields).toContain('charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n');
    expect(body).toMatch(/^[\t\r\n -~]*$/);
    expect(decodedQuotedPrintable(body)).toContain(`<${forwardPath}>`);
  });

  test.each(['delayed', 'relayed', 'delivered'] as const)('%s is no failure', (action) => {
    const dsn = composeDsn({ ...input, action, recipients: [{ ...recipient, status: '2.0.0' }] });
    expect(part(dsn, 0).body).not.toMatch(/could not|Check the address/);
    expect(part(dsn, 1).body).toContain(`Action: ${action}\r\n`);
  });
});

describe('what comes back of the message (RFC 3461 section 4.3)', () => {
  const returned = (more: Partial<DsnOriginal>, action: DsnInput['action'] = 'failed') =>
    part(composeDsn({ ...input, action, original: { ...original, ...more } }), 2);

  test('the header alone unless RET=FULL', () => {
    for (const ret of [null, 'HDRS'] as const) {
      expect(returned({ ret })).toEqual({
        header: 'Content-Type: text/rfc822-headers\r\n',
        body: header,
      });
    }
  });

  test('the whole message for a failure with RET=FULL', () => {
    expect(returned({ ret: 'FULL' })).toEqual({
      header: 'Content-Type: message/rfc822\r\n',
      body: original.content.toString(),
    });
    const dsn = composeDsn({ ...input, original: { ...original, ret: 'FULL' } });
    expect(part(dsn, 0).body).toContain('Your message is attached');
  });

  test('but the header for a delay, an incomplete or a large one', () => {
    expect(returned({ ret: 'FULL' }, 'delayed').body).toBe(header);
    expect(returned({ ret: 'FULL', complete: false }).body).toBe(header);
    const content = Buffer.from(`${header}\r\n${'x\r\n'.repeat(100_000)}`);
    expect(returned({ ret: 'FULL', content }).body).toBe(header);
  });

  test('8-bit text of a whole message is announced at both levels (RFC 2045 section 6.4)', () => {
    const content = Buffer.from(`${header}\r\nGrüße\r\n`);
    const dsn = composeDsn({ ...input, original: { ...original, ret: 'FULL', content } });
    expect(partsOf(dsn).header).toContain('Content-Transfer-Encoding: 8bit\r\n');
    expect(part(dsn, 2).header).toContain('Content-Transfer-Encoding: 8bit\r\n');
    expect(dsn.includes(content)).toBe(true);
  });

  test('a header outside ASCII, or with lines too long, is made 7-bit (RFC 6522 section 4)', () => {
    for (const field of ['Subject: Grüße', `X-Long: ${'a'.repeat(2_000)}`, 'X: a\rb']) {
      const { header: fields, body } = returned({ content: Buffer.from(`${field}\r\n\r\nx`) });
      expect(fields).toContain('Content-Transfer-Encoding: quoted-printable\r\n');
      expect(body).toMatch(/^(?:[\t -~]{0,76}\r\n)*$/);
      expect(decodedQuotedPrintable(body)).toBe(`${field.replace('\r', '\r\n')}\r\n`);
    }
  });

  test('a header of megabytes is cut at a line', () => {
    const content = Buffer.from(`${'X-Filler: abcdefgh\r\n'.repeat(100_000)}\r\n`);
    const { body } = returned({ content });
    expect(body.length).toBeLessThanOrEqual(64 * 1024);
    expect(body).toMatch(/abcdefgh\r\n$/);
  });

  test('a message without header comes back as nothing', () => {
    expect(returned({ content: Buffer.from('\r\nbody\r\n') }).body).toBe('');
  });

  test('a message that holds the boundary cannot end a part', () => {
    const content = Buffer.from(`${header}\r\n--b0undary--\r\n\r\n--b0undary=\r\n`);
    const dsn = composeDsn({ ...input, original: { ...original, ret: 'FULL', content } });
    expect(partsOf(dsn).parts).toHaveLength(3);
    expect(part(dsn, 2).body).toBe(content.toString());
  });
});

test('a display name outside ASCII is encoded (RFC 2047)', () => {
  const from = 'Größtes Relais der östlichen Wälder <relay@x.example>';
  const field = unfolded(partsOf(composeDsn({ ...input, from })).header).split('\r\n')[0] ?? '';
  expect(field).toMatch(/^From: (?:=\?utf-8\?B\?[A-Za-z0-9+/=]{1,60}\?= ?)+ <relay@x\.example>$/);
  const words = [...field.matchAll(/\?B\?([^?]+)\?=/g)].map(([, word]) => word ?? '');
  expect(words.map((word) => Buffer.from(word, 'base64').toString()).join('')).toBe(
    'Größtes Relais der östlichen Wälder',
  );
});

test('whatever is said in it, no field is injected, no line is too long, all ends in CRLF', () => {
  const nasty = fc.string({
    unit: fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '\0', ' ', 'ü', '😀', '\u2028', '--b0undary', '<', '>'),
      fc.constantFrom(
        'a',
        'x'.repeat(300),
        ' '.repeat(1_500),
        'Bcc: evil@x.example',
        ':',
        '\r\n\r\n',
        '\t',
      ),
    ),
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 9, maxLength: 9 }), (texts) => {
      const [a, b, c, d, e, f, g, h, i] = texts as [string, ...string[]];
      const dsn = composeDsn({
        ...input,
        from: a,
        to: b ?? '',
        original: { ...original, envid: c ?? '', messageIdField: d ?? '' },
        recipients: [
          {
            ...recipient,
            forwardPath: e ?? '',
            orcpt: f ?? '',
            explanation: g ?? '',
            reply: { code: 550, detail: null, text: h ?? '' },
            remoteMta: i ?? '',
          },
        ],
      });
      const { header: fields, parts } = partsOf(dsn);
      expect(parts).toHaveLength(3);
      expect(fields.match(/^[A-Za-z-]+(?=:)/gm)).toEqual(
        (fields.includes('In-Reply-To')
          ? 'From To Subject Date Message-ID Auto-Submitted In-Reply-To References MIME-Version Content-Type'
          : 'From To Subject Date Message-ID Auto-Submitted MIME-Version Content-Type'
        ).split(' '),
      );
      expect(parts[1]?.body.match(/^[A-Za-z-]+(?=:)/gm)).toEqual(
        (
          'Original-Envelope-Id Reporting-MTA Arrival-Date Original-Recipient Final-Recipient ' +
          'Action Status Remote-MTA Diagnostic-Code Last-Attempt-Date'
        ).split(' '),
      );
      expect(parts[1]?.body.split(/\r\n\s*\r\n/)).toHaveLength(2);
      const text = dsn.toString('latin1');
      expect(text).not.toMatch(/\r(?!\n)|(?<!\r)\n|\0/);
      expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
      expect(text.endsWith('\r\n')).toBe(true);
    }),
    { numRuns: 500 },
  );
});
