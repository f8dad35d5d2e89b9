/** A recording's own answers, given again: to the conversation that they were given to, else in their order. */
import { createHash } from 'node:crypto';
import type { Call, Profile } from '../../profile/model.ts';
import type { CallLine } from '../../profile/recordingFormat.ts';
import type { Tokens } from '../../profile/units.ts';
import { estimatingTokenizer } from '../tokens/estimatingTokenizer.ts';
import type { Answer, Tokenizer } from '../tokens/tokenizer.ts';
import { callTool, type Question } from './chooseAnswer.ts';
import { meets } from './constraint.ts';
import { exactFiller } from './filler.ts';
import type { Random } from './random.ts';

/** What of an answer was recorded. Without `--capture full` its words are not, and its length and the tools that it called are. */
interface RecordedAnswer {
  /** Its digest; null where the conversation was not recorded. */
  conversation: string | null;
  text: string | null;
  toolCalls: { name: string; arguments: string | null }[];
  completionTokens: Tokens | null;
  given: boolean;
}

/** How the questions so far were answered. `unanswered`: with filler, as the recording had nothing that fits. */
export interface ReplayCounts {
  byContent: number;
  byOrder: number;
  unanswered: number;
}

/** Endpoints whose answers are text or calls of tools. */
const ANSWERING = new Set(['chat', 'completions', 'responses', 'messages', 'ollama', 'llamacpp']);

export class Replay {
  readonly counts: ReplayCounts = { byContent: 0, byOrder: 0, unanswered: 0 };
  readonly #answers: RecordedAnswer[];

  /** @param conversations what was said before each answer (`conversationBefore`), by the call's id, where the recording was read without prompts' texts */
  constructor(recording: Profile, conversations: ReadonlyMap<string, string | null> | null = null) {
    this.#answers = recording.calls.flatMap((call) => recordedAnswer(call, conversations === null ? conversationBefore(call.start) : (conversations.get(call.start.id) ?? null)) ?? []);
  }

  /** What became of the questions so far, in words. */
  get account(): string {
    const { byContent, byOrder, unanswered } = this.counts;
    return `answered from the recording: ${byContent} as the same conversation was, ${byOrder} in its order; with filler: ${unanswered}`;
  }

  /** Answers that can be given again. */
  get size(): number {
    return this.#answers.length;
  }

  /** Those of which the words were recorded; of the others the length and the tools are. */
  get withWords(): number {
    return this.#answers.filter(hasWords).length;
  }

  /**
   * The answer that the same conversation got: of several the first that was not given yet, the last again when all were. For a
   * conversation that the recording lacks, the earliest answer that was not given yet. Null when none is left, or it does not fit
   * what is asked: it calls a tool that is not offered, or is no JSON where that is wanted.
   */
  answerTo(question: Question, random: Random, tokenizer: Tokenizer = estimatingTokenizer): Answer | null {
    const conversation = conversationOf(question.said);
    const same = this.#answers.filter((recorded) => recorded.conversation === conversation);
    const found = same.find(({ given }) => !given) ?? same.at(-1) ?? this.#answers.find(({ given }) => !given);
    const answer = found === undefined ? null : answerFrom(found, question, random, tokenizer);
    if (found === undefined || answer === null) {
      this.counts.unanswered += 1;
      return null;
    }
    found.given = true;
    if (same.length > 0) this.counts.byContent += 1;
    else this.counts.byOrder += 1;
    return answer;
  }
}

/** The digest of what was said before an answer; null where that is not in the recording. */
export function conversationBefore({ request }: CallLine): string | null {
  const texts = request.messages.map(({ text }) => text);
  const known = texts.filter((text) => text !== null);
  return known.length === 0 || known.length < texts.length ? null : conversationOf(known);
}

function recordedAnswer({ start, end }: Call, conversation: string | null): RecordedAnswer | null {
  if (end === null || end.status !== 'ok' || end.error !== null || (end.httpStatus ?? 200) !== 200 || !ANSWERING.has(start.endpoint)) return null;
  return {
    conversation,
    text: end.text,
    toolCalls: end.toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given })),
    completionTokens: end.usage?.completionTokens ?? null,
    given: false,
  };
}

/**
 * The digest of what was said, without how each API has it: who is called what, which messages have no text, where words are broken
 * and parts are joined, and the ids of tools' calls, which are new in each run. Each prompt repeats those before: held whole, they
 * would be the recording many times over.
 */
function conversationOf(texts: readonly string[]): string {
  const digest = createHash('sha256');
  for (const text of texts) {
    const bare = text.replace(/\s+/g, '');
    if (bare !== '') digest.update(bare).update('\n');
  }
  return digest.digest('base64');
}

function hasWords({ text, toolCalls }: RecordedAnswer): boolean {
  return toolCalls.every((call) => call.arguments !== null) && (text !== null || toolCalls.length > 0);
}

function answerFrom(recorded: RecordedAnswer, question: Question, random: Random, tokenizer: Tokenizer): Answer | null {
  const { toolChoice, tools, constraint } = question;
  const calls = recorded.toolCalls.map((call) => ({ call, tool: tools.find(({ name }) => name === call.name) }));
  if (calls.some(({ tool }) => tool === undefined) || (toolChoice === 'none' && calls.length > 0) || (toolChoice === 'required' && calls.length === 0)) return null;
  if (typeof toolChoice === 'object' && !calls.some(({ call }) => call.name === toolChoice.name)) return null;
  if (constraint !== null && calls.length === 0 && !meets(constraint, recorded.text ?? '')) return null;
  const toolCalls = calls.flatMap(({ call, tool }) => (call.arguments === null ? callTool(tool!, question).toolCalls : [{ name: call.name, arguments: call.arguments }]));
  if (recorded.text !== null) return { content: recorded.text === '' && toolCalls.length > 0 ? null : recorded.text, toolCalls };
  if (toolCalls.length > 0) return { content: null, toolCalls };
  // One of an answer's tokens says that it ends.
  return recorded.completionTokens === null ? null : { content: exactFiller(random, Math.max(1, recorded.completionTokens - 1), tokenizer), toolCalls: [] };
}
