/** A page of a recording with more text than it can hold says so, where the texts would be and as a whole. */
import { expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { promptTable } from '../../src/analysis/prompts.ts';
import { MessagesLeftOut } from '../../src/profile/heldTexts.ts';
import { RecordingReader } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, message, recordingText } from '../unit/recordingLines.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const leftOut = new MessagesLeftOut();
const reader = new RecordingReader({ texts: 'page', mostOtherTextChars: 100, elsewhere: leftOut });
const messages = [message('system', 'Be brief.'), message('user', `Long ago. ${'word '.repeat(100)}`), { ...message('user', 'never kept'), text: null }, message('assistant', 'Yes.'), message('user', 'And now?')];
reader.push(recordingText(header(), call('a', 0, { request: { messages } }), callEnd('a', 900, { text: 'Now.' }), end(1000)));
reader.finish();
const { profile } = reader;

it.each(['vscode-dark', 'vscode-light'] as const)('in %s', async (theme) => {
  await withPage(TimelinePage.exported(browser, analyze(profile), { viewport: { width: 520, height: 1000 } }, promptTable(profile.calls, leftOut)), async (timeline) => {
    const { page } = timeline;
    await timeline.theme(theme);
    const details = page.locator('.details');
    await expect.poll(() => details.textContent()).toContain('of 1 prompt the earlier messages are not all here');
    await page.locator('.calls li').last().click();
    await expect.poll(() => details.textContent()).toContain('Prompt · 5 messages');
    const shown = details.locator('.message');
    // The first and the last are open: one of the others by keys, one by the pointer.
    await shown.nth(1).locator('summary').focus();
    await page.keyboard.press('Enter');
    await shown.nth(2).locator('summary').click();
    const texts = async (at: number) => shown.nth(at).locator('p, pre').textContent();
    await expect.poll(() => texts(1)).toBe('Its text is in the recording, and left out here: there are more texts than can be shown.');
    await expect.poll(() => texts(2)).toBe('Its text was not kept in this recording.');
    expect(await shown.last().locator('pre').textContent()).toContain('And now?');
    await timeline.screenshot(`left-out-${theme}`);
  });
});
