import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areEquivalentInTime } from '../../src/benchmarks/math/algebra.ts';
import { math, mathItem } from '../../src/benchmarks/math/benchmark.ts';
import { areEquivalent } from '../../src/benchmarks/math/equivalence.ts';
import { EXAMPLES } from '../../src/benchmarks/math/examples.ts';
import { boxed, finalAnswer } from '../../src/benchmarks/math/latex.ts';
import { loadMathProblems } from '../../src/benchmarks/math/problems.ts';
import { interpret } from '../../src/benchmarks/math/query.ts';
import { mathEnvironment } from '../../src/benchmarks/math/tools.ts';
import { askWolfram } from '../../src/benchmarks/math/wolfram.ts';
import { startWolframServer, type WolframServer } from '../../src/benchmarks/math/wolframServer.ts';
import { openSandbox, type Sandbox } from '../../src/benchmarks/sandbox/sandbox.ts';

const never = new AbortController().signal;

describe('answers', () => {
  it('are found in their box, or behind the word', () => {
    expect(boxed('so $x = \\boxed{\\frac{1}{2}}$, not \\boxed{2')).toBe('\\frac{1}{2}');
    expect(boxed('\\boxed{1} or \\fbox{\\{2\\}}')).toBe('\\{2\\}');
    expect(boxed('nothing')).toBeNull();
    expect(finalAnswer('The answer is 7.\nThanks')).toBe('7.');
    expect(finalAnswer('\\sqrt{2}')).toBe('\\sqrt{2}');
  });

  it.each([
    ['0.75', '\\frac{3}{4}'],
    ['\\frac34', '3/4'],
    ['9/5', '1\\frac{4}{5}'],
    ['(x+1)^2', 'x^2+2x+1'],
    ['\\frac{1}{\\sqrt 3}', '\\frac{\\sqrt{3}}{3}'],
    ['sqrt(51)', '\\sqrt{51}'],
    ['\\frac{\\cos x}{\\sin x}', '\\cot x'],
    ['1 + 274 i', '1+274i'],
    ['$5$', 'x=5'],
    ['x = 5', '5'],
    ['2x+3=y', 'y = 2x + 3'],
    ['10x - 14y + 22z + 8 = 0', '5x - 7y + 11z + 4 = 0'],
    ['10080', '10,\\!080'],
    ['58500', '58,500'],
    ['18.9', '\\$18.90'],
    ['145', '145^\\circ'],
    ['864', '864 \\mbox{ inches}^2'],
    ['10', '10\\%'],
    ['4210_5', '4210_{5}'],
    ['2, 1', '1,2'],
    ['\\{-2, 1+\\sqrt5, 1-\\sqrt5\\}', '\\{1\\pm\\sqrt{5},-2\\}'],
    ['x = 3 or x = -1', '-1, 3'],
    ['\\left(3, \\frac{\\pi}{2}\\right)', '(3,\\pi/2)'],
    ['[-2, 7]', 'x \\in [-2,7]'],
    ['(9,36) \\cup (0,9)', '(0,9) \\cup (9,36)'],
    ['\\begin{bmatrix} -0.2 \\\\ 1 \\end{bmatrix}', '\\begin{pmatrix} -1/5 \\\\ 1 \\end{pmatrix}'],
    ['evelyn', '\\text{Evelyn}'],
    ['C', '\\text{(C)}'],
  ])('%s is %s', (answer, expected) => {
    expect(areEquivalent(answer, expected)).toBe(true);
  });

  it.each([
    ['0.333', '\\frac13'],
    ['3.14', '\\pi'],
    ['42', '52_8'],
    ['52', '52_8'],
    ['(1,2)', '[1,2]'],
    ['(3,4)', '(3,4]'],
    ['(1,2)', '(2,1)'],
    ['1', '1,-2'],
    ['1,1', '1,2'],
    ['x^2', 'x^3'],
    ['2x', '2'],
    ['y = 3x', 'y = 2x'],
    ['x + y = 1', 'x - y = 1'],
    ['100000000000000000001', '100000000000000000000'],
    ['Navin', '\\text{Evelyn}'],
    ['', '5'],
    ['unknown', '5'],
    ['\\frac{', '3'],
    ['\\frac{1}{0}', '3'],
  ])('%s is not %s', (answer, expected) => {
    expect(areEquivalent(answer, expected)).toBe(false);
  });

  it('that keep the library busy are wrong, and the next is compared as ever', async () => {
    const [endless, next] = await Promise.all([areEquivalentInTime('\\sum_{k=1}^{10^{12}} \\sin k', '3', 3000), areEquivalentInTime('0.5', '\\frac12')]);
    expect([endless, next]).toEqual([false, true]);
  });
});

