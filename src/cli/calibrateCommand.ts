/** `agent-cost calibrate`: what one's own server takes and draws, as a profile for `--gpu`. */
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type Command } from 'commander';
import { calibratedProfile, UnknownHardwareError } from '../calibration/calibratedProfile.ts';
import { climb, inWords, type Climbed } from '../calibration/climb.ts';
import { fitStepTimes, predictedMs, TooFewPointsError, type Floors, type StepFit } from '../calibration/fitStepTimes.ts';
import { ladder, type LadderPoint } from '../calibration/ladder.ts';
import { lookAtServer, type CalibratedServer } from '../calibration/server.ts';
import { CalibrationError } from '../calibration/timedCompletion.ts';
import { formatDuration } from '../profile/formatValue.ts';
import type { Calibration, GpuProfile, ModelProfile } from '../profile/hardwareProfiles.ts';
import { parametersPerToken, weightBytesRead } from '../profile/modelWork.ts';
import { gpuProfile, knownProfiles, modelProfile } from '../profiler/hardware.ts';
import { readPower } from '../telemetry/readPower.ts';
import type { PowerReading } from '../telemetry/powerSource.ts';
import { alignColumns } from '../profile/alignColumns.ts';
import { gpuIndexes, telemetry, wholeNumber } from './profilingOptions.ts';
import { TELEMETRY_HELP } from '../protocol/telemetryOption.ts';
import { UsageError } from './usageError.ts';

interface CalibrateFlags {
  backend: string;
  model?: string;
  modelProfile?: string;
  gpu?: string;
  gpuCount: string;
  gpuIndex?: string;
  telemetry: string;
  minutes: string;
  maxSequences: string;
  host?: string;
  out?: string;
}

const STOPPED = 130;

export function addCalibrateCommand(root: Command): Command {
  const command = root
    .command('calibrate')
    .description("load your own server for some minutes, and write what its steps take and its GPU draws as a profile for --gpu, marked as that host's")
    .requiredOption('--backend <url>', 'base URL of its OpenAI-compatible API (with /completions that takes token numbers, as vLLM has it)')
    .option('--model <name>', 'which of its models; needed where it serves several')
    .option('--model-profile <profile>', "the model's profile: a name or a JSON file (default: found by the model's name)")
    .option('--gpu <profile>', "the GPU's profile as it ships, for what is not measured (default: found by the name that its driver says)")
    .option('--gpu-count <n>', 'GPUs that serve the model', '1')
    .option('--gpu-index <list>', "which of the machine's GPUs they are, such as 0,1 (default: those in use, where that can be told)")
    .option('--telemetry <source>', `what the GPU's power is read from: ${TELEMETRY_HELP}`, 'auto')
    .option('--minutes <n>', 'how long it may take, about', '5')
    .option('--max-sequences <n>', 'most requests at once', '64')
    .option('--host <name>', "what to call the server's host in the profile (default: its name)")
    .option('--out <file>', 'profile to write (default: calibrated-HOST.json)')
    .addHelpText('after', '\nExample:\n  $ agent-cost calibrate --backend http://localhost:8000/v1 && agent-cost simulate --gpu calibrated-mybox.json --model llama-3.1-8b');
  command.action(calibrate);
  return command;
}

