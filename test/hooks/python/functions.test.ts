/** The program's own functions between its calls: measured where Python can, else sampled, and what they waited for. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { environment, environments, findPythons } from './pythons.ts';
import { Session, markedLines, program, type SpanPair } from './runs.ts';
import { StandIn } from './standIn.ts';

const pythons = findPythons();
const plain = await Promise.all(pythons.map((python) => environment(python, 'nothing')));
const withAiohttp = (await environments(pythons)).filter(({ packages }) => packages === 'openai-newest');
/** What a sampled edge may be off by, several looks on a busy machine; never a bound on how long something takes. */
const SLACK_MS = 100;

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

const minor = (version: string): number => Number(version.split('.')[1]);
const isMeasured = (version: string): boolean => minor(version) >= 12;

async function run(environment: Parameters<typeof program>[0], name: string): Promise<SpanPair[]> {
  const env = { PROGRAM_BASE_URL: `${server.address}/v1` };
  const bare = await program(environment, name, env);
  expect(bare.exit, bare.stderr).toBe(0);
  server.arrived.length = 0;
  const hooked = await program(environment, name, { ...env, PROGRAM_EVENTS: session.folder, ...session.env() });
  expect(hooked).toEqual(bare);
  return session.functions();
}

/** The functions' runs that were recorded around a call, innermost first. */
function aroundCall(spans: SpanPair[], label: string): SpanPair['start'][] {
  const found: SpanPair['start'][] = [];
  for (let id = server.call(label).tag?.parent ?? null; id !== null; id = found.at(-1)?.parent ?? null) {
    const span = spans.find(({ start }) => start.id === id);
    if (span === undefined) throw new Error(`${label}: nothing has the id ${id}`);
    found.push(span.start);
  }
  return found;
}

const lengthOf = ({ start, ends }: SpanPair): number => (ends[0]?.t ?? Infinity) - start.t;
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
/** Stretches in which a function was on the stack. */
const sampledIn = (spans: SpanPair[], name: string): SpanPair[] => spans.filter(({ start }) => start.source === 'sampled' && start.frames.some((frame) => frame.function?.split('.').at(-1) === name));
const sampledTime = (spans: SpanPair[], name: string): number => sum(sampledIn(spans, name).map(lengthOf));

function expectActivity(spans: SpanPair[], name: string, activity: string): void {
  const stretches = sampledIn(spans, name);
  const time = sum(stretches.filter(({ start }) => start.activity === activity).map(lengthOf));
  const told = stretches.map((stretch) => `${stretch.start.activity} ${Math.round(lengthOf(stretch))} ms`).join(', ');
  expect(time, `${name}: ${told}`).toBeGreaterThan(sum(stretches.map(lengthOf)) / 2);
}

