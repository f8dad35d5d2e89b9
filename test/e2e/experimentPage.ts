/** Opens the experiment view as a webview with a stand-in for the editor. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { FromExperiment, ToExperiment } from '../../src/protocol/experiment.ts';
import { palettesCss } from '../../webview/common/palettes.ts';
import { screenshots, WatchedPage } from './watchedPage.ts';

/** The themes' variables, as the editor puts them there. */
const THEMES = `
  addEventListener('DOMContentLoaded', () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(palettesCss())});
    document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
    document.body.classList.add('vscode-dark');
  });
`;

export type ThemeKind = 'vscode-dark' | 'vscode-light' | 'vscode-high-contrast' | 'vscode-high-contrast-light';

export class ExperimentPage extends WatchedPage<ToExperiment, FromExperiment> {
  /** Nothing is shown before a message comes. */
  static async open(browser: Browser): Promise<ExperimentPage> {
    const opened = new ExperimentPage(await ExperimentPage.blank(browser, { viewport: { width: 1180, height: 800 } }));
    await opened.host('experiment', 'tab', { title: 'Experiment', script: THEMES });
    return opened;
  }

  /** Sets the theme as the editor does. */
  async theme(kind: ThemeKind): Promise<void> {
    await this.page.evaluate(`document.body.className = ${JSON.stringify(kind)}`);
    await this.settled();
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
}
