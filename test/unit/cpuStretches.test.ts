/** What V8's profiler saw, as stretches of the user's functions in the gaps between calls. */
import type { Profiler } from 'node:inspector';
import { describe, expect, it } from 'vitest';
import { nextStep, stretchesOf } from '../../src/instrument/node/cpuSampler.ts';

const NODES: [id: number, name: string, url: string, line: number, children: number[]][] = [
  [1, '(root)', '', -1, [2, 7, 8]],
  [2, '', '/a/agent.js', -1, [3, 6]],
  [3, 'parse', '/a/agent.js', 9, [4, 5]],
  [4, 'each', '/a/node_modules/lib/index.js', 3, []],
  [5, 'readFileSync', 'node:fs', 400, []],
  [6, 'wait', '', -1, []],
  [7, '(garbage collector)', '', -1, []],
  [8, '(idle)', '', -1, []],
];
const nodes = NODES.map(([id, functionName, url, lineNumber, children]): Profiler.ProfileNode => ({ id, callFrame: { functionName, scriptId: '1', url, lineNumber, columnNumber: lineNumber }, children, ...(id === 2 ? { positionTicks: [{ line: 11, ticks: 1 }, { line: 12, ticks: 5 }] } : {}) }));
const locate = (url: string, line: number, column: number, name: string | null) => (url.startsWith('/a/agent') ? { file: url, line, column, function: name } : null);

/** Looks every 5 ms from 1000 ms on. */
function seen(samples: number[], gaps = [{ from: 0, to: 9000 }]) {
  const profile: Profiler.Profile = { nodes, startTime: 1_000_000, endTime: 2_000_000, samples, timeDeltas: samples.map(() => 5000) };
  return stretchesOf(profile, gaps, locate).map(({ from, to, frames, activity }) => [from, to, frames.map((frame) => `${frame.function}:${frame.line}`).join(' '), activity]);
}

describe('stretches', () => {
  it('are those in which the same functions of the user are on the stack, where they are written', () => {
    expect(seen([8, 3, 4, 3, 8, 8, 2, 8])).toEqual([
      [1007.5, 1022.5, 'parse:10 null:12', 'cpu'],
      [1032.5, 1037.5, 'null:12', 'cpu'],
    ]);
  });

  it('of a module that awaits are at the line of its source that was met most', () => {
    const awaiting: Profiler.ProfileNode = { id: 1, callFrame: { functionName: '', scriptId: '1', url: '/a/dist/agent.js', lineNumber: 0, columnNumber: 0 }, positionTicks: [{ line: 3, ticks: 9 }] };
    const mapped = (url: string, line: number, column: number, name: string | null) => ({ file: url.replace('dist/', ''), line: line + 40, column, function: name });
    const [stretch] = stretchesOf({ nodes: [awaiting], startTime: 0, endTime: 20_000, samples: [1, 1], timeDeltas: [5000, 5000] }, [{ from: 0, to: 90 }], mapped);
    expect(stretch?.frames).toEqual([{ file: '/a/agent.js', line: 43, column: null, function: null }]);
  });

  it('go on while memory is cleaned up, and are told apart by what is done', () => {
    expect(seen([3, 7, 3, 5, 5, 8])).toEqual([
      [1002.5, 1017.5, 'parse:10 null:12', 'cpu'],
      [1017.5, 1027.5, 'parse:10 null:12', 'file'],
    ]);
  });

  it('leave out what is outside of gaps, and threads that stand still', () => {
    expect(seen([3, 3, 3, 3, 3, 3], [{ from: 1009, to: 1012 }])).toEqual([[1009, 1012, 'parse:10 null:12', 'cpu']]);
    expect(seen([6, 6, 6])).toEqual([]);
    expect(seen([3, 3], [])).toEqual([]);
  });

  it('are none of an empty profile', () => {
    expect(stretchesOf({ nodes: [], startTime: 0, endTime: 0 }, [], locate)).toEqual([]);
  });
});

describe('a program', () => {
  it('is looked at once something was computed in one of its gaps, and read from time to time', () => {
    expect(nextStep({ isOn: false, unreadMs: 90_000, busiestMs: 19 })).toBeNull();
    expect(nextStep({ isOn: false, unreadMs: 90_000, busiestMs: 20 })).toBe('start');
    expect(nextStep({ isOn: true, unreadMs: 10, busiestMs: 20 })).toBeNull();
    expect(nextStep({ isOn: true, unreadMs: 60_000, busiestMs: 20 })).toBe('read');
  });
});
