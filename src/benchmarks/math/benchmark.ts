/** MATH (Hendrycks et al., 2021): problems of mathematics competitions. */
import type { Task } from '../../agents/agent.ts';
import type { Benchmark, BenchmarkItem } from '../benchmark.ts';
import { sourceNotes } from '../itemFile.ts';
import { openSandbox, sandboxNotes, type Sandbox } from '../sandbox/sandbox.ts';
import { areEquivalentInTime } from './algebra.ts';
import { EXAMPLES } from './examples.ts';
import { finalAnswer } from './latex.ts';
import { loadMathProblems, type MathProblem } from './problems.ts';
import { mathEnvironment } from './tools.ts';
import { WOLFRAM_URL, type WolframOptions } from './wolfram.ts';
import { startWolframServer } from './wolframServer.ts';

const INSTRUCTIONS = `You solve problems of mathematics competitions. Think about what is asked before you compute, and go in small steps.

- calculator evaluates one numerical expression in Python syntax. Use it for arithmetic that is easy to get wrong.
- wolfram_alpha solves equations and computes with symbols. Ask it one thing at a time, in few words: an equation to solve, an expression to factor or to integrate.

Check a result where that is cheap, and see that it answers the question that was asked.`;

const ANSWER_FORM = 'The answer is a value or an expression alone, in LaTeX and as simple as it can be, such as \\frac{3}{4}, (1, 2) or 2\\sqrt{3}. It has no unit, no "x =" and no explanation.';

export const math: Benchmark = {
  name: 'math',
  title: 'MATH',
  metric: 'exact match, as mathematics',
  agents: ['cot', 'react', 'reflexion', 'lats'],
  async open({ file }) {
    const { problems, source } = await loadMathProblems(file);
    const sandbox = await openSandbox().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    const { WOLFRAM_API_URL: url, WOLFRAM_APP_ID: appId } = process.env;
    const wolfram = url === undefined && appId === undefined ? null : { url: url ?? WOLFRAM_URL, appId: appId ?? null };
    // Both are left out where they are not to be had: thinking alone needs neither.
    const notes = [
      ...sourceNotes(source),
      ...(sandbox instanceof Error ? [`calculator is not among the tools. ${sandbox.message}`] : sandboxNotes(sandbox)),
      ...(wolfram === null ? ['wolfram_alpha is not among the tools: set WOLFRAM_APP_ID for the real one, or use what stands in for it.'] : []),
    ];
    return { items: problems.map((problem, index) => mathItem(problem, index, sandbox instanceof Error ? null : sandbox, wolfram)), source, notes };
  },
  async startStandIns() {
    const server = await startWolframServer();
    return {
      environment: { WOLFRAM_API_URL: server.url },
      notes: ['A computer-algebra library stands in for Wolfram|Alpha. It understands less, and answers as fast as it can: how long Wolfram|Alpha takes was not published.'],
      close: () => server.close(),
    };
  },
};

/** The task of one problem. */
export function mathItem(problem: MathProblem, index: number, sandbox: Sandbox | null, wolfram: WolframOptions | null): BenchmarkItem {
  const isRight = async (answer: string) => ((await areEquivalentInTime(finalAnswer(answer), problem.answer)) ? 1 : 0);
  const task: Task = {
    id: problem.unique_id ?? `math-${index + 1}`,
    question: problem.problem,
    instructions: INSTRUCTIONS,
    answerForm: ANSWER_FORM,
    openEnvironment: () => mathEnvironment(sandbox, wolfram),
    examples: EXAMPLES,
    reward: isRight,
  };
  return {
    task,
    async score(answer) {
      const value = answer === null ? 0 : await isRight(answer);
      return { value, parts: { accuracy: value } };
    },
  };
}
