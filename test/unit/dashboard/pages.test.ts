import { expect, test } from 'vitest';
import { hostile, openScene } from './scene.ts';

const later = { dueAtMs: Date.now() + 3_600_000 };

test('every answer forbids what a page of ours never needs', async () => {
  const { get } = await openScene({ token: null });
  for (const path of ['/', '/queue', '/search', '/nothing', '/web/dashboard.js', '/series']) {
    const { headers } = await get(path);
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';/,
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('same-origin');
  }
});

test('no page has a script, a style or a handler inside, or names another host', async () => {
  const { rig, text } = await openScene({ token: null });
  const id = await rig.enqueue(later);
  for (const path of ['/', '/queue', '/search?q=from%40example.org', `/message/${id}`]) {
    const page = await text(path);
    expect(page).not.toMatch(/<script(?![^>]* src="\/web\/)|<style| style=| on\w+=|https?:\/\//);
  }
});

test('what strangers wrote does no harm anywhere', async () => {
  const { rig, text, sink } = await openScene({ token: null, clients: ['app', hostile] });
  const id = await rig.enqueue({
    ...later,
    from: hostile,
    to: [hostile],
    message: { client: hostile, from: hostile, messageIdField: hostile },
  });
  sink({
    is: 'recipient.settled',
    id,
    account: 'gmail',
    recipient: hostile,
    outcome: 'deferred',
    reason: 'upstream',
    text: hostile,
    authenticatedAs: null,
    peer: 'up.example:587',
    tls: null,
    attempts: 1,
    nextAtMs: null,
    waitedMs: 10,
  });
  const query = encodeURIComponent(hostile.slice(0, 1_000));
  const paths = ['/', '/queue', `/message/${id}`, `/search?q=${id}`, `/search?q=${query}`];
  for (const path of [...paths, `/queue?from=${query}`, `/message/${query.slice(0, 60)}`]) {
    const page = await text(path);
    expect(page).not.toContain('<script>alert');
    expect(page).not.toMatch(/[\x00-\x08\x0b-\x1f\u202e]/);
    expect(page.length).toBeLessThan(80_000);
  }
});

test('the queue is filtered and comes in pages', async () => {
  const { rig, text } = await openScene({ token: null, accounts: ['gmail', 'ses'] });
  for (let at = 0; at < 60; at++) await rig.enqueue({ ...later, to: [`user${at}@example.net`] });
  const other = await rig.enqueue({ ...later, lane: 'ses', from: 'shop@example.org' });
  const first = await text('/queue');
  expect(first.match(/<tr data-key=/g)).toHaveLength(50);
  const next = /<a rel="next" href="([^"]+)"/.exec(first)?.[1] ?? '';
  expect((await text(next)).match(/<tr data-key=/g)).toHaveLength(11);
  for (const query of [
    'account=ses',
    'from=shop%40example.org',
    'from=%40example.org&account=ses',
  ]) {
    const page = await text(`/queue?${query}`);
    expect(page.match(/<tr data-key="[^"]+"/g)).toEqual([`<tr data-key="${other}"`]);
  }
  expect(await text('/queue?to=user7%40example.net')).toContain('user7@example.net');
  expect(await text('/queue?state=held')).toContain('Nothing in the queue matches.');
  expect(await text('/queue?state=&account=&from=')).toContain('rel="next"');
});

test('a name that is not there is said, not taken for an empty queue', async () => {
  const { get } = await openScene({ token: null });
  const answer = await get('/queue?account=gmial');
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('did you mean &#34;gmail&#34;?');
});

test('a message is shown with what happened to it, waiting or not', async () => {
  const { rig, text, get } = await openScene({ token: null });
  const id = await rig.enqueue({ ...later, to: ['kim@example.net', 'lee@example.net'] });
  const page = await text(`/message/${id}`);
  expect(page).toContain('kim@example.net');
  expect(page).toContain('<ol class="timeline">');
  expect(page).toMatch(/<b>accepted<\/b>/);
  expect((await get('/message/zzzzzzzzzzz')).status).toBe(404);
});

test('one field finds a message by either side, and by its id', async () => {
  const { rig, text } = await openScene({ token: null });
  const id = await rig.enqueue({ ...later, from: 'ann@example.org', to: ['kim@example.net'] });
  const loop = await rig.enqueue({ ...later, from: 'kim@example.net', to: ['kim@example.net'] });
  const found = async (q: string): Promise<string[]> => {
    const page = await text(`/search?q=${encodeURIComponent(q)}`);
    return [...page.matchAll(/<tr data-key="([^"]+)"/g)].map(([, key = '']) => key);
  };
  expect(await found('ann@example.org')).toEqual([id]);
  expect(await found('kim@example.net')).toEqual([loop, id]);
  expect(await found(id)).toEqual([id]);
  expect(await found('nobody@example.net')).toEqual([]);
  expect(await text('/search')).toContain('Search for a message');
});

test('a page that is not there, and an address that is none', async () => {
  const { get } = await openScene({ token: null });
  expect((await get('/nothing')).status).toBe(404);
  expect((await get('//')).status).toBe(404);
});
