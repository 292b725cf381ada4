import { expect, test } from 'vitest';
import {
  AddressFault,
  addresses,
  composeHead,
  type HeadFacts,
  recipientsOf,
} from '../../../src/sendmail/head.ts';
import { splitHead } from '../../../src/sendmail/message.ts';

const caller = { uid: 1000, name: 'ada', fullName: 'Ada L.', domain: 'relay.test' };
const fieldsOf = (text: string) => splitHead(Buffer.from(text), true)?.fields ?? [];
const compose = (text: string, facts: Partial<HeadFacts> = {}) =>
  composeHead(fieldsOf(text), {
    caller,
    sender: 'ada@relay.test',
    fullName: null,
    atMs: Date.UTC(2026, 10, 21, 10),
    ...facts,
  });
const trace =
  'Received: by relay.test (relayd sendmail, from userid 1000);\n\tSat, 21 Nov 2026 10:00:00 +0000\n';

test('the caller is in the trace, and From is added', () => {
  expect(compose('Subject: hi\n')).toBe(`${trace}Subject: hi\nFrom: "Ada L." <ada@relay.test>\n\n`);
});

test.each([
  [{ fullName: 'Cron Daemon' }, 'From: Cron Daemon <ada@relay.test>'],
  [{ fullName: 'Jürgen' }, 'From: =?utf-8?B?SsO8cmdlbg==?= <ada@relay.test>'],
  [{ fullName: '' }, 'From: ada@relay.test'],
  [{ fullName: 'a\r\nBcc: x@y.example' }, 'From: "a  Bcc: x@y.example" <ada@relay.test>'],
  [{ fullName: '', sender: '' }, 'From: ada@relay.test'],
  [{ fullName: '', sender: 'shop@velosi.example' }, 'From: shop@velosi.example'],
])('From of %j', (facts, line) => {
  expect(compose('Subject: hi\n', facts)).toBe(`${trace}Subject: hi\n${line}\n\n`);
});

test('addresses without a domain get one, Return-Path goes, all else keeps its bytes', () => {
  const text =
    'Return-Path: <x>\nFrom: root (Cron)\nTo: ops,\n a@b.example\nSubject:  root \nX-To: root\n';
  expect(compose(text)).toBe(
    `${trace}From: root@relay.test (Cron)\nTo: ops@relay.test,\n a@b.example\nSubject:  root \nX-To: root\n\n`,
  );
});

test('-t takes To, Cc and Bcc: folded, in groups, with comments, encoded or not', () => {
  const text =
    'To: Ada <ada@b.example>,\n\t"L, G" <grace@b.example> (home)\nCc: Team: ops, x@y.example;\nBcc: Jürgen <jürgen@b.example>\nReply-To: no@b.example\n';
  expect(recipientsOf(fieldsOf(text), 'relay.test')).toEqual([
    'ada@b.example',
    'grace@b.example',
    'ops@relay.test',
    'x@y.example',
    'jürgen@b.example',
  ]);
});

test('a message that is sent again goes to those of its Resent- fields', () => {
  const text = 'Resent-To: new@b.example\nResent-From: me@b.example\nTo: old@b.example\n';
  expect(recipientsOf(fieldsOf(text), 'relay.test')).toEqual(['new@b.example']);
});

test.each(['a b@c', '|/bin/sh', 'a@b.example\r\nRCPT TO:<x@y.example>', '<a@b.example', 'a@-b'])(
  '%j is no address',
  (text) => {
    expect(() => addresses(text, 'relay.test', 'recipient')).toThrow(AddressFault);
  },
);

test('a field that cannot be read is named', () => {
  expect(() => recipientsOf(fieldsOf('To: "unfinished\n'), 'relay.test')).toThrow(
    'the field to: cannot be read: "unfinished',
  );
});
