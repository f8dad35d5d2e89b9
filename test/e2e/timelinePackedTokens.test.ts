/** What the details say of times where tokens came together, and of audio that is charged by its length. */
import { expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, recordingText } from '../unit/recordingLines.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const streamed = (completionTokens: number) => ({ firstTokenAt: 100, chunkGaps: [0, ...new Array<number>(9).fill(20)], usage: { promptTokens: 100, cachedTokens: 0, completionTokens, reasoningTokens: null } });
const run = analyze(
  readRecording(
    recordingText(
      header(),
      call('single', 0),
      callEnd('single', 400, streamed(10)),
      call('packed', 500),
      callEnd('packed', 900, { ...streamed(32), firstTokenAt: 600 }),
      call('heard', 1000, { endpoint: 'opaque', path: '/v1/audio/transcriptions', stream: false }),
      callEnd('heard', 1400, { usage: { promptTokens: null, cachedTokens: null, completionTokens: null, reasoningTokens: null, audioSeconds: 17.5 } }),
      end(1400),
    ),
  ),
);

it('the details of a call say what is known of tokens that came together, and of audio', async () => {
  await withPage(TimelinePage.hosted(browser, 'tab', { viewport: { width: 1280, height: 800 } }), async (timeline) => {
    await timeline.waitForPost('ready');
    await timeline.send({ type: 'document', document: run });
    await timeline.ready();
    const details = async (span: string): Promise<string> => {
      await timeline.send({ type: 'select', spans: [span], reveal: true });
      await timeline.settled();
      return (await timeline.page.locator('.details').innerText()).replaceAll(/\s+/g, ' ');
    };
    const single = await details('single');
    expect(single).toContain('between tokens p50 20 ms');
    expect(single).not.toContain('at once');
    const packed = await details('packed');
    expect(packed).toContain('tokens at once 3.2 between arrivals p50 20 ms');
    expect(packed).not.toContain('between tokens');
    expect(await details('heard')).toContain('audio 17.5 s');
  });
});
