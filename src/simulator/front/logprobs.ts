/**
 * Log probabilities in OpenAI's two forms. No model runs here: each token is chosen with certainty, so that its probability is 1, its
 * logarithm 0, and no other token has any.
 */
import type { Token } from '../tokens/tokenizer.ts';

const CERTAIN = 0;

/** Of a chat. @param top whether the likeliest tokens are asked for, beside the chosen ones */
export function chatLogprobs(tokens: readonly Token[], top: boolean) {
  return {
    content: tokens.map((token) => {
      const chosen = { token: shownText(token), logprob: CERTAIN, bytes: [...Buffer.from(shownText(token))] };
      return { ...chosen, top_logprobs: top ? [chosen] : [] };
    }),
  };
}

/** Of a text completion. @param offset characters of the answer before these tokens */
export function textLogprobs(tokens: readonly Token[], top: boolean, offset: number) {
  let at = offset;
  const offsets = tokens.map(({ text }) => {
    at += text.length;
    return at - text.length;
  });
  return { text_offset: offsets, token_logprobs: tokens.map(() => CERTAIN), tokens: tokens.map(shownText), top_logprobs: tokens.map((token) => (top ? { [shownText(token)]: CERTAIN } : null)) };
}

/** A mark has no text, and is told by its name; a part of a character has none yet. */
function shownText({ text, piece }: Token): string {
  return text === '' && /^<.+>$/.test(piece) ? piece : text;
}
