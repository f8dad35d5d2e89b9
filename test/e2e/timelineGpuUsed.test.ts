/** How busy the GPUs were by their own instrument, in the run's details. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { call, callEnd, end, header, recordingText, sample } from '../unit/recordingLines.ts';
import { browser } from './timelineBrowser.ts';
import { TimelinePage, withPage } from './timelinePage.ts';

const calls = [call('asked', 100), callEnd('asked', 900)];
const run = (...samples: object[]) => analyze(readRecording(recordingText(header(), ...calls, ...samples, end(1000))));
const readings = [0, 500, 1000].map((t) => sample(t, { source: 'gpu-box:9400', watts: null, joules: t / 4, utilization: { busy: 0.94, engine: 0.87, tensor: 0.053 } }));

describe('the GPU’s time', () => {
  it.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['contrast', { colorScheme: 'dark', contrast: 'more' }],
  ] as const)('has with it what DCGM says of its use, and how that is known (%s)', async (name, options) => {
    await withPage(TimelinePage.exported(browser, run(...readings), options), async (timeline) => {
      const details = await timeline.details();
      expect(details).toMatch(/a kernel ran\s*94 %/);
      expect(details).toMatch(/engine active\s*87 %/);
      expect(details).toMatch(/tensor cores active\s*5 %/);
      expect(details).toMatch(/read from\s*gpu-box:9400 \(measured\)/);
      await timeline.screenshot(`gpu-used-${name}`);
    });
  });

  it('says nothing of it where nothing was read', async () => {
    await withPage(TimelinePage.exported(browser, run()), async (timeline) => {
      expect(await timeline.details()).toContain('GPU’s time');
      expect(await timeline.details()).not.toContain('a kernel ran');
    });
  });
});
