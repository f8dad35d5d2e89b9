/** A model's own tokenizer: its vocabulary (`tokenizer.json`) and, where it is known, its chat template. */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { ChatTemplate, type TemplateTexts } from './chatTemplate.ts';
import { promptParts } from './llamaTemplate.ts';
import { tokenId } from './tokenEstimate.ts';
import { textsByDecoding, textsOfByteTokens } from './tokenTexts.ts';
import type { Answer, Conversation, Prompt, Token, Tokenizer, WrittenPart } from './tokenizer.ts';

/** What a model's folder says of its tokenizer, parsed. */
export interface TokenizerFiles {
  /** What it is, for people to read. */
  name: string;
  tokenizer: Readonly<Record<string, unknown>>;
  /** `bos_token` and the like, with their texts. */
  specialTokens: Readonly<Record<string, string>>;
  /** The rest of `tokenizer_config.json`, as far as it changes how text is cut. */
  config: Readonly<Record<string, unknown>>;
  /** Ids that end an answer, by `generation_config.json`. */
  endIds: readonly number[];
  template: TemplateTexts | null;
}

/** Text of which the tokens are remembered: agents send the same beginning again and again. */
const REMEMBERED_CHARACTERS = 2_000_000;
const PLAIN = { add_special_tokens: false } as const;
const AS_IS = { skip_special_tokens: false, clean_up_tokenization_spaces: false } as const;
/** Stands for the end where the files name none. */
const UNNAMED_END = '<end>';

export class VocabularyTokenizer implements Tokenizer {
  readonly vocabulary: string;
  readonly endOfTurn: Token;
  readonly endOfText: Token;
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #template: ChatTemplate | null;
  readonly #isOfBytes: boolean;
  /** Texts of the added tokens, by id. */
  readonly #added: ReadonlyMap<number, string>;
  /** Cuts text where each part is tokens by itself; null where that cannot be said of this vocabulary. */
  readonly #borders: RegExp | null;
  readonly #remembered = new Map<string, number[]>();
  #rememberedCharacters = 0;

