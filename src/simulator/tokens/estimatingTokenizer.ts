/** Stands in where no vocabulary is at hand: counts that are **estimated**, and ids of no real vocabulary. */
import { BEGIN_OF_TEXT, END_OF_TEXT, END_OF_TURN, inLlamasForm, promptParts } from './llamaTemplate.ts';
import { splitIntoTokens, tokenId } from './tokenEstimate.ts';
import type { Prompt, Token, Tokenizer } from './tokenizer.ts';

const estimated = (piece: string): Token => ({ id: tokenId(piece), piece, text: piece });
/** A token that marks something, and is no part of the text. */
const mark = (piece: string): Token => ({ id: tokenId(piece), piece, text: '' });

const promptOf = (pieces: string[]): Prompt => ({ ids: pieces.map(tokenId), tokens: () => pieces.map(estimated) });

export const estimatingTokenizer: Tokenizer = {
  vocabulary: null,
  estimatesChats: true,
  cut: (parts) => parts.flatMap((part) => splitIntoTokens(part).map(estimated)),
  textPrompt: (text, withMarks = true) => promptOf([...(withMarks ? [BEGIN_OF_TEXT] : []), ...splitIntoTokens(text)]),
  idsPrompt: () => null,
  chatPrompt: (conversation) => promptOf(promptParts(conversation).flatMap(({ text, special }) => (special ? [text] : splitIntoTokens(text)))),
  written: (_conversation, answer) => inLlamasForm(answer),
  endOfTurn: mark(END_OF_TURN),
  endOfText: mark(END_OF_TEXT),
  text: () => null,
  unknown: () => undefined,
};
