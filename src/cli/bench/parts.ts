/**
 * What is done of an experiment, kept beside its table until that is whole, for who goes on after an interruption: of each run of the
 * agents' program what it has written of its tasks, and where its recording is.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunPlan, TaskResult } from '../../agents/results.ts';
import { UsageError } from '../usageError.ts';
import { readResults } from './progress.ts';

/** What one run of the agents' program has done of a repeat. */
export interface Part {
  plan: RunPlan;
  results: TaskResult[];
  recording: string;
}

/** Where the next one is to write. */
export interface NewPart {
  results: string;
  /** A file with the numbers of the tasks that are done; null for none. */
  done: string | null;
  onRecording: (path: string) => void;
}

/** How an experiment may be gone on with. */
export interface Keeping {
  /** With what is there. */
  resume: boolean;
  /** What could not be worked on so far is to be tried once more. */
  retryFailed: boolean;
  /** What an interruption loses: the tasks that were not done, or, where load is what is measured, the whole repeat. */
  unit: 'task' | 'repeat';
}

const OPTIONS = 'options.json';
/** Of the files of one run: what it has written, what it is not to do, where its recording is, and whether what failed in it is tried again. */
const ENDINGS = ['jsonl', 'done', 'recording', 'retried'] as const;
/** There when nothing is left to do but to try again what failed. */
const WHOLE = 'whole';

export class Parts {
  readonly #folder: string;

  /** @param folder is there */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Those beside a table, begun or gone on with.
   * @param options what may not differ between who begins and who goes on
   * @throws UsageError where there are some that are not whole and nobody wants to go on with them, or they are of something else
   */
  static beside(table: string, { resume, retryFailed }: Keeping, options: Record<string, unknown>): Parts {
    const folder = `${table}.parts`;
    const file = join(folder, OPTIONS);
    const text = JSON.stringify(options);
    if (!resume && existsSync(join(folder, WHOLE))) rmSync(folder, { recursive: true });
    if (existsSync(file)) {
      if (!resume) throw new UsageError(`${folder} holds what an earlier run with this --table has done: go on with it (--resume), or delete it.`);
      const before = readFileSync(file, 'utf8');
      if (before !== text) throw new UsageError(`${folder} is of a run with other options: ${differences(JSON.parse(before) as Record<string, unknown>, options)}. Go on with the same ones, or delete it.`);
      const parts = new Parts(folder);
      if (retryFailed) parts.#retryFailed();
      return parts;
    }
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, text);
    } catch (error) {
      throw new UsageError(`--table: ${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}.`);
    }
    return new Parts(folder);
  }

  /** Of a repeat, in the order in which they were run. One that was killed before it had begun with a task is none. */
  of(repeat: number): Part[] {
    return this.#numbers(repeat).flatMap((number) => {
      const { plan, results } = readResults(this.#path(repeat, number, 'jsonl'));
      const recording = this.#path(repeat, number, 'recording');
      if (plan === null || !existsSync(recording)) return [];
      const retried = existsSync(this.#path(repeat, number, 'retried'));
      return [{ plan, results: retried ? results.map(leftToDo) : results, recording: readFileSync(recording, 'utf8') }];
    });
  }

  /** Forgets what was done of a repeat. @returns its recordings, which stay where they are */
  forget(repeat: number): string[] {
    const recordings = this.of(repeat).map(({ recording }) => recording);
    for (const number of this.#numbers(repeat)) for (const ending of ENDINGS) rmSync(this.#path(repeat, number, ending), { force: true });
    return recordings;
  }

  /** For one more run of a repeat. */
  next(repeat: number): NewPart {
    const done = doneIn(this.of(repeat));
    const number = Math.max(0, ...this.#numbers(repeat)) + 1;
    const file = this.#path(repeat, number, 'done');
    if (done.size > 0) writeFileSync(file, JSON.stringify([...done]));
    return {
      results: this.#path(repeat, number, 'jsonl'),
      done: done.size > 0 ? file : null,
      onRecording: (path) => writeFileSync(this.#path(repeat, number, 'recording'), path),
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Nothing is left to do but to try again what failed: who begins anew need not go on with these. */
  keepForRetry(): void {
    writeFileSync(join(this.#folder, WHOLE), '');
  }

  #retryFailed(): void {
    rmSync(join(this.#folder, WHOLE), { force: true });
    for (const name of readdirSync(this.#folder)) if (name.endsWith('.recording')) writeFileSync(join(this.#folder, name.replace(/recording$/, 'retried')), '');
  }

  #numbers(repeat: number): number[] {
    return readdirSync(this.#folder)
      .flatMap((name) => {
        const [, of, number] = /^(\d+)-(\d+)\.recording$/.exec(name) ?? [];
        return Number(of) === repeat ? [Number(number)] : [];
      })
      .sort((a, b) => a - b);
  }

  #path(repeat: number, number: number, ending: (typeof ENDINGS)[number]): string {
    return join(this.#folder, `${repeat}-${number}.${ending}`);
  }
}

/** Numbers of the tasks that were worked on to an end, be it a failure; what warms up is no such task. */
export function doneIn(parts: readonly Part[]): Set<number> {
  return new Set(parts.flatMap(({ results }) => results.filter(({ warmUp, interrupted }) => !warmUp && !interrupted).map(({ number }) => number)));
}

/** One that failed and is tried again is as one that was cut off; what warmed up is nobody's task. */
function leftToDo(result: TaskResult): TaskResult {
  return result.error === null || result.warmUp ? result : { ...result, interrupted: true };
}

function differences(before: Record<string, unknown>, now: Record<string, unknown>): string {
  const changed = Object.keys({ ...before, ...now }).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]));
  return changed.map((name) => `${name} was ${JSON.stringify(before[name])}, and is ${JSON.stringify(now[name])}`).join('; ');
}
