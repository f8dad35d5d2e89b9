/** `agent-cost serve`: profiles programs that are started elsewhere. */
import { hostname } from 'node:os';
import { type Command, Option } from 'commander';
import { accounting } from './accountingOptions.ts';
import { addProfilingOptions, type ProfilingFlags, profilingOptions } from './profilingOptions.ts';
import { startProfiling } from './profiling.ts';
import { untilAsked } from './untilAsked.ts';
import { likelyShell, type Shell, shellEnvironment, SHELLS } from '../instrument/shellEnvironment.ts';
import { shownPath } from './shownPath.ts';

interface ServeFlags extends ProfilingFlags {
  shell?: Shell;
  json?: true;
}

export function addServeCommand(root: Command): Command {
  const command = root.command('serve').description('profile programs started elsewhere: stays up, prints the environment to set; Ctrl-C ends the recording');
  addProfilingOptions(command)
    .option('--port <n>', 'port to listen on (default: a free one)')
    .option('--listen <address>', 'address to listen on, for programs in containers and on other machines (default: loopback)')
    .addOption(new Option('--shell <shell>', "how the environment is printed (default: your shell's way)").choices(SHELLS))
    .option('--json', 'print only the environment as JSON on stdout (the same as --shell json)')
    .addHelpText('after', '\nExample:\n  $ agent-cost serve --backend http://localhost:8000/v1 > env.sh &\n  $ . ./env.sh && python my_agent.py');
  command.action(async (flags: ServeFlags) => {
    const profiling = await startProfiling(profilingOptions(flags, [], 'serve'), accounting(flags));
    const shell = flags.json === true ? 'json' : (flags.shell ?? likelyShell(process.env, process.platform));
    process.stdout.write(shellEnvironment(profiling.environment(process.env, flags.hooks), shell));
    process.stderr.write(`recording to ${profiling.shownOut}; set the environment above where your program starts. Ctrl-C ends the recording.\n`);
    if (flags.listen !== undefined) process.stderr.write(beyondLoopback(flags.listen));
    await untilAsked();
    await profiling.stop({ exitCode: null, signal: null });
    await profiling.summarize({ json: false, page: false, paths: () => [['recording', shownPath(profiling.out)], ['next', `agent-cost export ${profiling.shownOut} --format html`]] });
  });
  return command;
}

/** What it means to listen where others can connect, and how programs there write the address. */
function beyondLoopback(address: string): string {
  const all = address === '0.0.0.0' || address === '::';
  const elsewhere = all ? ` In a container, write host.docker.internal for 127.0.0.1 above; on another machine, ${hostname()}.` : '';
  return `listening on ${address}: whoever knows the address above, token included, can use the backend through it.${elsewhere}\n`;
}
