import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

export const desk = { width: 1280, height: 900 };
export const phone = { width: 390, height: 844 };

/** Debian's Chromium, as an operator's browser; what it must never see is written down. */
export interface Visitor {
  /** A page of a new context, with nothing remembered; it is closed when the test ends. */
  open(url: string, options?: BrowserContextOptions): Promise<Visit>;
  close(): Promise<void>;
}

export interface Visit {
  readonly page: Page;
  /**
   * What no page of ours may cause: violations of its policy, errors, dialogs, requests to anywhere
   * else.
   */
  readonly offences: readonly string[];
}

export const reboundName = 'rebound.example';

export async function startBrowser(): Promise<Visitor> {
  const browser: Browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // Its sandbox refuses to run as root, which is who runs these tests.
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      // Each letter looks the same wherever it stands: pictures are smaller.
      '--disable-lcd-text',
      '--disable-font-subpixel-positioning',
      // A name of somebody else's that leads here: DNS rebinding.
      `--host-resolver-rules=MAP ${reboundName} 127.0.0.1`,
    ],
  });
  return {
    async open(url, options = {}) {
      const context = await browser.newContext({ viewport: desk, ...options });
      onTestFinished(() => context.close());
      await context.addInitScript({ path: join(import.meta.dirname, 'looks.js') });
      const page = await context.newPage();
      const offences: string[] = [];
      const own = new URL(url).origin;
      page.on('console', (message) => {
        if (message.type() === 'error') offences.push(`console: ${message.text()}`);
      });
      page.on('pageerror', ({ message }) => offences.push(`error: ${message}`));
      page.on('dialog', async (dialog) => {
        offences.push(`dialog: ${dialog.message()}`);
        await dialog.dismiss();
      });
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== own) offences.push(`request: ${request.url()}`);
      });
      await page.goto(url, { waitUntil: 'domcontentloaded' });
      return { page, offences };
    },
    close: () => browser.close(),
  };
}

/** Whether anything reaches beyond the width of the window. */
export async function isTooWide(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth > innerWidth')) === true;
}

/** What is wrong with a page for eyes or a screen reader, by the checks of looks.js. */
export async function flaws(page: Page): Promise<unknown> {
  return page.evaluate('[...looks.unlabelled(), ...looks.faintTexts()]');
}
