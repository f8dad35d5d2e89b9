/** The timeline in the language of the editor's user. */
import { readFileSync } from 'node:fs';
import axe from 'axe-core';
import { expect, it } from 'vitest';
import { bundleFile } from '../../scripts/lib/l10nBundle.mjs';
import type { Language, Texts } from '../../src/profile/language.ts';
import { reactRun } from '../fixtures/timelineDocuments.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const read = (file: string): Texts => JSON.parse(readFileSync(file, 'utf8')) as Texts;
const german: Language = { locale: 'de', textsLocale: 'de', texts: read(bundleFile.replace(/json$/, 'de.json')) };
/** Every text in brackets, so that what lacks them has not gone through a bundle. */
const bracketed: Language = {
  locale: 'en',
  textsLocale: 'en',
  texts: Object.fromEntries(Object.entries(read(bundleFile)).map(([key, text]) => [key, typeof text === 'string' ? `⟦${text}⟧` : { ...text, message: `⟦${text.message}⟧` }])),
};

const run = reactRun();
const { wallMs } = run.report.totals;
const call = run.report.spans.find(({ kind }) => kind === 'llm');
const tool = run.report.spans.find(({ kind }) => kind === 'tool');
if (call === undefined || tool === undefined) throw new Error('the example has no call and no tool');
const [callId, toolId] = [call.id, tool.id];

async function shown(timeline: TimelinePage): Promise<void> {
  await timeline.send({ type: 'document', document: run });
  await timeline.ready();
}

/** Elements with text of which a part is cut off, but for those that are cut with an ellipsis and have a title, and what can be scrolled. */
const CUT_OFF = `[...document.querySelectorAll('header *, .details *, .view-bar *, .tabs *')]
  .filter((node) => node.textContent.trim() !== '' && node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1)
  .filter((node) => getComputedStyle(node).overflowX === 'hidden' && node.title === '')
  .map((node) => node.className + ': ' + node.textContent.slice(0, 60))`;

const HEADS_CUT_OFF = "[...document.querySelectorAll('.grid thead *')].filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent)";

it.each(['dark', 'light'] as const)('is German in the side panel, with its numbers, and nothing is cut off (%s)', async (theme) => {
  await withPage(TimelinePage.hosted(browser, 'sidebar', { viewport: { width: 320, height: 900 } }, german), async (timeline) => {
    if (theme === 'light') await timeline.theme('vscode-light');
    await shown(timeline);
    expect(await timeline.page.evaluate('document.documentElement.lang')).toBe('de');
    expect(await timeline.page.locator('.sums').textContent()).toMatch(/^~?\d Anfragen · [\d,]+ s · \d+,\d+ Wh/);
    expect(await timeline.details()).toContain('Zeit des Agenten');
    expect(await timeline.page.evaluate(CUT_OFF)).toEqual([]);
    await timeline.screenshot(`german-sidebar-${theme}`);
    await timeline.send({ type: 'select', spans: [callId], reveal: true });
    await expect.poll(() => timeline.details()).toContain('Modellaufruf · simuliert');
    expect(await timeline.details()).toMatch(/dieser Aufruf\d+,\d+ s/);
    expect(await timeline.page.evaluate(CUT_OFF)).toEqual([]);
    await timeline.screenshot(`german-call-${theme}`);
  });
});

it('has German views, help and search, and nothing serious for axe', async () => {
  await withPage(TimelinePage.hosted(browser, 'tab', {}, german), async (timeline) => {
    const { page } = timeline;
    await shown(timeline);
    expect(await page.locator('[role=tab]').allTextContents()).toEqual(['Zeitachse', 'Flamme', 'Tabelle', 'Diagramme']);
    expect(await timeline.inView()).toEqual(expect.arrayContaining([expect.stringMatching(/^Modellaufruf .*, \d+,\d+ s/)]));
    expect((await timeline.pointAt(wallMs * 0.3, wallMs, 'GPU')).x).toBeGreaterThan(0);
    // Typed as it is read.
    const field = page.locator('vscode-text-field input');
    await field.fill('>1,5s');
    await expect.poll(() => page.locator('.search .count').textContent()).toMatch(/^\d+ gefunden|1 von \d+$/);
    await field.fill('status:gut');
    await expect.poll(() => page.locator('.search .count').textContent()).toContain('status: ist eines von');
    await field.fill('');
    await page.locator('.stage').focus();
    await page.keyboard.press('?');
    await expect.poll(() => page.locator('dialog.help').textContent()).toContain('Umschalt+Rad');
    await timeline.screenshot('german-help');
    await page.keyboard.press('Escape');
    for (const [key, text] of [['2', 'größte zuerst'], ['3', 'Tok. ein'], ['4', 'Wachstum des Kontexts']] as const) {
      await page.keyboard.press(key);
      await expect.poll(() => page.locator('.view:not(.hidden)').last().textContent()).toContain(text);
      await timeline.settled();
      expect(await page.evaluate(HEADS_CUT_OFF)).toEqual([]);
      await timeline.screenshot(`german-view-${key}`);
    }
    await page.evaluate(axe.source);
    const found = await page.evaluate<{ id: string; impact: string }[]>('axe.run(document).then(({ violations }) => violations.map(({ id, impact }) => ({ id, impact })))');
    expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
  });
});

/** The search's own words, which are typed as they are in every language, and what the toolkit puts into a text field that has a name of its own. */
const SAME_EVERYWHERE = new Set(['tokens', 'running', 'words', 'field']);

/** What the page says to eyes and to screen readers, with whatever stands in brackets taken out from the inside. */
const SAID_WITHOUT_BRACKETS = `(() => {
  const texts = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) { if (node.parentElement.closest('script, pre, style') === null) texts.add(node.data); }
    else for (const name of ['title', 'aria-label', 'placeholder']) if (node.getAttribute(name)) texts.add(node.getAttribute(name));
  }
  return [...texts].map((text) => { for (let before = ''; before !== text; ) { before = text; text = text.replace(/⟦[^⟦⟧]*⟧/g, ''); } return text.trim(); });
})()`;

it('says nothing that does not go through a bundle, but what was recorded', async () => {
  await withPage(TimelinePage.hosted(browser, 'tab', {}, bracketed), async (timeline) => {
    const { page } = timeline;
    await shown(timeline);
    const recorded = JSON.stringify(run);
    const said = new Set<string>();
    const listen = async (): Promise<void> => {
      await timeline.settled();
      for (const text of await page.evaluate<string[]>(SAID_WITHOUT_BRACKETS)) said.add(text);
    };
    await listen();
    for (const span of [callId, toolId]) {
      await timeline.send({ type: 'select', spans: [span], reveal: true });
      await listen();
    }
    for (const key of ['2', '3', '4', '?']) {
      await page.keyboard.press(key);
      await listen();
    }
    const words = [...said].flatMap((text) => text.match(/[A-Za-z][A-Za-z’'-]{3,}/g) ?? []);
    expect(words.length).toBeGreaterThan(0);
    expect([...new Set(words)].filter((word) => !recorded.includes(word) && !SAME_EVERYWHERE.has(word))).toEqual([]);
  });
});
