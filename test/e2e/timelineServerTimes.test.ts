/** What a server tells of a call’s time, in its details. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, recordingText } from '../unit/recordingLines.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const run = analyze(
  readRecording(
    recordingText(
      header(),
      call('told', 100, { stream: false }),
      callEnd('told', 600, { server: { queueMs: 120, prefillMs: null, decodeMs: null, inferenceMs: 340, evidence: 'measured' } }),
      call('silent', 700, { stream: false }),
      callEnd('silent', 900),
      end(1000),
    ),
  ),
);

describe('an answer in one piece', () => {
  it('has prefill and decode together where its server tells them so, and nothing of them elsewhere', async () => {
    await withPage(TimelinePage.hosted(browser, 'tab', { viewport: { width: 1280, height: 800 } }), async (timeline) => {
      await timeline.waitForPost('ready');
      await timeline.send({ type: 'document', document: run });
      await timeline.ready();
      await timeline.send({ type: 'select', spans: ['told'], reveal: true });
      await expect.poll(() => timeline.details()).toMatch(/prefill and decode\s*340 ms/);
      await timeline.send({ type: 'select', spans: ['silent'], reveal: true });
      await expect.poll(() => timeline.details()).toContain('200 ms');
      expect(await timeline.details()).not.toContain('prefill and decode');
    });
  });
});
