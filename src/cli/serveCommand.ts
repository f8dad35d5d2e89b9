/** `agent-cost serve`: profiles programs that are started elsewhere. */
import { type Command, Option } from 'commander';
import { addProfilingOptions, type ProfilingFlags, profilingOptions } from './profilingOptions.ts';
import { startProfiling } from './profiling.ts';
import { likelyShell, type Shell, shellEnvironment, SHELLS } from '../instrument/shellEnvironment.ts';

interface ServeFlags extends ProfilingFlags {
  shell?: Shell;
  json?: true;
}

export function addServeCommand(root: Command): Command {
  const command = root.command('serve').description('profile programs started elsewhere: stays up, prints the environment to set; Ctrl-C ends the recording');
  addProfilingOptions(command)
    .option('--port <n>', 'port to listen on, on loopback (default: a free one)')
    .addOption(new Option('--shell <shell>', "how the environment is printed (default: your shell's way)").choices(SHELLS))
    .option('--json', 'print only the environment as JSON on stdout (the same as --shell json)')
    .addHelpText('after', '\nExample:\n  $ agent-cost serve --backend http://localhost:8000/v1 > env.sh &\n  $ . ./env.sh && python my_agent.py');
  command.action(async (flags: ServeFlags) => {
    const profiling = await startProfiling(profilingOptions(flags, [], 'serve'));
    const shell = flags.json === true ? 'json' : (flags.shell ?? likelyShell(process.env, process.platform));
    process.stdout.write(shellEnvironment(profiling.environment(process.env, flags.hooks), shell));
    process.stderr.write(`recording to ${profiling.shownOut}; set the environment above where your program starts. Ctrl-C ends the recording.\n`);
    await asked();
    await profiling.stop({ exitCode: null, signal: null });
    await profiling.summarize({ json: false, paths: () => [['recording', profiling.out], ['next', `agent-cost export ${profiling.shownOut} --format html`]] });
  });
  return command;
}

/** Until the user asks for the end: Ctrl-C, or SIGTERM. Signals keep the process alive only with something to wait for. */
function asked(): Promise<void> {
  return new Promise((resolve) => {
    const stayUp = setInterval(() => undefined, 1 << 30);
    const end = () => {
      clearInterval(stayUp);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  });
}
