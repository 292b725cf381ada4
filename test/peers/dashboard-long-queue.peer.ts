import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configOfFill, fillQueue } from '../../bench/fill-queue.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { flaws, isTooWide, startBrowser, type Visitor } from './dashboard/browser.ts';

/** A million waiting messages. How long it takes is for bench/dashboard.ts to say. */

const messages = 1_000_000;
const directory = mkdtempSync(join(tmpdir(), 'relayd-dashboard-'));
let browser: Visitor;
let relay: Daemon;

beforeAll(async () => {
  fillQueue(join(directory, 'queue'), messages, Date.now());
  [browser, relay] = await Promise.all([
    startBrowser(),
    startDaemon({ directory, config: configOfFill() }),
  ]);
}, 240_000);

afterAll(async () => {
  await browser.close();
  await relay.close();
  await rm(directory, { recursive: true, force: true });
});

test('the pages show what is in it, a page at a time, and stay live', async () => {
  const url = `http://127.0.0.1:${relay.observePort}`;
  const { page, offences } = await browser.open(url);
  await page.getByText('50,000 recipients in doubt').waitFor();
  await page.waitForSelector('html[data-connection=live]');
  expect(await page.locator('#lanes tbody tr').count()).toBe(20);
  await page
    .locator('#failures')
    .getByRole('row', { name: /Too fast/ })
    .first()
    .waitFor();
  expect(await flaws(page)).toEqual([]);

  await page.getByRole('link', { name: 'Queue' }).click();
  await page.getByText('1,000,000 recipients').waitFor();
  const first = await page.locator('main tbody a').first().textContent();
  expect(await page.locator('main tbody tr').count()).toBe(50);
  await page.locator('a[rel=next]').click();
  await page.locator('a[rel=next]').waitFor();
  expect(await page.locator('main tbody a').first().textContent()).not.toBe(first);
  await page.locator('select[name=account]').selectOption('account7');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL(/account=account7/);
  const accounts = await page.locator('td[data-label=Account]').allTextContents();
  expect(new Set(accounts)).toEqual(new Set(['account7']));
  expect(await isTooWide(page)).toBe(false);
  expect(offences).toEqual([]);
});
