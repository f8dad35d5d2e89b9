/** A model's own chat template: a conversation as the text that the model reads, and an answer as the text that it writes. */
import { Template } from '@huggingface/jinja';
import { contentText, type ChatMessage } from '../front/requests.ts';
import { pythonStyleJson } from '../pythonStyleJson.ts';
import { ConversationError, type Answer, type Conversation, type WrittenPart } from './tokenizer.ts';

export interface TemplateTexts {
  plain: string;
  /** Some models have one of its own for conversations with tools. */
  withTools: string | null;
}

export class ChatTemplate {
  readonly #plain: Template;
  readonly #withTools: Template;
  readonly #specialTokens: Readonly<Record<string, string>>;
  /** Texts of all special tokens, one of which ends an answer. */
  readonly #marks: readonly string[];

  /** @throws Error when a template's text is not understood */
  constructor(texts: TemplateTexts, specialTokens: Readonly<Record<string, string>>, marks: readonly string[]) {
    this.#plain = new Template(texts.plain);
    this.#withTools = texts.withTools === null ? this.#plain : new Template(texts.withTools);
    this.#specialTokens = specialTokens;
    this.#marks = marks;
  }

  /** The prompt of a conversation. @throws ConversationError */
  prompt(conversation: Conversation): string {
    return this.#render(conversation, true);
  }

  /**
   * What the model writes for an answer: whatever the conversation with it says after the prompt, up to the mark that ends it.
   * Null where the template does not let that be told.
   */
  written(conversation: Conversation, answer: Answer): WrittenPart[] | null {
    const prompt = this.prompt(conversation);
    let withAnswer: string;
    try {
      withAnswer = this.#render({ ...conversation, messages: [...conversation.messages, asMessage(answer)] }, false);
    } catch (error) {
      // Templates refuse what their model never writes, such as several calls in one answer.
      if (error instanceof ConversationError) return null;
      throw error;
    }
    return withAnswer.startsWith(prompt) ? partsOf(withAnswer.slice(prompt.length), answer, (rest) => this.#beforeMark(rest)) : null;
  }

  /** The mark that ends an answer, if the template writes one. */
  endMark(): string | null {
    const answer = 'An answer.';
    const conversation = { messages: [{ role: 'user', content: 'A question.' }], tools: [] };
    let said: string;
    try {
      said = this.#render({ ...conversation, messages: [...conversation.messages, { role: 'assistant', content: answer }] }, false);
    } catch {
      return null;
    }
    const at = said.lastIndexOf(answer);
    const rest = at < 0 ? '' : said.slice(at + answer.length);
    const before = this.#beforeMark(rest);
    return before === null ? null : (this.#marks.filter((mark) => rest.startsWith(mark, before.length)).sort((a, b) => b.length - a.length)[0] ?? null);
  }

  #render({ messages, tools, templateOptions }: Conversation, forAnswer: boolean): string {
    const template = tools.length > 0 ? this.#withTools : this.#plain;
    try {
      return template.render({ ...this.#specialTokens, ...templateOptions, messages: messages.map(forTemplate), tools: tools.length > 0 ? tools : null, documents: null, add_generation_prompt: forAnswer });
    } catch (error) {
      throw new ConversationError(error instanceof Error ? error.message : String(error));
    }
  }

  /** The text up to the first mark in it; null without one. */
  #beforeMark(text: string): string | null {
    const found = this.#marks.map((mark) => text.indexOf(mark)).filter((at) => at >= 0);
    return found.length === 0 ? null : text.slice(0, Math.min(...found));
  }
}

/** As templates expect messages: text for content, and arguments as objects. */
function forTemplate(message: ChatMessage): Record<string, unknown> {
  const { content, tool_calls: calls, ...others } = message;
  return {
    ...others,
    content: contentText(content),
    ...(calls && calls.length > 0 ? { tool_calls: calls.map((call) => ({ ...call, type: 'function', function: { ...call.function, arguments: parsed(call.function.arguments ?? '{}') } })) } : {}),
  };
}

function asMessage({ content, toolCalls }: Answer): ChatMessage {
  return { role: 'assistant', content: content ?? '', ...(toolCalls.length > 0 ? { tool_calls: toolCalls.map((called) => ({ id: 'call', function: called })) } : {}) };
}

/** What is no JSON stays text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Finds an answer in what is written for it; null when something of it is not there word by word. */
function partsOf(text: string, { content, toolCalls }: Answer, beforeMark: (rest: string) => string | null): WrittenPart[] | null {
  const parts: WrittenPart[] = [];
  let at = 0;
  if (content !== null && content !== '') {
    const found = text.indexOf(content);
    if (found < 0) return null;
    parts.push({ text: text.slice(0, found), shown: null }, { text: content, shown: { kind: 'content' } });
    at = found + content.length;
  }
  for (const [call, { name, arguments: given }] of toolCalls.entries()) {
    const named = text.indexOf(name, at);
    const [found, written] = named < 0 ? [-1, ''] : firstOf(text, named + name.length, [given, pythonStyleJson(parsed(given)), JSON.stringify(parsed(given))]);
    if (found < 0) return null;
    parts.push({ text: text.slice(at, found), shown: { kind: 'toolName', call, name } }, { text: written, shown: { kind: 'toolArguments', call } });
    at = found + written.length;
  }
  const rest = text.slice(at);
  parts.push({ text: beforeMark(rest) ?? (toolCalls.length > 0 ? rest.trimEnd() : ''), shown: null });
  return parts.filter((part) => part.text !== '');
}

/** Where the first of the candidates that is there stands, and which it is. */
function firstOf(text: string, from: number, candidates: readonly string[]): [number, string] {
  for (const candidate of candidates) {
    const at = text.indexOf(candidate, from);
    if (at >= 0) return [at, candidate];
  }
  return [-1, ''];
}
