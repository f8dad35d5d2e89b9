/** What a program computes between calls, from V8's own profiler. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HookedRuns, bareEnvironment, lineOf, programs, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS, findNode, type NodeMajor } from './nodes.ts';
import { PATIENT } from '../../fixtures/patient.ts';

/** What sampled edges may be off by on a busy machine; never a bound on how long something takes. */
const SLACK_MS = 100;
const runs = new HookedRuns();
const nodes = new Map<NodeMajor, string>();
let server: Server;
let url: string;

beforeAll(async () => {
  await runs.build();
  // The profiler is started while a model is waited for: an answer comes once the program asks for it, which it does later.
  const waiting: (() => void)[] = [];
  let asked = 0;
  const answer = () => {
    for (; asked > 0 && waiting.length > 0; asked -= 1) waiting.shift()?.();
  };
  server = createServer(PATIENT, (request, response) => {
    if (request.url === '/answer') {
      asked += 1;
      response.end();
    } else waiting.push(() => response.setHeader('content-type', 'application/json').end('{"choices":[]}'));
    request.resume().on('end', answer);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/TOKEN`;
  for (const major of NODE_MAJORS) nodes.set(major, await findNode(major));
}, 600_000);
afterAll(() => {
  server.closeAllConnections();
  server.close();
  runs.remove();
});

function digestOf(spans: ReturnType<typeof spansOf>) {
  return spans.find(({ source, name }) => source === 'function' && name === 'digest');
}

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('finds the functions that compute, and those that read files', async () => {
    const node = nodes.get(major) ?? '';
    const bare = await runProgram(node, ['computing.mjs'], { ...bareEnvironment(), OPENAI_BASE_URL: `${url}/v1` });
    const environment = runs.environment(url);
    expect(await runProgram(node, ['computing.mjs'], environment)).toEqual(bare);
    expect(bare.code, bare.stderr).toBe(0);
    const spans = spansOf(runs.events(environment));
    const stretches = spans.filter(({ source, frames }) => source === 'sampled' && frames.length > 0);
    const timeIn = (name: string, activity: string) =>
      stretches.filter((span) => span.activity === activity && span.frames.some((frame) => frame.function === name)).reduce((sum, span) => sum + (span.ended?.t ?? 0) - span.t, 0);
    expect(timeIn('parseResults', 'cpu')).toBeGreaterThan(200 - SLACK_MS);
    // The way from V8 to the system and back is no code of the user's, nor anybody's.
    expect(timeIn('readAll', 'file')).toBeGreaterThan(200 - 1.75 * SLACK_MS);
    // With the work at the end, whose function may be the module's own to V8, which puts small functions into others.
    const time = stretches.reduce((sum, span) => sum + (span.ended?.t ?? 0) - span.t, 0);
    expect(time).toBeGreaterThan(500 - 2.5 * SLACK_MS);
    for (const span of stretches) {
      expect(span).toMatchObject({ kind: 'other', evidence: 'sampled', parent: null, ended: { status: 'ok' } });
      for (const { file } of span.frames) expect(file.startsWith(programs)).toBe(true);
    }
    const lines = new Map(stretches.flatMap(({ frames }) => frames.map((frame) => [frame.function, frame.line] as const)));
    for (const [name, site] of [['parseResults', 'parse'], ['readAll', 'read']] as const) expect(lines.get(name), name).toBe(lineOf('computing.mjs', site));
    // The first gap, in which only the thread's clocks tell of what has no probe.
    expect(digestOf(spans)).toMatchObject({ activity: 'cpu', frames: [{ line: lineOf('computing.mjs', 'digest') }, {}], ended: { status: 'ok' } });
    const unseen = spans.filter(({ source, frames }) => source === 'sampled' && frames.length === 0);
    expect(unseen).toMatchObject(unseen.map(() => ({ name: 'computing', activity: 'cpu', unattributed: expect.any(String) as string })));
    expect(unseen.reduce((sum, span) => sum + (span.ended?.t ?? 0) - span.t, 0)).toBeGreaterThan(50 - 1);
    expect(unseen.every((span) => (span.ended?.t ?? 0) <= (digestOf(spans)?.t ?? 0) || span.t >= (digestOf(spans)?.ended?.t ?? Infinity))).toBe(true);
  });

  it('takes no wait of the first gap for work', async () => {
    const environment = { ...runs.environment(url), FIRST_WAIT: '400' };
    const outcome = await runProgram(nodes.get(major) ?? '', ['computing.mjs'], environment);
    expect(outcome.code, outcome.stderr).toBe(0);
    const spans = spansOf(runs.events(environment));
    expect(digestOf(spans)?.activity).toBe('cpu');
    expect(spans.filter(({ source, frames }) => source === 'sampled' && frames.length === 0)).toEqual([]);
  });

  it.each([['--cpu-prof'], ['--inspect=0']])('leaves the program to whoever looks into it with %s', async (option) => {
    const environment = runs.environment(url);
    const outcome = await runProgram(nodes.get(major) ?? '', [option, ...(option === '--cpu-prof' ? ['--cpu-prof-dir', runs.folder] : []), 'computing.mjs'], environment);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(spansOf(runs.events(environment)).filter(({ source }) => source === 'sampled')).toEqual([]);
  });
});
