import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSpoolId, readSpooled } from '../../../src/import/exim/spool.ts';
import { ImportError } from '../../../src/import/model.ts';

const id = '1xUmlH-0007M7-37';

interface Parts {
  readonly facts?: string;
  readonly tree?: string;
  readonly recipients?: readonly string[];
  readonly fields?: string;
  readonly sender?: string;
}

function field(letter: string, text: string): string {
  return `${String(text.length + 1).padStart(3, '0')}${letter} ${text}\n`;
}

/** As Exim 4.96 writes it. */
function head(parts: Parts = {}): Buffer {
  const {
    facts = '',
    tree = 'XX\n',
    recipients = ['a@ok.example'],
    sender = '<me@shop.example>',
  } = parts;
  const fields = parts.fields ?? field('F', 'From: me@x.example');
  const list = recipients.map((recipient) => `${recipient}\n`).join('');
  return Buffer.from(
    `${id}-H\nDebian-exim 999 995\n${sender}\n1795273939 0\n${facts}${tree}${recipients.length}\n${list}\n${fields}`,
  );
}

const read = (parts: Parts = {}, data = `${id}-D\nhello\n`, journal: string | null = null) =>
  readSpooled({
    id,
    header: head(parts),
    data: Buffer.from(data),
    journal: journal === null ? null : Buffer.from(journal),
  });

describe('the header file', () => {
  test('envelope, time and facts', () => {
    const facts =
      '-received_time_usec .969795\n--helo_name me\n--host_address [127.0.0.1]:4455\n' +
      '-aclm _x 11\nhello\nworld\n-aclc 0 2\n-N\n--auth_id shopuser\n-frozen 1795273940\n' +
      '-dsn_envid abc+2B\n-dsn_ret 2\n-smtputf8\n';
    expect(read({ facts })).toMatchObject({
      id,
      reversePath: 'me@shop.example',
      recipients: [{ address: 'a@ok.example', notify: null, orcpt: null }],
      receivedAtMs: 1_795_273_939_969,
      frozen: true,
      authenticatedAs: 'shopuser',
      hostAddress: '[127.0.0.1]:4455',
      ret: 'HDRS',
      envid: 'abc+2B',
      smtpUtf8: true,
    });
    expect(read({ sender: '<>' })).toMatchObject({ reversePath: '', frozen: false, ret: null });
  });

  test('what DSN asks for stands behind the address', () => {
    const recipients = [
      'a@ok.example rfc822;A+2B@x.example 21,20  0,-1#3',
      'b@late.example  0,2  0,-1#3',
      '"q s"@late.example',
      'c@Late.example  0,8 err@x.example 13,0#3',
      'd@late.example err@x.example 13,0#1',
    ];
    expect(read({ recipients }).recipients).toEqual([
      { address: 'a@ok.example', notify: 'SUCCESS,DELAY', orcpt: 'rfc822;A+2B@x.example' },
      { address: 'b@late.example', notify: 'NEVER', orcpt: null },
      { address: '"q s"@late.example', notify: null, orcpt: null },
      { address: 'c@Late.example', notify: 'FAILURE', orcpt: null },
      { address: 'd@late.example', notify: null, orcpt: null },
    ]);
  });

  test('those in the tree or the journal have it already', () => {
    const tree =
      'YY darcy@austen.fict.example\nNN alice@wonderland.example\nNY ed@thesaurus.example\nNN x@y.example\n';
    const recipients = [
      'darcy@Austen.fict.example',
      'Alice@wonderland.example',
      'b@c.example',
      'x@y.example',
      'z@y.example',
    ];
    const left = read({ tree, recipients }, undefined, 'z@y.example\n').recipients;
    // The local part is another one when its case is.
    expect(left.map(({ address }) => address)).toEqual(['Alice@wonderland.example', 'b@c.example']);
  });

  test('deleted fields and Bcc are left out; line ends are CRLF', () => {
    const fields = [
      field('*', 'From: Old <old@shop.example>'),
      field('F', 'From: Old <new@shop.example>'),
      field('B', 'Bcc: x@y.example'),
      field(' ', 'Subject: hi!\n folded'),
    ].join('');
    const { bytes } = read({ fields }, `${id}-D\none\n\ntwo\n`);
    expect(bytes.toString()).toBe(
      'From: Old <new@shop.example>\r\nSubject: hi!\r\n folded\r\n\r\none\r\n\r\ntwo\r\n',
    );
  });

  test('a body in wire format stays as it is', () => {
    const { bytes } = read({ facts: '-spool_file_wireformat\n' }, `${id}-D\none\r\ntwo\r\n`);
    expect(bytes.toString()).toMatch(/\r\n\r\none\r\ntwo\r\n$/);
  });
});

test.each([
  ['another name', (text: string) => text.replace(id, '1xUmlH-0007M7-38')],
  ['no sender', (text: string) => text.replace('<me@shop.example>', 'me')],
  ['a count that is too low', (text: string) => text.replace('\n1\n', '\n0\n')],
  ['a count that is too high', (text: string) => text.replace('\n1\n', '\n9\n')],
  ['a broken tree', (text: string) => text.replace('XX', 'YN a@b')],
  ['half a field', (text: string) => text.slice(0, -5)],
])('%s is an error in words', (_, damage) => {
  const header = Buffer.from(damage(head().toString()));
  const files = { id, header, data: Buffer.from(`${id}-D\n`), journal: null };
  expect(() => readSpooled(files)).toThrow(/1xUmlH-0007M7-37-H cannot be read: /);
});

test('a body of another message is an error', () => {
  expect(() => read({}, 'other-D\n')).toThrow(ImportError);
});

test('any damage is an ImportError, never another one', () => {
  const whole = head({ facts: '-aclm x 3\nabc\n', tree: 'NN a@b.example\n' });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 4 }), (at, junk) => {
      const header = Buffer.concat([
        whole.subarray(0, at),
        Buffer.from(junk),
        whole.subarray(at + junk.length),
      ]);
      try {
        readSpooled({ id, header, data: Buffer.from(`${id}-D\nx\n`), journal: null });
      } catch (error) {
        expect(error).toBeInstanceOf(ImportError);
      }
    }),
    { numRuns: 1000 },
  );
});

test('ids of Exim, old and new', () => {
  expect(isSpoolId(id)).toBe(true);
  expect(isSpoolId('1wKd3Y-00000000Abc-2xYz')).toBe(true);
  expect(isSpoolId('hello-H')).toBe(false);
});
