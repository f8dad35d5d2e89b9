/** What a call said, in the details: an exported page has it with it, the editor is asked for it. */
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { promptTable } from '../../src/analysis/prompts.ts';
import { spanContent } from '../../src/analysis/spanContent.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, message, recordingText, site, span, spanEnd, toolCall } from '../unit/recordingLines.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';
import type { SpanContent } from '../../src/protocol/content.ts';

const SYSTEM = message('system', `You answer with the help of tools. ${'Think step by step. '.repeat(40)}`);
const QUESTION = message('user', 'Who was <b>Ada</b> Lovelace?');
const ASKED = message('assistant', 'search{"q":"Ada Lovelace"}');
const FOUND = message('tool', 'An English mathematician.\u202e');
const usage = (promptTokens: number, cachedTokens: number) => ({ promptTokens, cachedTokens, completionTokens: 20, reasoningTokens: null });
const THINK = [site('/home/user/project/agent.py', 10, 'think'), ...[20, 30, 40, 50, 60].map((line) => site('/home/user/project/agent.py', line, `level${line}`))];

const profile = readRecording(
  recordingText(
    header(),
    call('first', 0, { frames: THINK, request: { messages: [SYSTEM, QUESTION], tools: ['search'], toolsChars: 120 } }),
    callEnd('first', 900, { text: '', usage: usage(240, 0), toolCalls: [{ ...toolCall('t1', 'search'), arguments: '{"q":"Ada Lovelace"}' }] }),
    span('s1', 910, { kind: 'tool', name: 'search', source: 'toolRunner', callId: 't1' }),
    spanEnd('s1', 1900),
    call('failed', 2000, { frames: THINK, request: { messages: [SYSTEM, QUESTION, ASKED, FOUND], tools: ['search'], toolsChars: 120, toolResults: [{ callId: 't1', bytes: 28 }] } }),
    callEnd('failed', 2100, { status: 'error', httpStatus: 500, error: 'HTTP 500', usage: null, text: null }),
    call('second', 2200, { attempt: 2, frames: THINK, request: { messages: [SYSTEM, QUESTION, ASKED, FOUND], tools: ['search'], toolsChars: 120, toolResults: [{ callId: 't1', bytes: 28 }] } }),
    callEnd('second', 3000, { text: 'A mathematician.', usage: usage(270, 224) }),
    call('third', 3100, { frames: THINK, request: { messages: [SYSTEM, message('user', 'Who was <b>Ada</b> Byron?')] } }),
    callEnd('third', 3900, { text: 'The same.', usage: usage(240, 224) }),
    end(4000),
  ),
);
const run = analyze(profile);
const prompts = promptTable(profile.calls);


