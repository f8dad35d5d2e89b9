/** The hook must not be noticed: by the program, by its children, by the tools around it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SESSION_ENV } from '../../../src/protocol/hook.ts';
import { environment, findPythons, newestEnvironment } from './pythons.ts';
import { Session, hookFolder, markedLines, program, programs, python } from './runs.ts';
import { StandIn } from './standIn.ts';

const pythons = findPythons();
const newest = await newestEnvironment();
const plain = await Promise.all(pythons.map((one) => environment(one, 'nothing')));

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

function routed(): Record<string, string> {
  return { ...session.env(), OPENAI_BASE_URL: `${server.routeUrl}/v1` };
}

describe.each(plain)('$title', (environment) => {
  it('leaves the interpreter as the program would find it, and runs the sitecustomize that it shadows', async () => {
    const shadowed = join(session.folder, 'shadowed');
    mkdirSync(shadowed);
    writeFileSync(join(shadowed, 'sitecustomize.py'), 'import sitecustomize_probe\nsitecustomize_probe.RAN = True\n');
    writeFileSync(join(shadowed, 'sitecustomize_probe.py'), 'RAN = False\n');
    const bare = await program(environment, 'surroundings.py', { PYTHONPATH: shadowed });
    expect(bare).toMatchObject({ exit: 7 });
    expect(bare.stdout).toContain('shadowed ran True');
    expect(bare.stderr).toContain("a warning of the program's own");
    const hooked = await program(environment, 'surroundings.py', { ...session.env(), PYTHONPATH: `${hookFolder}:${shadowed}` });
    expect(hooked).toEqual(bare);

    // The program closed the event file's descriptor on its way: the rest went to a second file.
    const files = session.eventsByFile();
    expect(files.map((events) => events.map((event) => event.type)).sort()).toEqual([
      ['hello', 'span', 'spanEnd'],
      ['span', 'spanEnd', 'bye'],
    ]);
    const hello = session.events().find((event) => event.type === 'hello');
    expect(hello).toMatchObject({ runtime: 'python', argv: expect.arrayContaining([join(programs, 'surroundings.py')]) as string[] });
    expect(hello?.runtimeVersion.startsWith(environment.python.version)).toBe(true);
    expect(session.events().at(-1)).toMatchObject({ type: 'bye', dropped: 0 });
  });

  it('prints errors that came through it as the program alone would', async () => {
    const bare = await program(environment, 'failing_inside.py', {});
    expect(bare.exit).toBe(1);
    expect(bare.stderr.match(/Traceback/g)!.length).toBeGreaterThan(5);
    expect(await program(environment, 'failing_inside.py', session.env())).toEqual(bare);
    expect(session.spans().map(({ start }) => start.source).sort()).toEqual(['http', 'http']);
  });

  it('takes no separator that a terminal left over for the working folder', async () => {
    const code = 'import os, sys; print(sys.path, os.environ.get("PYTHONPATH"))';
    const bare = await python(environment.executable, ['-c', code], {});
    const after = async (path: string) => (await python(environment.executable, ['-c', code], { ...session.env(), PYTHONPATH: path })).stdout;
    expect(await after(`${hookFolder}:`)).toBe(bare.stdout.replace('None', hookFolder));
    // A user's own is left as it is.
    const own = join(session.folder, 'own');
    expect(await after(`${hookFolder}:${own}:`)).toContain(`'${own}', '${tmpdir()}'`);
  });

  it('does nothing without a valid session file', async () => {
    const code = 'import sys; print([name for name in sys.modules if name.startswith("agent_cost_hook.")], len(sys.meta_path))';
    const bare = await python(environment.executable, ['-c', code], {});
    const files = { missing: join(session.folder, 'none.json'), torn: join(session.folder, 'torn.json'), newer: join(session.folder, 'newer.json') };
    writeFileSync(files.torn, readFileSync(session.file, 'utf8').slice(0, 40));
    writeFileSync(files.newer, readFileSync(session.file, 'utf8').replace('"version":1', '"version":2'));
    for (const file of Object.values(files)) {
      const hooked = await python(environment.executable, ['-c', code], { PYTHONPATH: hookFolder, [SESSION_ENV]: file });
      expect({ ...hooked, stdout: hooked.stdout.replace(/\[.*\]/, '[]') }).toEqual(bare);
      expect(hooked.stdout).not.toMatch(/events|importing/);
    }
    expect(session.eventFiles()).toEqual([]);
  });

  it('leaves pip alone but not what is started from it', async () => {
    expect(await python(environment.executable, ['-W', 'ignore', '-m', 'pip', '--version'], session.env())).toMatchObject({ exit: 0, stderr: '' });
    expect(session.eventFiles()).toEqual([]);
    // A program of that name in the user's own folder is none of the tools.
    const own = join(session.folder, 'build.py');
    writeFileSync(own, 'print("mine")\n');
    expect(await python(environment.executable, [own], session.env())).toMatchObject({ exit: 0, stdout: 'mine\n' });
    expect(session.events().map((event) => event.type)).toEqual(['hello', 'bye']);
  });
});

it('tells tools around a program from programs by their command line', async () => {
  const command = (line: string) => line.split(' ');
  const tools = [
    'python -m pip install x',
    'python -mpip list',
    'python -W ignore -m ensurepip',
    'python -Im venv .venv',
    'python -X utf8 /env/bin/pip3.12 install x',
    '/env/bin/python /env/lib/python3.12/site-packages/pip/__pip-runner__.py install x',
    'python /ext/ms-python.black/bundled/tool/lsp_server.py',
    'python /ext/debugpy/bundled/libs/debugpy/adapter --for-server 1',
    'python /ext/debugpy/bundled/libs/debugpy/launcher 4711 -- agent.py',
    'python C:\\\\env\\\\Scripts\\\\pip.exe list',
  ];
  const programsOfUsers = [
    'python agent.py',
    'python -m agent.main',
    'python -u -m pipeline',
    'python -c pass',
    'python',
    'python -',
    'python /ext/debugpy/bundled/libs/debugpy --connect 1 agent.py',
    'python -m pytest',
    'python -m ipykernel_launcher -f k.json',
    'python pip.py',
    'python -X dev venv_agent.py -m pip',
  ];
  const code = 'import json, sys; from agent_cost_hook import processes; print(json.dumps([processes.left_alone(c) for c in json.loads(sys.argv[1])]))';
  const outcome = await python(newest.executable, ['-c', code, JSON.stringify([...tools, ...programsOfUsers].map(command))], session.env());
  expect(outcome.stderr).toBe('');
  expect(JSON.parse(outcome.stdout)).toEqual([...tools.map(() => true), ...programsOfUsers.map(() => false)]);
});

it('is not there under python -I, where calls still take the route of the environment', async () => {
  const outcome = await python(newest.executable, ['-I', join(programs, 'one_call.py')], routed());
  expect(outcome).toMatchObject({ exit: 0, stdout: 'answer to one\n', stderr: '' });
  expect(server.call('one').tag).toBeNull();
  expect(session.eventFiles()).toEqual([]);
});

it('ends with the same error as the bare program', async () => {
  const bare = await program(newest, 'failing.py', { OPENAI_BASE_URL: `${server.address}/v1` });
  expect(bare.exit).toBe(1);
  const hooked = await program(newest, 'failing.py', routed());
  expect({ exit: hooked.exit, stdout: hooked.stdout }).toEqual({ exit: bare.exit, stdout: bare.stdout });
  // The server's answer came whole, so no frame of the hook is between the program and the error.
  expect(hooked.stderr).toBe(bare.stderr);
});

it.each(['plain.py', 'tools.py'])('brings no warnings of its own into %s', async (name) => {
  const env = { PYTHONWARNINGS: 'always', PROGRAM_BASE_URL: `${server.address}/v1`, TOOL_URL: `${server.address}/tool` };
  const bare = await program(newest, name, env);
  expect(bare.exit).toBe(0);
  expect(await program(newest, name, { ...env, ...session.env() })).toEqual(bare);
});

it('follows workers of multiprocessing and forked children into the same session', async () => {
  const bare = await program(newest, 'workers.py', { OPENAI_BASE_URL: `${server.address}/v1` });
  expect(bare.exit).toBe(0);
  server.arrived.length = 0;
  expect(await program(newest, 'workers.py', routed())).toEqual(bare);
  const line = markedLines('workers.py').get('spawn')?.[0];
  const tags = ['parent', 'spawn', 'fork'].map((label) => server.call(label).tag);
  expect(tags.map((tag) => tag?.frames[0]?.line)).toEqual([line, line, line]);
  expect(new Set(tags.map((tag) => tag?.pid)).size).toBe(3);
  const said = session.events().flatMap((event) => (event.type === 'hello' ? [event.pid] : []));
  expect(said.length).toBe(new Set(said).size);
  expect(said).toEqual(expect.arrayContaining(tags.map((tag) => tag?.pid)));
  // The worker and the program end in an orderly way; the forked child left by os._exit.
  const ended = session.eventsByFile().filter((events) => events.at(-1)?.type === 'bye');
  expect(ended).toHaveLength(2);
});

it('costs the event, not the program, when the events folder is gone', async () => {
  const code = `import shutil, subprocess, sys; shutil.rmtree(${JSON.stringify(session.folder)}); subprocess.run([sys.executable, '-S', '-c', 'print(1)'])`;
  expect(await python(newest.executable, ['-c', code], session.env())).toEqual({ exit: 0, stdout: '1\n', stderr: '' });
});
