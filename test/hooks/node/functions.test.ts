/** The program's own functions between its calls, measured from entry to exit in real programs. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build } from 'esbuild';
import { hookedSuite, bareEnvironment, comparable, lineOf, programs, root, runProgram, spansOf } from './harness.ts';
import { NODE_MAJORS, type NodeMajor } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;
beforeEach(() => void (suite.server.seen.length = 0));

type Span = ReturnType<typeof spansOf>[number];

/** Runs a program bare and with the hook, which must be the same to whoever looks at it; what the hook saw. */
async function both(major: NodeMajor, args: string[], folder = programs): Promise<Span[]> {
  const node = nodes.get(major) ?? '';
  const bare = await runProgram(node, args, { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/TOKEN/v1` }, folder);
  suite.server.seen.length = 0;
  const environment = runs.environment(`${suite.server.url}/TOKEN`);
  const hooked = await runProgram(node, args, environment, folder);
  expect(comparable(hooked)).toEqual(comparable(bare));
  return spansOf(runs.events(environment));
}

const measured = (spans: readonly Span[], name: string): Span[] => spans.filter((span) => span.source === 'function' && span.name === name);
const lengthOf = (span: Span): number => (span.ended?.t ?? Infinity) - span.t;

/** Of throwing.mjs. */
function expectThrown(spans: readonly Span[]): void {
  const outcome = (name: string) => measured(spans, name).map(({ ended }) => [ended?.status, ended?.error]);
  expect(Object.fromEntries(['parseReply', 'plan', 'pick', 'step', 'makeError', 'fine', 'parseStrictly', 'recover', 'unfit', 'last'].map((name) => [name, outcome(name)]))).toEqual({
    parseReply: [['error', expect.stringContaining('JSON') as string]],
    plan: [['error', expect.stringContaining('Cannot read properties') as string]],
    pick: [['error', expect.stringContaining('Cannot read properties') as string]],
    step: [['error', expect.stringContaining('Cannot read properties') as string]],
    makeError: [['ok', null]],
    fine: [['ok', null]],
    parseStrictly: [['error', 'strictly']],
    recover: [['ok', null]],
    // Caught by clauses without a name, on one line, and with nothing in them; the last time it is fine.
    unfit: [...Array.from({ length: 4 }, () => ['error', expect.stringContaining('JSON') as string]), ['ok', null]],
    last: [['error', 'uncaught']],
  });
}

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it.each(['ownFunctions.mjs', 'ownFunctions.cjs'])('measures the functions of %s', async (file) => {
    const spans = await both(major, [file]);
    const at = (name: string): number => lineOf(file, name);
    for (const span of spans) expect(span.ended, span.name).not.toBeNull();
    for (const name of ['search', 'clean', 'lookup', 'parse', 'fail', 'run', 'background']) {
      const runsOf = measured(spans, name);
      expect(runsOf.map(({ frames }) => frames[0]), name).toEqual(runsOf.map(() => expect.objectContaining({ file: join(programs, file), line: at(name), function: name }) as unknown));
      expect(runsOf.length, name).toBe({ search: 4, clean: 4 }[name] ?? 1);
    }
    const shortest = { search: 39, clean: 9, lookup: 39, parse: 9, fail: 4, background: 59 };
    for (const [name, ms] of Object.entries(shortest)) for (const span of measured(spans, name)) expect(lengthOf(span), name).toBeGreaterThanOrEqual(ms);
    expect(measured(spans, 'fail').map(({ ended }) => [ended?.status, ended?.error])).toEqual([['error', expect.stringContaining('out of range') as string]]);
    // Nobody else's: what is called a hundred thousand times, generators, what ran before the first call.
    expect(measured(spans, 'add').length).toBeLessThan(3);
    expect(measured(spans, 'numbers')).toEqual([]);
    expect(measured(spans, 'main')).toEqual([]);

    const searches = measured(spans, 'search');
    const [first, second, third, beside] = searches;
    // Two at once are beside each other, each with its own; and so is what runs while something else goes on.
    expect([first?.parent, second?.parent, beside?.parent]).toEqual([null, null, null]);
    expect(measured(spans, 'clean').map(({ parent }) => parent)).toEqual(searches.map(({ id }) => id));
    expect(third?.parent).toBe(measured(spans, 'lookup')[0]?.id);
    expect(spans.find(({ source }) => source === 'process')?.parent).toBe(measured(spans, 'run')[0]?.id);
    const thoughts = measured(spans, 'think');
    expect(suite.server.calls.map(({ tag }) => tag?.parent ?? null)).toEqual([null, thoughts.at(-1)?.id]);
    // Called from `main`, at the line that calls it.
    expect(third?.frames.map((frame) => frame.function)).toEqual(['search', 'lookup', 'main', ...(file.endsWith('.mjs') ? [null] : [])].filter((name, index) => index < 3 || name === null));
  });

  it('keeps apart what synchronous functions began that pass promises on', async () => {
    const spans = await both(major, ['passingOn.mjs']);
    const outer = measured(spans, 'solve');
    const asks = measured(spans, 'ask').toSorted((a, b) => a.t - b.t);
    expect([...outer, ...measured(spans, 'aside')].map(({ name, parent }) => [name, parent])).toEqual([['solve', null], ['solve', null], ['solve', null], ['aside', null]]);
    const [later] = measured(spans, 'later');
    expect(asks.map(({ parent }) => parent)).toEqual([...outer, later].map((span) => span?.id));
    // What goes on after a timer that it began is a part of it.
    expect(lengthOf(later!)).toBeGreaterThanOrEqual(lengthOf(asks.at(-1)!) + 9);
    // A call's time is its own function's, whoever else is under way.
    const answered = new Map(suite.server.calls.map(({ tag }) => [tag?.parent, tag]));
    for (const ask of asks) expect(measured(spans, 'think').some(({ id, parent }) => parent === ask.id && answered.has(id))).toBe(true);
  });

  it('tells the steps of a loop from each other, and what a module does from whoever loads it', async () => {
    const spans = await both(major, ['steps.mjs']);
    const steps = measured(spans, 'step').toSorted((a, b) => a.t - b.t);
    expect(steps.map(({ parent }) => parent)).toEqual([null, null, null, null]);
    for (const { frames } of steps) expect(frames.map((frame) => frame.function)).toEqual(['step', null]);
    const inside = new Set(steps.map(({ id }) => id));
    for (const name of ['think', 'act']) {
      const found = measured(spans, name).filter(({ frames }) => frames[1]?.function === 'step');
      expect(new Set(found.map(({ parent }) => parent)), name).toEqual(inside);
      for (const { frames } of found) expect(frames.map((frame) => frame.function), name).toEqual([name, 'step', null]);
    }
    const [loading] = measured(spans, 'loadPlugin');
    expect(measured(spans, 'pause').map(({ parent, frames }) => [parent, frames.map((frame) => frame.function)])).toEqual(Array.from({ length: 3 }, () => [loading?.id, ['pause', null, 'loadPlugin', null]]));
  });

  it('keeps what passes a call on open until its answer was read, by callbacks too', async () => {
    const spans = await both(major, ['streamCallbacks.mjs']);
    const runsOf = (name: string) => measured(spans, name).toSorted((a, b) => a.t - b.t);
    const around = new Map(spans.map((span) => [span.id, span]));
    // What a stream calls is inside of what began the stream; what is called when that is over is in nothing.
    const shown = runsOf('show').map(({ parent }) => (parent === null ? null : around.get(parent)?.name));
    expect(shown.filter((name, index) => name !== shown[index - 1])).toEqual(['byRunner', 'byRequest', 'byFetch', null]);
    // One was tried twice.
    const asked = { first: [null], runner: runsOf('byRunner'), request: runsOf('byRequest'), fetch: runsOf('byFetch'), sdk: runsOf('bySdk'), busy: [...runsOf('again'), ...runsOf('again')], refused: runsOf('fails') };
    for (const [text, inside] of Object.entries(asked)) {
      const parents = suite.server.calls.filter(({ prompt }) => prompt === text).map(({ tag }) => tag?.parent ?? null);
      expect(parents.toSorted(), text).toEqual(inside.map((span) => span?.id ?? null).toSorted());
    }
    expect([runsOf('bySdk').length, runsOf('byFetch').length, runsOf('again').length]).toEqual([2, 2, 1]);
    for (const span of spans.filter(({ source }) => source === 'function')) {
      expect(span.ended?.status, span.name).toBe('ok');
      const outer = span.parent === null ? undefined : around.get(span.parent);
      if (outer !== undefined) expect(lengthOf(outer), `${span.name} in ${outer.name}`).toBeGreaterThanOrEqual((span.ended?.t ?? 0) - outer.t);
    }
  });

  it('tells which synchronous functions threw', async () => {
    expectThrown(await both(major, ['throwing.mjs']));
  });

  it('leaves a program alone that a debugger or a coverage tool looks into', async () => {
    const folder = join(runs.folder, `coverage-${major}`);
    const environment = { ...runs.environment(`${suite.server.url}/TOKEN`), NODE_V8_COVERAGE: folder };
    expect(await runProgram(nodes.get(major) ?? '', ['ownFunctions.mjs'], environment)).toMatchObject({ code: 0 });
    expect(spansOf(runs.events(environment)).filter(({ source }) => source === 'function')).toEqual([]);
    const inspected = runs.environment(`${suite.server.url}/TOKEN`);
    expect(await runProgram(nodes.get(major) ?? '', ['--inspect=0', 'ownFunctions.cjs'], inspected)).toMatchObject({ code: 0 });
    expect(spansOf(runs.events(inspected)).filter(({ source }) => source === 'function')).toEqual([]);
  });
});

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it('has functions of files that tsx makes anew on the lines of the files', async () => {
    const loader = new URL(`file://${join(root, 'node_modules/tsx/dist/loader.mjs')}`).href;
    const spans = await both(major, ['--import', loader, 'ownFunctions.mjs']);
    for (const name of ['search', 'clean', 'parse']) {
      const lines = measured(spans, name).map(({ frames }) => frames[0]?.line);
      expect([lines.length > 0, new Set(lines)], name).toEqual([true, new Set([lineOf('ownFunctions.mjs', name)])]);
    }
  });
});

