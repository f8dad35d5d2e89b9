import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { humaneval, humanevalItem } from '../../src/benchmarks/humaneval/benchmark.ts';
import { EXAMPLES } from '../../src/benchmarks/humaneval/examples.ts';
import { loadProblems, type Problem } from '../../src/benchmarks/humaneval/problems.ts';
import { codeOf, solved } from '../../src/benchmarks/humaneval/program.ts';
import { describeRun, pythonEnvironment } from '../../src/benchmarks/humaneval/tools.ts';
import { limitsAlone, type Confinement } from '../../src/benchmarks/sandbox/confinement.ts';
import { findSandbox, openSandbox, sandboxNotes, type Sandbox } from '../../src/benchmarks/sandbox/sandbox.ts';

const never = new AbortController().signal;
let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  sandbox = await openSandbox();
  folder = await mkdtemp(join(tmpdir(), 'agent-cost-humaneval-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The same with less time, for programs that do not end. */
function impatient(wallMs: number): Sandbox {
  return { ...sandbox, run: (program, { limits, signal }) => sandbox.run(program, { limits: { wallMs, ...limits }, signal }) };
}

const EASY: Problem = {
  task_id: 'test/0',
  prompt: 'def double(number: int) -> int:\n    """ Return twice the number.\n    >>> double(2)\n    4\n    >>> double(-3)\n    -6\n    """\n',
  canonical_solution: '    return 2 * number\n',
  test: 'def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(0) == 0\n',
  entry_point: 'double',
};

async function passes(code: string, within: Sandbox = sandbox): Promise<boolean> {
  return (await humanevalItem(EASY, within).score(code, never)).value === 1;
}

describe('what ends in a failure of that task only', () => {
  // After each attempt the next task must be scored as ever.
  const fails = async (code: string, within: Sandbox = sandbox) => {
    expect(await passes(code, within)).toBe(false);
    expect(await passes('def double(number):\n    return 2 * number')).toBe(true);
  };
  const body = (lines: string) => `def double(number):\n${lines.replace(/^/gm, '    ')}\n    return 2 * number`;

  it('a fork bomb', async () => {
    await fails(body('import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass'), impatient(1500));
    await fails(body('import os\nfor _ in range(100):\n    if os.fork() == 0:\n        import time\n        time.sleep(60)'));
  });

  it('the network, also of this machine', async () => {
    const connections: unknown[] = [];
    const server: Server = createServer((socket) => connections.push(socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await fails(body(`import socket\nsocket.create_connection(("127.0.0.1", ${port}), 2)`));
      await fails(body('import urllib.request\nurllib.request.urlopen("http://192.0.2.1/", timeout=2)'));
      expect(connections).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('files outside: written, read, removed', async () => {
    const secret = join(folder, 'secret');
    await writeFile(secret, 'secret');
    await fails(body(`open(${JSON.stringify(join(folder, 'written'))}, "w").write("x")`));
    await fails(body(`assert open(${JSON.stringify(secret)}).read()`));
    await fails(body('assert open("/etc/passwd").read()'));
    await fails(body(`import os\nos.remove(${JSON.stringify(secret)})`));
    await fails(body('open("/usr/written", "w").write("x")'));
    await expect(access(join(folder, 'written'))).rejects.toThrow();
    expect(await readFile(secret, 'utf8')).toBe('secret');
  });

  it('an infinite loop, and sleeping', async () => {
    await fails(body('while True: pass'), impatient(1500));
    await fails(body('import time\ntime.sleep(600)'), impatient(1500));
  });

  it('an allocation of 10 GB', () => fails(body('memory = bytearray(10 * 1024 ** 3)\nmemory[-1] = 1')));

  it('endless output and files', async () => {
    await fails(body('while True: print("x" * 10000)'), impatient(1500));
    await fails(body('with open("large", "wb") as file:\n    while True: file.write(b"x" * 1000000)'));
    await fails(body('for name in range(100):\n    open(str(name), "wb").write(b"x" * 10000000)'));
  });

  it('leaving early as if all had gone well', async () => {
    await fails('import sys\nsys.exit(0)');
    await fails('import os\nos._exit(0)');
    await fails(body('raise SystemExit(0)'));
  });

  it('killing what it can see', async () => {
    await fails(body('import os, signal\nos.kill(os.getppid() or -1, signal.SIGKILL)\nos.kill(-1, signal.SIGKILL)\nos._exit(3)'));
  });

  it('a process that is to outlive it', async () => {
    const mark = `outlives-${process.pid}-${Date.now()}`;
    const program = `import os, sys\nif os.fork() == 0:\n    os.setsid()\n    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", ${JSON.stringify(mark)}])`;
    await sandbox.run(program, { signal: never });
    await expect.poll(() => commandLines(mark)).toEqual([]);
  });
});

/** Processes whose command line has this mark. Where there is no /proc, the group is all that can be looked at. */
async function commandLines(mark: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (line.split('\0').includes(mark)) found.push(entry);
  }
  return found;
}

describe('the sandbox', () => {
  it('gives nothing of the environment to the program', async () => {
    process.env.AGENT_COST_TEST_SECRET = 'sk-secret';
    try {
      const { stdout } = await sandbox.run('import os, sys\nprint(sorted(os.environ), sys.flags.isolated)', { signal: never });
      expect(stdout).not.toContain('SECRET');
      expect(stdout).not.toContain('PYTHONPATH');
      expect(stdout).toContain(' 1\n');
    } finally {
      delete process.env.AGENT_COST_TEST_SECRET;
    }
  });

  it('lets a program work: threads, files of its own, the standard library', async () => {
    const program = 'import threading, json\nout = []\nthread = threading.Thread(target=lambda: out.append(1))\nthread.start(); thread.join()\nopen("a", "w").write(json.dumps(out))\nprint(open("a").read())';
    expect(await sandbox.run(program, { signal: never })).toMatchObject({ end: 'exit', exitCode: 0, stdout: '[1]\n', stderr: '' });
  });

  it('keeps the beginning of what is printed, and says that it is not all', async () => {
    const run = await sandbox.run('print("x" * 1000000)', { limits: { outputBytes: 100 }, signal: never });
    expect(run).toMatchObject({ end: 'exit', exitCode: 0, cut: true });
    expect(run.stdout).toBe('x'.repeat(100));
  });

  it('ends with the run that it belongs to', async () => {
    const abort = new AbortController();
    const run = sandbox.run('while True: pass', { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 50);
    await expect(run).rejects.toThrow('enough');
  });

  it('says what it holds', () => {
    expect(sandboxNotes(sandbox)[0]).toMatch(/held: network, reading, writing, memory, processes\.$/);
    expect(sandboxNotes({ ...sandbox, leaks: ['network'] })[0]).toMatch(/NOT held: network\.$/);
  });

  it('runs nothing where programs cannot be confined, unless that was allowed', async () => {
    const missing: Confinement = { name: 'a missing tool', commandLine: () => Promise.resolve({ command: 'no-such-program', args: [] }) };
    await expect(findSandbox([missing, limitsAlone], false)).rejects.toThrow(/a missing tool: no-such-program cannot be started.*limits alone does not hold network, reading, writing.*AGENT_COST_SANDBOX=weak/);
    await expect(findSandbox([], false)).rejects.toThrow('no means is known');
    const weak = await findSandbox([missing], true);
    expect(weak.leaks).toEqual(expect.arrayContaining(['network', 'reading', 'writing']));
    expect(await weak.run('print(1)', { signal: never })).toMatchObject({ stdout: '1\n' });
  });
});

describe('the programs', () => {
  it('take the code of an answer with or without a fence', () => {
    expect(codeOf('Here it is:\n```python\ndef f():\n    return 1\n```\nDone.')).toBe('def f():\n    return 1');
    expect(codeOf('```\na\n```\nthen\n```py\nb = 1\n```')).toBe('b = 1');
    expect(codeOf('```python\ncut_off = 1')).toBe('cut_off = 1');
    expect(codeOf('    return 1\n')).toBe('    return 1');
  });

  it('take the whole function, its body with or without indentation', async () => {
    expect(await passes('def double(number):\n    return 2 * number')).toBe(true);
    expect(await passes('    return 2 * number\n')).toBe(true);
    expect(await passes('if number == 0:\n    return 0\n\nreturn 2 * number')).toBe(true);
    expect(await passes('double = lambda number: 2 * number')).toBe(true);
    expect(await passes('')).toBe(false);
    expect(await passes('def double(number):\n    return number')).toBe(false);
    expect(await passes('def double(number:')).toBe(false);
  });

  it('keep the helpers of the prompt', () => {
    expect(solved({ ...EASY, prompt: `import math\n\n\n${EASY.prompt}` }, 'def double(number):\n    return math.floor(2 * number)')).toMatch(/^import math/);
  });
});

describe('the benchmark', () => {
  it('has solutions and examples that hold, and tests that fail without', async () => {
    const { problems } = await loadProblems(null);
    const { items } = await humaneval.open({ file: null });
    for (const [index, item] of items.entries()) {
      const { task } = item;
      const solution = problems[index]!.canonical_solution;
      expect((await item.score(solution, never)).value, task.id).toBe(1);
      expect(await task.reward!(solution, never), task.id).toBe(1);
      expect((await item.score('    return None', never)).value, task.id).toBe(0);
    }
    expect((await items[0]!.score(null, never)).value).toBe(0);
  });

  it('rewards by the examples in the prompt, not by the hidden tests', async () => {
    const { reward } = humanevalItem(EASY, sandbox).task;
    expect(await reward!('def double(number):\n    return 2 * number', never)).toBe(1);
    expect(await reward!('def double(number):\n    return 4', never)).toBe(0.5);
    expect(await reward!('def double(number:', never)).toBe(0);
    expect(humanevalItem({ ...EASY, prompt: 'def double(number):\n    """ Twice the number. """\n' }, sandbox).task.reward).toBeNull();
  });

  it('tells the agent what its program printed or how it failed', async () => {
    const tool = pythonEnvironment(sandbox).tools[0]!;
    expect((await tool.run({ code: 'assert 1 + 1 == 2' }, never)).text).toBe('The program ended well and printed nothing: no assertion failed.');
    expect((await tool.run({ code: '```python\nprint(6 * 7)\n```' }, never)).text).toBe('42');
    expect((await tool.run({ code: 'assert 1 == 2' }, never)).text).toContain('AssertionError');
    expect((await tool.run({ code: 3 }, never)).text).toContain('Give run_python the code');
    const run = { exitCode: null, stdout: '', stderr: '', cut: false, wallMs: 10_012 } as const;
    expect(describeRun({ ...run, end: 'time' })).toBe('The program was stopped: it did not end in 10 s.');
    expect(describeRun({ ...run, end: 'signal' })).toContain('it used more than it may');
  });

  it('shows examples whose programs do what they say', async () => {
    const tool = pythonEnvironment(sandbox).tools[0]!;
    for (const { call, observation } of EXAMPLES.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions))) {
      const { text } = await tool.run(call.arguments, never);
      expect(text.replace(/\n\s*\^+/g, '')).toBe(observation);
    }
  });

  it('shows examples whose answers pass tests that they do not show, and their own docstrings', async () => {
    const hidden: Record<string, string> = {
      initials: 'candidate("Jean  Paul sartre") == "J.P.S."',
      second_largest: 'candidate([2, 2, -1, 7, 7]) == 2 and candidate([3, 3]) is None',
      longest_run: 'all(candidate(text) == max((len(run) for run in re.findall(r"((.)\\2*)", text) for run in run[:1]), default=0) for text in ["", "a", "abba", "zzzyyyyx", "aab" * 5])',
      is_balanced: '[candidate(text) for text in ["()[]", "[()]()", "[(])", "]", "[", "(()"]] == [True, True, False, False, False, False]',
      rotated: 'candidate([[1, 2, 3], [4, 5, 6]]) == [[4, 1], [5, 2], [6, 3]] and candidate(candidate(candidate(candidate([[1, 2], [3, 4]])))) == [[1, 2], [3, 4]]',
      roman: 'all(sum({"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[sign] * (-1 if text[at + 1:at + 2] and "IVXLCDM".index(sign) < "IVXLCDM".index(text[at + 1]) else 1) for at, sign in enumerate(text)) == n for n in range(1, 4000) for text in [candidate(n)])',
    };
    expect(EXAMPLES).toHaveLength(Object.keys(hidden).length);
    for (const { question, answer } of EXAMPLES) {
      const code = codeOf(question);
      const name = /^def (\w+)/.exec(code)![1]!;
      const problem: Problem = { task_id: `example/${name}`, prompt: `${code}\n`, canonical_solution: '', test: `import re\ndef check(candidate):\n    assert ${hidden[name]}\n`, entry_point: name };
      const item = humanevalItem(problem, sandbox);
      expect((await item.score(answer, never)).value, name).toBe(1);
      expect(await item.task.reward!(answer, never), name).toBe(1);
    }
  });

  it('says which file holds something else', async () => {
    const file = join(folder, 'other.jsonl');
    await writeFile(file, `${JSON.stringify(EASY)}\n{"task_id": 1}\n`);
    await expect(loadProblems(file)).rejects.toThrow(/other\.jsonl does not hold HumanEval problems: item 2/);
    await writeFile(file, `${JSON.stringify(EASY)}\n{"task_`);
    await expect(loadProblems(file)).rejects.toThrow(/line 2.*Is it complete\?/);
    await writeFile(file, JSON.stringify(EASY));
    expect((await loadProblems(file)).source).toMatchObject({ name: file, published: false, licence: null });
  });
});
