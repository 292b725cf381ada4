import { describe, expect, test } from 'vitest';
import { admitFrom, admitReversePath } from '../../../src/policy/admit.ts';
import { account, client, routes } from './fixtures.ts';

const velosi = client('velosi', ['erp@velosi.example', '@shop.example']);
const cron = client('cron', ['*']);
const settings = { routes: routes({ sender: '*', action: ['ses'] }) };

describe('MAIL (RFC 6409 section 6.1)', () => {
  test.each(['erp@velosi.example', 'erp+1@VELOSI.example', 'x@shop.example'])(
    'a client may use its own reverse-path %s',
    (reversePath) => {
      expect(admitReversePath(settings, velosi, reversePath)).toBeNull();
    },
  );

  test('a foreign reverse-path gets 553 5.7.1 that names it', () => {
    expect(admitReversePath(settings, velosi, 'boss@velosi.example')).toEqual({
      code: 553,
      detail: '7.1',
      text: 'client velosi may not use boss@velosi.example as reverse-path',
      why: 'sender-not-allowed',
    });
  });

  test('the null reverse-path waits for the From field', () => {
    expect(admitReversePath(settings, velosi, '')).toBeNull();
  });

  test('no route: 550 5.7.1', () => {
    expect(admitReversePath({ routes: [] }, cron, 'a@b.example')).toEqual({
      code: 550,
      detail: '7.1',
      text: 'no route for a@b.example',
      why: 'no-route',
    });
    expect(admitReversePath({ routes: [] }, cron, '')).toMatchObject({ code: 550 });
  });

  test('a reject route answers with its own text', () => {
    const rejecting = routes({ sender: '*', action: { is: 'reject', text: 'nothing for you' } });
    expect(admitReversePath({ routes: rejecting }, cron, 'a@b.example')).toMatchObject({
      code: 550,
      detail: '7.1',
      text: 'nothing for you',
      why: 'no-route',
    });
  });

  test('an account that logged in uses its identities, and needs no route', () => {
    const bound = { account: account('gmail', ['erp@velosi.example']) };
    expect(admitReversePath({ routes: [] }, bound, 'erp@velosi.example')).toBeNull();
    expect(admitReversePath({ routes: [] }, bound, '')).toBeNull();
    expect(admitReversePath({ routes: [] }, bound, 'x@velosi.example')).toMatchObject({
      code: 553,
      text: 'account gmail may not use x@velosi.example as reverse-path',
      why: 'identity',
    });
    expect(admitReversePath({ routes: [] }, { account: account('any') }, 'x@y.example')).toBeNull();
  });

  test('a reply line is short printable ASCII whatever the client sent', () => {
    const refused = admitReversePath(settings, velosi, `ü\r\n250 ok${'x'.repeat(600)}@y.example`);
    expect(refused?.text).toMatch(/^[ -~]{1,480}$/);
  });
});

describe('the From field after DATA (RFC 6409 section 6.3)', () => {
  test('every address of it must be allowed; the first that is not is named', () => {
    const all = ['erp@velosi.example', 'ceo@velosi.example'];
    expect(admitFrom(velosi, 'erp@velosi.example', all.slice(0, 1))).toBeNull();
    expect(admitFrom(velosi, 'erp@velosi.example', all)).toEqual({
      code: 550,
      detail: '7.1',
      text: 'client velosi may not use ceo@velosi.example in the From field',
      why: 'from-not-allowed',
    });
    expect(admitFrom(velosi, 'ceo@velosi.example', [])).toMatchObject({ code: 550 });
  });

  test('a missing or unreadable field is a syntax error (RFC 5322 section 3.6)', () => {
    expect(admitFrom(velosi, null, [])).toMatchObject({ code: 554, detail: '6.0' });
  });

  test('who may use any address is not asked', () => {
    expect(admitFrom(cron, null, [])).toBeNull();
    expect(admitFrom(cron, 'a@b.example', ['a@b.example'])).toBeNull();
    expect(admitFrom({ account: account('any') }, null, [])).toBeNull();
  });

  test('a bound account answers for its identities', () => {
    const bound = { account: account('gmail', ['erp@velosi.example']) };
    expect(admitFrom(bound, 'erp@velosi.example', ['erp@velosi.example'])).toBeNull();
    expect(admitFrom(bound, 'x@velosi.example', ['x@velosi.example'])).toMatchObject({
      code: 550,
      why: 'identity',
    });
    expect(admitFrom(bound, null, [])).toMatchObject({ code: 554 });
  });
});