/** @throws UsageError */
async function calibrate(flags: CalibrateFlags): Promise<void> {
  const gpuCount = wholeNumber('--gpu-count', flags.gpuCount, 1, 1024);
  const minutes = Number(flags.minutes);
  if (!(minutes >= 0.1 && minutes <= 120)) throw new UsageError(`--minutes takes a number from 0.1 to 120, not "${flags.minutes}".`);
  const maxSequences = wholeNumber('--max-sequences', flags.maxSequences, 1, 1024);
  const base = flags.gpu === undefined ? null : gpuProfile(flags.gpu);
  const given = flags.modelProfile === undefined ? null : modelProfile(flags.modelProfile);
  const server = await lookAtServer({ url: flags.backend, model: flags.model ?? null, telemetry: telemetry(flags.telemetry), gpuIndexes: flags.gpuIndex === undefined ? null : gpuIndexes(flags.gpuIndex), gpuCount });
  const model = given ?? knownProfiles().model(server.target.model);
  const gpu = base ?? (server.telemetry.gpuName === null ? null : knownProfiles().gpu(server.telemetry.gpuName));
  const host = flags.host ?? hostOf(server.target.url);
  const out = resolve(flags.out ?? `calibrated-${host.replaceAll(/[^\w.-]+/g, '-')}.json`);
  for (const doubt of server.doubts) say(doubt);
  say(`${server.name}, ${server.target.model}: ${minutes} min at most, Ctrl-C stops it.`);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const climbed = await climbWith(server, { maxSequences, budgetMs: minutes * 60_000, vocabulary: model?.vocabulary?.value ?? null, signal: stop.signal });
    const fit = fitStepTimes(climbed.points, floorsOf(gpu, model, gpuCount));
    const doubts = [...server.doubts, ...(await server.stillBusy()), ...doubtsOf(climbed)];
    const calibration: Calibration = { host, at: new Date().toISOString(), server: server.name, model: server.target.model, gpuCount, kvTokens: server.kvTokens, step: fit.step, error: fit.error, doubts };
    const profile = calibratedProfile({ base: gpu, gpuName: server.telemetry.gpuName, model, power: climbed, calibration });
    writeFileSync(out, `${JSON.stringify(profile, null, 2)}\n`);
    process.stdout.write(`${report(climbed, fit, profile, doubts).join('\n')}\n`);
    say(`Written: ${out}${model === null ? '' : `\nUse it: agent-cost simulate --gpu ${out} --model ${model.id}`}`);
  } catch (error) {
    if (stop.signal.aborted) {
      say('Stopped; no profile was written.');
      process.exitCode = STOPPED;
    } else if (error instanceof CalibrationError || error instanceof TooFewPointsError || error instanceof UnknownHardwareError) throw new UsageError(error.message);
    else throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** No server computes or reads faster than the data sheet says. */
function floorsOf(gpu: GpuProfile | null, model: ModelProfile | null, gpuCount: number): Floors {
  if (gpu === null || model === null) return { tokenMs: 0, weightsMs: 0 };
  return { tokenMs: (2 * parametersPerToken(model)) / (gpu.bf16Tflops.value * 1e9 * gpuCount), weightsMs: weightBytesRead(model, 1) / (gpu.memoryBandwidthGBps.value * 1e6 * gpuCount) };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Each load on a terminal, in one line; elsewhere each round. */
function progress(): (phase: string, detail?: string) => void {
  let shown = '';
  return (phase, detail) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${phase}${detail === undefined ? '' : `: ${detail}`}`);
    else if (phase !== shown) say(phase);
    shown = phase;
  };
}

interface Climb {
  maxSequences: number;
  budgetMs: number;
  vocabulary: number | null;
  signal: AbortSignal;
}

/** Below this number each tokenizer in use has tokens. */
const LEAST_VOCABULARY = 20_000;

async function climbWith(server: CalibratedServer, { maxSequences, budgetMs, vocabulary, signal }: Climb): Promise<Climbed> {
  const readings: PowerReading[] = [];
  const { power } = server.telemetry;
  const reader = power === null ? null : readPower(power, { onReading: (reading) => readings.push(reading), onTrouble: (_code, message) => say(message) });
  const loads = ladder({ maxModelTokens: server.maxModelTokens, maxSequences, kvTokens: server.kvTokens });
  try {
    return await climb({ target: server.target, loads, maxModelTokens: server.maxModelTokens, vocabulary: vocabulary ?? LEAST_VOCABULARY, budget: budgetMs, power: power === null ? null : readings, signal, onProgress: progress() });
  } finally {
    reader?.close();
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}

function hostOf(url: string): string {
  const { hostname: name } = new URL(url);
  return /^(localhost|127\.|\[::1\])/.test(name) ? hostname() : name;
}

function doubtsOf({ foundCached, left, rounds }: Climbed): string[] {
  return [
    ...(foundCached ? ["Prompts that nobody had sent before were found in the server's cache: something else sends alike ones, or its answers cannot be trusted."] : []),
    ...(left.length > 0 ? [`Not timed for want of time, or because the requests never wrote at once: ${left.map(inWords).join('; ')}.`] : []),
    ...(rounds < 2 ? ['Each load was timed once only: give it more --minutes.'] : []),
  ];
}

function report(climbed: Climbed, { step, error }: StepFit, profile: GpuProfile, doubts: readonly string[]): string[] {
  const watts = new Map(climbed.decode);
  const rows = climbed.points.map((point) => {
    const predicted = predictedMs(step, point);
    const drawn = point.kind === 'decode' ? watts.get(point.sequences) : undefined;
    return [what(point), formatDuration(point.ms), formatDuration(predicted), `${predicted < point.ms ? '−' : '+'}${(Math.abs(predicted / point.ms - 1) * 100).toFixed(1)} %`, drawn === undefined ? '–' : `${drawn.toFixed(0)} W`];
  });
  const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`;
  const powers = [['idle', profile.idleWatts], ['reading prompts', profile.prefillWatts], ['writing one answer', profile.decodeWatts]] as const;
  return [
    ...alignColumns([['load', 'measured', 'by the fit', 'off by', 'drawn'], ...rows], ['left', 'right', 'right', 'right', 'right']),
    '',
    `The fit is off by ${percent(error.median)} (median; 90 % of loads by less than ${percent(error.p90)}); a load that it did not know by ${percent(error.leftOutMedian)}.`,
    ...alignColumns(Object.entries(profile.calibration?.step ?? {}).map(([name, value]) => [name, String(value)]), ['left', 'left']),
    `Power of a GPU: ${powers.map(([name, found]) => `${name} ${found === undefined || !found.source.startsWith('calibrated') ? '–' : `${found.value} W`}`).join(', ')}.`,
    ...doubts.map((doubt) => `Doubt: ${doubt}`),
  ];
}

function what(point: LadderPoint): string {
  return point.kind === 'prefill' ? `${point.promptTokens} tokens read` : `a token of ${point.sequences} answer${point.sequences === 1 ? '' : 's'} at ${Math.round(point.contextTokens)} tokens`;
}
