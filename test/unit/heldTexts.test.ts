/** What of prompts is held while a recording is read: each message once, and for a report only what it looks into. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { promptTable } from '../../src/analysis/prompts.ts';
import { MessagesLeftOut } from '../../src/profile/heldTexts.ts';
import type { Profile } from '../../src/profile/model.ts';
import { RecordingReader, type ReadingOptions } from '../../src/profile/readRecording.ts';
import { RecordingError, type RecordingLine } from '../../src/profile/recordingFormat.ts';
import { conversationBefore } from '../../src/simulator/answers/replay.ts';
import { longRecording } from '../fixtures/longRecording.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, end, header, message, recordingText } from './recordingLines.ts';

function read(text: string, options: ReadingOptions): Profile {
  const reader = new RecordingReader(options);
  reader.push(text);
  reader.finish();
  return reader.profile;
}

function longText(lines: number): string {
  const some: RecordingLine[] = [];
  for (const line of longRecording(() => some.length > lines)) some.push(line);
  return recordingText(...some);
}

describe('texts of a report', () => {
  it('are all that it looks into', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        expect(analyze(read(text, { texts: 'report' }))).toEqual(analyze(read(text, {})));
      }),
      { numRuns: 100 },
    );
    const text = longText(200);
    expect(analyze(read(text, { texts: 'report' }))).toEqual(analyze(read(text, {})));
  });

  it('are those of agents that write on in one message, too', () => {
    const prompt = 'Question: who?\n';
    const first = 'Thought: look\nAction: search[Ada]';
    const second = `${prompt}${first}\nObservation: a countess of letters\n`;
    const text = recordingText(
      header(),
      call('a', 1, { request: { messages: [message('system', 'Use Action: tool[x]'), message('user', prompt)] } }),
      callEnd('a', 10, { text: first }),
      call('b', 20, { request: { messages: [message('system', 'Use Action: tool[x]'), message('user', second)] } }),
      callEnd('b', 30, { text: 'Action: finish[Ada]' }),
      end(40),
    );
    const { report } = analyze(read(text, { texts: 'report' }));
    expect(report.tools.map(({ name }) => name)).toEqual(['search']);
    expect({ report }).toMatchObject({ report: analyze(read(text, {})).report });
  });

  it('stay on the disk from some length on, which is told, and changes no figure', () => {
    const text = longText(200);
    const [few, all] = [read(text, { texts: 'report', mostTextChars: 10_000 }), read(text, {})];
    expect(few.warnings).toMatchObject([{ code: 'textsNotRead', message: expect.stringMatching(/that of \d+ later prompts and answers was not read/) as string }]);
    const held = few.calls.flatMap(({ start, end }) => [end?.text ?? '', ...start.request.messages.map((each) => each.text ?? '')]);
    expect([...new Set(held)].join('').length).toBeLessThanOrEqual(10_000);
    expect(analyze(few).report.totals).toEqual(analyze(all).report.totals);
  });
});

describe('a message', () => {
  it('is held once, however many prompts have it', () => {
    const { calls } = read(longText(150), {});
    const messages = calls.flatMap(({ start }) => start.request.messages);
    expect(new Set(messages).size).toBe(new Set(messages.map(({ hash }) => hash)).size);
    expect(messages.length).toBeGreaterThan(5 * new Set(messages).size);
    expect(messages.every(({ text, chars }) => text?.length === chars)).toBe(true);
  });

  it('counts once for what can be held: a long conversation is read where as long a mix of prompts is not', () => {
    const text = longText(150);
    const mostHeldChars = 700_000;
    expect(text.length).toBeGreaterThan(2 * mostHeldChars);
    expect(read(text, { mostHeldChars }).calls.length).toBeGreaterThan(30);
    const unlike = recordingText(header(), ...Array.from({ length: 40 }, (_, n) => call(`c${n}`, n, { request: { messages: [message('user', `${n} ${'x'.repeat(50_000)}`)] } })));
    expect(() => read(unlike, { mostHeldChars })).toThrow(RecordingError);
    expect(() => read(unlike, { mostHeldChars })).toThrow(/takes more than 700 kB.*agent-cost report has its figures/);
    expect(read(unlike, { texts: 'report', mostHeldChars, mostTextChars: 300_000 }).calls).toHaveLength(40);
  });

  it('without a hash is not taken for another', () => {
    const text = recordingText(header(), call('a', 1, { request: { messages: [message('user', 'one', null)] } }), call('b', 2, { request: { messages: [message('user', 'two', null)] } }));
    expect(read(text, {}).calls.map(({ start }) => start.request.messages[0]?.text)).toEqual(['one', 'two']);
  });
});

describe('texts of a page', () => {
  const readForPage = (text: string, options: ReadingOptions = {}) => {
    const leftOut = new MessagesLeftOut();
    return { profile: read(text, { ...options, texts: 'page', elsewhere: leftOut }), leftOut };
  };

  it('are all of them where they fit, and else first those that a report is made with', () => {
    const prompts = Array.from({ length: 20 }, (_, n) => Array.from({ length: 6 }, (_part, part) => message('user', `${n} ${part} ${'word '.repeat(50)}`)));
    const text = recordingText(header(), ...prompts.flatMap((messages, n) => [call(`c${n}`, 10 * n, { request: { messages } }), callEnd(`c${n}`, 10 * n + 5, { text: `answer ${n}` })]), end(1000));
    const all = read(text, {});
    const { profile: whole, leftOut: none } = readForPage(text);
    expect(promptTable(whole.calls, none)).toEqual(promptTable(all.calls));
    expect(whole.warnings).toEqual([]);
    const { profile, leftOut } = readForPage(text, { mostOtherTextChars: 5000 });
    expect(profile.warnings).toMatchObject([{ code: 'promptsNotWhole', message: expect.stringMatching(/of \d+ prompts the earlier messages are not all here/) as string }]);
    const { warnings: told, ...page } = analyze(profile).report;
    const { warnings, ...report } = analyze(read(text, { texts: 'report' })).report;
    expect([page, told.map(({ code }) => code).sort()]).toEqual([report, [...warnings.map(({ code }) => code), 'promptsNotWhole'].sort()]);
    const { messages } = promptTable(profile.calls, leftOut);
    expect(messages.length).toBe(promptTable(all.calls).messages.length);
    const cut = messages.filter((each) => each.leftOut === true);
    expect(cut.length).toBeGreaterThan(0);
    expect(messages.every((each) => (each.text === null) === (each.leftOut === true))).toBe(true);
  });

  it('that were not recorded are not left out', () => {
    const text = recordingText(header(), call('a', 1, { request: { messages: [{ role: 'user', hash: 'h', chars: 5, text: null }, message('user', 'known'), message('user', 'last')] } }), callEnd('a', 2), end(3));
    const { profile, leftOut } = readForPage(text, { mostOtherTextChars: 0 });
    expect(promptTable(profile.calls, leftOut).messages.map((each) => [each.text, each.leftOut])).toEqual([[null, undefined], ['known', undefined], ['last', undefined]]);
  });
});

it('with answers alone has no prompt’s text, and each of them passes by', () => {
  const text = longText(100);
  const seen: (string | null)[] = [];
  const profile = read(text, { texts: 'answers', onPrompt: (line) => seen.push(conversationBefore(line)) });
  const all = read(text, {});
  expect(profile.calls.flatMap(({ start }) => start.request.messages.filter((each) => each.text !== null))).toEqual([]);
  expect(profile.calls.map(({ end: over }) => over?.text)).toEqual(all.calls.map(({ end: over }) => over?.text));
  expect(seen).toEqual(all.calls.map(({ start }) => conversationBefore(start)));
  expect(new Set(seen).size).toBeGreaterThan(10);
});
