import { beforeEach, expect, test } from 'vitest';
import { type EximLines, eximLines } from '../../../src/observe/exim-lines.ts';
import { addressRedaction } from '../../../src/observe/redact.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import { eximId } from '../../../src/relay/exim-id.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import { allSamples, SAMPLES } from './sample-events.ts';

const nowMs = new Date(2026, 10, 21, 12, 34, 56, 789).getTime();
const when = '2026-11-21 12:34:56';
const { id } = SAMPLES['message.accepted'];
const message = `${when} ${eximId(id)}`;
const settled = {
  ...SAMPLES['recipient.settled'],
  peer: 'smtp.gmail.com[192.0.2.1]:587',
  tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
};
const way =
  'R=routes T=gmail H=smtp.gmail.com [192.0.2.1]:587 X=TLSv1.3:TLS_AES_256_GCM_SHA384 ' +
  'A=relayd:erp@velosi.example';

let lines: EximLines;
beforeEach(() => {
  lines = eximLines(null);
});
const written = (...events: readonly RelayEvent[]) => events.map((event) => lines(event, nowMs));

test('a message from the app to the provider', () => {
  expect(
    written(
      SAMPLES['message.accepted'],
      SAMPLES['attempt.finished'],
      settled,
      { ...settled, recipient: 'otto@example.net' },
      SAMPLES['message.completed'],
    ),
  ).toEqual([
    `${message} <= erp@velosi.example H=[127.0.0.1] P=esmtpa A=relayd:erp S=4096 id=1@velosi.example`,
    null,
    `${message} => anna@example.net ${way} C="250 2.0.0 OK" QT=1s DT=0s`,
    `${message} -> otto@example.net ${way} C="250 2.0.0 OK" QT=1s DT=0s`,
    `${message} Completed QT=1s`,
  ]);
});

test('each transaction of a message begins with =>, also when others come in between', () => {
  const other = { ...settled, id: '0g8k3mzq1a8' as MessageId };
  const flags = written(
    SAMPLES['attempt.finished'],
    settled,
    other,
    SAMPLES['attempt.finished'],
    settled,
    settled,
  ).map((line) => line?.split(' ')[3]);
  expect(flags).toEqual([undefined, '=>', '=>', undefined, '=>', '->']);
});

test.each([
  ['deferred', `== anna@example.net ${way} defer (0): 451 later`],
  ['in-doubt', `== anna@example.net ${way} defer (0): in doubt: 451 later`],
  ['held', `== anna@example.net ${way} held: 451 later`],
  ['bounced', `** anna@example.net ${way}: 451 later`],
  ['discarded', '=> :blackhole: <anna@example.net> R=routes'],
  ['removed', 'removed by the operator: <anna@example.net>'],
] as const)('a recipient that is %s', (outcome, line) => {
  expect(written({ ...settled, outcome, text: '451 later' })).toEqual([`${message} ${line}`]);
});

test('what never got an account or a connection names none', () => {
  const nowhere = { account: null, peer: null, tls: null, authenticatedAs: null } as const;
  expect(written({ ...settled, ...nowhere, outcome: 'bounced', text: 'expired' })).toEqual([
    `${message} ** anna@example.net R=routes: expired`,
  ]);
});

test('a notification of our own is local and from nobody', () => {
  const own = { client: 'relayd', remote: 'local', protocol: 'local', reversePath: '' };
  expect(written({ ...SAMPLES['message.accepted'], ...own, messageIdField: null })).toEqual([
    `${message} <= <> U=relayd P=local S=4096`,
  ]);
});

test('refusals are counted as refusals', () => {
  expect(
    written(
      SAMPLES['message.refused'],
      { ...SAMPLES['message.refused'], recipient: 'x@y.example', reply: '452 4.5.3 too many' },
      SAMPLES['login.failed'],
      SAMPLES['session.refused'],
    ),
  ).toEqual([
    `${when} U=erp F=<erp@velosi.example> rejected MAIL (no-route): 550 5.7.1 no upstream account for <erp@velosi.example>`,
    `${when} U=erp F=<erp@velosi.example> temporarily rejected RCPT <x@y.example> (no-route): 452 4.5.3 too many`,
    `${when} plain authenticator failed for [127.0.0.1]: 535 Incorrect authentication data (set_id=erp)`,
    `${when} refused connection from [127.0.0.1] on 127.0.0.1:587 (connections)`,
  ]);
});

test('long waits are told in the units that eximstats reads', () => {
  const queuedMs = ((8 * 24 + 3) * 3_600 + 4 * 60 + 5) * 1_000;
  expect(written({ is: 'message.completed', id, queuedMs })).toEqual([
    `${message} Completed QT=1w1d3h4m5s`,
  ]);
});

test('every other event is a line that Exim tools pass over', () => {
  const shaped: readonly RelayEvent['is'][] = [
    'message.accepted',
    'recipient.settled',
    'message.completed',
    'message.refused',
    'login.failed',
    'session.refused',
    'attempt.finished',
  ];
  for (const event of allSamples.filter(({ is }) => !shaped.includes(is))) {
    expect(lines(event, nowMs)).toMatch(/^\d{4}-\d\d-\d\dT/);
  }
});

test('nothing that was said to us starts a line of its own, and addresses follow log.addresses', () => {
  const hostile = { ...settled, text: `250 ok\r\n${message} => forged@x.example` };
  expect(written(hostile)[0]?.split('\n')).toHaveLength(1);
  lines = eximLines(addressRedaction('domain'));
  expect(written(SAMPLES['message.accepted'])[0]).toContain('<= *@velosi.example H=');
});
