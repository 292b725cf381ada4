import { describe, expect, test } from 'vitest';
import {
  planLanes,
  planMessage,
  routeAtMail,
  routeFor,
  routingSender,
} from '../../../src/policy/route.ts';
import { account, message, queue, routes } from './fixtures.ts';

const accounts = new Map(['gmail', 'ses', 'old'].map((name) => [name, account(name)]));

describe('the first matching route', () => {
  const list = routes(
    { sender: 'erp@velosi.example', action: ['gmail', 'old'] },
    { sender: '@alliance.example', client: 'backend', action: ['ses'] },
    { sender: '@alliance.example', recipient: '@example.net', action: ['old'] },
    { sender: '@alliance.example', header: { 'X-Stream': 'newsletter' }, action: ['gmail'] },
    { sender: '*', action: { is: 'reject', text: 'no upstream account for this sender' } },
  );
  const query = { client: 'app', recipient: 'bob@example.org', headers: {} };

  test.each([
    [{ ...query, sender: 'ERP+x@velosi.example' }, 1],
    [{ ...query, sender: 'x@alliance.example', client: 'backend' }, 2],
    [{ ...query, sender: 'x@alliance.example', recipient: 'a@EXAMPLE.net' }, 3],
    [{ ...query, sender: 'x@alliance.example', headers: { 'x-stream': ' Newsletter ' } }, 4],
    [{ ...query, sender: 'x@alliance.example', headers: { 'x-stream': 'other' } }, 5],
    [{ ...query, sender: 'x@alliance.example' }, 5],
    // What is not known yet fulfils no condition.
    [{ ...query, sender: 'x@alliance.example', recipient: null, headers: null }, 5],
    [{ ...query, sender: '' }, 5],
  ])('%j takes route %i', (asked, index) => {
    expect(routeFor(list, asked)?.index).toBe(index);
  });

  test('no route', () => {
    expect(routeFor([], { ...query, sender: 'a@b.example' })).toBeNull();
  });
});

describe('what is certain at MAIL', () => {
  const reject = { is: 'reject', text: 'not you' } as const;
  test.each([
    ['no routes', routes(), 'none'],
    ['another sender only', routes({ sender: 'b@x.example', action: ['ses'] }), 'none'],
    ['another client only', routes({ client: 'other', action: ['ses'] }), 'none'],
    ['a plain route', routes({ sender: '@x.example', action: ['ses'] }), 'may'],
    ['discard accepts', routes({ action: { is: 'discard' } }), 'may'],
    [
      'a condition still open',
      routes({ recipient: '@y.example', action: ['ses'] }, { action: reject }),
      'may',
    ],
    ['a reject before the route', routes({ action: reject }, { action: ['ses'] }), 'reject'],
    [
      'a reject that may not apply',
      routes({ recipient: '@y.example', action: reject }, { action: ['ses'] }),
      'may',
    ],
    ['only a reject that may apply', routes({ header: { a: 'b' }, action: reject }), 'none'],
  ])('%s', (_, list, is) => {
    expect(routeAtMail(list, { sender: 'a@x.example', client: 'app' }).is).toBe(is);
  });

  test('the null reverse-path leaves the sender open', () => {
    const list = routes(
      { sender: 'bad@x.example', action: reject },
      { sender: 'a@x.example', action: ['ses'] },
      { sender: '*', action: reject },
    );
    expect(routeAtMail(list, { sender: null, client: 'app' })).toEqual({ is: 'may' });
    expect(routeAtMail(list.slice(2), { sender: null, client: 'app' }).is).toBe('reject');
  });
});

test('routes go by the reverse-path, by From when it is null, and by what a notification names', () => {
  const facts = { routeSender: null, reversePath: 'a@x.example', from: 'b@x.example' };
  expect(routingSender(facts)).toBe('a@x.example');
  expect(routingSender({ ...facts, reversePath: '' })).toBe('b@x.example');
  expect(routingSender({ ...facts, reversePath: '', from: null })).toBe('');
  expect(routingSender({ ...facts, routeSender: 'c@x.example' })).toBe('c@x.example');
});

