/**
 * How hard tasks are: the chance of an answer to be right differs from task to task, as a beta distribution says. Of repeated answers
 * to a set of tasks that is what is found, and why more of them solve ever fewer tasks more (https://arxiv.org/abs/2502.17578).
 */
import type { Random } from '../simulator/answers/random.ts';

/** A beta distribution of the chance that an answer to a task is right. */
export interface Difficulty {
  alpha: number;
  beta: number;
}

/** Tasks that at least one of so many answers is right of. */
export function solvedBy({ alpha, beta }: Difficulty, tries: number): number {
  let unsolved = 1;
  for (let failed = 0; failed < tries; failed++) unsolved *= (beta + failed) / (alpha + beta + failed);
  return 1 - unsolved;
}

/** From chances of nearly 0 or 1 alone to nearly the same for all tasks. */
const CONCENTRATIONS = [1e-6, 1e6] as const;
const HALVINGS = 60;

/**
 * The distribution of which a share `firstTry` of tasks is solved at the first answer, and a share `solved` by `tries` of them.
 * @throws RangeError where no spread of chances gives that
 */
export function difficultyOf(firstTry: number, solved: number, tries: number): Difficulty {
  const of = (concentration: number): Difficulty => ({ alpha: firstTry * concentration, beta: (1 - firstTry) * concentration });
  let [low, high]: [number, number] = [...CONCENTRATIONS];
  if (!(firstTry > 0 && firstTry < 1) || solvedBy(of(low), tries) > solved || solvedBy(of(high), tries) < solved) {
    throw new RangeError(`of tasks of which ${firstTry} are solved at the first answer, ${solved} cannot be by ${tries}`);
  }
  // The more alike the tasks, the more of them are solved in the end.
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = Math.sqrt(low * high);
    if (solvedBy(of(middle), tries) < solved) low = middle;
    else high = middle;
  }
  return of(Math.sqrt(low * high));
}

/** One task's answers: each right or wrong, and the more were wrong, the harder the task seems to be (Pólya's urn, which draws the task's own chance by and by). */
export class TaskAnswers {
  readonly #random: Random;
  #right: number;
  #wrong: number;

  constructor({ alpha, beta }: Difficulty, random: Random) {
    this.#random = random;
    this.#right = alpha;
    this.#wrong = beta;
  }

  /** Whether the next answer is right. */
  next(): boolean {
    const isRight = this.#random.next() < this.#right / (this.#right + this.#wrong);
    if (isRight) this.#right += 1;
    else this.#wrong += 1;
    return isRight;
  }
}
