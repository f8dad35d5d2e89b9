/** Runs experiments in a thread of their own, which can be ended at any time. Knows no `vscode`. */
import { Worker } from 'node:worker_threads';
import * as l10n from '@vscode/l10n';
import type { ExperimentOrder, ExperimentProgress, FromExperimentThread } from '../protocol/experiment.ts';
import type { Result } from '../experiments/report/grouped.ts';

export interface ExperimentListener {
  onProgress: (progress: ExperimentProgress) => void;
  onResult: (result: Result) => void;
}

export interface ExperimentRun {
  /** Resolves with whether all was run; rejects with what went wrong. */
  readonly ended: Promise<'done' | 'cancelled'>;
  cancel(): void;
}

/** @param threadFile `dist/experiments.cjs` */
export function runExperiments(threadFile: string, order: ExperimentOrder, { onProgress, onResult }: ExperimentListener): ExperimentRun {
  // Not the editor's own options, which may be for a debugger.
  const worker = new Worker(threadFile, { workerData: order, execArgv: [] });
  let isCancelled = false;
  const ended = new Promise<'done' | 'cancelled'>((resolve, reject) => {
    let isDone = false;
    worker.on('message', (message: FromExperimentThread) => {
      if (isCancelled) return;
      if (message.type === 'begun') onProgress({ doing: message.doing, done: message.done, total: message.total });
      else if (message.type === 'result') onResult(message.result);
      else isDone = true;
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (isDone) resolve('done');
      else if (isCancelled) resolve('cancelled');
      else reject(new Error(l10n.t`the experiment's thread ended early (exit code ${code})`));
    });
  });
  return {
    ended,
    cancel: () => {
      isCancelled = true;
      void worker.terminate();
    },
  };
}
