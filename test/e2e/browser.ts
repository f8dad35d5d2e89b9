/** Starts a Chromium for page tests, so that it asks nothing of the network. */
import { chromium, type Browser } from 'playwright-core';
import { findBrowser } from '../../scripts/lib/browser.mjs';
import { browserFlags } from '../../scripts/lib/editorHost.mjs';

/** Starts the browser that the setup has found or installed. */
export async function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error('No browser: run node scripts/setup.mjs --for test, or name one in AGENT_COST_BROWSER.');
  return chromium.launch({ executablePath, args: [...browserFlags, '--hide-scrollbars', ...flags] });
}
