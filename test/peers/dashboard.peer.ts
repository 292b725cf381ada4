import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flaws, isTooWide, startBrowser, type Visitor } from './dashboard/browser.ts';
import { openShop, type Shop } from './dashboard/shop.ts';
import { shopNowMs } from './dashboard/shop-accounts.ts';
import { delivered, queued } from './dashboard/shop-mail.ts';

/** The dashboard as Debian's Chromium shows it. `SCREENSHOTS=1` renews the pictures in docs/. */

const token = 'a-token-for-the-dashboard';
const docs = join(import.meta.dirname, '../../docs');
const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844 };

let browser: Visitor;
let shop: Shop;
let guarded: Shop;

beforeAll(async () => {
  browser = await startBrowser();
  shop = await openShop();
  guarded = await openShop({ token });
});

afterAll(async () => {
  await shop.close();
  await guarded.close();
  await browser.close();
});

const views = [
  '/',
  '/queue',
  '/queue?account=newsletter&state=waiting&sort=due',
  `/message/${queued(shopNowMs)[0]?.message.id}`,
  `/message/${delivered(shopNowMs).message.id}`,
  '/search',
  '/search?q=orders%40shop.velosi.example',
  '/message/unknown',
];

test.each(views)('%s has labels, contrast and its width, in light and dark', async (path) => {
  const { page, offences } = await browser.open(shop.url + path);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const viewport of [desk, phone]) {
      await page.setViewportSize(viewport);
      expect(await flaws(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
    }
  }
  expect(offences).toEqual([]);
});

test.each(['light', 'dark', 'phone'])('a picture of it: %s', async (name) => {
  const { page, offences } = await browser.open(guarded.url, {
    colorScheme: name === 'dark' ? 'dark' : 'light',
    viewport: name === 'phone' ? phone : { width: 1280, height: 1240 },
    timezoneId: 'UTC',
  });
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForSelector('html[data-connection=live]');
  const height = name === 'phone' ? 2_000 : 1_240;
  const clip = { x: 0, y: 0, width: page.viewportSize()?.width ?? 0, height };
  const picture = await page.screenshot({ fullPage: true, clip, animations: 'disabled' });
  if (process.env.SCREENSHOTS !== undefined) {
    writeFileSync(join(docs, `dashboard-${name}.png`), picture);
  }
  expect(picture.length).toBeLessThan(200 * 1024);
  expect(offences).toEqual([]);
});
