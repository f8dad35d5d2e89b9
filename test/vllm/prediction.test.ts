/** A run of agents on the real server, against the same run on our simulator with the profile that `agent-cost calibrate` made of it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ascending, percentile } from '../../src/analysis/statistics.ts';
import type { Milliseconds, Ratio, Tokens } from '../../src/profile/units.ts';
import { agentCost, newFolder, onlyRecording, reportOf } from '../cli/agentCost.ts';
import { heldUp, threadsOf } from './serverProcesses.ts';
import { isMet, print, type Figure } from './figures.ts';
import { MAX_BATCHED_TOKENS, MAX_SEQUENCES, SERVED_MODEL } from './limits.ts';

const url = process.env['AGENT_COST_LIVE_URL']!;
const AGENTS = 16;
const CALLS = 3;
const CALIBRATION_MINUTES = 2;
/** Runs on the real server. The one in which others held it up least is taken, however it fits. */
const ROUNDS = 3;
const round = (value: number): string => value.toFixed(0);

interface Run {
  /** From the start of the first call to the end of the last. */
  makespan: Milliseconds;
  /** By the tokens of its answer, which are no other call's. */
  latencies: Map<Tokens, Milliseconds>;
  tokens: Record<'prompt' | 'cached' | 'completion', Tokens | null>;
}

async function runOn(backend: string, nth: number): Promise<Run> {
  const cwd = newFolder();
  const program = fileURLToPath(new URL('programs/agents.mjs', import.meta.url));
  const { stderr, code } = await agentCost(['run', '--backend', backend, '--', process.execPath, program], { cwd, env: { MODEL: SERVED_MODEL, AGENTS: String(AGENTS), CALLS: String(CALLS), ROUND: String(nth) } });
  expect(code, stderr).toBe(0);
  const { spans, totals } = await reportOf(onlyRecording(cwd));
  const calls = spans.filter(({ llm }) => llm !== null);
  const latencies = new Map(calls.map(({ llm, startMs, endMs }) => [llm!.completionTokens!, endMs! - startMs]));
  expect(latencies.size).toBe(AGENTS * CALLS);
  return { makespan: Math.max(...calls.map(({ endMs }) => endMs!)) - Math.min(...calls.map(({ startMs }) => startMs)), latencies, tokens: { prompt: totals.promptTokens, cached: totals.cachedTokens, completion: totals.completionTokens } };
}

/** The run on the real server that others on its machine held up least. */
async function leastHeldUp(): Promise<Run & { nth: number; heldUp: Ratio }> {
  const runs: Awaited<ReturnType<typeof leastHeldUp>>[] = [];
  for (let nth = 1; nth <= ROUNDS; nth++) {
    const before = threadsOf(new URL(url).port);
    const run = await runOn(url, nth);
    runs.push({ ...run, nth, heldUp: heldUp(before, threadsOf(new URL(url).port)) });
  }
  process.stdout.write(`\n${runs.map((run) => `Run ${run.nth} on the real server: ${round(run.makespan)} ms, its busiest thread waited for a processor ${(run.heldUp * 100).toFixed(1)} % of the time.`).join('\n')}\n`);
  return runs.reduce((least, run) => (run.heldUp < least.heldUp ? run : least));
}

/** The simulated twin, while `work` runs. */
async function simulated<T>(profile: string, work: (backend: string) => Promise<T>): Promise<T> {
  let stop: (() => void) | null = null;
  let working: Promise<T> | null = null;
  const limits = ['--max-num-seqs', String(MAX_SEQUENCES), '--max-num-batched-tokens', String(MAX_BATCHED_TOKENS)];
  const { stderr } = await agentCost(['simulate', '--gpu', profile, '--model', SERVED_MODEL, '--port', '0', ...limits], {
    cwd: newFolder(),
    onStart: (child) => (stop = () => child.kill('SIGINT')),
    onStdout: (sofar) => {
      if (working !== null || !sofar.endsWith('\n')) return;
      working = work(sofar.trim());
      working.catch(() => undefined).finally(() => stop?.());
    },
  });
  if (working === null) throw new Error(`agent-cost simulate did not start: ${stderr}`);
  return working;
}

describe('the simulator', () => {
  let profile = '';

  beforeAll(async () => {
    const cwd = newFolder();
    profile = join(cwd, 'calibrated.json');
    const { code, stdout, stderr } = await agentCost(['calibrate', '--backend', url, '--minutes', String(CALIBRATION_MINUTES), '--max-sequences', String(AGENTS), '--telemetry', 'off', '--out', profile], { cwd });
    process.stdout.write(`\n${stdout}\n`);
    expect(code, stderr).toBe(0);
  });

  it('predicts what a run of 16 agents takes', async () => {
    const theirs = await leastHeldUp();
    const ours = await simulated(profile, (backend) => runOn(backend, theirs.nth));
    expect(ours.tokens).toEqual(theirs.tokens);
    const each = [...theirs.latencies].map(([tokens, ms]): Figure => ({ what: `a call that writes ${tokens} tokens`, ours: ours.latencies.get(tokens)!, theirs: ms, unit: 'ms', limit: null }));
    const median = (values: number[]): number => percentile(ascending(values), 0.5)!;
    const off = median(each.map(({ ours: predicted, theirs: measured }) => Math.abs(predicted / measured - 1)));
    const makespan: Figure = { what: 'makespan', ours: ours.makespan, theirs: theirs.makespan, unit: 'ms', limit: { share: 0.1, atLeast: 0 } };
    print(`${AGENTS} agents, ${AGENTS * CALLS} calls: ours is the simulator's, calibrated; theirs is the real server's`, [...each, { what: 'a call, median', ours: median(each.map((figure) => figure.ours)), theirs: median(each.map((figure) => figure.theirs)), unit: 'ms', limit: null }, makespan]);
    process.stdout.write(`A call's latency is off by ${(off * 100).toFixed(1)} % (median; limit 15 %): ${off <= 0.15 ? 'met' : 'NOT MET'}\n\n`);
    expect(isMet(makespan)).toBe(true);
    expect(off).toBeLessThanOrEqual(0.15);
  });
});
