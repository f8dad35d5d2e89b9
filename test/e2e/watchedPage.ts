/** A page of ours in a browser, as an exported file or as a webview with a stand-in for the editor; watched for trouble. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Language } from '../../src/profile/language.ts';
import { webviewHtml } from '../../src/profile/webviewHtml.ts';

const root = join(import.meta.dirname, '..', '..');
export const screenshots = join(root, 'test-results');

const bundles = new Map<string, Promise<string>>();

/** The bundle of a folder in `webview/`, made from the sources as they are, the way `scripts/build.mjs` makes it. */
export function webviewBundle(name: 'timeline' | 'experiment'): Promise<string> {
  let bundle = bundles.get(name);
  if (bundle === undefined) {
    bundle = build({
      absWorkingDir: root, entryPoints: [`webview/${name}/main.ts`], bundle: true, write: false, minify: true, legalComments: 'none', format: 'iife', platform: 'browser', target: 'es2022', tsconfig: 'webview/tsconfig.json', logLevel: 'silent',
    }).then((result) => result.outputFiles[0]?.text ?? '');
    bundles.set(name, bundle);
  }
  return bundle;
}

/** What VS Code gives a webview: messages are kept in `posted`, the state in the tab's session storage. */
const EDITOR = `
  globalThis.posted = [];
  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message) => posted.push(message),
    getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null'),
    setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
  });
`;

const WATCH_POLICY = "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))";

const TypedArray = Object.getPrototypeOf(Uint8Array) as { new (): Uint8Array | Int32Array | Float64Array };

/** A message as an expression: plain data, and typed arrays as such. */
function asScript(value: unknown): string {
  if (value instanceof TypedArray) return `new ${value.constructor.name}([${value.join()}])`;
  if (Array.isArray(value)) return `[${value.map(asScript).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  return `{${Object.entries(value).map(([key, each]) => `[${JSON.stringify(key)}]: ${asScript(each)}`).join()}}`;
}

/** @template To what the editor sends it. @template From what it sends the editor */
export abstract class WatchedPage<To, From> {
  readonly page: Page;
  /** Errors, warnings and policy violations so far. Must stay empty. */
  readonly trouble: string[] = [];
  readonly requests: string[] = [];
  private readonly context: BrowserContext;
  private readonly folder = mkdtempSync(join(tmpdir(), 'webview-page-'));

  protected constructor({ context, page }: { context: BrowserContext; page: Page }) {
    this.context = context;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.trouble.push(message.text());
    });
    page.on('pageerror', (error) => this.trouble.push(error.stack ?? error.message));
    page.on('request', (request) => this.requests.push(request.url()));
  }

  protected static async blank(browser: Browser, options: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext(options);
    await context.addInitScript(WATCH_POLICY);
    return { context, page: await context.newPage() };
  }

  /** Shows a file of its own. */
  protected async show(html: string): Promise<void> {
    const file = join(this.folder, 'page.html');
    writeFileSync(file, html);
    await this.page.goto(pathToFileURL(file).href);
  }

  /** Shows a webview under the editor's policy. @param script run before the page's own */
  protected async host(name: 'timeline' | 'experiment', placement: 'sidebar' | 'tab', { title, script = '', language }: { title?: string; script?: string; language?: Language } = {}): Promise<void> {
    const bundle = join(this.folder, `${name}.js`);
    writeFileSync(bundle, await webviewBundle(name));
    await this.context.addInitScript(EDITOR + script);
    await this.show(webviewHtml({ scriptUri: pathToFileURL(bundle).href, cspSource: 'file:', nonce: 'testnonce', placement, ...(title === undefined ? {} : { title }), ...(language === undefined ? {} : { language }) }));
  }

  async send(message: To): Promise<void> {
    await this.page.evaluate(`postMessage(${asScript(message)}, '*')`);
    await this.settled();
  }

  async posted(): Promise<From[]> {
    return this.page.evaluate('posted');
  }

  /** Until what was asked for has been drawn. */
  async settled(): Promise<void> {
    await this.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))');
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
