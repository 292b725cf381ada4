import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MessageId } from '../../src/relay/message.ts';
import {
  desk,
  flaws,
  isTooWide,
  phone,
  reboundName,
  startBrowser,
  type Visitor,
} from './dashboard/browser.ts';
import { hostile, hostileEvents, hostileRow } from './dashboard/hostile.ts';
import { openShop, type Shop } from './dashboard/shop.ts';
import { shopNowMs } from './dashboard/shop-accounts.ts';
import { delivered, queued } from './dashboard/shop-mail.ts';

/** The dashboard as Debian's Chromium shows it. `SCREENSHOTS=1` renews the pictures in docs/. */

const token = 'a-token-for-the-dashboard';

let browser: Visitor;
let shop: Shop;

beforeAll(async () => {
  browser = await startBrowser();
  shop = await openShop();
});

afterAll(async () => {
  await shop.close();
  await browser.close();
});

const greylisted = `/message/${delivered(shopNowMs).message.id}`;
const views = [
  '/',
  '/queue',
  '/queue?account=newsletter&state=waiting&sort=due',
  `/message/${queued(shopNowMs)[0]?.message.id}`,
  greylisted,
  '/search',
  '/search?q=orders%40shop.velosi.example',
];

const widths = [1280, 1160, 1140, 800, phone.width];

/** Wide and narrow, light and dark. */
async function expectGoodLooks(page: Page): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      // Without transitions: half-way between two schemes nothing has contrast.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await flaws(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
    }
  }
}

test.each(views)(
  '%s has names for all it shows, contrast, and no more than its width',
  async (path) => {
    const { page, offences } = await browser.open(shop.url + path);
    await expectGoodLooks(page);
    expect(offences).toEqual([]);
  },
);

test('what is not there is said on a page, too', async () => {
  const { page } = await browser.open(`${shop.url}/message/nothing`);
  await expectGoodLooks(page);
  expect(await page.textContent('main')).toContain('no message has the id nothing');
});

test('without JavaScript every table is there, and forms filter and search', async () => {
  const { page, offences } = await browser.open(shop.url, { javaScriptEnabled: false });
  await page.getByRole('row', { name: /newsletter sendgrid held/ }).waitFor();
  await page.getByRole('table', { name: 'The last hour' }).waitFor();
  expect(await page.locator('#lanes tbody tr').count()).toBe(5);
  for (const name of ['failures', 'credentials', 'clients']) {
    expect(await page.locator(`#${name} tbody tr`).count()).toBeGreaterThan(3);
  }

  await page.getByRole('link', { name: 'Queue' }).click();
  expect(await page.locator('main tbody tr').count()).toBe(8);
  await page.locator('select[name=account]').selectOption('newsletter');
  await page.getByRole('button', { name: 'Filter' }).click();
  expect(await page.locator('main tbody tr').count()).toBe(3);

  await page.getByLabel('Search the history').fill('dorothy@hodgkin.example');
  await page.getByLabel('Search the history').press('Enter');
  await page.locator(`a[href="${greylisted}"]`).click();
  expect(await page.locator('.timeline li').count()).toBe(5);
  await page.locator('summary').click();
  expect(await page.locator('.dialogue').textContent()).toContain('> RCPT TO:<dorothy@');
  expect(offences).toEqual([]);
});

test('the plots are drawn, for an hour or a day', async () => {
  const { page, offences } = await browser.open(shop.url);
  await page.locator('#plots canvas').nth(2).waitFor();
  expect(await page.locator('#plots canvas').count()).toBe(3);
  const waiting = page.getByRole('img', { name: /^waiting now: waiting 274$/ });
  await waiting.waitFor();
  const hour = await waiting.screenshot();
  await page.getByRole('button', { name: '24 hours' }).click();
  expect(await page.getByRole('button', { name: '1 hour' }).getAttribute('aria-pressed')).toBe(
    'false',
  );
  expect((await waiting.screenshot()).equals(hour)).toBe(false);
  expect(offences).toEqual([]);
});

test('what happens is seen at once, and whoever is reading or typing is left alone', async () => {
  const { page, offences } = await browser.open(shop.url);
  await page.waitForSelector('html[data-connection=live]');
  const link = page.getByRole('link', { name: 'office' });
  await link.focus();
  await page.evaluate('globalThis.row = document.activeElement.closest("tr")');
  shop.sink({
    is: 'recipient.settled',
    id: '1n8f3k2x0q4' as MessageId,
    account: 'office',
    recipient: 'ada@reader.example',
    outcome: 'deferred',
    reason: 'upstream',
    text: '451 4.7.1 come back in a minute',
    authenticatedAs: 'relay',
    peer: 'mail.velosi.example:465',
    tls: null,
    attempts: 5,
    nextAtMs: null,
    waitedMs: 10,
  });
  await page.locator('#lanes').getByText('451 4.7.1 come back').waitFor();
  await page.locator('#failures').getByText('451 4.7.1 come back').waitFor();
  expect(await page.evaluate('row.isConnected && row.contains(document.activeElement)')).toBe(true);
  expect(offences).toEqual([]);
});

