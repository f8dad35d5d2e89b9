/** From what stands in the settings to what the profiler takes, or one message that names the setting and the remedy. */
import { isAbsolute } from 'node:path';
import * as l10n from '@vscode/l10n';
import { z } from 'zod';
import { captureValues, settingDefaults, type SettingId, type SettingTypes } from '../contributions.ts';
import { BackendOptionError, parseBackendOption } from '../protocol/backendOption.ts';
import type { ProfilerOptions } from '../protocol/profiler.ts';
import { isSshHost } from '../protocol/ssh.ts';
import { byteSize, SMALLEST_PART_BYTES, type Storage } from '../protocol/storage.ts';
import { parseGpuIndexes, parseTelemetryOption, TelemetryOptionError } from '../protocol/telemetryOption.ts';
import type { Bytes } from '../profile/units.ts';
import type { RawSettings } from './choices.ts';

/** The part of the profiler's options that comes from settings. */
export type ProfilingSettings = Pick<ProfilerOptions, 'backend' | 'model' | 'capture' | 'redact' | 'storage' | 'gpu' | 'gpuCount' | 'gpuIndexes' | 'telemetry' | 'caFile'>;

/** A setting whose value cannot be used. `message` names it and says what to do. */
export class SettingError extends Error {
  readonly setting: SettingId;
  constructor(setting: SettingId, message: string) {
    super(l10n.t`Setting ${setting}: ${message}`);
    this.name = 'SettingError';
    this.setting = setting;
  }
}

/** Where `direct` sends calls that do not say where they meant to go, when the environment says nothing. */
const OPENAI_URL = 'https://api.openai.com/v1';

/**
 * @param openaiBaseUrl the environment's `OPENAI_BASE_URL`
 * @throws SettingError
 */
export function profilingSettings(raw: RawSettings, openaiBaseUrl: string | undefined): ProfilingSettings {
  const indexes = gpuIndexes(text(raw, 'agentCost.gpuIndex'));
  return {
    backend: counting(backend(text(raw, 'agentCost.backend'), openaiBaseUrl || OPENAI_URL), text(raw, 'agentCost.simulator.tokenizer')),
    model: text(raw, 'agentCost.model') || null,
    caFile: absolutePath(raw, 'agentCost.caFile'),
    capture: oneOf(raw, 'agentCost.capture', captureValues),
    storage: storage(raw),
    redact: texts(raw, 'agentCost.redact', '["secrets", "email"]'),
    gpu: text(raw, 'agentCost.gpu') || null,
    gpuCount: indexes?.length ?? gpuCount(raw),
    gpuIndexes: indexes,
    telemetry: telemetry(text(raw, 'agentCost.telemetry')),
  };
}

/** @throws SettingError */
export function programSettings(raw: RawSettings): { python: string; node: string } {
  return { python: text(raw, 'agentCost.python'), node: text(raw, 'agentCost.node') };
}

/**
 * What a vLLM is started with.
 * @throws SettingError
 */
export function vllmSettings(raw: RawSettings): { host: string | null; program: string | null; port: number; arguments: string[] } {
  const port = z.int().min(1).max(65_535).safeParse(valueOf(raw, 'agentCost.vllm.port'));
  if (!port.success) throw new SettingError('agentCost.vllm.port', l10n.t`expects a whole number from 1 to 65535, not ${JSON.stringify(raw['agentCost.vllm.port'])}.`);
  const args = texts(raw, 'agentCost.vllm.arguments', '["--max-model-len", "8192"]');
  const host = text(raw, 'agentCost.vllm.host');
  if (host !== '' && !(host.startsWith('ssh:') && isSshHost(host.slice('ssh:'.length)))) throw new SettingError('agentCost.vllm.host', l10n.t`expects ssh: and the name of a host, such as "ssh:gpu-box", not ${JSON.stringify(host)}.`);
  return { host: host === '' ? null : host.slice('ssh:'.length), program: text(raw, 'agentCost.vllm.program') || null, port: port.data, arguments: args };
}

