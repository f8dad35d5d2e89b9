/** The trace that all of the benchmark's timelines show: eight agents at once, each with spans nested six deep. Pure. */
import { seeded } from '../../fixtures/seeded.ts';

export const AGENTS = 8;
export const DEPTHS = 6;
const STEPS = 3;
/** Leaves in a row below a function at the last but one depth: one model call and its tools. */
const LEAVES = 3;

/** Columns, in order of start within an agent. `leaf`: 0 none, 1 a model call, 2 a tool. */
export interface Trace {
  length: number;
  wallMs: number;
  agent: Uint8Array;
  depth: Uint8Array;
  start: Float64Array;
  end: Float64Array;
  leaf: Uint8Array;
  name: Uint8Array;
  /** Number of the span around it, or -1. */
  parent: Int32Array;
}

/** A trace of `count` spans; the same one whenever it is asked for. */
export function makeTrace(count: number): Trace {
  const random = seeded(count);
  const trace: Trace = { length: 0, wallMs: 0, agent: new Uint8Array(count), depth: new Uint8Array(count), start: new Float64Array(count), end: new Float64Array(count), leaf: new Uint8Array(count), name: new Uint8Array(count), parent: new Int32Array(count) };
  const clocks = new Float64Array(AGENTS);
  /** Adds a span and what is in it; returns its end. */
  const add = (agent: number, depth: number, parent: number, start: number): number => {
    const number = trace.length;
    if (number === count) return start;
    trace.length++;
    trace.agent[number] = agent;
    trace.depth[number] = depth;
    trace.parent[number] = parent;
    trace.name[number] = Math.floor(random() * 40);
    trace.start[number] = start;
    const leaf = depth === DEPTHS - 1;
    let end = start + 0.01;
    if (leaf) {
      trace.leaf[number] = number % LEAVES === 0 ? 1 : 2;
      // From 50 µs to 200 ms: most too short for a pixel of their own.
      end = start + 0.05 * 4000 ** random();
    }
    const children = leaf ? 0 : depth === 0 ? STEPS : depth === DEPTHS - 2 ? LEAVES : depth === 1 ? 1 : 2;
    for (let k = 0; k < children; k++) end = add(agent, depth + 1, number, end) + random() * 0.5;
    trace.end[number] = end;
    return end;
  };
  for (let request = 0; trace.length < count; request++) {
    const agent = request % AGENTS;
    clocks[agent] = add(agent, 0, -1, clocks[agent] as number) + random() * 30;
  }
  trace.wallMs = trace.end.reduce((most, end) => Math.max(most, end), 0);
  return trace;
}
