/** Numbers of things: `1 call`, `9 calls`. */
import * as l10n from '@vscode/l10n';
import { isSingular, localNumber } from './language.ts';

/** Singular and plural of what is counted; a language with more forms takes the second for all of them. */
const NOUNS = {
  'LLM call': [(count: string) => l10n.t('{0} LLM call', count), (count: string) => l10n.t('{0} LLM calls', count)],
  answer: [(count: string) => l10n.t('{0} answer', count), (count: string) => l10n.t('{0} answers', count)],
  attempt: [(count: string) => l10n.t('{0} attempt', count), (count: string) => l10n.t('{0} attempts', count)],
  call: [(count: string) => l10n.t('{0} call', count), (count: string) => l10n.t('{0} calls', count)],
  caller: [(count: string) => l10n.t('{0} caller', count), (count: string) => l10n.t('{0} callers', count)],
  character: [(count: string) => l10n.t('{0} character', count), (count: string) => l10n.t('{0} characters', count)],
  figure: [(count: string) => l10n.t('{0} figure', count), (count: string) => l10n.t('{0} figures', count)],
  frame: [(count: string) => l10n.t('{0} frame', count), (count: string) => l10n.t('{0} frames', count)],
  'later line': [(count: string) => l10n.t('{0} later line', count), (count: string) => l10n.t('{0} later lines', count)],
  line: [(count: string) => l10n.t('{0} line', count), (count: string) => l10n.t('{0} lines', count)],
  'measured part': [(count: string) => l10n.t('{0} measured part', count), (count: string) => l10n.t('{0} measured parts', count)],
  message: [(count: string) => l10n.t('{0} message', count), (count: string) => l10n.t('{0} messages', count)],
  model: [(count: string) => l10n.t('{0} model', count), (count: string) => l10n.t('{0} models', count)],
  'model call': [(count: string) => l10n.t('{0} model call', count), (count: string) => l10n.t('{0} model calls', count)],
  'more line': [(count: string) => l10n.t('{0} more line', count), (count: string) => l10n.t('{0} more lines', count)],
  prompt: [(count: string) => l10n.t('{0} prompt', count), (count: string) => l10n.t('{0} prompts', count)],
  recording: [(count: string) => l10n.t('{0} recording', count), (count: string) => l10n.t('{0} recordings', count)],
  request: [(count: string) => l10n.t('{0} request', count), (count: string) => l10n.t('{0} requests', count)],
  role: [(count: string) => l10n.t('{0} role', count), (count: string) => l10n.t('{0} roles', count)],
  run: [(count: string) => l10n.t('{0} run', count), (count: string) => l10n.t('{0} runs', count)],
  span: [(count: string) => l10n.t('{0} span', count), (count: string) => l10n.t('{0} spans', count)],
  step: [(count: string) => l10n.t('{0} step', count), (count: string) => l10n.t('{0} steps', count)],
  tool: [(count: string) => l10n.t('{0} tool', count), (count: string) => l10n.t('{0} tools', count)],
  'tool call': [(count: string) => l10n.t('{0} tool call', count), (count: string) => l10n.t('{0} tool calls', count)],
} as const;
export type Noun = keyof typeof NOUNS;

/** `2 failed`: of calls. */
export function failedText(count: number): string {
  return l10n.t('{0} failed', localNumber(count));
}

/** `1 call`, `9 calls`. */
export function formatCount(count: number, noun: Noun): string {
  return NOUNS[noun][isSingular(count) ? 0 : 1](localNumber(count));
}
