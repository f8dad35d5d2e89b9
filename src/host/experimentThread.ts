/** The thread that runs experiments, so that the editor goes on: it simulates for minutes without a pause. */
import { parentPort, workerData } from 'node:worker_threads';
import { Lab } from '../experiments/lab.ts';
import { EXPERIMENTS } from '../experiments/registry.ts';
import type { ExperimentOrder, FromExperimentThread } from '../protocol/experiment.ts';

const { ids, requests, repeats } = workerData as ExperimentOrder;
const post = (message: FromExperimentThread): void => parentPort?.postMessage(message);
const chosen = EXPERIMENTS.filter(({ id }) => ids.includes(id));
const lab = new Lab({ requests, repeats });
chosen.forEach(({ run, ...experiment }, done) => {
  post({ type: 'begun', doing: experiment.where, done, total: chosen.length });
  post({ type: 'result', result: { experiment, findings: run(lab) } });
});
post({ type: 'done' });
