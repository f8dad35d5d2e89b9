/** Servers by the names that their makers give them, how they were started, and what they had to do. */
import * as l10n from '@vscode/l10n';
import { formatCount } from './formatCount.ts';
import { formatDuration, formatPercent, formatTokens } from './formatValue.ts';
import type { Backend, PhaseSource, ServerSettings } from './recordingFormat.ts';
import type { ServerUse } from './report.ts';

const NAMES: Readonly<Record<Backend['kind'], string>> = {
  sim: l10n.t('embedded server'),
  vllm: 'vLLM',
  sglang: 'SGLang',
  tgi: 'TGI',
  'llama.cpp': 'llama.cpp',
  ollama: 'Ollama',
  'lm-studio': 'LM Studio',
  'tensorrt-llm': 'TensorRT-LLM',
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  hosted: l10n.t('hosted API'),
  direct: l10n.t('direct'),
  unknown: l10n.t('a server of unknown kind'),
};

/** `vLLM 0.32.0`, `a server of unknown kind`. */
export function serverName({ kind, version }: Pick<Backend, 'kind' | 'version'>): string {
  return version === null ? NAMES[kind] : `${NAMES[kind]} ${version}`;
}

const SOURCES: Readonly<Record<PhaseSource, string>> = { answer: l10n.t('told in the answer'), trace: l10n.t('from the server’s trace'), counters: l10n.t('from the server’s counters'), stream: l10n.t('from the stream') };

/** Where a call's phases are known from. */
export function phaseSourceText(source: PhaseSource): string {
  return SOURCES[source];
}

/** What is known of a server's settings, in words: `context 4.1k tokens`. */
export function serverSettingsTexts(settings: ServerSettings): string[] {
  const { contextTokens, blockTokens, kvTokens, prefixCaching, promptTokenDetails } = settings;
  const texts = [
    contextTokens === null ? null : l10n.t`context ${formatTokens(contextTokens)} tokens`,
    kvTokens === null ? null : l10n.t`KV cache ${formatTokens(kvTokens)} tokens`,
    blockTokens === null ? null : l10n.t`blocks of ${formatTokens(blockTokens)}`,
    prefixCaching === null ? null : prefixCaching ? l10n.t('prefix cache on') : l10n.t('prefix cache off'),
    promptTokenDetails === null ? null : promptTokenDetails ? l10n.t('cached tokens told') : l10n.t('cached tokens not told'),
  ];
  return texts.filter((text) => text !== null);
}

/** Seldomer than this is told: it is less than one would expect, and bounds what can be said of single calls. */
const USUAL_GAP_MS = 250;

/** What the server's own readings say of the run, in words: `up to 3 running, 1 waiting`. */
export function serverUseTexts({ everyMs = null, mostRunning, mostWaiting, mostKvUse, promptTokens, cachedTokens, foreign }: ServerUse): string[] {
  const atOnce = [mostRunning === null ? null : l10n.t`${mostRunning} running`, mostWaiting ? l10n.t`${mostWaiting} waiting` : null].filter((text) => text !== null);
  const texts = [
    atOnce.length === 0 ? null : l10n.t`up to ${atOnce.join(', ')}`,
    mostKvUse === null ? null : l10n.t`KV cache up to ${formatPercent(mostKvUse)} in use`,
    promptTokens === null || promptTokens === 0 || cachedTokens === null ? null : l10n.t`${formatPercent(cachedTokens / promptTokens)} of all prompts cached`,
    foreign.requests ? l10n.t`others’: ${formatCount(foreign.requests, 'request')}` : null,
    foreign.beside && foreign.beside.ms > 0 ? l10n.t`others’ beside calls: ~${formatPercent(foreign.beside.share)} of the GPU’s work for ${formatDuration(foreign.beside.ms)}` : null,
    everyMs === null || everyMs <= USUAL_GAP_MS ? null : l10n.t`read every ${formatDuration(everyMs)}, to cost it 1 % of a core at most`,
  ];
  return texts.filter((text) => text !== null);
}
