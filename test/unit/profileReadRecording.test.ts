import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordingReader, readRecording, type ReadingOptions } from '../../src/profile/readRecording.ts';
import { upgradeLine } from '../../src/profile/upgradeRecording.ts';
import { RECORDING_VERSION, RecordingError } from '../../src/profile/recordingFormat.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';
import { call, callEnd, end, gpu, header, recordingText, sample, span, spanEnd } from './recordingLines.ts';

function reasonOf(text: string, options?: ReadingOptions): RecordingError {
  try {
    const reader = new RecordingReader(options);
    reader.push(text);
    reader.finish();
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
  throw new Error('was read without an error');
}

function inPieces(text: string, cuts: readonly number[]): RecordingReader {
  const reader = new RecordingReader();
  let from = 0;
  for (const cut of [...cuts].map((each) => each % (text.length + 1)).sort((a, b) => a - b)) {
    reader.push(text.slice(from, cut));
    from = cut;
  }
  reader.push(text.slice(from));
  reader.finish();
  return reader;
}

describe('a recording', () => {
  it('folds into calls with their ends, spans, GPU lines and the last word on the backend', () => {
    const later = { ...header().backend, model: 'learned-later' };
    const profile = readRecording(
      recordingText(
        header(),
        { type: 'process', t: 1, pid: 100, ppid: 1, runtime: 'node', runtimeVersion: '24.0.0', argv: ['agent.js'], cwd: '/' },
        call('a', 10),
        { type: 'firstToken', t: 20, id: 'a' },
        span('s', 5),
        callEnd('a', 50, { firstTokenAt: 21 }),
        call('b', 40),
        { type: 'firstToken', t: 45, id: 'b' },
        spanEnd('s', 60),
        gpu(12, 30),
        sample(33),
        { type: 'warning', t: 34, code: 'x', message: 'y' },
        { type: 'backend', t: 35, backend: later },
        end(70, 3),
      ),
    );
    expect(profile.calls.map((each) => [each.start.id, each.firstTokenAt, each.end?.t ?? null])).toEqual([
      ['a', 21, 50],
      ['b', 45, null],
    ]);
    expect(profile.hookSpans.map((each) => [each.start.id, each.end?.t])).toEqual([['s', 60]]);
    expect(profile.backend.model).toBe('learned-later');
    expect(profile.end).toEqual({ t: 70, exitCode: 3, signal: null });
    expect([profile.processes.length, profile.gpu.length, profile.samples.length, profile.warnings.length, profile.lastT]).toEqual([1, 1, 1, 1, 70]);
  });

  it('is the same in whatever pieces it comes', () => {
    fc.assert(
      fc.property(arbitraryRecording, fc.array(fc.nat(), { maxLength: 30 }), (text, cuts) => {
        expect(inPieces(text, cuts).profile).toEqual(readRecording(text));
      }),
      { numRuns: 300 },
    );
  });

  it('opens after a cut at any byte behind its header, with everything that was whole', () => {
    const lines = [header(), call('a', 1), callEnd('a', 2), span('s', 3), spanEnd('s', 4), end(5)];
    const text = recordingText(...lines);
    const headerLength = recordingText(header()).length;
    for (let cut = headerLength; cut <= text.length; cut++) {
      const reader = new RecordingReader();
      reader.push(text.slice(0, cut));
      reader.finish();
      expect(reader.damaged).toBe(0);
      const whole = text.slice(0, cut).split('\n').length - 1;
      expect(reader.profile.calls.length).toBe(whole > 1 ? 1 : reader.profile.calls.length);
      expect(reader.profile.end === null).toBe(cut < text.length - 1);
    }
  });

  it('skips and counts damaged lines, and says so in its warnings', () => {
    const text = recordingText(header(), call('a', 1)) + '{"type":"callEnd","t":\n' + 'garbage\n' + '{"type":"callEnd","t":"soon","id":"a"}\n' + recordingText(callEnd('a', 9), header());
    const reader = new RecordingReader();
    reader.push(text);
    reader.finish();
    expect(reader.damaged).toBe(4);
    expect(reader.profile.calls[0]?.end?.t).toBe(9);
    expect(reader.profile.warnings).toMatchObject([{ code: 'damagedLines', message: expect.stringContaining('4 lines') as string }]);
  });

  it('leaves alone types of lines it does not know, empty lines and Windows line ends', () => {
    const text = `\uFEFF${recordingText(header(), { type: 'carbon', t: 3, grams: 1 }, call('a', 1))}\n\r\n`.replaceAll('\n', '\r\n');
    const reader = new RecordingReader();
    reader.push(text);
    reader.finish();
    expect([reader.damaged, reader.profile.calls.length]).toEqual([0, 1]);
  });

  it('keeps calls, samples and GPU lines in order of time, and GPU lines apart', () => {
    const profile = readRecording(recordingText(header(), call('late', 9), call('early', 3), sample(8), sample(2), gpu(10, 20), gpu(0, 12), gpu(15, 30), gpu(11, 14)));
    expect(profile.calls.map((each) => each.start.id)).toEqual(['early', 'late']);
    expect(profile.samples.map((each) => each.t)).toEqual([2, 8]);
    expect(profile.gpu.map((each) => [each.t, each.end])).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
  });

  it('can be asked while it grows', () => {
    const reader = new RecordingReader();
    expect(reader.started).toBe(false);
    expect(() => reader.profile).toThrow(RecordingError);
    reader.push(recordingText(header(), call('a', 1)) + '{"type":"call');
    expect([reader.started, reader.profile.calls.length, reader.damaged]).toEqual([true, 1, 0]);
    reader.push('End"}\n');
    expect(reader.damaged).toBe(1);
  });
});

describe('what is no recording', () => {
  it('is named for what it is', () => {
    expect(reasonOf('').reason).toBe('empty');
    expect(reasonOf('\n\n').reason).toBe('notARecording');
    expect(reasonOf('hello').reason).toBe('notARecording');
    expect(reasonOf('{"a":1}\n').reason).toBe('notARecording');
    expect(reasonOf('[1]\n').reason).toBe('notARecording');
    expect(reasonOf(JSON.stringify(header()).slice(0, 60)).reason).toBe('damaged');
    expect(reasonOf(recordingText({ ...header(), cwd: 7 }))).toMatchObject({ reason: 'damaged', message: expect.stringContaining('cwd') as string });
    expect(reasonOf(recordingText({ ...header(), version: 0 })).reason).toBe('notARecording');
    expect(reasonOf(recordingText({ ...header(), version: 1.5 })).reason).toBe('notARecording');
  });

  it('of a newer version is refused with the remedy', () => {
    const error = reasonOf(recordingText({ ...header(), version: RECORDING_VERSION + 1, cwd: undefined }));
    expect(error.reason).toBe('newerVersion');
    expect(error.message).toMatch(new RegExp(`version ${RECORDING_VERSION + 1}.*up to ${RECORDING_VERSION}.*Update Agent Cost Profiler`));
  });

  it('is refused before gigabytes of it are held', () => {
    const reader = new RecordingReader();
    expect(() => {
      for (let piece = 0; piece < 10; piece++) reader.push('x'.repeat(1024 * 1024));
    }).toThrow(/not a recording/);
    expect(reasonOf(recordingText(header(), ...Array.from({ length: 300 }, (_, n) => sample(n))), { mostHeldChars: 20_000 })).toMatchObject({ reason: 'tooLarge' });
  });
});

describe('upgrades', () => {
  it('go step by step', () => {
    const steps = { 1: (line: unknown) => [line, 'to 2'], 2: (line: unknown) => [line, 'to 3'] };
    expect(upgradeLine('v1', 1, 3, steps)).toEqual([['v1', 'to 2'], 'to 3']);
    expect(upgradeLine('v3', 3, 3, steps)).toBe('v3');
  });
});

it('a line of gigabytes is not held, and told, with its end or without', () => {
  const zeros = '\0'.repeat(1 << 20);
  for (const ending of ['\n', '']) {
    const reader = new RecordingReader();
    reader.push(recordingText(header(), call('a', 1)));
    for (let piece = 0; piece < 200; piece++) reader.push(zeros);
    reader.push(ending);
    reader.finish();
    expect([reader.damaged, reader.profile.calls.length]).toEqual([1, 1]);
    expect(reader.profile.warnings[0]?.message).toContain('line 3: it is longer than any line of a recording');
  }
});

describe('speed', () => {
  it('grows with the length of the text, not with its square', () => {
    const one = recordingText(call('a', 1)).slice(0, -1);
    const reader = new RecordingReader();
    reader.push(recordingText(header()));
    // One line of 20 MB in pieces of 20 bytes: joined or searched again for each piece, this would take hours.
    const long = JSON.stringify({ ...(JSON.parse(one) as object), path: 'x'.repeat(20_000_000) });
    for (let from = 0; from < long.length; from += 20) reader.push(long.slice(from, from + 20));
    reader.push('\n');
    expect(reader.profile.calls[0]?.start.path.length).toBe(20_000_000);
  });
});
