/**
 * What a sweep has done, in its folder: a line for what it is, then one for each run as soon as that is done, so that a sweep that
 * was broken off goes on where it was.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { taskRowSchema, type TaskRow } from '../../experiments/table/columns.ts';
import { UsageError } from '../usageError.ts';

const FILE = 'sweep.jsonl';

/** What must be the same for a sweep to be gone on with. */
export const identitySchema = z.object({ command: z.array(z.string()), questions: z.string(), score: z.string().nullable(), stdin: z.boolean() });
export type Identity = z.infer<typeof identitySchema>;
/** Each with its verb. */
const NAMES: Readonly<Record<keyof Identity, string>> = { command: 'the command is', questions: 'the questions are', score: '--score is', stdin: '--stdin is' };

const doneSchema = z.object({ key: z.string(), row: taskRowSchema });

export class Journal {
  readonly #file: string;
  /** Rows of runs that are done, by key. */
  readonly done = new Map<string, TaskRow>();

  /** @throws UsageError where there is one already that is not to be gone on with, or is of another sweep */
  constructor(folder: string, identity: Identity, resume: boolean) {
    this.#file = join(folder, FILE);
    if (!existsSync(this.#file)) {
      if (resume) throw new UsageError(`--resume: there is no sweep in ${folder}. Name the folder of the one to go on with by --out.`);
      this.#append(identity);
      return;
    }
    if (!resume) throw new UsageError(`There is a sweep in ${folder} already: go on with it by --resume, or choose another folder with --out.`);
    const [head = '', ...lines] = readFileSync(this.#file, 'utf8').split('\n');
    const before = identitySchema.safeParse(parsed(head));
    if (!before.success) throw new UsageError(`--resume: ${this.#file} is not what a sweep writes. Choose another folder with --out.`);
    const other = (Object.keys(NAMES) as (keyof Identity)[]).find((part) => JSON.stringify(before.data[part]) !== JSON.stringify(identity[part]));
    if (other !== undefined) throw new UsageError(`--resume: ${NAMES[other]} not as in the sweep of ${folder}. Leave all as it was, or begin another one with --out.`);
    for (const line of lines) {
      // The last line is torn where the sweep was killed while it wrote.
      const read = doneSchema.safeParse(parsed(line));
      if (read.success) this.done.set(read.data.key, read.data.row);
    }
    // What comes next begins a line.
    appendFileSync(this.#file, '\n');
  }

  /** @throws Error when it cannot be written */
  add(key: string, row: TaskRow): void {
    this.done.set(key, row);
    this.#append({ key, row });
  }

  #append(value: object): void {
    // It holds answers, as recordings do.
    appendFileSync(this.#file, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