describe.each([22, 24] as const)('Node %i', (major) => {
  it('measures functions with types that Node takes out', async () => {
    const spans = await both(major, ['ownFunctions.mts']);
    expect(measured(spans, 'search').map(({ frames, name }) => [name, frames[0]?.line, frames[0]?.column])).toEqual([['search', lineOf('ownFunctions.mts', 'search'), 7]]);
    expect(measured(spans, 'fail').map(({ ended, frames }) => [ended?.status, frames[0]?.line])).toEqual([['error', lineOf('ownFunctions.mts', 'fail')]]);
  });

  it('measures what tsx makes of a file, on the lines of that file', async () => {
    const loader = new URL(`file://${join(root, 'node_modules/tsx/dist/loader.mjs')}`).href;
    const spans = await both(major, ['--import', loader, 'ownFunctions.mts']);
    expect(measured(spans, 'search').map(({ frames }) => [frames[0]?.file, frames[0]?.line])).toEqual([[join(programs, 'ownFunctions.mts'), lineOf('ownFunctions.mts', 'search')]]);
    expect(measured(spans, 'fail').map(({ frames }) => frames[0]?.line)).toEqual([lineOf('ownFunctions.mts', 'fail')]);
  });

  it.each([
    ['on lines of its own, where stacks are not mapped', [], ['lookup', 'time', 'lookup', 'time']],
    ['on one line too, where they are', ['--import', new URL(`file://${join(root, 'node_modules/tsx/dist/loader.mjs')}`).href], ['clock', 'search', 'lookup', 'time', 'lookup', 'time']],
  ])('measures arrows that lead to an expression %s, until what they pass on is over', async (_where, args, names) => {
    const spans = await both(major, [...args, 'arrows.mts']);
    const tools = spans.filter(({ source, name }) => source === 'function' && names.includes(name)).toSorted((a, b) => a.t - b.t);
    expect(tools.map(({ name }) => name)).toEqual(names);
    for (const { name, frames } of tools) expect(frames[0]?.line, name).toBe(lineOf('arrows.mts', name));
    const shortest = { clock: 29, search: 39, time: 49 } as Record<string, number>;
    const [first, second] = tools.filter(({ name }) => name === 'lookup');
    for (const tool of tools) expect(lengthOf(tool), tool.name).toBeGreaterThanOrEqual(shortest[tool.name] ?? (tool === first ? 63 : 43));
    // Its second try is on nobody's stack, and inside of it all the same.
    const isIn = (span: Span | undefined, outer: Span): boolean => span !== undefined && (span === outer || isIn(spans.find(({ id }) => id === span.parent), outer));
    for (const lookup of [first, second]) expect(spans.filter((span) => span.source === 'wait' && isIn(span, lookup!)).length).toBe(3);
  });
});

