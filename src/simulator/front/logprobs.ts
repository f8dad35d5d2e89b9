/**
 * Log probabilities in OpenAI's two forms, and in vLLM's own for a prompt. No model runs here: each token is certain, so that its
 * probability is 1, its logarithm 0, and no other token has any.
 */
import type { Token } from '../tokens/tokenizer.ts';

const CERTAIN = 0;

/** How tokens are told. */
export interface TokenNames {
  /** `token_id:N` instead of their text. */
  asIds: boolean;
}

/** Of a chat. @param top whether the likeliest tokens are asked for, beside the chosen ones */
export function chatLogprobs(tokens: readonly Token[], top: boolean, { asIds }: TokenNames) {
  return {
    content: tokens.map((token) => {
      const name = nameOf(token, asIds);
      const chosen = { token: name, logprob: CERTAIN, bytes: [...Buffer.from(name)] };
      return { ...chosen, top_logprobs: top ? [chosen] : [] };
    }),
  };
}

/**
 * Of a text completion.
 * @param offset characters of the choice's text before these tokens
 * @param unscored how many of them have no probability: a prompt's first, before which nothing stands
 */
export function textLogprobs(tokens: readonly Token[], top: boolean, offset: number, unscored: number, { asIds }: TokenNames) {
  let at = offset;
  const names = tokens.map((token) => nameOf(token, asIds));
  const offsets = names.map((name) => {
    at += name.length;
    return at - name.length;
  });
  const scored = <T>(value: (name: string) => T) => names.map((name, index) => (index < unscored ? null : value(name)));
  return { text_offset: offsets, token_logprobs: scored(() => CERTAIN), tokens: names, top_logprobs: scored((name) => (top ? { [name]: CERTAIN } : null)) };
}

/** Of a prompt, by its tokens' ids; its first has none. */
export function promptLogprobs(tokens: readonly Token[]) {
  return tokens.map((token, index) => (index === 0 ? null : { [token.id]: { logprob: CERTAIN, rank: 1, decoded_token: nameOf(token, false) } }));
}

/** A mark has no text, and is told by its name; a part of a character has none yet. */
function nameOf({ id, text, piece }: Token, asId: boolean): string {
  if (asId) return `token_id:${id}`;
  return text === '' && /^<.+>$/.test(piece) ? piece : text;
}