test('a page whose relay has gone says that it is not up to date', async () => {
  const short = await openShop();
  const { page } = await browser.open(short.url);
  await page.waitForSelector('html[data-connection=live]');
  await short.close();
  await page.waitForSelector('html[data-connection=late]');
});

test('the keyboard is enough', async () => {
  const { page } = await browser.open(shop.url);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.className')).toBe('skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.closest("main") !== null')).toBe(true);
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe(
    'solid',
  );
  await page.keyboard.press('/');
  await page.keyboard.type('a/b');
  expect(await page.inputValue('#find')).toBe('a/b');
});

test('whoever wants no motion gets none', async () => {
  const { page } = await browser.open(shop.url, { reducedMotion: 'reduce' });
  const moving =
    '[...document.querySelectorAll("*")].filter((one) => ' +
    'getComputedStyle(one).transitionDuration !== "0s" || getComputedStyle(one).animationName !== "none").length';
  expect(await page.evaluate(moving)).toBe(0);
});

test('hostile addresses, names, ids and replies are text, wherever they stand', async () => {
  const row = hostileRow();
  const other = await openShop({ also: [row], client: hostile });
  for (const event of hostileEvents()) other.sink(event);
  const paths = [
    '/',
    '/queue',
    `/message/${row.message.id}`,
    `/search?q=${encodeURIComponent(hostile.slice(0, 900))}`,
  ];
  for (const path of paths) {
    const { page, offences } = await browser.open(other.url + path);
    // The live page writes it once more, from a script.
    if (path === '/') await page.waitForSelector('html[data-connection=live]');
    expect(await page.locator('main').textContent()).toContain('onerror=');
    await expectGoodLooks(page);
    expect(await page.evaluate('globalThis.harmed')).toBeUndefined();
    expect(await page.locator('main :is(img, script, svg, h1 ~ h1)').count()).toBe(0);
    expect(await page.textContent('main')).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
    );
    expect(
      await page.evaluate(
        '[...document.querySelectorAll(".mail")].every((one) => getComputedStyle(one).unicodeBidi.startsWith("isolate"))',
      ),
    ).toBe(true);
    expect(offences).toEqual([]);
  }
  await other.close();
});

test('a foreign name that leads here gets nothing', async () => {
  const url = shop.url.replace('127.0.0.1', reboundName);
  const { page } = await browser.open(url);
  expect(await page.textContent('body')).toContain('the Host field names something else');
});

test('without a token there is nothing to press, and nothing is done', async () => {
  const { page } = await browser.open(shop.url);
  expect(await page.locator('form[method=post], button.act').count()).toBe(0);
  const answer = await page.request.post(`${shop.url}/act/hold`, {
    form: { account: 'shop' },
    headers: { Origin: shop.url },
  });
  expect(answer.status()).toBe(403);
});

test('there is room for the buttons', async () => {
  const guarded = await openShop({ token });
  const { page, offences } = await browser.open(guarded.url);
  await expectGoodLooks(page);
  await login(page);
  for (const path of ['/', '/queue', `/message/${queued(shopNowMs)[0]?.message.id}`]) {
    await page.goto(guarded.url + path);
    expect(await page.locator('main button.act').count()).toBeGreaterThan(3);
    await expectGoodLooks(page);
  }
  expect(offences).toEqual([]);
  await guarded.close();
});

async function login(page: Page): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

test('pictures of it', async () => {
  const guarded = await openShop({ token, stopped: true });
  for (const name of ['light', 'dark', 'phone']) {
    const colorScheme = name === 'dark' ? 'dark' : 'light';
    const viewport = name === 'phone' ? phone : { ...desk, width: 1160 };
    const look = { colorScheme, viewport, timezoneId: 'UTC' } as const;
    const { page, offences } = await browser.open(guarded.url, look);
    await login(page);
    await page.waitForSelector('html[data-connection=live]');
    await page.locator('#plots canvas').nth(2).waitFor();
    // All of it is for looking up; the picture ends below the plots, or where a phone has shown enough.
    const plots = await page.locator('#plots').boundingBox();
    const height = name === 'phone' ? 1_700 : (plots?.y ?? 0) + (plots?.height ?? 0) + 20;
    const clip = { x: 0, y: 0, width: viewport.width, height };
    const picture = await page.screenshot({ fullPage: true, clip, animations: 'disabled' });
    expect(offences).toEqual([]);
    if (process.env.SCREENSHOTS !== undefined) {
      writeFileSync(join(import.meta.dirname, `../../docs/dashboard-${name}.png`), picture);
    }
    expect(picture.length).toBeLessThan(200 * 1024);
  }
  await guarded.close();
});
