/** Opens the timeline as an exported page, or as a webview with a stand-in for the editor. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, vi } from 'vitest';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { renderHtml } from '../../src/profile/exportHtml.ts';
import type { Language } from '../../src/profile/language.ts';
import { PackedDocument } from '../fixtures/timelineDocuments.ts';
import type { PromptTable } from '../../src/protocol/content.ts';
import type { DocumentPart, FromWebview, TimelineDocument, TimelineUpdate, ToWebview } from '../../src/protocol/webview.ts';
import { screenshots, WatchedPage, webviewBundle } from './watchedPage.ts';

/** A few of the variables that VS Code sets on the root element. */
const THEMES = {
  'vscode-dark': { foreground: '#cccccc', 'editor-background': '#1f1f1f', 'sideBar-background': '#181818', 'charts-blue': '#3794ff', 'charts-orange': '#d18616', 'charts-green': '#89d185', 'panel-border': '#2b2b2b', descriptionForeground: '#9d9d9d', 'charts-red': '#f14c4c', 'charts-purple': '#b180d7', focusBorder: '#0078d4', 'font-family': 'sans-serif' },
  'vscode-light': { foreground: '#3b3b3b', 'editor-background': '#ffffff', 'sideBar-background': '#f8f8f8', 'charts-blue': '#1a85ff', 'charts-orange': '#d18616', 'charts-green': '#388a34', 'panel-border': '#e5e5e5', descriptionForeground: '#666666', 'charts-red': '#e51400', 'charts-purple': '#652d90', focusBorder: '#005fb8', 'font-family': 'sans-serif' },
};

/** What a test lets the editor say: documents and updates are packed on their way, as the editor does. */
type Said = Exclude<ToWebview, { type: 'update' }> | { type: 'document'; document: TimelineDocument } | { type: 'update'; update: TimelineUpdate };

export class TimelinePage extends WatchedPage<ToWebview | Said, FromWebview> {
  private packed: PackedDocument | null = null;
  private rest: DocumentPart[] = [];

  /** Sends a document's parts as long as they are wanted; `sendRest` sends those after. */
  async sendUntil({ document }: Extract<Said, { type: 'document' }>, wanted: (part: DocumentPart) => boolean): Promise<void> {
    this.packed = new PackedDocument(document);
    this.rest = this.packed.parts();
    for (let part = this.rest.shift(); part !== undefined; part = this.rest.shift()) {
      if (!wanted(part)) {
        this.rest.unshift(part);
        return;
      }
      await super.send(part);
    }
  }

  async sendRest(): Promise<void> {
    for (const part of this.rest.splice(0)) await super.send(part);
  }

  override async send(message: Said): Promise<void> {
    if (message.type === 'document') {
      this.packed = new PackedDocument(message.document);
      for (const part of this.packed.parts()) await super.send(part);
    } else if (message.type === 'update') {
      if (this.packed === null) throw new Error('there is no document to update');
      await super.send({ type: 'update', update: this.packed.update(message.update) });
    } else {
      await super.send(message);
    }
  }

  private static async make(browser: Browser, options: BrowserContextOptions): Promise<TimelinePage> {
    return new TimelinePage(await TimelinePage.blank(browser, { viewport: { width: 1180, height: 640 }, colorScheme: 'dark', ...options }));
  }

  /** The document as an exported page, opened from a file. @param script run before the page's own */
  static async exported(browser: Browser, document: TimelineDocument, options: BrowserContextOptions = {}, prompts: PromptTable | null = null, script: string | null = null): Promise<TimelinePage> {
    const opened = await TimelinePage.make(browser, options);
    if (script !== null) await opened.page.addInitScript(script);
    await opened.show(renderHtml(document, { text: await webviewBundle('timeline'), gzip: gzipSync }, document.report.run.name, prompts));
    await opened.ready();
    return opened;
  }

