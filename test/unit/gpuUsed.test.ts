import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpuUsed } from '../../src/analysis/gpuUsed.ts';
import { gpuUsedTexts } from '../../src/profile/gpuUsedText.ts';
import type { GpuUtilization, SampleLine } from '../../src/profile/recordingFormat.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import { end, header, recordingText, sample } from './recordingLines.ts';

const backend = readRecording(recordingText(header(), end(10))).backend;
const reading = (t: number, utilization?: GpuUtilization, source = 'nvidia-smi'): SampleLine => ({ ...sample(t, {}), source, ...(utilization === undefined ? {} : { utilization }) });
const used = (samples: SampleLine[], wallMs = 10_000, simulated = false) => gpuUsed({ samples, backend: { ...backend, simulated } }, wallMs);

describe('how busy the GPUs were', () => {
  it('is the readings’ mean, each over the time since the one before', () => {
    expect(used([reading(0, { busy: 1 }), reading(100, { busy: 0.5, tensor: 0.1 }), reading(400, { busy: 0.1 })])).toEqual({
      source: 'nvidia-smi', evidence: 'measured', readings: 3, overMs: 400, busy: expect.closeTo((0.5 * 100 + 0.1 * 300) / 400, 12) as unknown, engine: null, tensor: 0.1,
    });
  });

  it('is not known where nothing was read, or once, or long apart', () => {
    expect(used([])).toBeNull();
    expect(used([reading(0), reading(100)])).toBeNull();
    expect(used([reading(0, { busy: 1 })])).toBeNull();
    expect(used([reading(0, { busy: 1 }), reading(6000, { busy: 1 })])).toBeNull();
    // What lies behind the run's end is not of it.
    expect(used([reading(0, { busy: 1 }), reading(100, { busy: 1 })], 50)).toBeNull();
  });

  it('counts one instrument alone, that which read most', () => {
    const two = [reading(0, { busy: 1 }), reading(10, { engine: 0.5 }, 'box:9400'), reading(100, { busy: 1 }), reading(110, { engine: 0.5 }, 'box:9400'), reading(200, { busy: 1 })];
    expect(used(two)).toMatchObject({ source: 'nvidia-smi', busy: 1, engine: null });
  });

  it('says that a simulated server’s is simulated', () => {
    expect(used([reading(0, { engine: 1 }), reading(100, { engine: 1 })], 1000, true)).toMatchObject({ evidence: 'simulated', engine: 1 });
  });

  it('lies between the least and the most that was read', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ gap: fc.integer({ min: 1, max: 6000 }), busy: fc.double({ min: 0, max: 1, noNaN: true }) }), { minLength: 2, maxLength: 40 }), (readings) => {
        let t = 0;
        const found = used(readings.map(({ gap, busy }) => reading((t += gap), { busy })), Infinity);
        if (found === null) return readings.slice(1).every(({ gap }) => gap > 5000);
        const all = readings.map(({ busy }) => busy);
        return found.busy! >= Math.min(...all) - 1e-9 && found.busy! <= Math.max(...all) + 1e-9 && found.overMs <= t;
      }),
    );
  });

  it('is told in words with what was read, and without what was not', () => {
    expect(gpuUsedTexts({ source: 'nvidia-smi\u001b[31m', evidence: 'measured', readings: 2, overMs: 100, busy: 0.834, engine: null, tensor: 0.02 })).toEqual([
      'a kernel ran 83 %',
      'tensor cores active 2 %',
      expect.stringMatching(/^read from nvidia-smi[^\u001b]*\(measured\)$/),
    ]);
  });
});