describe('a call’s texts', () => {
  it('are in an exported page: each message, and where the first new token is', async () => {
    await withPage(TimelinePage.exported(browser, run, { viewport: { width: 520, height: 900 } }, prompts), async (timeline) => {
      const { page } = timeline;
      await page.locator('.calls li').last().click();
      const details = page.locator('.details');
      await expect.poll(() => details.textContent()).toContain('Prompt · 2 messages');
      await expect.poll(() => details.textContent()).toContain('The server had 224 of 240 tokens cached (93 %)');
      const messages = details.locator('.message');
      expect(await messages.locator('summary').allTextContents()).toEqual([expect.stringMatching(/^system · \d+ charactersas before$/), 'user · 25 charactersnew from here']);
      // What is new is open, with the sign where it begins; recorded markup is text.
      expect(await messages.nth(1).locator('pre').textContent()).toBe('Who was <b>Ada</b> ▸Byron?');
      expect(await messages.nth(0).getAttribute('open')).toBeNull();
      await messages.nth(0).locator('summary').focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => messages.nth(0).locator('pre').textContent()).toContain('Think step by step.');
      await details.getByRole('button', { name: 'earlier call' }).click();
      await expect.poll(() => details.textContent()).toContain('tried again after');
    });
  });

  it('say what a tool was asked and what it gave, with the way to both calls', async () => {
    await withPage(TimelinePage.exported(browser, run, { viewport: { width: 520, height: 900 } }, prompts), async (timeline) => {
      const { page } = timeline;
      await page.locator('.calls li', { hasText: 'search' }).click();
      const details = page.locator('.details');
      await expect.poll(() => details.textContent()).toContain('{"q":"Ada Lovelace"}');
      expect(await details.textContent()).toContain('An English mathematician.⟨U+202E⟩');
      await details.locator('p', { hasText: 'handed to' }).getByRole('button').click();
      await expect.poll(() => details.textContent()).toContain('HTTP 500');
      await details.locator('p', { hasText: 'tried again by' }).getByRole('button').click();
      await expect.poll(() => details.textContent()).toContain('Prompt · 4 messages');
      await details.locator('p', { hasText: 'before:' }).getByRole('button').click();
      await expect.poll(() => details.textContent()).toContain('tried again by');
    });
  });

  it('are asked of the editor, once for each call, and shown when they come', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab', { viewport: { width: 1280, height: 800 } }), async (timeline) => {
      const { page } = timeline;
      await timeline.waitForPost('ready');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await timeline.send({ type: 'select', spans: ['second'], reveal: true });
      expect(await timeline.waitForPost('content')).toEqual({ type: 'content', span: 'second' });
      const details = page.locator('.details');
      expect(await details.textContent()).toContain('Prompt’s end');
      const content = (id: string): SpanContent | null => spanContent(prompts, { id, toolCallId: null, startMs: 0 });
      await timeline.send({ type: 'content', span: 'second', content: content('second') });
      await expect.poll(() => details.textContent()).toContain('Prompt · 4 messages');
      expect(await details.textContent()).toContain('stack of 6 frames');
      await details.locator('.frames summary').click();
      await details.locator('.stack .link', { hasText: 'level60' }).click();
      expect(await timeline.waitForPost('openSource')).toEqual({ type: 'openSource', span: 'second', frame: 5 });
      await details.getByRole('button', { name: 'Copy as curl' }).click();
      const command = (await timeline.waitForPost('copy')).text;
      expect(command).toContain("curl 'http://127.0.0.1:8000/v1/chat/completions'");
      expect(command).toContain('"tool_call_id":"t1"');
      await details.getByRole('button', { name: 'Copy as JSON' }).click();
      await expect.poll(async () => (JSON.parse((await timeline.waitForPost('copy')).text.replace(/^[^{].*/su, '{}')) as { span?: { id: string } }).span?.id).toBe('second');
      // Again, and of another: what is known is not asked twice.
      await timeline.send({ type: 'select', spans: ['third'], reveal: true });
      await expect.poll(() => timeline.waitForPost('content')).toEqual({ type: 'content', span: 'third' });
      await timeline.send({ type: 'select', spans: ['second'], reveal: true });
      await expect.poll(() => details.textContent()).toContain('Prompt · 4 messages');
      expect((await timeline.posted()).filter(({ type }) => type === 'content')).toHaveLength(2);
      // What was opened stays open while the run goes on.
      await details.locator('.message summary').first().click();
      await timeline.send({ type: 'update', update: { report: { ...run.report, findings: [] }, spans: [], removed: [], gpuFrom: run.gpu.length, gpu: [] } });
      await timeline.settled();
      expect(await details.locator('.message').first().getAttribute('open')).not.toBeNull();
    });
  });

  it.each(['vscode-dark', 'vscode-light'] as const)('are drawn in %s, and nothing in them is a barrier', async (theme) => {
    await withPage(TimelinePage.hosted(browser, 'tab', { viewport: { width: 1280, height: 800 } }), async (timeline) => {
      await timeline.theme(theme);
      await timeline.waitForPost('ready');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await timeline.send({ type: 'select', spans: ['third'], reveal: true });
      await timeline.waitForPost('content');
      await timeline.send({ type: 'content', span: 'third', content: spanContent(prompts, { id: 'third', toolCallId: null, startMs: 0 }) });
      await expect.poll(() => timeline.details()).toContain('new from here');
      await timeline.screenshot(`contents-${theme}`);
      await timeline.page.evaluate(axe.source);
      const found = await timeline.page.evaluate<{ violations: { id: string; impact: string | null }[] }>("axe.run('.details', { resultTypes: ['violations'] })");
      expect(found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    });
  });
});
