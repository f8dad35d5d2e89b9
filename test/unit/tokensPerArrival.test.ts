import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { CallEndLine } from '../../src/profile/recordingFormat.ts';
import { call, callEnd, end, header, recordingText } from './recordingLines.ts';

const usage = (completionTokens: number | null, reasoningTokens: number | null = null) => ({ promptTokens: 9, cachedTokens: 0, completionTokens, reasoningTokens });

/** What is told of a call that ended so. */
function told(more: Partial<CallEndLine>): number | undefined {
  const { report } = analyze(readRecording(recordingText(header(), call('a', 0), callEnd('a', 1000, { firstTokenAt: 100, chunkGaps: [0, 20, 20, 20], ...more }), end(1000))));
  return report.spans.find(({ id }) => id === 'a')!.llm!.tokensPerArrival;
}

describe('how many tokens came at once', () => {
  it('is told where it is more than one', () => {
    expect(told({ usage: usage(14) })).toBe(3.5);
    // Two of four came in one packet.
    expect(told({ usage: usage(6), chunkGaps: [0, 20, 0, 20] })).toBe(2);
  });

  it.each<[string, Partial<CallEndLine>]>([
    ['each came by itself', { usage: usage(4) }],
    ['the last has no words', { usage: usage(5) }],
    ['nobody counted them', { usage: usage(null) }],
    ['there is no account', { usage: null }],
    ['some may not have been sent', { usage: usage(14, 10) }],
    ['the answer was cut off', { usage: usage(14), status: 'cancelled' }],
    ['the answer came in one piece', { usage: usage(14), chunkGaps: [], firstTokenAt: null }],
  ])('is not told where %s', (_where, more) => {
    expect(told(more)).toBeUndefined();
  });
});
