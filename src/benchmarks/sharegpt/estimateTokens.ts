/** Tokens, estimated without a tokenizer: which one counts is for the model that is asked. */
export type EstimatedTokens = number;

/** "1 token ~= 4 chars in English": https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them */
export const CHARACTERS_A_TOKEN = 4;

export function estimateTokens(text: string): EstimatedTokens {
  return Math.ceil(text.length / CHARACTERS_A_TOKEN);
}
