/** Servers by the names that their makers give them, how they were started, and what they had to do. */
import { formatCount, formatDuration, formatPercent, formatTokens } from './formatValue.ts';
import type { Backend, PhaseSource, ServerSettings } from './recordingFormat.ts';
import type { ServerUse } from './report.ts';

const NAMES: Readonly<Record<Backend['kind'], string>> = {
  sim: 'embedded server',
  vllm: 'vLLM',
  sglang: 'SGLang',
  tgi: 'TGI',
  'llama.cpp': 'llama.cpp',
  ollama: 'Ollama',
  'lm-studio': 'LM Studio',
  'tensorrt-llm': 'TensorRT-LLM',
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  hosted: 'hosted API',
  direct: 'direct',
  unknown: 'a server of unknown kind',
};

/** `vLLM 0.32.0`, `a server of unknown kind`. */
export function serverName({ kind, version }: Pick<Backend, 'kind' | 'version'>): string {
  return version === null ? NAMES[kind] : `${NAMES[kind]} ${version}`;
}

const SOURCES: Readonly<Record<PhaseSource, string>> = { answer: 'told in the answer', trace: 'from the server’s trace', counters: 'from the server’s counters', stream: 'from the stream' };

/** Where a call's phases are known from. */
export function phaseSourceText(source: PhaseSource): string {
  return SOURCES[source];
}

/** What is known of a server's settings, in words: `context 4.1k tokens`. */
export function serverSettingsTexts(settings: ServerSettings): string[] {
  const { contextTokens, blockTokens, kvTokens, prefixCaching, promptTokenDetails } = settings;
  const texts = [
    contextTokens === null ? null : `context ${formatTokens(contextTokens)} tokens`,
    kvTokens === null ? null : `KV cache ${formatTokens(kvTokens)} tokens`,
    blockTokens === null ? null : `blocks of ${formatTokens(blockTokens)}`,
    prefixCaching === null ? null : `prefix cache ${prefixCaching ? 'on' : 'off'}`,
    promptTokenDetails === null ? null : `cached tokens ${promptTokenDetails ? 'told' : 'not told'}`,
  ];
  return texts.filter((text) => text !== null);
}

/** Seldomer than this is told: it is less than one would expect, and bounds what can be said of single calls. */
const USUAL_GAP_MS = 250;

/** What the server's own readings say of the run, in words: `up to 3 running, 1 waiting`. */
export function serverUseTexts({ everyMs = null, mostRunning, mostWaiting, mostKvUse, promptTokens, cachedTokens, foreign }: ServerUse): string[] {
  const atOnce = [mostRunning === null ? null : `${mostRunning} running`, mostWaiting ? `${mostWaiting} waiting` : null].filter((text) => text !== null);
  const texts = [
    atOnce.length === 0 ? null : `up to ${atOnce.join(', ')}`,
    mostKvUse === null ? null : `KV cache up to ${formatPercent(mostKvUse)} in use`,
    promptTokens === null || promptTokens === 0 || cachedTokens === null ? null : `${formatPercent(cachedTokens / promptTokens)} of all prompts cached`,
    foreign.requests ? `others’: ${formatCount(foreign.requests, 'request')}` : null,
    foreign.beside && foreign.beside.ms > 0 ? `others’ beside calls: ~${formatPercent(foreign.beside.share)} of the GPU’s work for ${formatDuration(foreign.beside.ms)}` : null,
    everyMs === null || everyMs <= USUAL_GAP_MS ? null : `read every ${formatDuration(everyMs)}, to cost it 1 % of a core at most`,
  ];
  return texts.filter((text) => text !== null);
}
