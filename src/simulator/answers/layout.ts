/** An answer as a row of tokens, each with what the client gets to see of it; cut by `max_tokens` and stop strings. */
import type { Tokens } from '../../profile/units.ts';
import { splitIntoTokens } from '../tokenEstimate.ts';

/** What a server answers, before it is cut into tokens. */
export interface Answer {
  content: string | null;
  toolCalls: { name: string; arguments: string }[];
}

/** What one token adds to the client's view; a token can also be part of something still hidden. */
export type Visible =
  | { kind: 'content'; text: string }
  | { kind: 'toolName'; call: number; name: string }
  | { kind: 'toolArguments'; call: number; text: string }
  | { kind: 'nothing' };

export interface AnswerToken {
  piece: string;
  visible: Visible;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export interface LaidOutAnswer {
  tokens: AnswerToken[];
  finishReason: FinishReason;
  /** The stop string that ended it. */
  stopReason: string | null;
}

export interface LayoutOptions {
  maxTokens: Tokens;
  stop: readonly string[];
  /** Text around a tool call's arguments in the model's own output, which the client never sees. */
  frame: (name: string) => { before: string; after: string };
  /** The token that ends an answer, or null when the client asked for none. */
  endToken: string | null;
  /** Why an answer that calls tools ended: vLLM says `stop` when the client had named the tool. */
  toolFinishReason: 'tool_calls' | 'stop';
}

const NOTHING: Visible = { kind: 'nothing' };

/** Lays an answer out as tokens. Never empty: an answer without any text is its end token alone. */
export function layOutAnswer(answer: Answer, options: LayoutOptions): LaidOutAnswer {
  const tokens: AnswerToken[] = [];
  const stopped = answer.content === null ? null : findStop(answer.content, options.stop);
  let left = stopped === null ? Infinity : stopped.at;
  const text = stopped === null ? (answer.content ?? '') : (answer.content ?? '').slice(0, stopped.at + stopped.stop.length);
  for (const piece of splitIntoTokens(text)) {
    const shown = piece.slice(0, Math.max(0, left));
    left -= piece.length;
    tokens.push({ piece, visible: shown === '' ? NOTHING : { kind: 'content', text: shown } });
  }
  if (stopped === null) {
    answer.toolCalls.forEach(({ name, arguments: text }, call) => {
      const { before, after } = options.frame(name);
      const opening = splitIntoTokens(before);
      // The name is known, and shown, once the text before the arguments is complete.
      opening.forEach((piece, index) => tokens.push({ piece, visible: index === opening.length - 1 ? { kind: 'toolName', call, name } : NOTHING }));
      for (const piece of splitIntoTokens(text)) tokens.push({ piece, visible: { kind: 'toolArguments', call, text: piece } });
      for (const piece of splitIntoTokens(after)) tokens.push({ piece, visible: NOTHING });
    });
    if (options.endToken !== null || tokens.length === 0) tokens.push({ piece: options.endToken ?? '', visible: NOTHING });
  }
  if (tokens.length > options.maxTokens) return { tokens: tokens.slice(0, options.maxTokens), finishReason: 'length', stopReason: null };
  if (stopped !== null) return { tokens, finishReason: 'stop', stopReason: stopped.stop };
  if (options.endToken === null) return { tokens, finishReason: 'length', stopReason: null };
  return { tokens, finishReason: answer.toolCalls.length > 0 ? options.toolFinishReason : 'stop', stopReason: null };
}

function findStop(text: string, stops: readonly string[]): { at: number; stop: string } | null {
  let found: { at: number; stop: string } | null = null;
  for (const stop of stops) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at >= 0 && (found === null || at < found.at)) found = { at, stop };
  }
  return found;
}
