/** An answer as a row of tokens, each with what the client gets to see of it; cut by `max_tokens` and stop strings. */
import type { Tokens } from '../../profile/units.ts';
import type { Token, Tokenizer, WrittenPart } from '../tokens/tokenizer.ts';

/** What a token adds to the client's view. */
export type Visible = { kind: 'content'; text: string } | { kind: 'toolName'; call: number; name: string } | { kind: 'toolArguments'; call: number; text: string };

export interface AnswerToken extends Token {
  /** Nothing, for part of what stays hidden; more than one thing where it reaches from one to the next. */
  visible: readonly Visible[];
}

export type FinishReason = 'stop' | 'length' | 'tool_calls';

export interface LaidOutAnswer {
  tokens: AnswerToken[];
  finishReason: FinishReason;
  /** The stop string that ended it. */
  stopReason: string | null;
}

export interface LayoutOptions {
  tokenizer: Pick<Tokenizer, 'cut'>;
  maxTokens: Tokens;
  stop: readonly string[];
  /** The token that ends an answer, or null when the client asked for none. */
  endToken: Token | null;
  /** Why an answer that calls tools ended: vLLM says `stop` when the client had named the tool. */
  toolFinishReason: 'tool_calls' | 'stop';
}

/** A token of no text, for an answer that would have none. */
const NOTHING: Token = { id: 0, piece: '', text: '' };

/** Lays out what the model writes as tokens. Never empty: an answer without any text is its end token alone. */
export function layOutAnswer(parts: readonly WrittenPart[], options: LayoutOptions): LaidOutAnswer {
  const stopped = stopIn(parts, options.stop);
  const written = stopped?.parts ?? parts;
  const tokens: AnswerToken[] = seen(options.tokenizer.cut(written.map(({ text }) => text)), written, stopped?.shown ?? Infinity);
  if (stopped === null && (options.endToken !== null || tokens.length === 0)) tokens.push({ ...(options.endToken ?? NOTHING), visible: [] });
  if (tokens.length > options.maxTokens) return { tokens: tokens.slice(0, options.maxTokens), finishReason: 'length', stopReason: null };
  if (stopped !== null) return { tokens, finishReason: 'stop', stopReason: stopped.stop };
  if (options.endToken === null) return { tokens, finishReason: 'length', stopReason: null };
  const callsTools = parts.some(({ shown }) => shown?.kind === 'toolName');
  return { tokens, finishReason: callsTools ? options.toolFinishReason : 'stop', stopReason: null };
}

/** Tells for each token which of the parts it shows something of. @param until nothing is shown of the text from there on */
function seen(tokens: readonly Token[], parts: readonly WrittenPart[], until: number): AnswerToken[] {
  let part = 0;
  /** Where the part begins, and how far the tokens have come. */
  let begin = 0;
  let at = 0;
  return tokens.map((token) => {
    const visible: Visible[] = [];
    const end = at + token.text.length;
    for (; part < parts.length; part++) {
      const { text, shown } = parts[part]!;
      const partEnd = begin + text.length;
      const piece = text.slice(Math.max(0, at - begin), Math.min(end, until) - begin);
      if (shown?.kind === 'content' && at < until && piece !== '') visible.push({ kind: 'content', text: piece });
      else if (shown?.kind === 'toolArguments' && piece !== '') visible.push({ ...shown, text: piece });
      else if (shown?.kind === 'toolName' && end >= partEnd) visible.push(shown);
      if (partEnd > end) break;
      begin = partEnd;
    }
    at = end;
    return { ...token, visible };
  });
}

/** The parts up to the end of the first stop string in the answer's text, and how much is shown of them. */
function stopIn(parts: readonly WrittenPart[], stops: readonly string[]): { parts: WrittenPart[]; shown: number; stop: string } | null {
  const index = parts.findIndex(({ shown }) => shown?.kind === 'content');
  const content = parts[index];
  const found = content === undefined ? null : findStop(content.text, stops);
  if (content === undefined || found === null) return null;
  const before = parts.slice(0, index);
  const hidden = before.reduce((sum, { text }) => sum + text.length, 0);
  return { parts: [...before, { ...content, text: content.text.slice(0, found.at + found.stop.length) }], shown: hidden + found.at, stop: found.stop };
}

function findStop(text: string, stops: readonly string[]): { at: number; stop: string } | null {
  let found: { at: number; stop: string } | null = null;
  for (const stop of stops) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at >= 0 && (found === null || at < found.at)) found = { at, stop };
  }
  return found;
}
