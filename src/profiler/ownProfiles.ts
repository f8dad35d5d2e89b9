/** The user's own profiles: JSON files in a folder of the user's configuration, found by name like those that ship. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseProfile, ProfileError, type HardwareProfile } from '../simulator/catalog.ts';

/** Where they lie: under `XDG_CONFIG_HOME`, else in Windows' or the home folder's place for configuration. */
export function ownProfilesFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const windows = platform === 'win32' ? env['APPDATA'] : undefined;
  return join(env['XDG_CONFIG_HOME'] || windows || join(homedir(), '.config'), 'agent-cost', 'profiles');
}

export interface OwnProfiles {
  profiles: HardwareProfile[];
  /** Files that are no profiles, with what is wrong with them: they are left out, and so is what depends on them. */
  problems: string[];
}

/** All of them, by file name; none where there is no such folder. */
export function readOwnProfiles(folder = ownProfilesFolder()): OwnProfiles {
  const found: OwnProfiles = { profiles: [], problems: [] };
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();
  } catch {
    return found;
  }
  for (const name of names) {
    const file = join(folder, name);
    try {
      found.profiles.push(parseProfile(readFileSync(file, 'utf8'), file));
    } catch (error) {
      found.problems.push(error instanceof ProfileError ? error.message : `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  return found;
}

/** Puts a profile there under its id, in the place of one with the same id, and returns the file's path. */
export function addOwnProfile(profile: HardwareProfile, folder = ownProfilesFolder()): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${profile.id}.json`);
  writeFileSync(file, `${JSON.stringify(profile, null, 2)}\n`);
  return file;
}
