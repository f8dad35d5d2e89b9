/** Messages between the extension host and the experiment webview, and between the host and the thread that runs experiments. */
import { z } from 'zod';
import type { Result } from '../experiments/report/grouped.ts';

/** What is being run. */
export interface ExperimentProgress {
  /** As the paper calls it. */
  doing: string;
  done: number;
  total: number;
}

export type ToExperiment =
  | { type: 'show'; title: string; settings: string; results: Result[]; progress: ExperimentProgress | null }
  /** Nothing to show, and what to say instead. */
  | { type: 'empty'; message: string; detail: string };

export const fromExperimentSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** Choose another experiment or file. */
  z.object({ type: z.literal('choose') }),
  z.object({ type: z.literal('cancel') }),
  z.object({ type: z.literal('save') }),
  z.object({ type: z.literal('failed'), message: z.string().max(10_000) }),
]);
export type FromExperiment = z.infer<typeof fromExperimentSchema>;

/** What a thread is to run: names of experiments, and how much of each. */
export interface ExperimentOrder {
  ids: readonly string[];
  requests: number;
  repeats: number;
}

export type FromExperimentThread = { type: 'begun'; doing: string; done: number; total: number } | { type: 'result'; result: Result } | { type: 'done' };
