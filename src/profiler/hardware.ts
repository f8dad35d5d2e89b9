/** Finds the hardware profiles that a session was told to use: the user's own by name or path, and those that ship. */
import { readFileSync } from 'node:fs';
import type { EngineProfile } from '../profile/engineProfile.ts';
import { nearNames } from '../profile/nearNames.ts';
import type { GpuProfile, ModelProfile } from '../profile/hardwareProfiles.ts';
import type { WorkloadProfile } from '../profile/workloadProfile.ts';
import { createCatalog, parseProfile, SHIPPED_PROFILES, type Catalog, type HardwareProfile } from '../simulator/catalog.ts';
import { readOwnProfiles } from './ownProfiles.ts';
import { ProfilerError } from './profilerError.ts';

/** The user's own profiles and those that ship; of two of one name the user's counts. */
export function knownProfiles(): Catalog {
  return createCatalog([...readOwnProfiles().profiles, ...SHIPPED_PROFILES]);
}

/** A sentence or two on what somebody may have meant by a name that no profile has. */
export function meantProfiles(name: string, profiles: readonly HardwareProfile[]): string {
  const names = profiles.flatMap((profile) => [profile.id, ...('aliases' in profile ? profile.aliases : [])].map((known) => ({ known, id: profile.id })));
  const near = [...new Set(nearNames(name, names.map(({ known }) => known), 6).map((known) => names.find((each) => each.known === known)?.id))].slice(0, 3);
  return near.length === 0 ? `Known are ${profiles.map(({ id }) => id).join(', ')}` : `Did you mean ${near.join(' or ')}? \`agent-cost profiles\` lists them all`;
}

/** `a gpu`, `an engine`. */
export function withArticle(kind: HardwareProfile['kind']): string {
  return `${kind === 'engine' ? 'an' : 'a'} ${kind}`;
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

/** @throws ProfilerError naming those that may have been meant */
export function gpuProfile(name: string): GpuProfile {
  const found = knownProfiles().gpu(name);
  if (found !== null) return found;
  if (name.endsWith('.json')) {
    const profile = fromFile(name, 'unknownGpu');
    if (profile.kind === 'gpu') return profile;
    throw new ProfilerError('unknownGpu', `The profile ${name} describes ${withArticle(profile.kind)}, not a GPU.`);
  }
  throw new ProfilerError('unknownGpu', `There is no GPU profile "${name}". ${meantProfiles(name, ofKind('gpu'))}; or give the path of a JSON file.`);
}

/** @throws ProfilerError naming those that may have been meant */
export function modelProfile(name: string): ModelProfile {
  const found = knownProfiles().model(name);
  if (found !== null) return found;
  if (name.endsWith('.json')) {
    const profile = fromFile(name, 'unknownModel');
    if (profile.kind === 'model') return profile;
    throw new ProfilerError('unknownModel', `The profile ${name} describes ${withArticle(profile.kind)}, not a model.`);
  }
  throw new ProfilerError('unknownModel', `There is no model profile "${name}". ${meantProfiles(name, ofKind('model'))}; or give the path of a JSON file.`);
}

function ofKind(kind: HardwareProfile['kind']): HardwareProfile[] {
  return knownProfiles().list().filter((profile) => profile.kind === kind);
}

/** @throws ProfilerError naming what may have been meant */
export function engineProfile(name: string): EngineProfile {
  const found = knownProfiles().engine(name);
  if (found !== null) return found;
  if (name.endsWith('.json')) {
    const profile = fromFile(name, 'unknownEngine');
    if (profile.kind === 'engine') return profile;
    throw new ProfilerError('unknownEngine', `The profile ${name} describes ${withArticle(profile.kind)}, not an engine.`);
  }
  throw new ProfilerError('unknownEngine', `There is no engine profile "${name}". ${meantProfiles(name, ofKind('engine'))}; or give the path of a JSON file.`);
}

/** @throws ProfilerError naming what may have been meant */
export function workloadProfile(name: string): WorkloadProfile {
  const found = knownProfiles().workload(name);
  if (found !== null) return found;
  if (name.endsWith('.json')) {
    const profile = fromFile(name, 'unknownWorkload');
    if (profile.kind === 'workload') return profile;
    throw new ProfilerError('unknownWorkload', `The profile ${name} describes ${withArticle(profile.kind)}, not a workload.`);
  }
  throw new ProfilerError('unknownWorkload', `There is no workload profile "${name}". ${meantProfiles(name, ofKind('workload'))}; or give the path of a JSON file.`);
}
