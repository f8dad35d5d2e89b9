/** Conversations in the format of ShareGPT: made-up ones, or a file of the dataset. */
import { z } from 'zod';
import { ownItems, readItems, type ItemSource } from '../itemFile.ts';
import { estimateTokens, type EstimatedTokens } from './estimateTokens.ts';
import { makeConversations } from './madeUp.ts';

const conversationSchema = z.object({
  id: z.string(),
  conversations: z.array(z.object({ from: z.string(), value: z.string() })),
});
export type Conversation = z.infer<typeof conversationSchema>;

/** What one person asks first, and how long the answer was. */
export interface ChatTurn {
  id: string;
  prompt: string;
  promptTokens: EstimatedTokens;
  answerTokens: EstimatedTokens;
}

const HUMAN = new Set(['human', 'user']);
const ASSISTANT = new Set(['gpt', 'chatgpt', 'bard', 'bing', 'assistant']);
/** What vLLM's own benchmark leaves out (https://github.com/vllm-project/vllm, is_valid_sequence of its benchmarks' datasets). */
const SHORTEST: EstimatedTokens = 4;
const LONGEST_PROMPT: EstimatedTokens = 1024;
const LONGEST_TURN: EstimatedTokens = 2048;
const MADE_UP = 1000;
const SEED = 1;

/**
 * The first turns of made-up conversations, or of those of a file of the dataset, as far as a benchmark takes them.
 * @throws Error that names the file when it cannot be read, is something else, or has no such turn
 */
export async function loadTurns(file: string | null): Promise<{ turns: ChatTurn[]; source: ItemSource; leftOut: number }> {
  // No published file is known by its checksum here.
  const { items, source } = file === null ? { items: makeConversations(MADE_UP, SEED), source: ownItems('made-up chat turns') } : await readItems(file, 'ShareGPT conversations', conversationSchema, []);
  const turns = items.flatMap((conversation) => firstTurn(conversation) ?? []);
  if (turns.length === 0) throw new Error(`${source.name} has no conversation that begins with a question and its answer, of up to ${LONGEST_PROMPT} and ${LONGEST_TURN} tokens.`);
  return { turns, source, leftOut: items.length - turns.length };
}

/** As vLLM's benchmark takes it, the first two messages, of a usual length; also, a person must ask and the chatbot answer. */
function firstTurn({ id, conversations: [question, answer] }: Conversation): ChatTurn | null {
  if (question === undefined || answer === undefined || !HUMAN.has(question.from) || !ASSISTANT.has(answer.from)) return null;
  const [promptTokens, answerTokens] = [estimateTokens(question.value), estimateTokens(answer.value)];
  if (Math.min(promptTokens, answerTokens) < SHORTEST || promptTokens > LONGEST_PROMPT || promptTokens + answerTokens > LONGEST_TURN) return null;
  return { id, prompt: question.value, promptTokens, answerTokens };
}
