import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { daemon, idOf, mainLogin, simpleConfig, submit, upstream } from '../e2e/scene.ts';
import type { Daemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import type { Upstream } from '../support/upstream.ts';
import { flaws, isTooWide, startBrowser, type Visit, type Visitor } from './dashboard/browser.ts';

/** The dashboard of a running relay, used by a person with the token, and by a page without it. */

const token = 'a-token-for-the-dashboard';
const [username = ''] = Object.keys(mainLogin);

let browser: Visitor;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

interface Scene {
  readonly relay: Daemon;
  readonly server: Upstream;
  readonly url: string;
}

/** Mail to `later` is deferred with that reply. */
async function scene(reply = '450 4.2.1 try again later'): Promise<Scene> {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'rcpt', path: 'later', do: { reply } }],
  });
  const listen = `127.0.0.1:${await freePort()}`;
  const relay = await daemon({
    config: await simpleConfig(server, { observe: { listen, token } }),
  });
  return { relay, server, url: `http://${listen}` };
}

async function loggedIn(url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const visit = await browser.open(url, options);
  await visit.page.getByLabel('Token').fill(token);
  await visit.page.getByRole('button', { name: 'Log in' }).click();
  await visit.page.getByRole('button', { name: 'Log out' }).waitFor();
  return visit;
}

const send = (relay: Daemon, to: string, from = 'shop@velosi.example'): Promise<string> =>
  submit(relay.ports[0] ?? 0, { from, to, text: 'hello', envelope: { from, to: [to] } });

test('a refused password is seen as it happens, and mended from the page', async () => {
  const { relay, server, url } = await scene();
  const { page, offences } = await loggedIn(url);
  await page.getByText('All is well.').waitFor();

  server.setPassword(username, 'another');
  await send(relay, 'ada@else.example');
  await page.getByText('1 thing needs you.').waitFor();
  const trouble = page.locator('.troubles li', { hasText: 'main is held' });
  expect(await trouble.textContent()).toContain('535');

  server.setPassword(username, mainLogin['user@relay.test']);
  await trouble.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('Account main works again').waitFor();
  await server.taken(1);
  await page.getByText('All is well.').waitFor();
  expect(await flaws(page)).toEqual([]);

  await page.locator('#lanes').getByRole('button', { name: 'Test' }).click();
  await page.getByRole('heading', { name: 'the login works' }).waitFor();
  expect(await page.locator('.steps .ok').count()).toBeGreaterThan(3);
  expect(await flaws(page)).toEqual([]);
  expect(offences).toEqual([]);
});

test('without JavaScript mail is held, released, tried and bounced after a second question', async () => {
  const { relay, url } = await scene();
  const id = idOf(await send(relay, 'later@else.example'));
  await relay.event('recipient.settled', ({ outcome }) => outcome === 'deferred');
  const { page, offences } = await loggedIn(url, { javaScriptEnabled: false });
  await page.goto(`${url}/message/${id}`);
  const main = page.locator('main');
  await main.getByRole('button', { name: 'Hold' }).click();
  await page.getByText('1 recipient held.').waitFor();
  await main.getByRole('button', { name: 'Release' }).click();
  await page.getByText('1 recipient released.').waitFor();
  await relay.event(
    'recipient.settled',
    ({ attempts, outcome }) => attempts === 2 && outcome === 'deferred',
  );
  await page.reload();
  await main.getByRole('button', { name: 'Try now' }).click();
  await page.getByText('1 recipient will be tried now.').waitFor();

  await page.goto(`${url}/message/${id}`);
  await main.getByRole('button', { name: 'Bounce' }).click();
  await page.getByRole('heading', { name: `Bounce message ${id}?` }).waitFor();
  expect(relay.events.some(({ outcome }) => outcome === 'bounced')).toBe(false);
  await main.getByRole('button', { name: 'Bounce' }).click();
  await page.getByText('1 recipient bounced.').waitFor();
  await relay.event('recipient.settled', ({ outcome }) => outcome === 'bounced');
  expect(offences).toEqual([]);
});

test('a wrong token opens nothing, and a logout ends it', async () => {
  const { url } = await scene();
  const { page } = await browser.open(`${url}/queue`);
  await page.getByLabel('Token').fill('guessed');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  expect(await flaws(page)).toEqual([]);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.goto(`${url}/queue`);
  await page.getByLabel('Token').waitFor();
});

test('no other page can press a button, not even one of another port', async () => {
  const { relay, url } = await scene();
  const { page } = await loggedIn(url);
  await page.evaluate('document.querySelector("#act [name=csrf]").value = "guessed"');
  await page.locator('#lanes').getByRole('button', { name: 'Hold' }).click();
  await page.getByText('the form is too old').waitFor();

  // Cookies know no ports, and such a page counts as the same site: it is the origin that differs.
  const elsewhere = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<form method=post action="${url}/act/hold"><input name=account value=main>
      <input name=csrf value=x><button>Win a prize</button></form>`);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void elsewhere.close());
  await once(elsewhere, 'listening');
  await page.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`);
  await page.getByRole('button', { name: 'Win a prize' }).click();
  await page.getByText('the form is not of this dashboard').waitFor();
  expect(relay.events.some(({ event }) => event === 'account.held')).toBe(false);
});

test('hostile mail and a hostile upstream are text on every page', async () => {
  const markup = '<img src=x onerror=globalThis.harmed=1><script>globalThis.harmed=1</script>';
  const { relay, url } = await scene(`450 4.2.1 ${markup}\x1b[31m\u202egnp.exe ${'W'.repeat(400)}`);
  const to = '"<img src=x onerror=globalThis.harmed=1>later"@else.example';
  const id = idOf(await send(relay, to, '"<b>&quot;</b>"@velosi.example'));
  await relay.event('recipient.settled', ({ outcome }) => outcome === 'deferred');
  const { page, offences } = await loggedIn(url);
  await page.waitForSelector('html[data-connection=live]');
  for (const path of ['/', '/queue', `/message/${id}`, `/search?q=${id}`]) {
    await page.goto(url + path);
    expect(await page.textContent('main')).toContain('onerror=globalThis.harmed=1');
    expect(await page.locator('main :is(img, script)').count()).toBe(0);
    expect(await page.evaluate('globalThis.harmed')).toBeUndefined();
    expect(await isTooWide(page)).toBe(false);
    expect(await flaws(page)).toEqual([]);
  }
  expect(offences).toEqual([]);
});
