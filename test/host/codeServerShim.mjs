#!/usr/bin/env node
// Stands in for VS Code's own executable where no desktop build can be downloaded: takes the flags that @vscode/test-electron
// passes, runs the tests in the browser edition's extension host, prints their console and exits with their exit code.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { chromium } from 'playwright-core';
import { findBrowser } from '../../scripts/lib/browser.mjs';
import { browserFlags, startCodeServer, workbenchUrl } from '../../scripts/lib/editorHost.mjs';
import { resultsFolder } from '../../scripts/lib/paths.mjs';

const VERBOSE = Boolean(process.env.AGENT_COST_TEST_VERBOSE);
const flags = process.argv.slice(2);
const flag = (name) => flags.find((text) => text.startsWith(`--${name}=`))?.slice(name.length + 3);
const workspace = flags.find((text) => !text.startsWith('-'));
const extension = flag('extensionDevelopmentPath');
const tests = flag('extensionTestsPath');
const userData = flag('user-data-dir');
const extensions = flag('extensions-dir');
const browserPath = findBrowser();
if (!workspace || !extension || !tests || !userData || !extensions) throw new Error(`not the flags of @vscode/test-electron: ${flags.join(' ')}`);
if (!browserPath) throw new Error('no browser: run node scripts/setup.mjs --for test');

/** What the workbench itself says on every start; the rest is the extension host's console. */
const WORKBENCH_NOISE =
  /^(%c|\[(AgentHost|ChatModelSelection|AccountPolicyGate|reconnection-grace-time|Service Worker)|Creating a socket|Resolv(ing|ed) connection token|Updating additional builtin|Ignoring fetching additional|No search provider registered)|\/workbench\/workbench\.js:\d/;

function printLog(type, args) {
  const text = format(...args);
  if (!VERBOSE && WORKBENCH_NOISE.test(text)) return;
  (type === 'error' || type === 'warn' ? process.stderr : process.stdout).write(`${text}\n`);
}

const server = await startCodeServer({ userData, extensions, log: VERBOSE ? (text) => process.stderr.write(text) : undefined });
const browser = await chromium.launch({ executablePath: browserPath, args: browserFlags });
// Whoever started us has gone: no one waits for the result.
process.stdin.resume().once('end', () => process.exit(1));

const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
let end;
const ended = new Promise((resolve) => (end = resolve));
page.once('crash', () => end(1));
page.once('close', () => end(1));
void server.ended.then(() => end(1));
await page.exposeFunction('codeAutomationExit', end);
await page.exposeFunction('codeAutomationLog', printLog);
if (VERBOSE) page.on('console', (message) => process.stderr.write(`[page] ${message.text()}\n`));
await page.goto(workbenchUrl(server.url, workspace, { extension, tests }));
const code = await ended;
if (code !== 0 && !page.isClosed()) {
  mkdirSync(resultsFolder, { recursive: true });
  await page.screenshot({ path: join(resultsFolder, 'editor-failed.png') });
}
await browser.close();
await server.stop();
process.exit(code);