describe('what stands in for Wolfram|Alpha', () => {
  it.each([
    ['Solve 2a + 3 = 2 - 5', ['a = -3']],
    ['What is 2x+5 = -3x + 7?', ['x = 2/5']],
    ['solve x+y=3, x-y=1', ['x = 2, y = 1']],
    ['solve |2x+3|=5', ['x = -4', 'x = 1']],
    ['roots of x^2-2', ['x = sqrt(2)', 'x = -sqrt(2)']],
    ['Factor c^2 + 6c - 27', ['(c - 3) * (c + 9)']],
    ['factor 360', ['2^3 * 3^2 * 5']],
    ['expand (x+1)^3', ['x^3 + 3x^2 + 3x + 1']],
    ['derivative of x^3', ['3x^2']],
    ['limit of sin(x)/x as x -> 0', ['1']],
    ['sum k^2 for k=1 to 10', ['385']],
    ['gcd of 12 and 18', ['6']],
    ['17 mod 5', ['2']],
    ['10 choose 3', ['120']],
    ['is 91 prime', ['91 is not a prime number']],
    ['37593 * 67', ['2518731']],
  ])('%s', (query, result) => {
    expect(interpret(query)?.result).toEqual(result);
  });

  it('gives values of what has no short form', () => {
    expect(interpret('Integrate x^2 from 0 to 1')!.result[0]).toBe('1/3');
    expect(interpret('sqrt(12) + pi')!.result[1]).toMatch(/^approximately 6\.6056942/);
  });

  it('does not guess at what it does not understand', () => {
    for (const query of ['population of France', '', 'x^2 > 4', 'solve the riddle', ')(']) expect(interpret(query), query).toBeNull();
  });
});

