/** The paper's experiments on a server of the user's, with the bundled agents. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ModelSize } from '../../experiments/behaviour/schema.ts';
import { runKey, type RunAsked } from '../../experiments/lab.ts';
import { asMeasured, Measuring, runsAsked } from '../../experiments/measured.ts';
import type { RunnableExperiment } from '../../experiments/registry.ts';
import type { Result } from '../../experiments/report/grouped.ts';
import type { Scale } from '../../experiments/scale.ts';
import { DEFAULT_ACCOUNTING } from '../../profile/accounting.ts';
import type { Backend } from '../../profile/recordingFormat.ts';
import { DEFAULT_REDACTION } from '../../protocol/profiler.ts';
import type { AgentFlags } from '../bench/flags.ts';
import { shownPath } from '../shownPath.ts';
import { UsageError } from '../usageError.ts';
import { Interrupted, namesOf, runAgents, type AgentRun } from './agentRun.ts';

export interface MeasuredFlags {
  backend?: string;
  backendUncached?: string;
  backendLarge?: string;
  model?: string;
  gpu?: string;
  gpuCount?: string;
  telemetry?: string;
  toolCalling?: string;
  items?: string[];
  warmUp?: string;
  realWorld?: true;
}

export interface Measured {
  title: string;
  /** What stands beside the paper's figures, in words. */
  ours: string;
  results: Result[];
  exitCode: number;
}

/** What a server must tell for an experiment, beside times and tokens. */
const NEEDS: Readonly<Record<string, 'energy' | 'phases'>> = { fig6: 'phases', fig17: 'energy', table3: 'energy', table4: 'energy' };

export function addMeasuredOptions(command: Command): Command {
  return command
    .option('--backend <url>', 'measure it with the bundled agents on this server, instead of simulating it; in a clone only')
    .option('--backend-uncached <url>', 'the same model without prefix caching (vLLM: --no-enable-prefix-caching), for figures that compare')
    .option('--backend-large <url>', 'a larger model, for figures that compare sizes (the paper: 8B and 70B)')
    .option('--model <name>', "rewrite the model's name on the way to the backend")
    .option('--gpu <profile>', 'GPU profile that energy is computed with where its power is not read')
    .option('--gpu-count <n>', 'GPUs that serve the model')
    .option('--telemetry <source>', "what is read of the server and its GPU's power, as of run")
    .addOption(new Option('--tool-calling <how>', "native (the API's tool calls) or text (in the model's text, as the agents' papers have it)").choices(['native', 'text']))
    .option('--items <benchmark=file>', 'tasks of a file of the real dataset, instead of those of our own; for each benchmark', (value: string, before: string[] = []) => [...before, value])
    .option('--warm-up <n>', 'tasks before each run that are in no figure (default: 1)')
    .option('--real-world', 'let the tools reach what they are meant for, instead of what stands in for it on this machine');
}

/** What is said of a server that is not named is a slip. @throws UsageError */
export function refuseWithoutBackend(flags: MeasuredFlags): void {
  if (flags.backend !== undefined) return;
  const options: Partial<Record<keyof MeasuredFlags, string>> = { backendUncached: '--backend-uncached', backendLarge: '--backend-large', model: '--model', gpu: '--gpu', gpuCount: '--gpu-count', telemetry: '--telemetry', toolCalling: '--tool-calling', items: '--items', warmUp: '--warm-up', realWorld: '--real-world' };
  const given = (Object.keys(options) as (keyof MeasuredFlags)[]).find((name) => flags[name] !== undefined);
  if (given !== undefined) throw new UsageError(`${options[given]} is for a server: name one by --backend URL, or leave it out.`);
}