  /** @throws Error when the files are not understood */
  constructor({ name, tokenizer, specialTokens, config, endIds, template }: TokenizerFiles) {
    this.vocabulary = name;
    this.#tokenizer = new HuggingFaceTokenizer(tokenizer, config);
    const added = [...this.#tokenizer.get_added_tokens_decoder().values()];
    this.#added = new Map(added.map(({ id, content }) => [id, content]));
    this.#isOfBytes = kindsOf(tokenizer['decoder']).includes('ByteLevel');
    this.#borders = this.#isOfBytes ? bordersOf(tokenizer, added) : null;
    const marks = added.filter((token) => token.special).map(({ content }) => content);
    this.#template = template === null ? null : new ChatTemplate(template, specialTokens, marks);
    const ends = [specialTokens['eos_token'], ...endIds.map((id) => this.#tokenizer.id_to_token(id))].filter((piece) => piece !== undefined);
    const endMark = this.#template?.endMark() ?? null;
    this.endOfText = this.#mark(ends[0] ?? endMark ?? UNNAMED_END);
    this.endOfTurn = endMark !== null && (ends.length === 0 || ends.includes(endMark)) ? this.#mark(endMark) : this.endOfText;
  }

  get estimatesChats(): boolean {
    return this.#template === null;
  }

  cut(parts: readonly string[]): Token[] {
    const text = parts.join('');
    const ids = this.#encode(text);
    const pieces = ids.map((id) => this.#piece(id));
    const texts = (this.#isOfBytes ? textsOfByteTokens(text, ids.map((id, index) => this.#bytes(id, pieces[index]!))) : null) ?? asInText(text, textsByDecoding(ids, (some) => this.#decode(some)));
    return ids.map((id, index) => ({ id, piece: pieces[index]!, text: texts[index]! }));
  }

  textPrompt(text: string, withMarks = true): Prompt {
    return this.#prompt(withMarks ? this.#tokenizer.encode(text).ids : this.#encode(text));
  }

  idsPrompt(ids: readonly number[]): Prompt {
    return this.#prompt([...ids]);
  }

  chatPrompt(conversation: Conversation): Prompt {
    if (this.#template !== null) return this.#prompt(this.#encode(this.#template.prompt(conversation)));
    return this.#prompt(promptParts(conversation).flatMap(({ text, special }) => (special ? [this.#mark(text).id] : this.#encode(text))));
  }

  written(conversation: Conversation, answer: Answer): WrittenPart[] {
    return this.#template?.written(conversation, answer) ?? inHermesForm(answer);
  }

  text(ids: readonly number[]): string {
    const unknown = this.unknown(ids);
    if (unknown !== undefined) throw new RangeError(`token id ${unknown} is not in the vocabulary`);
    return this.#decode([...ids]);
  }

  unknown(ids: readonly number[]): number | undefined {
    return ids.find((id) => this.#tokenizer.id_to_token(id) === undefined);
  }

  #prompt(ids: number[]): Prompt {
    return {
      ids,
      tokens: () => {
        const texts = textsByDecoding(ids, (some) => this.#decode(some));
        return ids.map((id, index) => ({ id, piece: this.#piece(id), text: texts[index]! }));
      },
    };
  }

  /** A token that is not in the vocabulary still is one. */
  #mark(piece: string): Token {
    return { id: this.#tokenizer.token_to_id(piece) ?? tokenId(piece), piece, text: '' };
  }

  #piece(id: number): string {
    return this.#tokenizer.id_to_token(id) ?? '';
  }

  /** Each character of a piece is a byte, but an added token is its text. */
  #bytes(id: number, piece: string): number {
    const added = this.#added.get(id);
    return added === undefined ? piece.length : Buffer.byteLength(added);
  }

  #decode(ids: number[]): string {
    return ids.length === 0 ? '' : this.#tokenizer.decode(ids, AS_IS);
  }

  #encode(text: string): number[] {
    if (this.#borders === null) return this.#tokenizer.encode(text, PLAIN).ids;
    // Not flatMap or spread: prompts have many thousand tokens.
    const ids: number[] = [];
    for (const part of text.split(this.#borders)) if (part !== '') for (const id of this.#remember(part)) ids.push(id);
    return ids;
  }

  #remember(text: string): number[] {
    const known = this.#remembered.get(text);
    if (known !== undefined) {
      // Whoever was asked for last is forgotten last.
      this.#remembered.delete(text);
      this.#remembered.set(text, known);
      return known;
    }
    const { ids } = this.#tokenizer.encode(text, PLAIN);
    if (text.length > REMEMBERED_CHARACTERS) return ids;
    this.#remembered.set(text, ids);
    this.#rememberedCharacters += text.length;
    for (const oldest of this.#remembered.keys()) {
      if (this.#rememberedCharacters <= REMEMBERED_CHARACTERS) break;
      this.#remembered.delete(oldest);
      this.#rememberedCharacters -= oldest.length;
    }
    return ids;
  }
}

/** Decoding may tell of a text that normalizing has changed: the tokens still share the text as it was given, all of it. */
function asInText(text: string, decoded: readonly string[]): string[] {
  let at = 0;
  return decoded.map(({ length }, index) => {
    const from = at;
    at = index === decoded.length - 1 ? text.length : Math.min(text.length, at + length);
    return text.slice(from, at);
  });
}

interface AddedToken {
  content: string;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
}

/** Every `type` in a component of `tokenizer.json`, those inside a sequence included. */
function kindsOf(component: unknown): string[] {
  if (typeof component !== 'object' || component === null) return [];
  return Object.entries(component).flatMap(([key, value]) => (key === 'type' && typeof value === 'string' ? [value] : kindsOf(value)));
}

/**
 * Where a vocabulary of bytes cuts text before anything else: around its added tokens, unless they take what is around them. Null
 * where a text's beginning is cut in another way than its middle, so that parts are not what they are in the whole.
 */
function bordersOf(tokenizer: Readonly<Record<string, unknown>>, added: readonly AddedToken[]): RegExp | null {
  const prefixed = JSON.stringify([tokenizer['normalizer'] ?? null, tokenizer['pre_tokenizer'] ?? null]);
  if (/"add_prefix_space":true|"Prepend"|"Metaspace"/.test(prefixed)) return null;
  if (added.some(({ single_word: word, lstrip, rstrip, normalized }) => word || lstrip || rstrip || normalized)) return null;
  if (added.length === 0) return null;
  const texts = added.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(`(${texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')})`);
}

/** An answer as many models write it, where the template does not tell. */
function inHermesForm({ content, toolCalls }: Answer): WrittenPart[] {
  return [
    ...(content === null ? [] : [{ text: content, shown: { kind: 'content' as const } }]),
    ...toolCalls.flatMap(({ name, arguments: given }, call): WrittenPart[] => [
      { text: `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": `, shown: { kind: 'toolName', call, name } },
      { text: given, shown: { kind: 'toolArguments', call } },
      { text: '}\n</tool_call>', shown: null },
    ]),
  ];
}
