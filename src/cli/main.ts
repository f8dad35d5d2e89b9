/** The command line: `agent-cost VERB …`. Exit codes: 0 done, 1 a check failed, 2 wrong usage or input; `run` exits as its command did. */
import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { ProfilerError } from '../profiler/client.ts';
import { RecordingError } from '../profile/recordingFormat.ts';
import { addBenchCommand } from './benchCommand.ts';
import { addCalibrateCommand } from './calibrateCommand.ts';
import { addCheckCommand } from './checkCommand.ts';
import { addDeleteCommand } from './deleteCommand.ts';
import { addDiffCommand } from './diffCommand.ts';
import { addExportCommand } from './exportCommand.ts';
import { addImportCommand } from './importCommand.ts';
import { addLoadCommand } from './loadCommand.ts';
import { addMergeCommand } from './mergeCommand.ts';
import { addPaperCommand } from './paperCommand.ts';
import { addProfilesCommand } from './profilesCommand.ts';
import { addRepairCommand } from './repairCommand.ts';
import { addReportCommand } from './reportCommand.ts';
import { addRunCommand } from './runCommand.ts';
import { addServeCommand } from './serveCommand.ts';
import { addSimulateCommand } from './simulateCommand.ts';
import { addSweepCommand } from './sweepCommand.ts';
import { addVllmCommand } from './vllmCommand.ts';
import { WRONG_USAGE } from './exitCodes.ts';
import { UsageError } from './usageError.ts';
import { isClosedByReader } from './writePieces.ts';

function program(): Command {
  const root = new Command('agent-cost')
    .description('What every line of your LLM agent costs: latency, tokens, GPU time and energy.')
    .version(version)
    .showHelpAfterError('(agent-cost --help lists the verbs; agent-cost VERB --help has an example)')
    .exitOverride();
  for (const add of [addRunCommand, addServeCommand, addReportCommand, addExportCommand, addImportCommand, addRepairCommand, addDeleteCommand, addDiffCommand, addCheckCommand, addSimulateCommand, addBenchCommand, addLoadCommand, addMergeCommand, addSweepCommand, addCalibrateCommand, addProfilesCommand, addPaperCommand, addVllmCommand]) refuseOptionsAsValues(add(root).exitOverride());
  root.addHelpText('after', '\nExample:\n  $ agent-cost run -- python my_agent.py');
  return root;
}

/** An option without its value would take what comes next for it: another option, or the `--` before the program's command. */
function refuseOptionsAsValues(command: Command): void {
  for (const option of command.options.filter(({ required }) => required)) {
    command.on(`option:${option.name()}`, (value: unknown) => {
      if (value === '--' || command.options.some(({ short, long }) => value === short || value === long)) throw new UsageError(`${option.long} needs a value: ${option.flags}. What comes after it is ${String(value)}.`);
    });
  }
  for (const verb of command.commands) refuseOptionsAsValues(verb);
}

/** True for errors whose message is written for the user and needs no stack. */
function isForTheUser(error: unknown): error is Error {
  return error instanceof UsageError || RecordingError.is(error) || error instanceof ProfilerError;
}

async function main(): Promise<void> {
  process.stdout.on('error', (error) => {
    if (!isClosedByReader(error)) throw error;
  });
  try {
    await program().parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has already said it; help and version are no failures.
      process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
      return;
    }
    console.error(isForTheUser(error) ? `agent-cost: ${error.message}` : error);
    process.exitCode = WRONG_USAGE;
  }
}

void main();