/** @throws SettingError */
function text(raw: RawSettings, id: SettingId): string {
  const value = z.string().safeParse(valueOf(raw, id));
  if (!value.success) throw new SettingError(id, l10n.t`expects text, not ${JSON.stringify(raw[id])}. Correct it or remove it.`);
  return value.data.trim();
}

/** @throws SettingError */
function texts(raw: RawSettings, id: SettingId, example: string): string[] {
  const values = z.array(z.string()).safeParse(valueOf(raw, id));
  if (!values.success) throw new SettingError(id, l10n.t`expects a list of texts, such as ${example}, not ${JSON.stringify(raw[id])}.`);
  return values.data;
}

/** @throws SettingError */
function absolutePath(raw: RawSettings, id: SettingId): string | null {
  const path = text(raw, id);
  if (path !== '' && !isAbsolute(path)) throw new SettingError(id, l10n.t`expects an absolute path, not ${JSON.stringify(path)}.`);
  return path || null;
}

/** @throws SettingError */
function oneOf<Id extends SettingId, Value extends SettingTypes[Id] & string>(raw: RawSettings, id: Id, values: readonly Value[]): Value {
  const value = valueOf(raw, id);
  const found = values.find((known) => known === value);
  if (found === undefined) throw new SettingError(id, l10n.t`${JSON.stringify(value)} is not known. Use ${values.map((known) => `"${known}"`).join(', ')}.`);
  return found;
}

/** A value that the user unset (null) counts as the default. */
function valueOf(raw: RawSettings, id: SettingId): unknown {
  return raw[id] ?? settingDefaults[id];
}

function storage(raw: RawSettings): Storage {
  const compress = z.boolean().safeParse(valueOf(raw, 'agentCost.recording.compress'));
  if (!compress.success) throw new SettingError('agentCost.recording.compress', l10n.t`expects true or false, not ${JSON.stringify(raw['agentCost.recording.compress'])}.`);
  return { compress: compress.data, partBytes: size(raw, 'agentCost.recording.partSize', SMALLEST_PART_BYTES), mostBytes: size(raw, 'agentCost.recording.maxSize', 0) };
}

/** @throws SettingError */
function size(raw: RawSettings, id: SettingId, least: Bytes): Bytes | null {
  const words = text(raw, id);
  if (words === '') return null;
  const bytes = byteSize(words);
  if (bytes === null || bytes < least) throw new SettingError(id, least > 0 ? l10n.t`expects a size from 1MB on, such as "500MB" or "2GB", not "${words}".` : l10n.t`expects a size, such as "500MB" or "2GB", not "${words}".`);
  return bytes;
}

function backend(choice: string, directDefault: string): ProfilingSettings['backend'] {
  try {
    return parseBackendOption(choice || settingDefaults['agentCost.backend'], directDefault);
  } catch (error) {
    if (error instanceof BackendOptionError) throw new SettingError('agentCost.backend', error.message);
    throw error;
  }
}

/** Where calls go elsewhere, the setting waits for the embedded server. */
function counting(choice: ProfilingSettings['backend'], tokenizer: string): ProfilingSettings['backend'] {
  return choice.kind === 'sim' && tokenizer !== '' ? { ...choice, tokenizer } : choice;
}

function telemetry(choice: string): ProfilingSettings['telemetry'] {
  try {
    return parseTelemetryOption(choice || settingDefaults['agentCost.telemetry']);
  } catch (error) {
    if (error instanceof TelemetryOptionError) throw new SettingError('agentCost.telemetry', error.message);
    throw error;
  }
}

function gpuIndexes(list: string): number[] | null {
  if (list === '') return null;
  const indexes = parseGpuIndexes(list);
  if (indexes === null) throw new SettingError('agentCost.gpuIndex', l10n.t`expects the numbers that nvidia-smi gives the GPUs, such as 0 or 0,1, not "${list}".`);
  return indexes;
}

function gpuCount(raw: RawSettings): number {
  const value = z.int().min(1).max(1024).safeParse(valueOf(raw, 'agentCost.gpuCount'));
  if (!value.success) throw new SettingError('agentCost.gpuCount', l10n.t`expects a whole number from 1 to 1024, not ${JSON.stringify(raw['agentCost.gpuCount'])}.`);
  return value.data;
}