  /** The editor's page under the editor's policy; nothing is shown before a message comes. */
  static async hosted(browser: Browser, placement: 'sidebar' | 'tab', options: BrowserContextOptions = {}, language?: Language): Promise<TimelinePage> {
    const opened = await TimelinePage.make(browser, options);
    await opened.host('timeline', placement, language === undefined ? {} : { language });
    await opened.theme('vscode-dark');
    return opened;
  }

  /** Until a document is shown. */
  async ready(): Promise<void> {
    await this.page.locator('.state.hidden').waitFor({ state: 'attached' });
    await this.page.locator('main[aria-busy="false"]').waitFor({ state: 'attached' });
    await this.page.locator('.calls li').first().waitFor({ state: 'attached' });
    await this.settled();
  }

  /** Sets the theme as the editor does. */
  async theme(kind: keyof typeof THEMES): Promise<void> {
    await this.page.evaluate(`(() => {
      for (const [name, value] of Object.entries(${JSON.stringify(THEMES[kind])})) document.documentElement.style.setProperty('--vscode-' + name, value);
      document.body.className = ${JSON.stringify(kind)};
      document.body.dataset.vscodeThemeKind = ${JSON.stringify(kind)};
    })()`);
    await this.settled();
  }

  /** Until the page has posted a message of this type; returns the latest. */
  async waitForPost<Type extends FromWebview['type']>(type: Type): Promise<FromWebview & { type: Type }> {
    // Asked again from here: the page's own policy forbids it to evaluate what Playwright's waiting would repeat inside it.
    return vi.waitUntil(() => this.page.evaluate<(FromWebview & { type: Type }) | undefined>(`posted.findLast((message) => message.type === ${JSON.stringify(type)})`), { timeout: 30_000 });
  }

  /** Where the drawing of time begins and ends on screen. */
  async timeArea(): Promise<{ left: number; right: number; top: number; bottom: number }> {
    const box = await this.page.locator('canvas.lanes').boundingBox();
    if (box === null) throw new Error('the lanes are not shown');
    return { left: box.x + 76, right: box.x + box.width - 10, top: box.y + 22, bottom: box.y + box.height };
  }

  /** Moves the pointer down the screen at a time of the whole run until the tooltip has this text. */
  async pointAt(time: number, wallMs: number, text: string): Promise<{ x: number; y: number }> {
    const area = await this.timeArea();
    const x = area.left + (time / (wallMs * 1.01)) * (area.right - area.left);
    for (let y = area.top + 4; y < area.bottom; y += 7) {
      await this.page.mouse.move(x, y);
      if ((await this.tooltip()).includes(text)) return { x, y };
    }
    throw new Error(`nothing at ${time} ms has the text ${text}`);
  }

  /** The tooltip's text; empty when none is shown. */
  async tooltip(): Promise<string> {
    return this.page.evaluate("(() => { const tip = document.querySelector('.tooltip'); return tip.classList.contains('hidden') ? '' : tip.textContent; })()");
  }

  /** Names of the spans in view, as a screen reader hears them. */
  async inView(): Promise<string[]> {
    return this.page.evaluate("[...document.querySelectorAll('.calls li')].map((item) => item.getAttribute('aria-label'))");
  }

  /** What is in view once the list of it has caught up with what was done. */
  async inViewAtRest(): Promise<string[]> {
    await this.settled();
    await this.page.locator('.calls[aria-busy=false]').waitFor({ state: 'attached' });
    return this.inView();
  }

  async details(): Promise<string> {
    return (await this.page.locator('.details').textContent()) ?? '';
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await this.settled();
    await this.page.screenshot({ path: join(screenshots, `timeline-${name}.png`) });
  }
}

/** Opens a page, uses it, and holds it to having caused no error, no policy violation and no request of its own. */
export async function withPage(open: Promise<TimelinePage>, use: (page: TimelinePage) => Promise<void>): Promise<void> {
  const page = await open;
  try {
    await use(page);
    expect(page.trouble).toEqual([]);
    expect(page.requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
  } finally {
    await page.close();
  }
}
