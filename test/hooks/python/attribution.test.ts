/** Every LLM call of a Python program carries the line of the user's that made it, and the program does not notice. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { environments, findPythons } from './pythons.ts';
import { Session, markedLines, program, programs } from './runs.ts';
import { StandIn } from './standIn.ts';

const covered = await environments(findPythons());
process.stderr.write(`Python hook: ${covered.map((environment) => environment.title).join('; ')}\n`);

let server: StandIn;
let session: Session;
beforeAll(async () => {
  server = await StandIn.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.arrived.length = 0;
  session = new Session({ routeUrl: server.routeUrl });
});
afterEach(() => session.remove());

/** Lines of the first `count` frames of a call in the program's own file. */
function lines(label: string, count: number): number[] {
  const { tag } = server.call(label);
  if (tag === null) throw new Error(`the call ${label} has no tag`);
  expect(tag.unattributed).toBeNull();
  return tag.frames.slice(0, count).map((frame) => frame.line);
}

describe.each(covered)('$title', (environment) => {
  it('names the line of each call of the openai package', async () => {
    const bare = await program(environment, 'calls.py', { OPENAI_BASE_URL: `${server.address}/v1` });
    expect(bare.exit).toBe(0);
    expect(server.arrived.every((call) => call.tag === null)).toBe(true);
    server.arrived.length = 0;

    const hooked = await program(environment, 'calls.py', { ...session.env(), OPENAI_BASE_URL: `${server.routeUrl}/v1` });
    expect(hooked).toEqual(bare);

    const marked = markedLines('calls.py');
    const labels = ['sync', 'stream', 'thread', 'pool', 'await', 'gather-1', 'gather-2', 'late', 'async-stream', 'stream-helper', 'async-stream-helper', 'raw'];
    const found = Object.fromEntries(labels.map((label) => [label, lines(label, 1)]));
    expect(found).toEqual(Object.fromEntries(labels.map((label) => [label, marked.get(label)?.slice(0, 1)])));

    // Chains: what handed the work over follows what did it.
    const [inThread, started] = marked.get('thread') ?? [];
    expect(lines('thread', 2)).toEqual([inThread, started]);
    const [created, inHelper] = marked.get('helper') ?? [];
    expect(lines('helper', 2)).toEqual([inHelper, created]);
    expect(server.call('executor').tag?.frames[1]?.line).toBe(marked.get('executor')?.[0]);
    expect(server.call('to_thread').tag?.frames[1]?.line).toBe(marked.get('to_thread')?.[0]);
    // Known by the function that waits for the thread, where functions are measured.
    const waits = Number(environment.python.version.split('.')[1]) >= 12;
    for (const label of ['worker', 'worker-again']) expect(server.call(label).tag?.frames[1]?.line, label).toBe(waits ? marked.get(label)?.[0] : undefined);
    if (waits) expect(server.call('worker').tag?.frames.map((frame) => frame.function)).toEqual(['ask', 'asynchronous', '<module>']);

    const tags = server.arrived.map((call) => call.tag);
    expect(tags.every((tag) => tag !== null)).toBe(true);
    expect(new Set(tags.map((tag) => tag?.id)).size).toBe(tags.length);
    for (const tag of tags) for (const frame of tag?.frames ?? []) expect(frame.file).toBe(join(programs, 'calls.py'));
    expect(server.call('sync').tag?.thread).toBe('main');
    // Inside of the function that makes it, where functions are measured.
    const makes = session.functions().find(({ start }) => start.id === server.call('sync').tag?.parent);
    expect(makes?.start.name ?? null).toBe(Number(environment.python.version.split('.')[1]) >= 12 ? 'plain' : null);
    expect(server.call('thread').tag?.thread).toMatch(/^Thread-1/);

    const newNames = Number(environment.python.version.split('.')[1]) >= 11;
    const pool = server.call('pool').tag?.frames[0];
    expect(pool?.function).toBe(newNames ? 'Agent.think' : 'think');
    expect(pool?.column).toBe(newNames ? 22 : null);
    expect(server.call('sync').tag?.frames.at(-1)?.function).toBe('<module>');
  });

  it('redirects calls without an SDK and names their line', async () => {
    const env = { PROGRAM_BASE_URL: `${server.address}/v1` };
    const bare = await program(environment, 'plain.py', env);
    expect(bare.exit).toBe(0);
    expect(bare.stdout).not.toContain('False');
    server.arrived.length = 0;
    const hooked = await program(environment, 'plain.py', { ...env, ...session.env() });
    expect(hooked).toEqual(bare);
    const marked = markedLines('plain.py');
    expect(server.arrived.map((call) => call.label).sort()).toEqual([...marked.keys()].sort());
    for (const [label, expected] of marked) {
      const call = server.call(label);
      expect([label, lines(label, 1)]).toEqual([label, expected]);
      expect([label, call.origin]).toEqual([label, `${server.address}/v1`]);
      expect(call.path).toBe(`${new URL(server.routeUrl).pathname}/v1/chat/completions?purpose=test`);
      expect(call.host).toBe(new URL(server.routeUrl).host);
    }
    expect(session.spans()).toEqual([]);
  });
});
