/** Entry of `dist/profiler.cjs`: the profiler process, and in its second thread the recorder. */
import { isMainThread } from 'node:worker_threads';
import { runRecorderThread } from '../recorder/recorderThread.ts';
import { runProfiler } from './profilerProcess.ts';

if (isMainThread) runProfiler(__filename);
else void runRecorderThread();
