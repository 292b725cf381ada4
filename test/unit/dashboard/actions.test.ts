import { expect, test } from 'vitest';
import { openScene } from './scene.ts';

const later = { dueAtMs: Date.now() + 3_600_000 };

async function loggedIn() {
  const scene = await openScene();
  const { csrf } = await scene.login();
  const act = (verb: string, fields: Record<string, string>, headers?: Record<string, string>) =>
    scene.post(`/act/${verb}`, { csrf, ...fields }, headers);
  const states = async () =>
    (await scene.rig.store.counts()).map(({ state, recipients }) => [state, recipients]);
  return { ...scene, csrf, act, states };
}

test.each<[string, Record<string, string>]>([
  ['another site, said by the browser', { 'Sec-Fetch-Site': 'cross-site' }],
  ['another port of this machine', { 'Sec-Fetch-Site': 'same-site' }],
  ['another origin', { Origin: 'http://evil.example' }],
  ['another port', { Origin: 'http://127.0.0.1:1' }],
  ['an origin that is kept back', { Origin: 'null' }],
])('a form from %s is refused', async (_, headers) => {
  const { act, rig, states } = await loggedIn();
  const message = await rig.enqueue(later);
  expect((await act('hold', { message }, headers)).status).toBe(403);
  expect(await states()).toEqual([['waiting', 1]]);
});

test('so are one without its secret, of another kind, and one that is too long', async () => {
  const { act, post, rig, states, url, login } = await loggedIn();
  const message = await rig.enqueue(later);
  expect((await post('/act/hold', { message })).status).toBe(403);
  expect((await act('hold', { message, csrf: 'x'.repeat(43) })).status).toBe(403);
  expect((await act('hold', { message, more: 'x'.repeat(20_000) })).status).toBe(413);
  const { cookie } = await login();
  const json = await fetch(`${url}/act/hold`, {
    method: 'POST',
    headers: { Cookie: cookie, Origin: url, 'Content-Type': 'application/json' },
    body: '{}',
  });
  expect(json.status).toBe(415);
  expect((await fetch(`${url}/act/hold`, { method: 'PUT', headers: { Origin: url } })).status).toBe(
    405,
  );
  expect(await states()).toEqual([['waiting', 1]]);
});

test('without a session a form leads to the login', async () => {
  const { act, rig, states } = await loggedIn();
  const message = await rig.enqueue(later);
  const answer = await act('hold', { message }, { Cookie: '' });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
  expect(await states()).toEqual([['waiting', 1]]);
});

test('a message is held and released, and the page says so once', async () => {
  const { act, rig, states, text, said } = await loggedIn();
  const message = await rig.enqueue(later);
  const held = await act('hold', { message });
  expect([held.status, held.headers.get('location')]).toEqual([303, `/message/${message}`]);
  expect(await states()).toEqual([['held', 1]]);
  expect(await text(`/message/${message}`)).toContain('1 recipient held.');
  expect(await text(`/message/${message}`)).not.toContain('1 recipient held.');
  await act('release', { message });
  expect((await states()).map(([state]) => state)).not.toContain('held');
  expect(said).toMatchObject([
    { is: 'control.called', request: 'dashboard hold', failed: false },
    { is: 'control.called', request: 'dashboard release', failed: false },
  ]);
});

test('an account is held and resumed; its name is all that its buttons say', async () => {
  const { act, rig, text } = await loggedIn();
  await rig.enqueue(later);
  expect(await text('/')).toContain('formaction="/act/hold" name="account" value="gmail"');
  await act('hold', { account: 'gmail' });
  expect(rig.delivery.states().get('gmail')?.is).toBe('held');
  const page = await text('/');
  expect(page).toContain('verdict-bad');
  expect(page).toContain('formaction="/act/resume" name="account" value="gmail"');
  expect((await act('resume', { account: 'gmail' })).headers.get('location')).toBe('/');
  expect(rig.delivery.states().get('gmail')?.is ?? 'open').not.toBe('held');
});

test('a test of an account shows its steps', async () => {
  const { act } = await loggedIn();
  const page = await (await act('test', { account: 'gmail' })).text();
  expect(page).toContain('Account gmail: the login fails');
  expect(page).toMatch(/<ol class="steps"><li class="bad"><b>connect<\/b>/);
});

test('a message is given up only after a second yes', async () => {
  const { act, rig, states } = await loggedIn();
  const message = await rig.enqueue(later);
  const asked = await act('remove', { message });
  expect(await asked.text()).toContain(`Remove message ${message}?`);
  expect(await states()).toEqual([['waiting', 1]]);
  expect((await act('remove', { message, sure: 'yes' })).status).toBe(303);
  expect(await states()).toEqual([]);
});

test.each<[string, string, Record<string, string>, number]>([
  ['an account that is not there', 'resume', { account: 'gmial' }, 404],
  ['no account', 'resume', {}, 400],
  ['what is no id', 'hold', { message: '../x' }, 400],
  ['all mail at once for good', 'remove', { sure: 'yes' }, 400],
  ['an account for good', 'bounce', { account: 'gmail', sure: 'yes' }, 400],
  ['an unknown action', 'format', { account: 'gmail' }, 404],
  ['an action of all objects', 'toString', { account: 'gmail' }, 404],
])('%s: the page says what is wrong and nothing is done', async (_, verb, fields, status) => {
  const { act, rig, states, said } = await loggedIn();
  await rig.enqueue(later);
  const answer = await act(verb, fields);
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain('That did not work');
  expect(await states()).toEqual([['waiting', 1]]);
  expect(said).toMatchObject([{ is: 'control.called', failed: true }]);
});

test.each(['flush', 'hold', 'release'])(
  '%s of nothing in particular touches nothing',
  async (verb) => {
    const { act, rig, states } = await loggedIn();
    await rig.enqueue(later);
    expect((await act(verb, {})).status).toBe(400);
    expect(await states()).toEqual([['waiting', 1]]);
  },
);
