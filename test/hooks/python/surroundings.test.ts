/** Programs inside of what Python is used with: notebooks, process pools, other event loops, test runners, mocks. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newestEnvironment } from './pythons.ts';
import { Session, markedLines, program, programs, python } from './runs.ts';
import { StandIn } from './standIn.ts';

const environment = await newestEnvironment('surroundings');

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

const env = () => ({ PROGRAM_BASE_URL: `${server.address}/v1` });

/** Runs a program bare, then under the hook, and expects that it cannot tell. */
async function expectSame(name: string): Promise<void> {
  const bare = await program(environment, name, env());
  expect(bare.exit, bare.stderr).toBe(0);
  server.arrived.length = 0;
  expect(await program(environment, name, { ...env(), ...session.env() })).toEqual(bare);
}

/** Each marked call, and no other, came over the route, from its line. */
function expectLines(name: string, notMarked: string[] = []): void {
  const marked = markedLines(name);
  expect(server.arrived.map(({ label }) => label).sort()).toEqual([...marked.keys(), ...notMarked].sort());
  expect(Object.fromEntries([...marked.keys()].map((label) => [label, server.call(label).tag?.frames[0]?.line]))).toEqual(Object.fromEntries([...marked].map(([label, [line]]) => [label, line])));
}

it('follows every way to make a process into the same session', async () => {
  await expectSame('pools.py');
  const line = markedLines('pools.py').get('any')![0];
  const calls = server.arrived;
  expect(calls.length).toBeGreaterThanOrEqual(2);
  expect(calls.map(({ label, tag }) => [label, tag?.frames[0]?.line])).toEqual(calls.map(({ label }) => [label, line]));
  const pids = new Set(calls.map(({ tag }) => tag?.pid));
  expect(pids.size).toBe(calls.length);
  const said = session.events().flatMap((event) => (event.type === 'hello' ? [event.pid] : []));
  expect(said).toEqual(expect.arrayContaining([...pids]));
});

it("names the cell of a notebook that made a call", async () => {
  await expectSame('notebook.py');
  expect(server.call('cell').tag?.frames.map(({ file, line, function: name }) => [file, line, name])).toEqual([
    ['/work/trips.ipynb[1]', 6, 'think'],
    ['/work/trips.ipynb[2]', 2, '<module>'],
  ]);
  expect(server.call('late').tag?.frames.map(({ file, line }) => [file, line])).toEqual([
    ['/work/trips.ipynb[1]', 6],
    ['/work/trips.ipynb[4]', 2],
  ]);
  const told = session.eventsByFile().flat().flatMap((event) => (event.type === 'cell' ? [event] : []));
  expect(told.map(({ file }) => file)).toEqual(['/work/trips.ipynb[1]', '/work/trips.ipynb[2]', '/work/trips.ipynb[4]']);
  expect(told[1]?.text).toBe("print('once')\nprint(think('cell'))");
});

describe.each(['greenlets.py', 'uvloop_tasks.py'])('%s', (name) => {
  it('is attributed and unchanged', async () => {
    await expectSame(name);
    expectLines(name);
  });
});

it("sends calls through a urllib3.ProxyManager over the route", async () => {
  const outcome = await program(environment, 'proxied.py', { DEAD_PROXY: 'http://127.0.0.1:9', PROGRAM_BASE_URL: 'http://model.invalid/v1', ...session.env() });
  expect(outcome).toEqual({ exit: 0, stdout: '200\n200\n', stderr: '' });
  expectLines('proxied.py');
  expect(server.call('one')).toMatchObject({ origin: 'http://model.invalid/v1', headers: { 'x-mine': '1' } });
});

it('shows a call through a proxy of an aiohttp session as what it is', async () => {
  const outcome = await program(environment, 'proxied_session.py', { DEAD_PROXY: 'http://127.0.0.1:9', ...session.env() });
  expect(outcome).toEqual({ exit: 0, stdout: 'no proxy\n', stderr: '' });
  expect(session.spans().map(({ start, ends }) => [start.kind, start.name, start.detail, start.frames[0]?.line, ends[0]?.status])).toEqual([
    ['other', 'ask', 'POST model.invalid/v1/chat/completions (model call, not routed: through an aiohttp session with a proxy of its own)', markedLines('proxied_session.py').get('proxied')?.[0], 'error'],
  ]);
  expect(session.events().filter(({ type }) => type === 'note')).toMatchObject([{ code: 'not-routed' }]);
});

it('leaves what a suite of pytest captures, warns and prints as it is', async () => {
  const file = join(programs, 'pytest_suite', 'test_agent.py');
  const run = async (more: Record<string, string>) => {
    const outcome = await python(environment.executable, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--rootdir', programs, file], { ...env(), ...more });
    return { ...outcome, stdout: outcome.stdout.replace(/in \d+\.\d+s/, 'in 0s') };
  };
  const bare = await run({});
  expect(bare.exit, bare.stdout).toBe(1);
  expect(bare.stdout).toContain('1 failed, 2 passed');
  server.arrived.length = 0;
  expect(await run(session.env())).toEqual(bare);
  expectLines('pytest_suite/test_agent.py');
});

it('steps aside for mocks, and works for the rest', async () => {
  await expectSame('mocked.py');
  // What the cassette recorded went where the program sent it, the last call over the route, those of mocks nowhere.
  expect(server.arrived.map(({ path, tag }) => [path, tag === null])).toEqual([
    ['/v1/chat/completions', true],
    ['/v1/chat/completions', true],
    [expect.stringMatching(/^\/t0ken\//), false],
  ]);
  expect(session.events().flatMap((event) => (event.type === 'note' ? [event.code] : []))).toEqual(['mocked']);
});

it('works with classes that the program has changed, or steps aside', async () => {
  await expectSame('altered.py');
  expectLines('altered.py', ['property']);
});

it.each(['', '__getattr__ = lambda name: type(name, (), {"run": None, "invoke": 1, "execute": property(print)})'])('leaves libraries alone that it does not know (%s)', async (source) => {
  const code = [
    'import importlib, os, sys, tempfile',
    'folder = tempfile.mkdtemp()',
    'hook = sys.modules.get("agent_cost_hook.importing")',
    'names = sys.argv[1].split() or [name for name in hook._TARGETS if name.partition(".")[0] not in sys.stdlib_module_names]',
    'for name in names:',
    '    parts = name.split(".")',
    '    for length in range(1, len(parts) + 1):',
    '        os.makedirs(os.path.join(folder, *parts[:length]), exist_ok=True)',
    '        with open(os.path.join(folder, *parts[:length], "__init__.py"), "w") as file:',
    `            file.write(${JSON.stringify(`${source}
`)} if length == len(parts) else "")`,
    'sys.path.insert(0, folder)',
    'print(*[importlib.import_module(name).__name__ for name in names])',
  ].join('\n');
  const hooked = await python(environment.executable, ['-c', code, ''], session.env());
  expect(hooked).toMatchObject({ exit: 0, stderr: '' });
  expect(hooked.stdout.split(' ').length).toBeGreaterThan(20);
  expect(await python(environment.executable, ['-c', code, hooked.stdout.trim()], {})).toEqual(hooked);
});
