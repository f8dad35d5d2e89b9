/** Which runs a sweep is, in what order. Pure. */
import type { Question } from './questions.ts';
import { assignment, type Variant } from './variants.ts';

export interface SweepRun {
  /** Tells it from all others of the sweep. */
  key: string;
  question: Question;
  variant: Variant;
  /** As `--backend` has it. */
  backend: string;
  /** From 1. */
  repeat: number;
  /** The variant's, and the backend where there are several. */
  setting: string;
}

export interface PlanOf {
  questions: readonly Question[];
  variants: readonly Variant[];
  backends: readonly string[];
  repeats: number;
  /** From 1: `index` of `count` parts of the questions. */
  shard: { index: number; count: number };
}

/**
 * Each question by each variant on each backend, repeats last. Variants take turns, so that what changes on the machine or at the
 * server meanwhile falls on all of them alike.
 */
export function planRuns({ questions, variants, backends, repeats, shard }: PlanOf): SweepRun[] {
  const own = questions.filter(({ number }) => (number - 1) % shard.count === shard.index - 1);
  return Array.from({ length: repeats }, (_, before) => before + 1).flatMap((repeat) =>
    own.flatMap((question) =>
      variants.flatMap((variant) =>
        backends.map((backend): SweepRun => {
          const setting = [variant.setting, ...(backends.length > 1 ? [assignment('backend', backend)] : [])].filter((part) => part !== '').join(' ');
          return { key: JSON.stringify([repeat, question.number, setting]), question, variant, backend, repeat, setting };
        }),
      ),
    ),
  );
}

/** Runs pieces of work, some at once, in their order; begins no more once it is to stop. */
export async function runPool<Piece>(pieces: readonly Piece[], atOnce: number, work: (piece: Piece) => Promise<void>, isToStop: () => boolean): Promise<void> {
  const rest = pieces.values();
  const worker = async (): Promise<void> => {
    for (const piece of rest) {
      if (isToStop()) return;
      await work(piece);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, pieces.length) }, worker));
}