describe('a program that is built before it runs', () => {
  const folder = join(runs.folder, 'built');
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    cpSync(join(programs, 'ownFunctions.mts'), join(folder, 'agent.mts'));
    await build({ entryPoints: [join(folder, 'agent.mts')], outfile: join(folder, 'dist/agent.mjs'), sourcemap: true, format: 'esm', target: 'es2022', logLevel: 'warning' });
    await build({ entryPoints: [join(folder, 'agent.mts')], outfile: join(folder, 'dist/inline.mjs'), sourcemap: 'inline', format: 'esm', target: 'es2022', minifyWhitespace: true, logLevel: 'warning' });
  });

  it.each([
    ['a map beside it', ['dist/agent.mjs']],
    ['a map beside it that Node applies', ['--enable-source-maps', 'dist/agent.mjs']],
    ['a map in it that Node applies', ['--enable-source-maps', 'dist/inline.mjs']],
  ])('is measured and stays as it is with %s', async (_what, args) => {
    const spans = await both(24, args, folder);
    expect(measured(spans, 'search').length).toBe(1);
    if (args.length > 1) expect(measured(spans, 'search')[0]?.frames[0]).toMatchObject({ file: join(folder, 'agent.mts'), line: lineOf('ownFunctions.mts', 'search') });
  });
});

