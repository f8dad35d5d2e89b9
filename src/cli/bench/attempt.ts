/** One run of the agents' program under the profiler: a repeat, or as much of it as was left to do. */
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import type { RunPlan, TaskResult } from '../../agents/results.ts';
import { accounting } from '../accountingOptions.ts';
import { startProfiling } from '../profiling.ts';
import { profilingOptions } from '../profilingOptions.ts';
import { runProgram } from '../runProgram.ts';
import type { AgentFlags, Asked } from './flags.ts';
import { followProgress, type Place } from './progress.ts';
import type { Programs } from './programs.ts';

export interface AttemptOptions {
  flags: AgentFlags;
  asked: Asked;
  programs: Programs;
  /** Variables that lead the tools to what stands in for their world. */
  environment: Record<string, string>;
  place: Place;
  /** Where the agents' program writes what it has done. */
  results: string;
  /** A file with the numbers of the tasks that are done already; null for none. */
  done: string | null;
  /** Told as soon as the recording has a place, for those who go on after a kill. */
  onRecording: (path: string) => void;
}

export interface Attempt {
  /** Null where the agents' program could not begin: it has said why on stderr. */
  plan: RunPlan | null;
  results: TaskResult[];
  recording: string;
  /** 0, or what to exit with: 128 + n by signal n, 2 where the program could not begin, 1 where it broke off. */
  code: number;
}

/** @throws ProfilerError or UsageError */
export async function runAttempt({ flags, asked, programs: { node, agents }, environment, place, results, done, onRecording }: AttemptOptions): Promise<Attempt> {
  const name = asked.runName(place.repeat);
  const out = flags.out === undefined || place.repeats === 1 ? flags.out : flags.out.replace(/(\.agentcost)?$/, `-${place.repeat}$1`);
  const words = [node, agents, ...asked.args(place.repeat), ...(done === null ? [] : ['--done', done]), '--results', results, '--until-input-ends'];
  const profiling = await startProfiling(profilingOptions({ ...flags, name, ...(out === undefined ? {} : { out }) }, words, name), accounting(flags));
  onRecording(profiling.out);
  const traces = asked.atOnce ? ['--traces', profiling.tracesUrl] : [];
  const progress = followProgress(results, place, process.stderr);
  // Its input ends with this process, however that ends.
  const ended = await runProgram(node, [...words.slice(1), ...traces], { ...process.env, ...environment, ...profiling.environment(process.env, flags.hooks) }, ['pipe', flags.verbose === true ? 2 : 'ignore', 'inherit']);
  const { plan, results: done_ } = progress.stop();
  await profiling.stop({ exitCode: ended.code, signal: ended.signal });
  const bySignal = ended.signal === null ? null : 128 + constants.signals[ended.signal];
  // Nothing was recorded.
  if (plan === null) rmSync(profiling.out, { force: true });
  return { plan, results: done_, recording: profiling.out, code: bySignal ?? (plan === null ? 2 : 0) };
}
