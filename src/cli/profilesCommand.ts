/** `agent-cost profiles`: the profiles that ship and the user's own, what each value rests on, and what is not computed for want of one. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { knownProfiles, meantProfiles, withArticle } from '../profiler/hardware.ts';
import { addOwnProfile, ownProfilesFolder, readOwnProfiles } from '../profiler/ownProfiles.ts';
import { parseProfile, PROFILE_KINDS, ProfileError, type HardwareProfile } from '../simulator/catalog.ts';
import { alignColumns } from '../profile/alignColumns.ts';
import { notComputed, profileText } from './profileText.ts';
import { terminalStyle } from './terminalStyle.ts';
import { UsageError } from './usageError.ts';

interface ListFlags {
  kind?: HardwareProfile['kind'];
  json?: true;
}

export function addProfilesCommand(root: Command): Command {
  const command = root
    .command('profiles')
    .description('list the GPU, model, engine, price and workload profiles; show one with the source of each value; check a file of your own, or add it to them')
    .addHelpText('after', '\nExample:\n  $ agent-cost profiles add my-gpu.json && agent-cost simulate --gpu my-gpu');
  command
    .command('list', { isDefault: true })
    .description('all that ship and your own, and what is not computed for want of a value')
    .addOption(new Option('--kind <kind>', 'those of one kind').choices([...PROFILE_KINDS]))
    .option('--json', 'the profiles themselves, as JSON')
    .action(({ kind, json }: ListFlags) => {
      const profiles = knownProfiles().list().filter((profile) => kind === undefined || profile.kind === kind);
      process.stdout.write(json === true ? `${JSON.stringify(profiles, null, 2)}\n` : `${table(profiles).join('\n')}\n`);
      for (const problem of readOwnProfiles().problems) process.stderr.write(`agent-cost: ${problem}\n`);
    });
  command
    .command('show <profile>')
    .description('one by its name or the path of a JSON file: each value and where it was read')
    .option('--json', 'the profile itself, as JSON')
    .action((name: string, { json }: { json?: true }) => {
      const profile = find(name);
      process.stdout.write(json === true ? `${JSON.stringify(profile, null, 2)}\n` : `${profileText(profile, knownProfiles()).join('\n')}\n`);
    });
  command
    .command('check <file>')
    .description('whether a JSON file is a profile; exit code 1 and what is wrong if not')
    .action((file: string) => {
      const profile = checked(file);
      if (profile !== null) process.stdout.write(`${file} is ${withArticle(profile.kind)} profile, ${profile.id}.${sentence(notComputed(profile, knownProfiles()))}\n`);
    });
  command
    .command('add <file>')
    .description(`check a JSON file, and copy it to your own profiles (${ownProfilesFolder()}), where it is found by its id; one of that id is replaced`)
    .action((file: string) => {
      const profile = checked(file);
      if (profile === null) return;
      const hides = knownProfiles().list().find(({ kind, id }) => kind === profile.kind && id === profile.id);
      const path = addOwnProfile(profile);
      const instead = hides === undefined ? '' : ` It is used instead of ${hides.name}.`;
      process.stdout.write(`${profile.id} (${profile.kind}) is now one of your profiles: ${path}.${instead}${sentence(notComputed(profile, knownProfiles()))}\n`);
    });
  return command;
}

/** The profile in a file; null, with the exit code set and the reason told, when it is none. */
function checked(file: string): HardwareProfile | null {
  try {
    return parseProfile(read(file), file);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    process.stderr.write(`agent-cost: ${error.message}\n`);
    process.exitCode = 1;
    return null;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The profile ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

/** @throws UsageError */
function find(name: string): HardwareProfile {
  if (name.endsWith('.json')) return parseFile(name);
  const known = knownProfiles();
  const found = known.gpu(name) ?? known.model(name) ?? known.engine(name) ?? known.list().find(({ id }) => id === name);
  if (found === undefined) throw new UsageError(`There is no profile "${name}". ${meantProfiles(name, known.list())}; a file of your own ends in .json.`);
  return found;
}

function parseFile(file: string): HardwareProfile {
  try {
    return parseProfile(read(file), file);
  } catch (error) {
    throw error instanceof ProfileError ? new UsageError(error.message) : error;
  }
}

function table(profiles: readonly HardwareProfile[]): string[] {
  const style = terminalStyle(process.stdout);
  const known = knownProfiles();
  const own = new Set(readOwnProfiles().profiles.map(({ kind, id }) => `${kind} ${id}`));
  const rows = profiles.map((profile) => [profile.kind, profile.id, own.has(`${profile.kind} ${profile.id}`) ? `${profile.name} (yours)` : profile.name, notComputed(profile, known).join('; ')]);
  const [head = '', ...rest] = alignColumns([['kind', 'name', '', 'not computed'], ...rows], ['left', 'left', 'left', 'left']);
  return [style.bold(head), ...rest];
}

function sentence(lacks: readonly string[]): string {
  return lacks.length === 0 ? '' : ` Not computed with it: ${lacks.join('; ')}.`;
}
