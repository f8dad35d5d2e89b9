/** The agent's tool: it runs what the agent writes, and tells what came out. */
import type { Environment, Observation, Tool } from '../../agents/agent.ts';
import type { Sandbox, SandboxedRun } from '../sandbox/sandbox.ts';
import { codeOf } from './program.ts';

/** How much of each output an observation holds: its end, where Python says what went wrong. */
const LONGEST_OUTPUT = 1500;

/** Nothing is kept from one program to the next. */
export function pythonEnvironment(sandbox: Sandbox): Environment {
  const environment: Environment = { tools: [runPythonTool(sandbox)], fork: () => environment };
  return environment;
}

function runPythonTool(sandbox: Sandbox): Tool {
  return {
    name: 'run_python',
    description: 'Run a Python program, such as your solution followed by assert statements that test it, and see what it prints or how it fails.',
    parameters: {
      type: 'object',
      properties: { code: { type: 'string', description: 'The whole program. Nothing is kept from earlier ones.' } },
      required: ['code'],
    },
    async run({ code }, signal) {
      if (typeof code !== 'string' || code.trim() === '') return { text: 'Give run_python the code of a whole program: your solution and tests for it.' };
      return { text: describeRun(await sandbox.run(codeOf(code), { signal })) };
    },
  };
}

/** What a run gave, as the model is told. */
export function describeRun(run: SandboxedRun): Observation['text'] {
  const said = [ending(run.stdout), ending(run.stderr)].filter((text) => text !== '').join('\n');
  if (run.end === 'time') return `The program was stopped: it did not end in ${Math.round(run.wallMs / 1000)} s.${said === '' ? '' : `\n${said}`}`;
  if (run.end === 'signal') return `The program was stopped: it used more than it may.${said === '' ? '' : `\n${said}`}`;
  if (run.exitCode !== 0) return said === '' ? `The program ended with exit code ${run.exitCode}.` : said;
  return said === '' ? 'The program ended well and printed nothing: no assertion failed.' : said;
}

function ending(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= LONGEST_OUTPUT ? trimmed : `…${trimmed.slice(-LONGEST_OUTPUT)}`;
}