describe.each(plain)('$title', (environment) => {
  const { version } = environment.python;

  // Who looks every few milliseconds is kept waiting itself on a machine with much else to do, now and then for longer than a function runs.
  it('sees functions between calls, how long each took, and what it waited for', { retry: 2 }, async () => {
    const spans = await run(environment, 'own_functions.py');
    expect(server.arrived.map(({ label }) => label)).toEqual(['one', 'two', 'three']);
    const marked = markedLines('own_functions.py');
    for (const { ends } of spans) expect(ends.length).toBe(1);
    const activities = { wait: 'sleep', compute: 'cpu', read_pipe: 'process', run_program: 'process', hold: 'lock', collect: 'sleep', chunk: 'sleep' };
    for (const [name, activity] of Object.entries(activities)) {
      expect(sampledTime(spans, name), name).toBeGreaterThan(150 - SLACK_MS);
      if (process.platform === 'linux') expectActivity(spans, name, activity);
    }
    // What ran before the first answer is not looked at: one of the two runs of wait() is seen, of once 150 ms.
    expect(sampledTime(spans, 'wait')).toBeLessThan(250);
    const own = spans.filter(({ start }) => start.frames[0]?.line === marked.get('own')?.[0]);
    expect(sum(own.map(lengthOf))).toBeGreaterThan(150 - SLACK_MS);

    const measured = spans.filter(({ start }) => start.source === 'function');
    if (!isMeasured(version)) {
      expect(measured).toEqual([]);
      return;
    }
    for (const name of ['wait', 'compute', 'read_pipe', 'run_program', 'hold', 'fail', 'collect', 'in_pool', 'chunk']) {
      const runs = measured.filter(({ start }) => start.name === name);
      expect(runs.map(({ start }) => start.frames[0]?.line), name).toEqual(runs.map(() => marked.get(name)?.[0]));
      expect(runs.length, name).toBe(name === 'chunk' ? 2 : 1);
      for (const each of runs) expect(lengthOf(each), name).toBeGreaterThanOrEqual(name === 'fail' ? 50 : 149);
    }
    // Called a million times over, and no longer watched: none of its runs took a millisecond.
    expect(measured.filter(({ start }) => start.name === 'add_one').length).toBeLessThan(3);
    const failed = measured.filter(({ start }) => start.name === 'fail' || start.name === 'outer');
    expect(failed.map(({ ends }) => [ends[0]?.status, ends[0]?.error])).toEqual([['error', 'ValueError: the reason'], ['error', 'ValueError: the reason']]);
    // The call's parent is the function that made it, and so on outwards, also those that had begun before the first call.
    expect(['one', 'two', 'three'].map((label) => aroundCall(measured, label).map(({ name }) => name))).toEqual([['think', 'answer', 'main'], ['think', 'answer', 'main'], ['think', 'main']]);
    expect(measured.map(({ start }) => start.name).filter((name) => name === 'answer' || name === 'main')).toHaveLength(2);
    const child = session.spans().find(({ start }) => start.source === 'process');
    expect(child?.start.parent).toBe(measured.find(({ start }) => start.name === 'run_program')?.start.id);
  });

  it('knows whose calls they are that threads make which were at work before the first', async () => {
    const spans = await run(environment, 'at_once.py');
    const questions = ['a', 'b', 'c', 'd'];
    const outermost = questions.map((question) => [1, 2].map((number) => aroundCall(spans, `${question} ${number}`).at(-1)));
    if (!isMeasured(version)) {
      expect(outermost.flat()).toEqual(Array(8).fill(undefined));
      return;
    }
    expect(outermost.flat().map((run) => run?.name)).toEqual(Array(8).fill('answer'));
    for (const [first, second] of outermost) expect(second?.id).toBe(first?.id);
    expect(new Set(outermost.map(([first]) => first?.id)).size).toBe(4);
    const answers = spans.filter(({ start }) => start.source === 'function' && start.name === 'answer');
    expect(answers.map(({ ends }) => ends.map(({ status }) => status))).toEqual(Array(4).fill(['ok']));
  });

  it('does not show its thread to the program, and is gone while the program forks', async () => {
    const spans = await run(environment, 'forks.py');
    expect(server.arrived.map(({ label }) => label).sort()).toEqual(['child', 'one', 'two']);
    const pids = new Set(session.events().flatMap((event) => (event.type === 'hello' ? [event.pid] : [])));
    expect(pids.size).toBe(2);
    // Seen in the parent before and after the fork, and in the child once it had its own answer.
    expect(sampledTime(spans, 'after')).toBeGreaterThan(0);
    expect(sampledIn(spans, 'before').length).toBeGreaterThanOrEqual(2);
  });

  it('has what forked workers do inside of the function that forked them, which alone tells of itself', async () => {
    const spans = await run(environment, 'forked_workers.py');
    const runs = (name: string): SpanPair[] => spans.filter(({ start }) => start.source === 'function' && start.name === name);
    const count = isMeasured(version) ? 1 : 0;
    expect(runs('heavy').map(({ ends }) => ends.length)).toEqual(Array<number>(count).fill(1));
    expect(runs('crunch').map(({ start, ends }) => [start.parent, ends.length])).toEqual(Array<[string | undefined, number]>(2 * count).fill([runs('heavy')[0]?.start.id, 1]));
    // Idle workers are in no function, though their stack goes on with that of their parent.
    const workers = session.eventsByFile().filter((events) => events.some((event) => event.type === 'hello' && event.pid !== server.call('one').tag?.pid));
    expect(workers).toHaveLength(2);
    expect(workers.flat().flatMap((event) => (event.type === 'span' && event.frames[0]?.function === 'heavy' ? [event] : []))).toEqual([]);
  });

  // As above.
  it('still sees a program that has closed every descriptor, ours among them', { retry: 2 }, async () => {
    const spans = await run(environment, 'closes_all.py');
    expect(server.arrived.map(({ label }) => label)).toEqual(['one', 'two', 'three']);
    expect(sampledTime(spans, 'before')).toBeGreaterThan(0);
    expect(sampledTime(spans, 'after')).toBeGreaterThan(0);
  });
});

describe.each(plain.filter(({ python }) => isMeasured(python.version)))('$title', (environment) => {
  it('has the ends of functions written soon, also where nothing follows', async () => {
    const outcome = await program(environment, 'ends.py', { PROGRAM_BASE_URL: `${server.address}/v1`, ...session.env() });
    expect(outcome).toMatchObject({ stdout: 'work has ended\nwork_in_child has ended\n', exit: 0 });
  });
});

