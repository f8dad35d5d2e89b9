/** The browser of a file of tests of the timeline's page: importing this starts it before them, with the page's bundle made, and closes it after them. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchBrowser } from './browser.ts';
import { webviewBundle } from './watchedPage.ts';

export let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
  await webviewBundle('timeline');
});
afterAll(async () => {
  await browser.close();
});