it('tells which synchronous functions threw by the stacks that Node maps', async () => {
  const folder = join(runs.folder, 'throwing');
  await build({ entryPoints: [join(programs, 'throwing.mjs')], outfile: join(folder, 'dist/throwing.mjs'), sourcemap: 'inline', format: 'esm', target: 'es2022', minifyWhitespace: true, logLevel: 'warning' });
  expectThrown(await both(24, ['--enable-source-maps', 'dist/throwing.mjs'], folder));
});

describe('what may not be measured', () => {
  it('is what lies outside of the folder and in packages, and large bundles', async () => {
    const folder = join(runs.folder, 'placed');
    mkdirSync(join(folder, 'program/node_modules/tool'), { recursive: true });
    const tool = `exports.pause = async function pause() {\n  await new Promise((done) => setTimeout(done, 5));\n};\n`;
    writeFileSync(join(folder, 'outside.cjs'), tool);
    writeFileSync(join(folder, 'program/node_modules/tool/index.js'), tool);
    writeFileSync(join(folder, 'program/large.cjs'), `${tool}// ${'x'.repeat(1 << 20)}\n`);
    writeFileSync(join(folder, 'program/own.cjs'), tool.replaceAll('pause', 'own'));
    writeFileSync(
      join(folder, 'program/main.mjs'),
      `await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', { method: 'POST', body: '{"model":"m","messages":[]}' }).then((answer) => answer.text());\nfor (const name of ['../outside.cjs', 'tool', './large.cjs', './own.cjs']) {\n  const { pause, own } = (await import(name)).default;\n  await (pause ?? own)();\n}\n`,
    );
    const spans = await both(24, ['main.mjs'], join(folder, 'program'));
    expect(spans.filter(({ source }) => source === 'function').map(({ name }) => name)).toEqual(['own']);
  });
});
