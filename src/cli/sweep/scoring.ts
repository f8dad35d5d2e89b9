/** Whether a program's answer is right: compared with the question's `answer`, or as a command of the user's says. */
import { spawn } from 'node:child_process';
import { scoreAnswer } from '../../benchmarks/hotpotqa/score.ts';
import type { Question } from './questions.ts';

/** What a score is asked of; a command gets it as JSON on its stdin. */
export interface Answered {
  id: string;
  question: Readonly<Record<string, string>>;
  /** All that the program wrote on stdout. */
  output: string;
  /** Its last line that is not empty. */
  answer: string;
  /** The variables that its variant set. */
  variant: Readonly<Record<string, string>>;
  recording: string;
}

export interface Scorer {
  /** Null where none was asked for. */
  name: string | null;
  /** From 0 to 1; null where nobody can tell. @throws Error with why a command did not tell */
  score(answered: Answered): Promise<number | null>;
}

const COMPARISONS: Readonly<Record<string, (answered: Answered, expected: string) => number>> = {
  exact: ({ answer }, expected) => Number(scoreAnswer(answer, expected).exactMatch),
  f1: ({ answer }, expected) => scoreAnswer(answer, expected).f1,
  contains: ({ output }, expected) => Number(output.toLowerCase().includes(expected.toLowerCase())),
};
export const COMPARISON_NAMES = Object.keys(COMPARISONS);

const COMMAND_MS = 120_000;
const MOST_OUTPUT = 64_000;

/** @param how a comparison's name, or a command line for the system's shell */
export function scorerOf(how: string | undefined): Scorer {
  if (how === undefined) return { name: null, score: () => Promise.resolve(null) };
  const compare = COMPARISONS[how];
  if (compare === undefined) return { name: how, score: (answered) => byCommand(how, answered) };
  return {
    name: how,
    score: (answered) => {
      const expected = answered.question['answer'];
      return Promise.resolve(expected === undefined ? null : compare(answered, expected));
    },
  };
}

/** Questions that a comparison has nothing to compare with. */
export function withoutAnswer(how: string | undefined, questions: readonly Question[]): number {
  return how === undefined || !(how in COMPARISONS) ? 0 : questions.filter(({ fields }) => fields['answer'] === undefined).length;
}

/** The number in the last line that the command writes. */
async function byCommand(command: string, answered: Answered): Promise<number> {
  const { output, said } = await asked(command, JSON.stringify(answered));
  const line = lastLine(output);
  const score = line === '' ? NaN : Number(line);
  if (!(score >= 0 && score <= 1)) throw new Error(`--score wrote ${line === '' ? 'nothing' : `"${line.slice(0, 80)}"`}, not a number from 0 to 1${said === '' ? '.' : `: ${said}`}`);
  return score;
}

function asked(command: string, input: string): Promise<{ output: string; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, timeout: COMMAND_MS });
    let output = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-MOST_OUTPUT)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MOST_OUTPUT)));
    child.once('error', reject);
    // A command that does not read it has its own reasons.
    child.stdin.on('error', () => undefined).end(input);
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ output, said: lastLine(said) });
      else reject(new Error(`--score ${signal === null ? `exited with ${code}` : `was ended by ${signal}`}${lastLine(said) === '' ? '.' : `: ${lastLine(said)}`}`));
    });
  });
}

export function lastLine(text: string): string {
  return text.split(/\r?\n/).findLast((line) => line.trim() !== '')?.trim() ?? '';
}
