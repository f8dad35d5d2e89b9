/** Opens the experiment view as a webview with a stand-in for the editor, and watches for trouble. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { webviewHtml } from '../../src/profile/webviewHtml.ts';
import type { FromExperiment, ToExperiment } from '../../src/protocol/experiment.ts';
import { palettesCss } from '../../webview/common/palettes.ts';

const root = join(import.meta.dirname, '..', '..');
const screenshots = join(root, 'test-results');

let bundle: Promise<string> | null = null;

/** The bundle, made from the sources as they are, the way `scripts/build.mjs` makes it. */
export function experimentBundle(): Promise<string> {
  bundle ??= build({
    absWorkingDir: root, entryPoints: ['webview/experiment/main.ts'], bundle: true, write: false, minify: true, legalComments: 'none', format: 'iife', platform: 'browser', target: 'es2022', tsconfig: 'webview/tsconfig.json', logLevel: 'silent',
  }).then((result) => result.outputFiles[0]?.text ?? '');
  return bundle;
}

/** What VS Code gives a webview: messages are kept in `posted`, the state in the tab's session storage; and the themes' variables. */
const EDITOR = `
  globalThis.posted = [];
  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message) => posted.push(message),
    getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null'),
    setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
  });
  addEventListener('DOMContentLoaded', () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(palettesCss())});
    document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
    document.body.classList.add('vscode-dark');
  });
`;

export type ThemeKind = 'vscode-dark' | 'vscode-light' | 'vscode-high-contrast' | 'vscode-high-contrast-light';

export class ExperimentPage {
  readonly page: Page;
  /** Errors, warnings and policy violations so far. Must stay empty. */
  readonly trouble: string[] = [];
  readonly requests: string[] = [];
  private readonly context: BrowserContext;
  private readonly folder = mkdtempSync(join(tmpdir(), 'experiment-page-'));

  private constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.trouble.push(message.text());
    });
    page.on('pageerror', (error) => this.trouble.push(error.stack ?? error.message));
    page.on('request', (request) => this.requests.push(request.url()));
  }

  /** The editor's page under the editor's policy; nothing is shown before a message comes. */
  static async open(browser: Browser): Promise<ExperimentPage> {
    const context = await browser.newContext({ viewport: { width: 1180, height: 800 } });
    await context.addInitScript("addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))");
    await context.addInitScript(EDITOR);
    const opened = new ExperimentPage(context, await context.newPage());
    writeFileSync(join(opened.folder, 'experiment.js'), await experimentBundle());
    const file = join(opened.folder, 'webview.html');
    writeFileSync(file, webviewHtml({ scriptUri: pathToFileURL(join(opened.folder, 'experiment.js')).href, cspSource: 'file:', nonce: 'testnonce', placement: 'tab', title: 'Experiment' }));
    await opened.page.goto(pathToFileURL(file).href);
    return opened;
  }

  /** Sets the theme as the editor does. */
  async theme(kind: ThemeKind): Promise<void> {
    await this.page.evaluate(`document.body.className = ${JSON.stringify(kind)}`);
    await this.settled();
  }

  async send(message: ToExperiment): Promise<void> {
    await this.page.evaluate(`postMessage(${JSON.stringify(message)}, '*')`);
    await this.settled();
  }

  async posted(): Promise<FromExperiment[]> {
    return this.page.evaluate('posted');
  }

  /** Until what was asked for has been drawn. */
  async settled(): Promise<void> {
    await this.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))');
  }

  /** How many different colours each canvas shows. */
  async coloursOf(): Promise<number[]> {
    return this.page.evaluate(
      `[...document.querySelectorAll('canvas')].map((canvas) => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size)`,
    );
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await this.settled();
    await this.page.screenshot({ path: join(screenshots, `experiment-${name}.png`) });
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
