import { expect, test } from 'vitest';
import { openScene, token } from './scene.ts';

const pages = ['/', '/queue', '/search', '/message/1n8f3k2x0q4', '/nothing'];

test.each(pages)('with a token %s leads to the login', async (path) => {
  const { get } = await openScene();
  const answer = await get(path);
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
});

test.each(['/events', '/series'])('with a token %s says nothing before the login', async (path) => {
  const { get } = await openScene();
  expect((await get(path)).status).toBe(401);
});

test('the login page and its files are for everybody, and they are all that is', async () => {
  const { get, text } = await openScene();
  expect(await text('/login')).toContain('name="token"');
  const style = await get('/web/dashboard.css');
  expect([style.status, style.headers.get('content-type')]).toEqual([
    200,
    'text/css; charset=utf-8',
  ]);
  const etag = style.headers.get('etag') ?? '';
  expect((await get('/web/dashboard.css', { 'If-None-Match': etag })).status).toBe(304);
  expect((await get('/web/../package.json')).status).toBe(303);
});

test('the token opens a session that scripts cannot read and other sites cannot use', async () => {
  const { post, login, get } = await openScene();
  const answer = await post('/login', { token });
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  expect(answer.headers.get('set-cookie')).toMatch(
    /^relayd-[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
  const { csrf } = await login();
  expect(csrf).toMatch(/^[\w-]{43}$/);
  expect((await get('/login')).headers.get('location')).toBe('/');
});

test('a wrong token opens nothing and is said; after ten none is looked at for a while', async () => {
  const { post, said, rig } = await openScene();
  for (let wrong = 0; wrong < 10; wrong++) {
    const answer = await post('/login', { token: `guess ${wrong}` });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  }
  expect((await post('/login', { token })).status).toBe(429);
  expect(said.map(({ is }) => is)).toEqual(new Array(11).fill('login.failed'));
  rig.aheadMs += 600_001;
  expect((await post('/login', { token })).status).toBe(303);
});

test('a session ends after half a day, or with the logout', async () => {
  const { login, get, post, rig } = await openScene();
  await login();
  expect((await get('/queue')).status).toBe(200);
  rig.aheadMs += 12 * 3_600_000 + 1;
  expect((await get('/queue')).status).toBe(303);
  const { csrf } = await login();
  const answer = await post('/logout', { csrf });
  expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
  expect((await get('/queue')).status).toBe(303);
});

test('a made-up cookie is none', async () => {
  const { login, get } = await openScene();
  const { cookie } = await login();
  const forged = `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`;
  expect((await get('/', { Cookie: forged })).status).toBe(303);
  expect((await get('/', { Cookie: `other=1; ${cookie}` })).status).toBe(200);
});

test('the bearer token still serves those who scrape, and only there', async () => {
  const { get } = await openScene();
  const headers = { Authorization: `Bearer ${token}` };
  expect((await get('/metrics', headers)).status).toBe(200);
  expect((await get('/metrics')).status).toBe(401);
  expect((await get('/', headers)).status).toBe(303);
});

test('without a token everybody sees all of it, and there is nothing to press', async () => {
  const { get, post, rig, text } = await openScene({ token: null });
  await rig.enqueue();
  for (const path of ['/', '/queue']) {
    const page = await text(path);
    expect(page).toContain('gmail');
    expect(page).not.toMatch(/<button[^>]*class="act|name="csrf"/);
    expect(page).toContain('Read-only');
  }
  expect((await post('/act/flush', {})).status).toBe(403);
  expect((await post('/login', { token: '' })).status).toBe(403);
  expect((await get('/login')).headers.get('location')).toBe('/');
});