describe('the client of Wolfram|Alpha', () => {
  let standIn: WolframServer;
  let server: Server;
  let url: string;
  const asked: { authorization: string | undefined; url: string }[] = [];
  const answers: number[] = [];
  beforeAll(async () => {
    standIn = await startWolframServer();
    server = createServer((request, response) => {
      asked.push({ authorization: request.headers.authorization, url: request.url! });
      response.writeHead(answers.shift() ?? 200).end('said');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/llm-api`;
  });
  afterAll(async () => {
    await standIn.close();
    server.close();
  });

  it('is understood by what stands in for it', async () => {
    const options = { url: standIn.url, appId: null };
    expect(await askWolfram('solve x^2 = 9', options, never)).toBe('Query:\n"solve x^2 = 9"\n\nInput interpretation:\nsolve x^2 == 9 for x\n\nResult:\nx = 3\nx = -3');
    expect(await askWolfram('who painted it', options, never)).toMatch(/^Wolfram\|Alpha did not understand "who painted it"\. Give it an expression/);
  });

  it('sends its key in a header, tries again, and says what is wrong with the key', async () => {
    answers.push(503, 429, 200);
    expect(await askWolfram('2+2', { url, appId: 'KEY', backoffMs: 1 }, never)).toBe('said');
    expect(asked.map(({ authorization }) => authorization)).toEqual(['Bearer KEY', 'Bearer KEY', 'Bearer KEY']);
    expect(asked[0]!.url).not.toContain('KEY');
    answers.push(403);
    await expect(askWolfram('2+2', { url, appId: 'KEY', backoffMs: 1 }, never)).rejects.toThrow(/it answered 403: said\. Check WOLFRAM_APP_ID/);
  });
});

describe('the benchmark', () => {
  let sandbox: Sandbox;
  let standIn: WolframServer;
  let folder: string;
  beforeAll(async () => {
    [sandbox, standIn, folder] = await Promise.all([openSandbox(), startWolframServer(), mkdtemp(join(tmpdir(), 'agent-cost-math-'))]);
  });
  afterAll(() => Promise.all([standIn.close(), rm(folder, { recursive: true, force: true })]));

  const tool = (name: string) => mathEnvironment(sandbox, { url: standIn.url, appId: null }).tools.find((candidate) => candidate.name === name)!;

  it('calculates in the sandbox', async () => {
    const calculate = async (expression: unknown) => (await tool('calculator').run({ expression }, never)).text;
    expect(await calculate('3 * (4 + 5)')).toBe('27');
    expect(await calculate('comb(10, 3) / 2 ** 3')).toBe('15.0');
    expect(await calculate('sqrt(2)')).toBe('1.4142135623730951');
    expect(await calculate('1 / 0')).toBe('Error: ZeroDivisionError: division by zero');
    expect(await calculate('x = 1')).toContain('Error: SyntaxError');
    expect(await calculate('__import__("os").listdir("/")')).toContain("Error: NameError: name '__import__' is not defined");
    expect(await calculate('9 ** 9 ** 9')).toBe('Error: the calculation was stopped, because it took too long.');
    expect(await calculate('[0] * 10 ** 10')).toContain('Error: MemoryError');
    expect(await calculate(undefined)).toContain('Give calculator an expression');
  });

  it('scores every bundled problem by its answer, also as the solution has it boxed', async () => {
    const { problems } = await loadMathProblems(null);
    for (const [index, problem] of problems.entries()) {
      const item = mathItem(problem, index, sandbox, null);
      expect((await item.score(problem.solution, never)).value, problem.unique_id).toBe(1);
      expect(await item.task.reward!(problem.answer, never), problem.unique_id).toBe(1);
      expect((await item.score('\\boxed{17.5}', never)).value, problem.unique_id).toBe(0);
      expect((await item.score(null, never)).value).toBe(0);
    }
  });

  it('shows examples that its tools give so', async () => {
    for (const { call, observation } of EXAMPLES.flatMap(({ steps }) => steps.flatMap(({ actions }) => actions))) {
      expect((await tool(call.tool).run(call.arguments, never)).text).toBe(observation);
    }
    for (const { reasoning, answer } of EXAMPLES) expect(reasoning).toContain(answer);
  });

  it('shows examples with the right answers', async () => {
    // By brute force, in Python; what is no number times the last factor is compared as mathematics.
    const truths = [
      'print(math.sqrt(next(a * a + b * b for a in [i / 10 for i in range(130)] for b in [13 - a] if abs(a * b - 40) < 1e-9)))',
      'print(sum(x for x in range(1, 100) if x ** 3 - 7 * x + 6 == 0))',
      'print(Fraction(sum(max(a, b) == 4 for a in range(1, 7) for b in range(1, 7)), 36))',
      'print(sum(all("GG" not in pair for pair in ["".join(row[i:i + 2]).translate(str.maketrans("efg", "GGG")) for i in range(6)]) for row in permutations("abcdefg")))',
      'print(7 ** 2026 % 100)',
      'print(f"{round(sum(math.pi * (6 * (1 - h / 80000)) ** 2 * 8 / 80000 for h in range(80000)) / math.pi)} \\\\pi")',
      'print(sum(n % 4 == 0 or n % 6 == 0 for n in range(1, 101)))',
      'print(math.dist(*[(x, x * x) for x in range(-50, 50) if x * x == 2 * x + 15]))',
    ];
    expect(EXAMPLES).toHaveLength(truths.length);
    for (const [index, truth] of truths.entries()) {
      const { stdout, stderr } = await sandbox.run(`import math\nfrom fractions import Fraction\nfrom itertools import permutations\n${truth}\n`, { signal: never });
      const { question, answer } = EXAMPLES[index]!;
      expect(areEquivalent(answer, stdout.trim()), `${question} ${stdout}${stderr}`).toBe(true);
    }
  });

  it('offers Wolfram|Alpha only where there is one, and says so', async () => {
    const { items, notes } = await math.open({ file: null });
    expect(items[0]!.task.openEnvironment().tools.map(({ name }) => name)).toEqual(['calculator']);
    expect(notes.join(' ')).toContain('wolfram_alpha is not among the tools: set WOLFRAM_APP_ID');
    const standIns = await math.startStandIns!();
    process.env.WOLFRAM_API_URL = standIns.environment.WOLFRAM_API_URL;
    try {
      const opened = await math.open({ file: null });
      expect(opened.items[0]!.task.openEnvironment().tools.map(({ name }) => name)).toEqual(['calculator', 'wolfram_alpha']);
    } finally {
      delete process.env.WOLFRAM_API_URL;
      await standIns.close();
    }
  });

  it('takes answers from the solutions of the original files, and refuses problems without', async () => {
    const file = join(folder, 'algebra.jsonl');
    await writeFile(file, JSON.stringify({ problem: 'P', solution: 'It is $\\boxed{\\frac{1}{2}}$.', level: 'Level 5', type: 'Algebra' }));
    expect((await loadMathProblems(file)).problems[0]!.answer).toBe('\\frac{1}{2}');
    await writeFile(file, JSON.stringify({ problem: 'P', solution: 'None.' }));
    await expect(loadMathProblems(file)).rejects.toThrow(/algebra\.jsonl does not hold MATH problems: item 1: .*has no answer/);
  });
});
