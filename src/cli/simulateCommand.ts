/** `agent-cost simulate`: the embedded server as a program of its own, for any client. */
import { type Command, Option } from 'commander';
import type { WorkloadProfile } from '../profile/workloadProfile.ts';
import { chosenTokenizer, tokensText, type ChosenTokenizer } from '../profiler/chosenTokenizer.ts';
import { engineProfile, gpuProfile, modelProfile, workloadProfile } from '../profiler/hardware.ts';
import { readReplay } from '../profiler/readReplay.ts';
import type { Replay } from '../simulator/answers/replay.ts';
import { startEmbeddedServer, type EmbeddedServer } from '../simulator/embeddedServer.ts';
import { NotSimulatableError } from '../simulator/engine/costModel.ts';
import type { SchedulingPolicy } from '../simulator/engine/waitingQueue.ts';
import { TOKENIZER_HELP, wholeNumber } from './profilingOptions.ts';
import { untilAsked } from './untilAsked.ts';
import { UsageError } from './usageError.ts';

interface SimulateFlags {
  gpu: string;
  model: string;
  tp: string;
  port: string;
  seed: string;
  engine: string;
  schedulingPolicy: SchedulingPolicy;
  prefixCaching: boolean;
  maxNumSeqs?: string;
  maxNumBatchedTokens?: string;
  replay?: string;
  workload?: string;
  tokenizer?: string;
}

export function addSimulateCommand(root: Command): Command {
  const command = root
    .command('simulate')
    .description('serve a simulated vLLM on loopback: its timing, counts and metrics are those of the chosen GPU and model, its answers are filler; Ctrl-C stops it')
    .option('--gpu <profile>', 'GPU profile: a name (agent-cost profiles lists them) or a JSON file', 'a100-40gb')
    .option('--model <profile>', 'model profile: a name or a JSON file', 'llama-3.1-8b-instruct')
    .option('--tp <n>', 'GPUs that share the model (tensor parallel)', '1')
    .option('--port <n>', 'port to listen on, 0 for a free one', '8000')
    .option('--seed <n>', 'the same seed gives the same answers to the same requests', '0')
    .option('--engine <profile>', "engine profile, a name or a JSON file: vllm-v1 (today's vLLM), or vllm-v0 (as of 0.6: whole prompts first)", 'vllm-v1')
    .addOption(new Option('--scheduling-policy <policy>', "which request goes first: the first that came, or that of the lowest priority field (vllm-v1)").choices(['fcfs', 'priority']).default('fcfs'))
    .option('--no-prefix-caching', 'read every prompt anew')
    .option('--max-num-seqs <n>', "most requests that run at once (default: vLLM's for the GPU)")
    .option('--max-num-batched-tokens <n>', "most tokens of a step (default: vLLM's for the GPU)")
    .option('--replay <recording>', "answer as the models of a recording did: the same conversation with the same answer, others in the recording's order, and filler where nothing fits")
    .option('--workload <profile>', "workload profile, a name or a JSON file: answers that are made up are as long as its (sharegpt, coding-agent, code-completion, summarisation); without, a paragraph or two")
    .option('--tokenizer <path>', TOKENIZER_HELP)
    .addHelpText('after', '\nExample:\n  $ agent-cost simulate --gpu h100 --model llama-3.1-70b --tp 4 --port 8000');
  command.action(async (flags: SimulateFlags) => {
    const replay = flags.replay === undefined ? null : await readReplay(flags.replay);
    const chosen = chosenTokenizer(flags.tokenizer, modelProfile(flags.model), process.cwd());
    const server = await start(flags, replay, chosen);
    process.stdout.write(`${server.url}\n`);
    process.stderr.write(`${described(flags, server, replay, chosen)}\n`);
    await untilAsked();
    await server.close();
    if (replay !== null) process.stderr.write(`${replay.account}\n`);
  });
  return command;
}

/** @throws UsageError when the profiles do not go together, or the port is taken */
async function start(flags: SimulateFlags, replay: Replay | null, { tokenizer }: ChosenTokenizer): Promise<EmbeddedServer> {
  const engine = engineProfile(flags.engine);
  if (flags.schedulingPolicy === 'priority' && engine.scheduler === 'v0') throw new UsageError(`${engine.name} is simulated without priorities. Leave out --scheduling-policy, or choose --engine vllm-v1.`);
  const port = wholeNumber('--port', flags.port, 0, 65_535);
  try {
    return await startEmbeddedServer({
      gpu: gpuProfile(flags.gpu),
      model: modelProfile(flags.model),
      gpuCount: wholeNumber('--tp', flags.tp, 1, 64),
      port,
      seed: wholeNumber('--seed', flags.seed, 0, 2 ** 32 - 1),
      engine,
      schedulingPolicy: flags.schedulingPolicy,
      prefixCaching: flags.prefixCaching,
      tokenizer,
      ...(replay === null ? {} : { replay }),
      ...(flags.workload === undefined ? {} : { workload: workloadProfile(flags.workload) }),
      ...(flags.maxNumSeqs === undefined ? {} : { maxSequences: wholeNumber('--max-num-seqs', flags.maxNumSeqs, 1, 65_536) }),
      ...(flags.maxNumBatchedTokens === undefined ? {} : { maxBatchedTokens: wholeNumber('--max-num-batched-tokens', flags.maxNumBatchedTokens, 1, 10_000_000) }),
    });
  } catch (error) {
    if (error instanceof NotSimulatableError) throw new UsageError(error.message);
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new UsageError(`Port ${port} is taken. Choose another with --port, or 0 for a free one.`);
    throw error;
  }
}

function lengthsText({ name, answerTokens: { mean, sigma } }: WorkloadProfile): string {
  return `lengths of answers: ${name}, lognormal, ${mean.value} tokens on average, deviation of the logarithm ${sigma.value}`;
}

function described({ gpu, tp, engine, schedulingPolicy, prefixCaching, replay: file, workload }: SimulateFlags, { served }: EmbeddedServer, replay: Replay | null, { tokenizer, warning }: ChosenTokenizer): string {
  const { model, maxModelTokens, kvCapacityTokens, maxSequences, maxBatchedTokens, countsAllReduce } = served;
  const gpus = `${tp === '1' ? '' : `${tp} × `}${gpuProfile(gpu).name}`;
  const count = (value: number): string => value.toLocaleString('en-US');
  return [
    `simulated: ${model} on ${gpus}, ${engineProfile(engine).name}, ${schedulingPolicy}, prefix caching ${prefixCaching ? 'on' : 'off'}`,
    `KV cache ${count(kvCapacityTokens)} tokens, prompt and answer together at most ${count(maxModelTokens)}; ${count(maxSequences)} requests and ${count(maxBatchedTokens)} tokens a step`,
    ...(warning === null ? [tokensText(tokenizer)] : [warning.message]),
    ...(countsAllReduce ? [] : ["The GPUs' exchange (all-reduce) is not in its times: the profiles do not know what it takes (linkGBps, linkEfficiency, allReduceUs of the GPU, hiddenSize of the model)."]),
    ...(workload === undefined ? [] : [lengthsText(workloadProfile(workload))]),
    ...(replay === null ? [] : [`answers: ${count(replay.size)} of ${file}${replay.withWords < replay.size ? `; of ${count(replay.size - replay.withWords)} the words were not recorded, so these are filler of their length, and calls of their tools` : ''}`]),
    'Ctrl-C stops it.',
  ].join('\n');
}
