/** `agent-cost vllm`: a vLLM of one's own, started so that it tells as much as it can. */
import type { Command } from 'commander';
import { VllmError, VllmServer } from '../serving/vllmServer.ts';
import { isSshHost } from '../protocol/ssh.ts';
import { wholeNumber } from './profilingOptions.ts';
import { UsageError } from './usageError.ts';

interface VllmFlags {
  port: string;
  program?: string;
  host?: string;
}

const FAILED = 1;

export function addVllmCommand(root: Command): Command {
  const command = root
    .command('vllm')
    .description('start a vLLM server on loopback with the flags that tell most of each call; its log is on stderr, its URL on stdout once it is ready; Ctrl-C stops it')
    .argument('<model>', 'as vLLM takes it: a name on the Hugging Face Hub, or a folder')
    .argument('[arguments...]', "more of vLLM's own, after --")
    .option('--port <n>', 'port to listen on', '8000')
    .option('--program <vllm>', 'the vllm to run, by name or path, or docker (default: vllm where there is one, else docker)')
    .option('--host <ssh:name>', 'start it on another host, as your ssh knows it (its configuration and keys; no password is asked), with its port brought to this machine')
    .addHelpText('after', '\nExamples:\n  $ agent-cost vllm Qwen/Qwen3-0.6B -- --max-model-len 8192\n  $ agent-cost vllm --host ssh:gpu-box --program ~/venv/bin/vllm Qwen/Qwen3-0.6B\n  $ agent-cost run --backend http://127.0.0.1:8000/v1 -- python my_agent.py');
  command.action(async (model: string, args: string[], { port, program, host }: VllmFlags) => {
    const remote = host === undefined ? null : sshHost(host);
    const asked = new AbortController();
    const stopped = new Promise<null>((resolve) => asked.signal.addEventListener('abort', () => resolve(null)));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => asked.abort());
    const say = (line: string) => process.stderr.write(`${line}\n`);
    let server: VllmServer;
    try {
      server = await VllmServer.start(
        { host: remote, model, arguments: args, port: wholeNumber('--port', port, 1, 65_535), program: program ?? null, cwd: process.cwd(), env: process.env },
        { onLog: say, onProgress: () => undefined },
        asked.signal,
      );
    } catch (error) {
      if (!(error instanceof VllmError)) throw error;
      // Asked for, and so no failure.
      if (asked.signal.aborted) return;
      throw new UsageError(error.message);
    }
    process.stdout.write(`${server.url}\n`);
    say(`agent-cost: vLLM serves ${model} at ${server.url}${remote === null ? '' : ` (on ${remote}; for its GPU’s power: --telemetry ssh:${remote})`}. Ctrl-C stops it.`);
    const ended = await Promise.race([server.ended, stopped]);
    if (ended !== null) {
      say(`agent-cost: vLLM ended by itself (exit code ${ended.exitCode ?? 'none'}).`);
      process.exitCode = FAILED;
      return;
    }
    // Who asks twice does not want to wait.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.kill());
    await server.stop();
  });
  return command;
}

/** @throws UsageError */
function sshHost(option: string): string {
  const name = option.startsWith('ssh:') ? option.slice('ssh:'.length) : '';
  if (!isSshHost(name)) throw new UsageError(`--host ${option}: expects ssh: and the name of a host, such as ssh:gpu-box or ssh:me@gpu-box.`);
  return name;
}
