/** Finds the hardware profiles that a session was told to use. */
import { readFileSync } from 'node:fs';
import type { GpuProfile, ModelProfile } from '../profile/hardwareProfiles.ts';
import { findGpu, findModel, listProfiles, parseProfile, type HardwareProfile } from '../simulator/catalog.ts';
import { ProfilerError } from './profilerError.ts';

function known(kind: HardwareProfile['kind']): string {
  return listProfiles()
    .flatMap((profile) => (profile.kind === kind ? [profile.id] : []))
    .join(', ');
}

function fromFile(path: string, code: string): HardwareProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ProfilerError(code, `The profile ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  try {
    return parseProfile(text, path);
  } catch (error) {
    throw new ProfilerError(code, error instanceof Error ? error.message : String(error));
  }
}

/** @throws ProfilerError naming the known profiles */
export function gpuProfile(name: string): GpuProfile {
  const found = findGpu(name);
  if (found !== null) return found;
  if (name.endsWith('.json')) {
    const profile = fromFile(name, 'unknownGpu');
    if (profile.kind === 'gpu') return profile;
    throw new ProfilerError('unknownGpu', `The profile ${name} describes a ${profile.kind}, not a GPU.`);
  }
  throw new ProfilerError('unknownGpu', `There is no GPU profile "${name}". Known are ${known('gpu')}; or give the path of a JSON file.`);
}

/** @throws ProfilerError naming the known profiles */
export function modelProfile(name: string): ModelProfile {
  const found = findModel(name);
  if (found !== null) return found;
  if (name.endsWith('.json')) {
    const profile = fromFile(name, 'unknownModel');
    if (profile.kind === 'model') return profile;
    throw new ProfilerError('unknownModel', `The profile ${name} describes a ${profile.kind}, not a model.`);
  }
  throw new ProfilerError('unknownModel', `There is no model profile "${name}". Known are ${known('model')}; or give the path of a JSON file.`);
}