describe('lane plans', () => {
  const settings = {
    accounts,
    queue,
    routes: routes(
      { recipient: '@slow.example', action: ['old'], lifetimeMs: 1_800_000 },
      { recipient: '@null.example', action: { is: 'discard' } },
      { recipient: '@wait.example', action: { is: 'hold' } },
      { recipient: '@bad.example', action: { is: 'reject', text: 'not there' } },
      { recipient: '@ses.example', action: ['ses', 'gmail'] },
    ),
  };
  const author = { reversePath: 's@x.example', from: [], own: false, bytes: 100 };
  const facts = { client: 'app', sender: 's@x.example', boundAccount: null, headers: {}, author };

  test('recipients are grouped by what becomes of them, in order', () => {
    const recipients = [
      'a@ses.example',
      'b@slow.example',
      'c@ses.example',
      'd@null.example',
      'e@wait.example',
      'f@bad.example',
      'g@nowhere.example',
    ];
    const { lifetimeMs } = queue;
    const none = { lane: null, accounts: [], text: '', lifetimeMs };
    const deliver = { action: 'deliver', text: '', lifetimeMs } as const;
    const text = 'no route for s@x.example to g@nowhere.example';
    expect(planLanes(settings, { ...facts, recipients })).toMatchObject([
      { ...deliver, indexes: [0, 2], lane: 'ses', accounts: ['ses', 'gmail'] },
      { ...deliver, indexes: [1], lane: 'old', accounts: ['old'], lifetimeMs: 1_800_000 },
      { ...none, indexes: [3], action: 'discard' },
      {
        ...none,
        indexes: [4],
        action: 'hold',
        text: 'held by route 3: change the routes, reload, then release it',
      },
      { ...none, indexes: [5], action: 'reject', text: 'not there' },
      { ...none, indexes: [6], action: 'reject', text },
    ]);
  });

  test('every recipient is in exactly one plan', () => {
    const recipients = Array.from({ length: 50 }, (_, index) =>
      index % 3 === 0 ? 'x@ses.example' : `x${index}@${index % 2 ? 'slow' : 'none'}.example`,
    );
    const indexes = planLanes(settings, { ...facts, recipients }).flatMap((plan) => plan.indexes);
    expect([...indexes].sort((a, b) => a - b)).toEqual(recipients.map((_, index) => index));
  });

  test('a session bound to an account asks no route', () => {
    const recipients = ['f@bad.example', 'a@ses.example'];
    expect(planLanes(settings, { ...facts, recipients, boundAccount: 'gmail' })).toMatchObject([
      { indexes: [0, 1], lane: 'gmail', action: 'deliver' },
    ]);
  });

  test('a bound account that is gone holds the mail and never lends it to another', () => {
    const plans = planLanes(settings, { ...facts, recipients: ['a@b.example'], boundAccount: 'x' });
    expect(plans).toMatchObject([{ lane: null, action: 'hold' }]);
    expect(plans[0]?.text).toContain('queue reroute --to');
  });

  test('a queued message is planned by its envelope, or by the sender a notification stands for', () => {
    const bySender = {
      ...settings,
      routes: routes({ sender: 'app@x.example', action: ['gmail'] }, { action: ['old'] }),
    };
    const recipients = ['a@b.example'];
    const plan = (given: Parameters<typeof message>[0]) => planMessage(bySender, message(given));
    expect(plan({ reversePath: 'app@x.example', recipients })).toMatchObject([{ lane: 'gmail' }]);
    expect(plan({ reversePath: '', from: 'app@x.example', recipients })).toMatchObject([
      { lane: 'gmail' },
    ]);
    expect(plan({ reversePath: '', recipients })).toMatchObject([{ lane: 'old' }]);
    expect(plan({ reversePath: '', routeSender: 'app@x.example', recipients })).toMatchObject([
      { lane: 'gmail' },
    ]);
  });
});