describe.each(withAiohttp)('$title', (environment) => {
  it('has what a task computed end before the call that it makes then', async () => {
    const spans = await run(environment, 'computes_in_task.py');
    const stretches = sampledIn(spans, 'ask');
    expect(stretches.length).toBeGreaterThan(0);
    // Elsewhere the clocks are not known to be one.
    if (process.platform !== 'linux') return;
    const over = stretches.filter(({ start, ends }) => server.arrived.some(({ at }) => start.t < at && at < (ends[0]?.t ?? Infinity)));
    expect(over.map(({ start, ends }) => [start.t, ends[0]?.t])).toEqual([]);
  });

  // As above.
  it('names the call that came before in the same conversation', { retry: 2 }, async () => {
    const spans = await run(environment, 'conversations.py');
    const labelOf = new Map(server.arrived.map(({ tag, label }) => [tag?.id, label]));
    const after = (name: string, source: 'function' | 'sampled' | 'process'): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const { start } of [...spans, ...session.spans()]) {
        if (start.source !== source || start.name !== name) continue;
        const label = start.after === undefined ? 'none' : (labelOf.get(start.after) ?? start.after);
        counts[label] = (counts[label] ?? 0) + 1;
      }
      return counts;
    };
    // Looked at from outside, in tasks and threads alike.
    const names = (conversations: string[]): string[] => conversations.flatMap((name) => [`${name} 0`, `${name} 1`]);
    expect(Object.keys(after('search', 'sampled')).sort()).toEqual(names(['left', 'right']));
    expect(Object.keys(after('look', 'sampled')).sort()).toEqual([...names(['down', 'early', 'late', 'left']), 'none', ...names(['right', 'up'])]);
    const both = (conversations: string[], count: number) => Object.fromEntries(conversations.flatMap((name) => [[`${name} 0`, count], [`${name} 1`, count]]));
    expect(after('run_program', 'process')).toEqual(both(['up', 'down', 'early', 'late'], 1));
    if (!isMeasured(environment.python.version)) {
      expect([after('search', 'function'), after('look', 'function')]).toEqual([{}, {}]);
      return;
    }
    expect(after('search', 'function')).toEqual(both(['left', 'right'], 3));
    // What a pool's thread did for the piece of work before says nothing of what it does next.
    expect(after('look', 'function')).toEqual({ ...both(['left', 'right', 'up', 'down', 'early', 'late'], 1), none: 2 });
  });

  // As above.
  it('sees what a framework computes in tasks of its own between the calls that it makes in others', { retry: 2 }, async () => {
    const spans = await run(environment, 'framework_tasks.py');
    expect(server.arrived.map(({ label }) => label).sort()).toEqual(['left', 'left again', 'one', 'one again', 'right', 'right again', 'served', 'served again']);
    const marked = markedLines('framework_tasks.py');
    const onLine = (label: string): SpanPair[] => spans.filter(({ start }) => start.source === 'sampled' && start.frames[0]?.line === marked.get(label)?.[0] && start.activity === 'cpu');
    // Each time after its first answer, and after its last.
    expect(sum(onLine('one').map(lengthOf))).toBeGreaterThan(600 - 2 * SLACK_MS);
    expect(sum(onLine('both').map(lengthOf))).toBeGreaterThan(1200 - 4 * SLACK_MS);
    // Inside of what is known to run around the task, where Python tells that of another's.
    const [request] = session.spans().filter(({ start }) => start.kind === 'agent');
    const served = onLine('served');
    expect(sum(served.map(lengthOf))).toBeGreaterThan(600 - 2 * SLACK_MS);
    expect(served.map(({ start }) => start.parent)).toEqual(served.map(() => (isMeasured(environment.python.version) ? request?.start.id : null)));
  });

  it('sees what tasks wait for, and not those that wait for a model', async () => {
    const spans = await run(environment, 'own_coroutines.py');
    expect(server.arrived.map(({ label }) => label).sort()).toEqual(['one', 'three', 'two']);
    const stretches = sampledIn(spans, 'search');
    expect(stretches.length).toBeGreaterThanOrEqual(3);
    // Two at once, then one beside a call.
    expect(sampledTime(spans, 'search')).toBeGreaterThan(900 - 3 * SLACK_MS);
    expectActivity(spans, 'search', 'sleep');
    expect(sampledTime(spans, 'load')).toBeGreaterThan(150 - SLACK_MS);
    expectActivity(spans, 'locked', 'lock');
    expect(sampledIn(spans, 'think').filter((stretch) => lengthOf(stretch) > SLACK_MS)).toEqual([]);
    const measured = spans.filter(({ start }) => start.source === 'function' && start.name === 'search');
    expect(measured.length).toBe(isMeasured(environment.python.version) ? 3 : 0);
    const chains = measured.map(({ start }) => start.frames.map((frame) => frame.function).join(' '));
    expect(chains).toEqual(isMeasured(environment.python.version) ? ['search look_up main <module>', 'search look_up main <module>', 'search main <module>'] : []);
    const marked = markedLines('own_coroutines.py');
    // Written down by the thread that it waits for.
    const fetches = spans.filter(({ start }) => start.source === 'function' && start.name === 'fetch');
    expect(fetches.map(({ start }) => start.frames.map((frame) => frame.function))).toEqual(isMeasured(environment.python.version) ? [['fetch', 'outer', 'main', '<module>']] : []);
    for (const each of measured) {
      expect(each.start.frames[0]?.line).toBe(marked.get('search')?.[0]);
      expect(lengthOf(each)).toBeGreaterThanOrEqual(299);
    }
  });
});
