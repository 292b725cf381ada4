import { describe, expect, test } from 'vitest';
import { copiesOf } from '../../../src/policy/copies.ts';
import { planLanes, planMessage } from '../../../src/policy/route.ts';
import { authorOf, foreignAddress, sendsAs } from '../../../src/policy/sends-as.ts';
import type { RouteEdits } from '../../../src/relay/route.ts';
import { account, message, queue, routes } from './fixtures.ts';

function rewriting(when: 'always' | 'unauthorized'): { edits: RouteEdits } {
  return { edits: { rewrite: { from: 'n@own.example', when }, add: {}, remove: [] } };
}

describe('who an account sends as', () => {
  const own = account('own', ['@own.example']);
  const stranger = { reversePath: 'a@b.example', from: ['a@b.example'] };
  const rewritten = { reversePath: 'n@own.example', from: ['n@own.example'] };

  test('as it is without a rewrite', () => {
    expect(sendsAs(own, null, stranger)).toBe(stranger);
    expect(sendsAs(own, {}, stranger)).toBe(stranger);
    expect(foreignAddress(own, stranger)).toBe('a@b.example');
  });

  test('unauthorized: only where the reverse-path or any author is not covered', () => {
    const route = rewriting('unauthorized');
    const covered = { reversePath: 'x+1@own.example', from: ['y@own.example'] };
    expect(sendsAs(own, route, covered)).toBe(covered);
    expect(sendsAs(own, route, stranger)).toEqual(rewritten);
    expect(sendsAs(own, route, { ...covered, from: ['y@own.example', 'a@b.example'] })).toEqual(
      rewritten,
    );
    expect(sendsAs(own, route, { ...covered, reversePath: 'a@b.example' })).toEqual(rewritten);
    expect(foreignAddress(own, sendsAs(own, route, stranger))).toBeNull();
  });

  test('always, but never to an address that the account may not use', () => {
    const covered = { reversePath: 'x@own.example', from: ['y@own.example'] };
    expect(sendsAs(own, rewriting('always'), covered)).toEqual(rewritten);
    expect(sendsAs(account('any'), rewriting('always'), stranger)).toEqual(rewritten);
    const other = account('other', ['@other.example']);
    expect(sendsAs(other, rewriting('always'), stranger)).toBe(stranger);
  });

  test('the null reverse-path stays null', () => {
    const report = { reversePath: '', from: ['a@b.example'] };
    expect(sendsAs(own, rewriting('unauthorized'), report)).toEqual({
      reversePath: '',
      from: ['n@own.example'],
    });
  });

  test('every author of a message counts', () => {
    const given = message({ reversePath: 'x@own.example', from: 'y@own.example', recipients: [] });
    expect(authorOf(given).from).toEqual(['y@own.example']);
    const two = { ...given, alsoFrom: ['a@b.example'] };
    expect(foreignAddress(own, authorOf(two))).toBe('a@b.example');
    expect(authorOf({ ...given, from: null }).from).toEqual([]);
  });
});

const sender = 's@x.example';
const author = { reversePath: sender, from: [sender], own: false, bytes: 100 };

describe('copies', () => {
  const settings = {
    accounts: new Map([['own', account('own')]]),
    queue,
    routes: routes(
      { recipient: '@a.example', action: ['own'], bcc: ['Log@x.example', 'a@x.example'] },
      { recipient: '@b.example', action: ['own'], bcc: ['log@X.example'] },
      { recipient: '@x.example', action: ['other'] },
      { action: ['own'] },
    ),
  };
  const plan = (...forwardPaths: string[]) => {
    const recipients = forwardPaths.map((forwardPath) => ({
      forwardPath,
      notify: null,
      orcpt: null,
    }));
    const facts = { client: 'app', sender, author, boundAccount: null, headers: {} };
    const plans = planLanes(settings, { ...facts, recipients: forwardPaths });
    return copiesOf(plans, recipients).map((list) => list.map(({ forwardPath }) => forwardPath));
  };

  test('go with the messages of their route, nobody gets two', () => {
    expect(plan('1@c.example')).toEqual([[]]);
    expect(plan('1@a.example', '2@a.example')).toEqual([['Log@x.example', 'a@x.example']]);
    expect(plan('1@a.example', '1@b.example')).toEqual([['Log@x.example', 'a@x.example'], []]);
    expect(plan('1@b.example', 'LOG@x.example')).toEqual([[], []]);
  });

  test('are blind, and the sender hears nothing of them', () => {
    const plans = planLanes(settings, {
      client: 'app',
      sender,
      author,
      boundAccount: null,
      headers: {},
      recipients: ['1@b.example'],
    });
    expect(copiesOf(plans, [])).toEqual([
      [{ forwardPath: 'log@X.example', notify: 'NEVER', orcpt: null, blind: true }],
    ]);
  });

  test('take the route of their message, not their own', () => {
    const given = message({ reversePath: 's@x.example', recipients: ['1@b.example'] });
    const copy = {
      forwardPath: 'log@x.example',
      notify: 'NEVER',
      orcpt: null,
      blind: true,
    } as const;
    const { envelope } = given;
    const copied = {
      ...given,
      envelope: { ...envelope, recipients: [...envelope.recipients, copy] },
    };
    expect(planMessage(settings, copied)).toMatchObject([{ indexes: [0, 1], lane: 'own' }]);
  });
});

test('routes of one account keep recipients apart when they change different things', () => {
  const settings = {
    accounts: new Map([['own', account('own')]]),
    queue,
    routes: routes(
      { recipient: '@a.example', action: ['own'], ...rewriting('always') },
      { recipient: '@b.example', action: ['own'], ...rewriting('always') },
      { recipient: '@c.example', action: ['own'] },
      { action: ['own'] },
    ),
  };
  const plans = planLanes(settings, {
    client: 'app',
    sender,
    author,
    boundAccount: null,
    headers: {},
    recipients: ['1@a.example', '1@c.example', '1@b.example', '1@d.example'],
  });
  expect(plans.map(({ indexes }) => indexes)).toEqual([
    [0, 2],
    [1, 3],
  ]);
});
