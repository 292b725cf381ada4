import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ControlHandlers } from '../../../src/control/wire.ts';
import { nowMs, relayctl } from './harness.ts';

const kim = {
  address: 'kim@example.net',
  account: null,
  reason: 'bounce',
  detail: '550 5.1.1 \u001b[31mgone',
  sinceMs: nowMs,
  untilMs: nowMs + 86_400_000,
} as const;
const daemon: Partial<ControlHandlers> = {
  'suppression.list': async ({ address, after, limit }) => {
    if (address !== null) return { entries: [kim], next: null, addresses: 3 };
    const rest = after === null ? ['a', 'b', 'c'] : ['c'];
    const entries = rest.slice(0, limit).map((name) => ({ ...kim, address: `${name}@x.example` }));
    const last = rest.length > limit ? (entries.at(-1) ?? null) : null;
    return { entries, next: last, addresses: 3 };
  },
  'suppression.add': async ({ entries }) => ({ added: entries.length }),
  'suppression.remove': async () => ({ removed: 2 }),
  'feedback.unknown': async () => ({
    said: [{ atMs: nowMs, provider: 'ses', kind: 'bounced', providerId: 'id-1' }],
  }),
};

test('the list is a table without what could harm a terminal, and goes on where it ended', async () => {
  const one = await relayctl('suppression list KIM@example.net', { daemon });
  expect(one.out).toContain('kim@example.net  all');
  expect(one.out).not.toContain('\u001b');
  const two = await relayctl('suppression list --limit 2', { daemon });
  expect(two.out).toContain('Of 3 addresses; more: add --limit, or --after b@x.example.');
  const next = await relayctl('suppression list --after b@x.example', { daemon });
  expect(next.out).toContain('c@x.example');
  const json = await relayctl('--json suppression list --limit 1', { daemon });
  expect(JSON.parse(json.out)).toMatchObject({
    entries: [{ address: 'a@x.example' }],
    addresses: 3,
  });
});

test('add and remove say what they did', async () => {
  const line = 'suppression add kim@example.net --account ses --reason complaint --expires 30d';
  const add = await relayctl(line, { daemon });
  expect(add.out).toBe('kim@example.net gets no more mail.\n');
  const entries = [{ address: 'kim@example.net', reason: 'complaint', detail: '' }];
  expect(add.asked).toEqual([
    ['suppression.add', { account: 'ses', forMs: 30 * 86_400_000, entries }],
  ]);
  const remove = await relayctl('suppression remove kim@example.net', { daemon });
  expect(remove.out).toBe('Removed: 2 entries.\n');
  expect((await relayctl('suppression add kim', { daemon })).exitCode).toBe(64);
  expect((await relayctl('suppression add a@b --reason spite', { daemon })).exitCode).toBe(64);
});

const EXPORTS: [string, string, readonly object[]][] = [
  [
    'Amazon SES',
    'Email address,Suppression reason,Last updated\na@x.example,BOUNCE,2026-01-01\nb@x.example,COMPLAINT,2026-01-01\n',
    [{ reason: 'bounce' }, { reason: 'complaint' }],
  ],
  [
    'SendGrid bounces',
    'status,reason,email,created\n5.1.1,"550 5.1.1, no ""such"" user",a@x.example,1700000000\n',
    [{ address: 'a@x.example', reason: 'bounce', detail: '5.1.1 550 5.1.1, no "such" user' }],
  ],
  [
    'Mailgun bounces',
    'address,code,error,created_at\na@x.example,550,"no such\nuser",Fri\nno address,1,2,3\n',
    [{ address: 'a@x.example', detail: '550 no such user' }],
  ],
  [
    'Postmark',
    'EmailAddress,SuppressionReason,Origin,CreatedAt\na@x.example,SpamComplaint,Recipient,x\n',
    [{ reason: 'complaint' }],
  ],
];

test.each(EXPORTS)('import reads what %s exports', async (_, text, entries) => {
  const ran = await load(text);
  expect(ran.asked).toMatchObject([['suppression.add', { account: null, forMs: null, entries }]]);
  expect(ran.exitCode).toBe(0);
});

test('import says what it left out, and what it cannot read', async () => {
  const ran = await load('email\na@x.example\nnobody\n', '--reason', 'complaint');
  expect(ran.out).toBe('Added: 1 address. Left out, without an address: 1.\n');
  const wrong = await load('name,phone\nKim,1\n');
  expect(wrong.err).toContain('no column email');
  expect(wrong.exitCode).toBe(65);
  const many = await load(`email\n${'a@x.example\n'.repeat(1_200)}`);
  expect(many.asked).toHaveLength(3);
});

test('feedback unknown lists what was said of strangers', async () => {
  const ran = await relayctl('feedback unknown', { daemon });
  expect(ran.out).toContain('ses       bounced  id-1');
});

function load(text: string, ...more: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-list-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'list.csv');
  writeFileSync(file, text);
  return relayctl(['suppression', 'import', file, ...more], { daemon });
}
