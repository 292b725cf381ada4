import { describe, expect, test } from 'vitest';
import {
  delayWarningDue,
  isAutomatic,
  type NotificationKind,
  owedNotification,
} from '../../../src/policy/notify.ts';
import { message } from './fixtures.ts';

const recipients = (...notify: readonly (string | null)[]) =>
  notify.map((value, index) => ({ to: `r${index}@x.example`, notify: value }));

function owed(
  kind: NotificationKind,
  notify: readonly (string | null)[],
  more: { reversePath?: string; mode?: 'account' | 'off'; autoSubmitted?: boolean } = {},
) {
  const { reversePath = 'app@x.example', ...rest } = more;
  return owedNotification({
    message: message({ reversePath, recipients: recipients(...notify) }),
    recipients: notify.map((_, index) => index),
    kind,
    mode: 'account',
    ...rest,
  });
}

describe('NOTIFY is honoured (RFC 3461 section 4.1)', () => {
  test.each([
    // [NOTIFY, failed, delayed, relayed, delivered]
    [null, true, true, false, false],
    ['NEVER', false, false, false, false],
    ['never', false, false, false, false],
    ['FAILURE', true, false, false, false],
    ['DELAY', false, true, false, false],
    ['SUCCESS', false, false, true, true],
    ['SUCCESS,FAILURE', true, false, true, true],
    ['success,delay,failure', true, true, true, true],
  ] as const)('%s', (notify, failed, delayed, relayed, delivered) => {
    const told = (['failed', 'delayed', 'relayed', 'delivered'] as const).map(
      (kind) => owed(kind, [notify]) !== null,
    );
    expect(told).toEqual([failed, delayed, relayed, delivered]);
  });

  test('each recipient is asked about by itself', () => {
    expect(owed('failed', [null, 'NEVER', 'SUCCESS', 'FAILURE'])).toEqual({
      to: 'app@x.example',
      recipients: [0, 3],
    });
  });

  test('only recipients of the message count', () => {
    const query = {
      message: message({ reversePath: 'a@x.example', recipients: recipients(null) }),
      recipients: [5],
      kind: 'failed',
      mode: 'account',
    } as const;
    expect(owedNotification(query)).toBeNull();
  });
});

describe('nobody is told', () => {
  test('of the null reverse-path (RFC 5321 section 6.1): loops are impossible', () => {
    for (const kind of ['failed', 'delayed', 'relayed', 'delivered'] as const) {
      expect(owed(kind, ['SUCCESS,FAILURE,DELAY'], { reversePath: '' })).toBeNull();
    }
  });

  test.each(['MAILER-DAEMON@x.example', 'mailer-daemon', '"mailer-daemon"@x.example'])(
    'of %s',
    (reversePath) => {
      expect(owed('failed', [null], { reversePath })).toBeNull();
    },
  );

  test('of mail that a program wrote by itself, or with notifications off', () => {
    expect(owed('failed', [null], { autoSubmitted: true })).toBeNull();
    expect(owed('failed', [null], { mode: 'off' })).toBeNull();
    expect(owed('failed', [null], { autoSubmitted: false })).not.toBeNull();
  });
});

describe('mail that a program wrote by itself', () => {
  test.each([
    ['Auto-Submitted: auto-generated\r\n', true], // RFC 3834 section 5
    ['AUTO-SUBMITTED:\r\n auto-replied; owner-email="a@b"\r\n', true],
    ['Auto-Submitted: no\r\n', false],
    ['X-Auto-Response-Suppress: OOF, All\r\n', true],
    ['X-Auto-Response-Suppress: NDR\r\n', true],
    ['X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n', false],
    ['Content-Type: multipart/report; report-type=delivery-status\r\n', true],
    ['Content-Type: multipart/mixed\r\n', false],
    ['X-Auto-Submitted: auto-generated\r\n', false],
    ['Subject: Auto-Submitted: auto-generated\r\n', false],
    ['', false],
  ])('%j: %s', (fields, automatic) => {
    expect(isAutomatic(`From: a@b.example\r\n${fields}To: c@d.example\r\n`)).toBe(automatic);
  });
});

describe('the delay warning', () => {
  const hour = 3_600_000;
  const asked = {
    acceptedAtMs: 0,
    expiresAtMs: 120 * hour,
    nowMs: 4 * hour,
    delayWarningMs: 4 * hour,
    warned: false,
  };
  test.each([
    [{}, true],
    [{ nowMs: 4 * hour - 1 }, false],
    [{ warned: true }, false],
    [{ delayWarningMs: null }, false],
    [{ nowMs: 120 * hour }, false],
  ])('%j: %s', (change, due) => {
    expect(delayWarningDue({ ...asked, ...change })).toBe(due);
  });
});
