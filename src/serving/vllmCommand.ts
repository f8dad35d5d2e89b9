/** What to type to start a vLLM that tells the profiler as much as it can, and what its log says. Pure. */

/** How vLLM is run: its own program, or its image in Docker. */
export type VllmWay = 'program' | 'docker';

export interface VllmChoice {
  /** As vLLM takes it: a name on the Hugging Face Hub, or a folder. */
  model: string;
  port: number;
  /** The user's own, after ours. */
  arguments: readonly string[];
}

/** What it tells only when it is asked to: cached tokens of each call (0.6 and later), and its queue, prefill and decode (mid-2026 and later). */
export const TELLING_FLAGS: readonly string[] = ['--enable-prompt-tokens-details', '--enable-per-request-metrics'];

/** docs.vllm.ai, "Using Docker". */
export const VLLM_IMAGE = 'vllm/vllm-openai:latest';

/** Arguments that would lead the profiler, or the one who started it, to another place than said. */
const OURS = ['--host', '--port', '--uds'];

/** Why arguments of the user's cannot be taken, or null. */
export function refusedArgument(args: readonly string[]): string | null {
  const taken = args.find((arg) => OURS.some((name) => arg === name || arg.startsWith(`${name}=`)));
  return taken === undefined ? null : `${taken.split('=')[0]} is set by the profiler: vLLM listens on 127.0.0.1, on the port that is asked for beside these arguments.`;
}

/** @param without flags that this vLLM does not know */
function servingArguments({ arguments: own }: VllmChoice, without: readonly string[]): string[] {
  const named = new Set(own.map((arg) => arg.split('=')[0] ?? ''));
  const ours = TELLING_FLAGS.filter((flag) => !without.includes(flag) && !named.has(flag) && !named.has(flag.replace('--', '--no-')));
  return [...ours, ...own];
}

/** @param program the `vllm` to run */
export function programCommand(program: string, choice: VllmChoice, without: readonly string[]): string[] {
  return [program, 'serve', choice.model, '--host', '127.0.0.1', '--port', String(choice.port), ...servingArguments(choice, without)];
}

/**
 * Models are kept where vLLM's own program keeps them; the token for the hub is named, not written.
 * @param docker the `docker` to run
 */
export function dockerCommand(docker: string, choice: VllmChoice, without: readonly string[], { home, hasHubToken, container = containerName(choice.port) }: { home: string; hasHubToken: boolean; container?: string }): string[] {
  const cache = `${home}/.cache/huggingface:/root/.cache/huggingface`;
  const token = hasHubToken ? ['--env', 'HF_TOKEN'] : [];
  const options = ['--rm', '--name', container, '--gpus', 'all', '--ipc=host', '-p', `127.0.0.1:${choice.port}:8000`, '-v', cache, ...token];
  return [docker, 'run', ...options, VLLM_IMAGE, '--model', choice.model, ...servingArguments(choice, without)];
}

export function containerName(port: number): string {
  return `agent-cost-vllm-${port}`;
}

/** Flags of ours that an older vLLM says it does not know, by what it prints before it ends. */
export function unknownFlags(lines: readonly string[]): string[] {
  const said = lines.flatMap((line) => /error: unrecognized arguments: (.*)$/.exec(line)?.[1]?.split(/\s+/) ?? []);
  return TELLING_FLAGS.filter((flag) => said.includes(flag));
}

const LONGEST_PROGRESS = 100;

/** What a line of its log says of how far it is, without time, process and place; null for lines that say nothing to anyone who waits. */
export function progressIn(line: string): string | null {
  const message = /^(?:\([^)]*\)\s+)?INFO \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]*\]\s+(.*)$/.exec(line)?.[1]?.trim() ?? '';
  if (!/^(?:Resolved|Starting|Loading|Loaded|Model loading|Downloading|Time spent|Initializing|GPU KV cache|CPU KV cache|KV cache|Available KV|Capturing|Graph capturing|Compiling|torch\.compile|Dynamo|Cache the graph|Application startup|init engine)/i.test(message)) return null;
  return message.length <= LONGEST_PROGRESS ? message : `${message.slice(0, LONGEST_PROGRESS - 1).trimEnd()}…`;
}

/** The line that says best why it ended, or null. */
export function reasonIn(lines: readonly string[]): string | null {
  const telling = lines.filter((line) => /\b(?:\w*Error|\w*Exception|error):\s/.test(line) && !/Traceback/.test(line));
  const last = telling.at(-1) ?? lines.at(-1) ?? null;
  return last === null ? null : last.replace(/^\([^)]*\)\s+(?:ERROR \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]*\]\s*)?/, '').trim().slice(0, 300);
}
