/** What the thread of the analysis was started with. Imported before anything that makes texts: it has them spoken. */
import { workerData } from 'node:worker_threads';
import { speak } from '../profile/language.ts';
import type { AnalysisThreadData } from '../protocol/analysisThread.ts';

export const { file: recordingFile, language } = workerData as AnalysisThreadData;

speak(language);
