import { describe, expect, test } from 'vitest';
import { admitFrom, admitReversePath, admitThrough } from '../../../src/policy/admit.ts';
import { account, client, type GivenRoute, routes } from './fixtures.ts';

const velosi = client('velosi', ['erp@velosi.example', '@shop.example']);
const cron = client('cron', ['*']);
const accounts = new Map([
  ['ses', account('ses')],
  ['own', account('own', ['@own.example'])],
]);
const settings = { routes: routes({ sender: '*', action: ['ses'] }), accounts };

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
    expect(admitReversePath({ routes: [], accounts }, cron, 'a@b.example')).toEqual({
      code: 550,
      detail: '7.1',
      text: 'no route for a@b.example',
      why: 'no-route',
    });
    expect(admitReversePath({ routes: [], accounts }, cron, '')).toMatchObject({ code: 550 });
  });

  test('a reject route answers with its own text', () => {
    const rejecting = routes({ sender: '*', action: { is: 'reject', text: 'nothing for you' } });
    expect(admitReversePath({ routes: rejecting, accounts }, cron, 'a@b.example')).toMatchObject({
      code: 550,
      detail: '7.1',
      text: 'nothing for you',
      why: 'no-route',
    });
  });

  test('an account that logged in uses its identities, and needs no route', () => {
    const bound = { account: account('gmail', ['erp@velosi.example']) };
    expect(admitReversePath({ routes: [], accounts }, bound, 'erp@velosi.example')).toBeNull();
    expect(admitReversePath({ routes: [], accounts }, bound, '')).toBeNull();
    expect(admitReversePath({ routes: [], accounts }, bound, 'x@velosi.example')).toMatchObject({
      code: 553,
      text: 'account gmail may not use x@velosi.example as reverse-path',
      why: 'identity',
    });
    expect(
      admitReversePath({ routes: [], accounts }, { account: account('any') }, 'x@y.example'),
    ).toBeNull();
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

describe('the account that it leaves through', () => {
  const refused = {
    code: 550,
    detail: '7.1',
    text: 'account own may not send as a@b.example',
    why: 'identity',
  };
  const own = { action: ['own'] };

  test('is asked at MAIL when no other can be meant', () => {
    const at = (...list: GivenRoute[]) =>
      admitReversePath({ routes: routes(...list), accounts }, cron, 'a@b.example');
    expect(at(own)).toEqual(refused);
    expect(at({ sender: '@c.example', action: ['ses'] }, own)).toEqual(refused);
    expect(at({ client: 'shop', action: ['ses'] }, own)).toEqual(refused);
    expect(at({ recipient: '@c.example', action: ['own'] }, own)).toEqual(refused);
    expect(at(own, { action: ['ses'] })).toEqual(refused);
    expect(at({ action: ['own', 'ses'] })).toBeNull();
    expect(at({ action: ['ses', 'own'] })).toBeNull();
    expect(at({ recipient: '@c.example', action: ['ses'] }, own)).toBeNull();
    expect(at({ header: { 'X-A': 'b' }, action: { is: 'hold' } }, own)).toBeNull();
    expect(at({ recipient: '@c.example', action: { is: 'discard' } }, own)).toBeNull();
    const reject = { is: 'reject', text: 'no' } as const;
    expect(at({ recipient: '@c.example', action: reject }, own)).toEqual(refused);
    expect(at({ action: ['gone'] })).toBeNull();
    const rewrite = { from: 'n@own.example', when: 'unauthorized' } as const;
    expect(at({ action: ['own'], edits: { rewrite, add: {}, remove: [] } })).toBeNull();
  });

  test('is not asked for the null reverse-path', () => {
    expect(admitReversePath({ routes: routes(own), accounts }, cron, '')).toBeNull();
  });

  test('answers for the reverse-path and every address of the From field', () => {
    const through = (reversePath: string, ...from: string[]) =>
      admitThrough(account('own', ['@own.example']), { reversePath, from });
    expect(through('x+1@OWN.example', 'y@own.example')).toBeNull();
    expect(through('', 'y@own.example')).toBeNull();
    expect(through('x@own.example')).toBeNull();
    expect(through('a@b.example', 'y@own.example')).toEqual(refused);
    expect(through('', 'y@own.example', 'a@b.example')).toEqual(refused);
    const rewrite = { from: 'n@own.example', when: 'unauthorized' } as const;
    const route = { edits: { rewrite, add: {}, remove: [] } };
    const app = { reversePath: 'a@b.example', from: ['a@b.example'] };
    expect(admitThrough(account('own', ['@own.example']), app, route)).toBeNull();
    expect(admitThrough(account('any'), { reversePath: 'a@b.example', from: [] })).toBeNull();
  });
});
