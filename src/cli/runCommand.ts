/** `agent-cost run -- COMMAND`: profiles one run of a program. */
import { constants } from 'node:os';
import type { Command } from 'commander';
import { exportRun } from './exportCommand.ts';
import { findExecutable } from '../instrument/findExecutable.ts';
import { programName } from '../recorder/runName.ts';
import { accounting } from './accountingOptions.ts';
import { addProfilingOptions, type ProfilingFlags, profilingOptions } from './profilingOptions.ts';
import { startProfiling } from './profiling.ts';
import { runProgram, type Ended } from './runProgram.ts';
import { shownPath } from './shownPath.ts';
import { UsageError } from './usageError.ts';

interface RunFlags extends ProfilingFlags {
  json?: true;
  html?: true;
}

export function addRunCommand(root: Command): Command {
  root.enablePositionalOptions();
  const command = root.command('run').description('profile one run of a program, which needs no change').argument('<command...>', 'the program and its arguments, after --').passThroughOptions();
  addProfilingOptions(command)
    .option('--html', 'write the self-contained page with the timeline, too')
    .option('--json', "print only the report as JSON on stdout when the program has ended; the program's own stdout goes to stderr")
    .addHelpText(
      'after',
      '\nThe summary goes to stderr when the program has ended; its own input and output are left alone.\nExit code: the program\'s own (128+n for signal n); 2 when it could not be started.\n\nExample:\n  $ agent-cost run --backend http://localhost:8000/v1 -- python my_agent.py',
    );
  command.action(async (words: string[], flags: RunFlags) => {
    process.exitCode = await run(words, flags);
  });
  return command;
}

async function run(words: string[], flags: RunFlags): Promise<number> {
  const [program = '', ...args] = words;
  if (findExecutable(program, process.env, process.cwd()) === null) throw new UsageError(notFound(program));

  const profiling = await startProfiling(profilingOptions(flags, words, programName(words)), accounting(flags));
  let ended: Ended;
  try {
    ended = await runProgram(program, args, { ...process.env, ...profiling.environment(process.env, flags.hooks) }, ['inherit', flags.json === true ? 2 : 'inherit', 'inherit']);
  } catch (error) {
    await profiling.stop({ exitCode: null, signal: null });
    throw new UsageError(`${program} could not be started: ${error instanceof Error ? error.message : String(error)}`);
  }
  await profiling.stop({ exitCode: ended.code, signal: ended.signal });
  await profiling.summarize({
    json: flags.json === true,
    page: flags.html === true,
    paths: (exported) => [
      ['recording', shownPath(profiling.out)],
      ...(flags.html === true ? [['timeline', shownPath(exportRun(exported, 'html', profiling.out, null))] satisfies [string, string]] : []),
      ['next', flags.html === true ? nextStep(flags) : `agent-cost export ${profiling.shownOut} --format html`],
    ],
  });
  return ended.signal === null ? (ended.code ?? 0) : 128 + constants.signals[ended.signal];
}

function nextStep(flags: RunFlags): string {
  return flags.backend.startsWith('sim') ? 'agent-cost run --backend http://gpu-box:8000/v1 -- python my_agent.py' : 'open the timeline, or the recording in VS Code';
}

function notFound(program: string): string {
  const other = program === 'python' ? 'python3' : program === 'python3' ? 'python' : null;
  if (other === null) return `${program}: command not found. Check its spelling, or give its full path.`;
  return findExecutable(other, process.env, process.cwd()) === null
    ? `${program}: command not found, and no ${other} either. Install Python 3.9 or newer, or give an interpreter's full path.`
    : `${program}: command not found. Here it is called ${other}.`;
}
