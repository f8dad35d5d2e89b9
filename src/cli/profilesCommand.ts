/** `agent-cost profiles`: the hardware that ships, what each value rests on, and whether a file of one's own is right. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { findGpu, findModel, listProfiles, parseProfile, ProfileError, type HardwareProfile } from '../simulator/catalog.ts';
import { alignColumns } from './alignColumns.ts';
import { notComputed, profileText } from './profileText.ts';
import { terminalStyle } from './terminalStyle.ts';
import { UsageError } from './usageError.ts';

export function addProfilesCommand(root: Command): Command {
  const command = root
    .command('profiles')
    .description('list the GPU, model and price profiles; show one with the source of each value; check a file of your own')
    .addHelpText('after', '\nExample:\n  $ agent-cost profiles check my-gpu.json && agent-cost simulate --gpu my-gpu.json');
  command
    .command('list', { isDefault: true })
    .description('all that ship, and what is not computed for want of a value')
    .option('--json', 'the profiles themselves, as JSON')
    .action(({ json }: { json?: true }) => {
      process.stdout.write(json === true ? `${JSON.stringify(listProfiles(), null, 2)}\n` : `${table().join('\n')}\n`);
    });
  command
    .command('show <profile>')
    .description('one by its name or the path of a JSON file: each value and where it was read')
    .action((name: string) => {
      process.stdout.write(`${profileText(find(name)).join('\n')}\n`);
    });
  command
    .command('check <file>')
    .description('whether a JSON file is a profile; exit code 1 and what is wrong if not')
    .action((file: string) => {
      try {
        const profile = parseProfile(read(file), file);
        process.stdout.write(`${file} is a ${profile.kind} profile, ${profile.id}.${sentence(notComputed(profile))}\n`);
      } catch (error) {
        if (!(error instanceof ProfileError)) throw error;
        process.stderr.write(`agent-cost: ${error.message}\n`);
        process.exitCode = 1;
      }
    });
  return command;
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
  const found = findGpu(name) ?? findModel(name) ?? listProfiles().find(({ id }) => id === name);
  if (found === undefined) throw new UsageError(`There is no profile "${name}". \`agent-cost profiles\` lists those that ship; a file of your own ends in .json.`);
  return found;
}

function parseFile(file: string): HardwareProfile {
  try {
    return parseProfile(read(file), file);
  } catch (error) {
    throw error instanceof ProfileError ? new UsageError(error.message) : error;
  }
}

function table(): string[] {
  const style = terminalStyle(process.stdout);
  const rows = listProfiles().map((profile) => [profile.kind, profile.id, profile.name, notComputed(profile).join('; ')]);
  const [head = '', ...rest] = alignColumns([['kind', 'name for --gpu, --model', '', 'not computed'], ...rows], ['left', 'left', 'left', 'left']);
  return [style.bold(head), ...rest];
}

function sentence(lacks: readonly string[]): string {
  return lacks.length === 0 ? '' : ` Not computed with it: ${lacks.join('; ')}.`;
}
