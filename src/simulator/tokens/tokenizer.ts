/** How text becomes tokens: by the model's own vocabulary, where it is at hand, else by an estimate. */
import type { ChatMessage, Tool } from '../front/requests.ts';

export interface Token {
  id: number;
  /** As the vocabulary has it, such as `Ġworld`. */
  piece: string;
  /** What it adds to the text in its place: nothing where it ends inside a character, which then comes with a later one. */
  text: string;
}

/** A part of what a model writes for an answer. */
export interface WrittenPart {
  text: string;
  /** What a client gets to see of it. A call's name is shown when the part that holds it is complete. */
  shown: { kind: 'content' } | { kind: 'toolName'; call: number; name: string } | { kind: 'toolArguments'; call: number } | null;
}

/** What a server answers, before it is cut into tokens. */
export interface Answer {
  content: string | null;
  toolCalls: { name: string; arguments: string }[];
}

export interface Conversation {
  messages: readonly ChatMessage[];
  tools: readonly Tool[];
  /** What the client tells the model's template beside them (`chat_template_kwargs`). */
  templateOptions?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface Prompt {
  ids: number[];
  /** Its tokens, of which the texts joined are the text that the model reads. */
  tokens(): Token[];
}

export interface Tokenizer {
  /** What the vocabulary is of, for people to read; null where there is none and every count is an estimate. */
  readonly vocabulary: string | null;
  /** Whether a conversation's tokens are an estimate: the vocabulary, or the form that the model has conversations in, is not known. */
  readonly estimatesChats: boolean;
  /** The tokens of a text that comes in parts: joined, their texts are the text again. */
  cut(parts: readonly string[]): Token[];
  /** A prompt of text alone, with what the model begins one with, unless that is not wanted. */
  textPrompt(text: string, withMarks?: boolean): Prompt;
  /** The prompt of tokens that a client has cut itself; null where there is no vocabulary to tell their text. */
  idsPrompt(ids: readonly number[]): Prompt | null;
  /**
   * The prompt of a conversation, up to where its answer begins.
   * @throws ConversationError when the model's template refuses it
   */
  chatPrompt(conversation: Conversation): Prompt;
  /** What the model writes for an answer, less the token that ends it, so that the conversation's next prompt goes on with it. */
  written(conversation: Conversation, answer: Answer): WrittenPart[];
  /** The token that ends the answer to a conversation. */
  readonly endOfTurn: Token;
  /** The token that ends a text. */
  readonly endOfText: Token;
  /** The text of tokens; null where there is no vocabulary. @throws RangeError naming an id that is not in it */
  text(ids: readonly number[]): string | null;
  /** The first of the ids that is in no vocabulary; undefined where all are, or there is none to tell. */
  unknown(ids: readonly number[]): number | undefined;
}

/** Raised for a conversation that the model's template does not take, in its own words. */
export class ConversationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConversationError';
  }
}

/** Tokens' number in a text, by itself. */
export function countTokens(tokenizer: Tokenizer, text: string): number {
  return tokenizer.cut([text]).length;
}
