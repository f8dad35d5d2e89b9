/** The options that `run` and `serve` share, from words to what the profiler process takes. */
import { type Command, Option } from 'commander';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { BackendOptionError, parseBackendOption } from '../protocol/backendOption.ts';
import { DEFAULT_REDACTION, type ProfilerOptions } from '../protocol/profiler.ts';
import { parseGpuIndexes, parseTelemetryOption, TELEMETRY_HELP, TelemetryOptionError } from '../protocol/telemetryOption.ts';
import { captureSchema } from '../profile/recordingFormat.ts';
import { newRecordingPath } from '../recorder/recordingNames.ts';
import { RECORDINGS_FOLDER } from '../recorder/recordingsFolder.ts';
import { addAccountingOptions, type AccountingFlags } from './accountingOptions.ts';
import { addStorageOptions, storageOptions, type StorageFlags } from './storageOptions.ts';
import { UsageError } from './usageError.ts';

export interface ProfilingFlags extends AccountingFlags, StorageFlags {
  backend: string;
  model?: string;
  out?: string;
  name?: string;
  capture: string;
  redact: readonly string[];
  telemetry: string;
  gpu?: string;
  gpuCount: string;
  replay?: string;
  tokenizer?: string;
  gpuIndex?: string;
  caFile?: string;
  hooks: boolean;
  listen?: string;
  port?: string;
}

/** Where `direct` calls go that do not say where they meant to: what the environment says, else OpenAI's own. */
const DEFAULT_DIRECT_URL = 'https://api.openai.com/v1';

/** What `--tokenizer` is, for the commands that have it. */
export const TOKENIZER_HELP = "have the embedded server count tokens with a model's tokenizer.json, by its path or its folder's, or by an estimate (default: the model's in Hugging Face's cache, else an estimate)";

/** @param backends `several`: its option may be given again and again, and is a list */
export function addProfilingOptions(command: Command, backends: 'one' | 'several' = 'one'): Command {
  const backend = new Option('--backend <backend>', 'where LLM calls go: sim[:GPU/MODEL] (embedded, simulated), a URL, unix:PATH of a socket, or direct (where the program sends them)').default('sim');
  if (backends === 'several') {
    backend.description += '; may be given several times, to compare them';
    backend.argParser((value, before: string[]) => [...before, value]).default([], 'sim');
  }
  addStorageOptions(command);
  return addAccountingOptions(command)
    .addOption(backend)
    .option('--model <name>', "rewrite the model's name on the way to the backend")
    .option('--out <file>', `recording to write (default: ${RECORDINGS_FOLDER}/NAME-DATE-TIME.agentcost)`)
    .option('--name <name>', "the run's name (default: the program's)")
    .addOption(new Option('--capture <what>', 'how much of prompts and answers is kept').choices(captureSchema.options).default('full'))
    .addOption(redactOption())
    .option('--telemetry <source>', `what is read of the server and its GPU's power: ${TELEMETRY_HELP}`, 'auto')
    .option('--gpu <profile>', 'GPU profile that energy is computed with on a real backend: a name or a JSON file')
    .option('--gpu-count <n>', 'GPUs that serve the model', '1')
    .option('--gpu-index <list>', "which of the machine's GPUs they are, such as 0,1 (default: those in use, where that can be told)")
    .option('--ca-file <file>', "certificates (PEM) of authorities that the server's may come from, besides those known here")
    .option('--replay <recording>', "have the embedded server answer as a recording's models did, and with filler what it has no answer for")
    .option('--tokenizer <path>', TOKENIZER_HELP)
    .option('--no-hooks', "do not look into the program: calls are seen on the wire only, without the user's lines");
}

/** Its first use takes the place of the default. */
function redactOption(): Option {
  return new Option('--redact <rule>', 'what is taken out of recorded texts: secrets, email, phone, card, ip, or NAME=PATTERN of your own (RE2); may be given several times; none for nothing')
    .default(DEFAULT_REDACTION, DEFAULT_REDACTION.join(', '))
    .argParser((rule: string, before: readonly string[]) => (before === DEFAULT_REDACTION ? [rule] : [...before, rule]));
}

/** @throws UsageError */
export function profilingOptions(flags: ProfilingFlags, command: string[], fallbackName: string): ProfilerOptions {
  const name = flags.name ?? fallbackName;
  const cwd = process.cwd();
  const indexes = flags.gpuIndex === undefined ? null : gpuIndexes(flags.gpuIndex);
  return {
    out: flags.out === undefined ? newRecordingPath(resolve(cwd, RECORDINGS_FOLDER), name, new Date()) : resolve(cwd, flags.out),
    name,
    command,
    cwd,
    capture: captureSchema.parse(flags.capture),
    redact: [...flags.redact],
    storage: storageOptions(flags),
    backend: counting(replaying(backend(flags.backend), flags.replay), flags.tokenizer),
    model: flags.model ?? null,
    caFile: flags.caFile === undefined ? null : resolve(cwd, flags.caFile),
    gpu: flags.gpu ?? null,
    gpuCount: indexes?.length ?? wholeNumber('--gpu-count', flags.gpuCount, 1, 1024),
    listen: flags.listen === undefined ? '127.0.0.1' : address(flags.listen),
    port: flags.port === undefined ? 0 : wholeNumber('--port', flags.port, 0, 65535),
    telemetry: telemetry(flags.telemetry),
    gpuIndexes: indexes,
  };
}

function backend(text: string): ProfilerOptions['backend'] {
  try {
    return parseBackendOption(text, process.env['OPENAI_BASE_URL'] || DEFAULT_DIRECT_URL);
  } catch (error) {
    if (error instanceof BackendOptionError) throw new UsageError(`--backend: ${error.message}`);
    throw error;
  }
}

function replaying(choice: ProfilerOptions['backend'], recording: string | undefined): ProfilerOptions['backend'] {
  if (recording === undefined) return choice;
  if (choice.kind !== 'sim') throw new UsageError('--replay is for the embedded server, which gives answers again: leave out --backend, or choose --backend sim:GPU/MODEL.');
  return { ...choice, replay: resolve(recording) };
}

function counting(choice: ProfilerOptions['backend'], tokenizer: string | undefined): ProfilerOptions['backend'] {
  if (tokenizer === undefined) return choice;
  if (choice.kind !== 'sim') throw new UsageError('--tokenizer is for the embedded server; any other counts its own tokens. Leave it out, or choose --backend sim:GPU/MODEL.');
  return { ...choice, tokenizer };
}

export function telemetry(text: string): ProfilerOptions['telemetry'] {
  try {
    return parseTelemetryOption(text);
  } catch (error) {
    if (error instanceof TelemetryOptionError) throw new UsageError(`--telemetry: ${error.message}`);
    throw error;
  }
}

export function gpuIndexes(text: string): number[] {
  const indexes = parseGpuIndexes(text);
  if (indexes === null) throw new UsageError(`--gpu-index takes the numbers that nvidia-smi gives the GPUs, such as 0 or 0,1, not "${text}".`);
  return indexes;
}

function address(text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) === 0) throw new UsageError(`--listen takes an IP address of this machine, such as 192.168.1.5, or 0.0.0.0 for all of them, not "${text}".`);
  return text;
}

/** @throws UsageError naming the option and what it takes */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}".`);
  return value;
}