/** @throws UsageError or ProfilerError */
export async function measure(experiments: readonly RunnableExperiment[], scale: Scale, flags: MeasuredFlags & { backend: string }): Promise<Measured> {
  if (!/^https?:\/\//.test(flags.backend)) throw new UsageError(`--backend takes the URL of a server, such as http://gpu-box:8000/v1, not "${flags.backend}". Without it, all is simulated.`);
  const items = itemsOf(flags.items ?? []);
  const { possible, left, planned } = split(experiments, scale, flags);
  for (const line of left) process.stderr.write(`! ${line}\n`);
  if (possible.length === 0) throw new UsageError('None of these can be measured with what is there: name the servers that they need.');
  const runs: AgentRun[] = [];
  const measuring = new Measuring(scale, async (asked) => {
    process.stderr.write(`run ${runs.length + 1} of about ${Math.max(planned, runs.length + 1)}: ${runText(asked)}\n`);
    const done = await runAgents(asked, agentFlags(asked, flags, items));
    runs.push(done);
    checkTold(current, done);
    return done.outcome;
  });
  const results: Result[] = [];
  let exitCode = 0;
  let current = possible[0]!;
  try {
    for (const experiment of possible) {
      current = experiment;
      const findings = await measuring.findings(experiment);
      results.push({ experiment, findings: asMeasured(findings, isSimulated(runs) ? 'On a simulated server.' : '') });
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    // What is whole is shown.
    exitCode = error.exitCode;
  }
  // They hold for all.
  results[0]?.findings.notes.push(...notesOf(runs));
  if (runs.some(({ failed }) => failed > 0)) exitCode ||= 1;
  return { title: 'The paper’s figures, measured', ours: `${serversText(runs)}, with agents of our own after the same papers.`, results, exitCode };
}

/** @throws UsageError where an experiment's figures cannot be had of a server */
function checkTold({ id, where }: RunnableExperiment, { outcome: { server } }: AgentRun): void {
  const need = NEEDS[id];
  if (need === 'energy' && server.joules === null) throw new UsageError(`${where} is of energy, and nothing tells the power of this server's GPU: name its profile by --gpu, or where to read it by --telemetry.`);
  if (need === 'phases' && Number.isNaN(server.gpuMs.idle)) throw new UsageError(`${where} is of the GPU's time, of which this server tells nothing.`);
}

/** Those that can be measured with the servers that are named, of the others why not, and how many runs that will be, peaks aside. */
function split(experiments: readonly RunnableExperiment[], scale: Scale, flags: MeasuredFlags): { possible: RunnableExperiment[]; left: string[]; planned: number } {
  const left: string[] = [];
  const runs = new Set<string>();
  const possible = experiments.filter((experiment) => {
    const asked = runsAsked([experiment], scale);
    const lacks = [
      ...(flags.backendUncached === undefined && asked.some(({ setting }) => !setting.prefixCaching) ? ['--backend-uncached (the same model without prefix caching)'] : []),
      ...(flags.backendLarge === undefined && asked.some(({ setting }) => setting.model === '70B') ? ['--backend-large (a larger model)'] : []),
    ];
    if (lacks.length > 0) left.push(`${experiment.where}, ${experiment.title}, is left out: it needs ${lacks.join(' and ')}.`);
    else for (const each of asked) runs.add(runKey(each));
    return lacks.length === 0;
  });
  return { possible, left, planned: runs.size };
}

function itemsOf(options: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    options.map((option) => {
      const [, benchmark = '', file = ''] = /^([a-z]+)=(.+)$/.exec(option) ?? [];
      if (benchmark === '') throw new UsageError(`--items takes BENCHMARK=FILE, such as hotpotqa=hotpot_dev.json, not "${option}".`);
      return [benchmark, file] as const;
    }),
  );
}

function agentFlags({ workload, setting: { model, prefixCaching } }: RunAsked, flags: MeasuredFlags & { backend: string }, items: ReadonlyMap<string, string>): AgentFlags {
  const { benchmark } = namesOf(workload);
  const file = items.get(benchmark);
  const servers: Record<ModelSize, string> = { '8B': flags.backend, '70B': flags.backendLarge ?? flags.backend };
  return {
    ...namesOf(workload),
    backend: prefixCaching ? servers[model] : (flags.backendUncached ?? flags.backend),
    capture: 'hashes',
    redact: DEFAULT_REDACTION,
    telemetry: flags.telemetry ?? 'auto',
    gpuCount: flags.gpuCount ?? '1',
    hooks: true,
    energyPolicy: DEFAULT_ACCOUNTING.policy,
    toolCalling: flags.toolCalling ?? 'native',
    warmUp: flags.warmUp ?? '1',
    repeats: '1',
    seed: '1',
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.gpu === undefined ? {} : { gpu: flags.gpu }),
    ...(file === undefined ? {} : { items: file }),
    ...(flags.realWorld === undefined ? {} : { realWorld: flags.realWorld }),
  };
}

function runText({ workload, setting: { model, prefixCaching, load, requests }, seed }: RunAsked): string {
  const { agent, benchmark } = namesOf(workload);
  const budget = workload === 'chat' ? [] : Object.values(workload.budget ?? {}).flatMap((each: object) => Object.entries(each).flatMap(([name, value]) => (typeof value === 'number' ? [`${name} ${value}`] : [])));
  const how = 'perSecond' in load ? `${Number(load.perSecond.toPrecision(3))} a second` : load.clients === 1 ? 'one at a time' : `${load.clients} at once`;
  return [`${agent} on ${benchmark}`, ...budget, how, `${requests} requests`, ...(seed > 1 ? [`repeat ${seed}`] : []), ...(prefixCaching ? [] : ['no prefix caching']), ...(model === '70B' ? ['larger model'] : [])].join(', ');
}

const isSimulated = (runs: readonly AgentRun[]): boolean => runs.some(({ backend }) => backend.simulated);

function serversText(runs: readonly AgentRun[]): string {
  const server = ({ kind, model, gpu, simulated }: Backend) => `${model ?? 'an unknown model'} on ${kind}${gpu === null ? '' : `, ${gpu}`}${simulated ? ' (simulated)' : ''}`;
  return [...new Set(runs.map(({ backend }) => server(backend)))].join('; ');
}

/** What holds for all findings. */
function notesOf(runs: readonly AgentRun[]): string[] {
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  const unseen = runs.some(({ outcome: { requests } }) => requests.some(({ calls }) => calls.length === 0));
  return [
    `Measured on ${serversText(runs)}. The paper's rows are of Llama-3.1 8B and 70B on A100s.`,
    'The agents are of our own, after the same papers; a call that writes tests is counted as any other.',
    'A task is right where its score is 1.',
    ...(isSimulated(runs) ? ["The answers are a simulated server's, written beforehand or made up: accuracies say nothing of a model."] : []),
    ...(failed > 0 ? [`${failed === 1 ? 'One task' : `${failed} tasks`} could not be worked on, and are in no figure.`] : []),
    ...(unseen ? ['Of some tasks no call was seen.'] : []),
    ...new Set(runs.flatMap(({ notes }) => notes)),
    `Recordings: ${shownPath(runs[0]!.recording)}${runs.length > 1 ? ` and ${runs.length - 1} more beside it` : ''}.`,
  ];
}
