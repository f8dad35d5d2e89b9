/** HumanEval (Chen et al., 2021): functions written from their docstrings, tried by tests that the agent does not see. */
import { randomUUID } from 'node:crypto';
import type { Task } from '../../agents/agent.ts';
import type { Benchmark, BenchmarkItem } from '../benchmark.ts';
import { sourceNotes } from '../itemFile.ts';
import { openSandbox, sandboxNotes, type Sandbox } from '../sandbox/sandbox.ts';
import { EXAMPLES } from './examples.ts';
import { loadProblems, type Problem } from './problems.ts';
import { codeOf, examplesProgram, hasExamples, testedProgram } from './program.ts';
import { pythonEnvironment } from './tools.ts';

const INSTRUCTIONS = `You write Python functions from their signature and docstring. They are tried afterwards by tests that you do not see, so they have to hold for every input that the docstring allows: empty and single ones, negative numbers, ties, upper and lower case.

- run_python runs a program and tells you what it prints or how it fails. Use it to try your solution on tests of your own: put the function and some assert statements into one program. Take the docstring's examples, and add the border cases. When a test fails, find out whether the function or the test is wrong before you change either.`;

const ANSWER_FORM = 'The answer is the whole function with the imports that it needs, as Python code in one block that begins with ```python and ends with ```. It has no tests and no explanation.';

export const humaneval: Benchmark = {
  name: 'humaneval',
  title: 'HumanEval',
  metric: 'pass@1',
  agents: ['cot', 'react', 'reflexion', 'lats'],
  async open({ file }) {
    const [{ problems, source }, sandbox] = await Promise.all([loadProblems(file), openSandbox()]);
    return { items: problems.map((problem) => humanevalItem(problem, sandbox)), source, notes: [...sourceNotes(source), ...sandboxNotes(sandbox)] };
  },
  startStandIns: null,
};

/** The task of one problem. */
export function humanevalItem(problem: Problem, sandbox: Sandbox): BenchmarkItem {
  const task: Task = {
    id: problem.task_id,
    question: `Complete this function:\n\n\`\`\`python\n${problem.prompt.trimEnd()}\n\`\`\``,
    instructions: INSTRUCTIONS,
    answerForm: ANSWER_FORM,
    openEnvironment: () => pythonEnvironment(sandbox),
    examples: EXAMPLES,
    // Only what the prompt shows: the tests stay hidden. Reflexion and LATS learn from visible and self-written tests, too.
    reward: hasExamples(problem) ? (answer, signal) => passedExamples(problem, answer, sandbox, signal) : null,
  };
  return {
    task,
    async score(answer, signal) {
      const value = answer !== null && (await passes(problem, answer, sandbox, signal)) ? 1 : 0;
      return { value, parts: { pass: value } };
    },
  };
}

/** Does the answer pass the hidden tests? A program that ends early, hangs or is stopped by a limit does not. */
async function passes(problem: Problem, answer: string, sandbox: Sandbox, signal: AbortSignal): Promise<boolean> {
  const token = randomUUID();
  const run = await sandbox.run(testedProgram(problem, codeOf(answer), token), { signal });
  return run.end === 'exit' && run.exitCode === 0 && lastLine(run.stdout) === token;
}

/** The share of the prompt's examples that come out as shown. */
async function passedExamples(problem: Problem, answer: string, sandbox: Sandbox, signal: AbortSignal): Promise<number> {
  const token = randomUUID();
  const run = await sandbox.run(examplesProgram(problem, codeOf(answer), token), { signal });
  const [said, passed, all] = lastLine(run.stdout).split(' ');
  return said === token && run.end === 'exit' && Number(all) > 0 ? Number(passed) / Number(all) : 0;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)!;
}
