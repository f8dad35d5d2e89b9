/** What was asked of the servers, as far as the paper says; what it leaves open is fitted or assumed, and `notes.ts` says so. */
import { createRandom, type Random } from '../../src/simulator/answers/random.ts';
import type { Session, Turn } from '../../src/simulator/virtualTime.ts';
import { MOST_CHATS_SECONDS, REACT_HOTPOTQA, TABLE_III } from '../../src/experiments/paper/published.ts';

/** Between clients that wait for each other: long enough for any answer. */
const ONE_AT_A_TIME_MS = 10_000_000;
/** Tokens that no other prompt or answer has. */
let unused = 1_000_000;
function newTokens(count: number): number[] {
  unused += count;
  return Array.from({ length: count }, (_, index) => unused - count + index);
}
/** The same tokens each time. */
const commonTokens = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Poisson arrivals at a rate, or one client after the other. */
function arrivals(count: number, perSecond: number | null, random: Random): number[] {
  let at = 0;
  return Array.from({ length: count }, () => (at += perSecond === null ? ONE_AT_A_TIME_MS : (-Math.log(1 - random.next()) / perSecond) * 1000));
}

/** Mean tokens of a ShareGPT prompt with Llama-3.1's tokenizer: 229,711 in 1,000 (vLLM pull request #18566). */
export const CHAT_PROMPT_TOKENS = 230;
/** Every chat begins with the template's header: Llama-3.1's, up to the user's own words, fills one block of 16 tokens. */
const CHAT_COMMON_TOKENS = 16;

/**
 * Spread of the chats' lengths, as the deviation of a lognormal's logarithm: of which the 95th percentile is as many times the
 * mean as 9.7 s are of the mean latency of 4.23 s, from 1.645 σ − σ²/2 = ln of that.
 */
export const CHAT_SIGMA = 1.645 - Math.sqrt(1.645 ** 2 - 2 * Math.log(MOST_CHATS_SECONDS / TABLE_III[0]!.seconds));

/** Chats of one turn, of which no two are alike. */
export function chats(count: number, perSecond: number | null, meanAnswerTokens: number): Session[] {
  const random = createRandom(1);
  const length = (mean: number) => Math.max(1, Math.round(random.lognormal(mean / Math.exp(CHAT_SIGMA ** 2 / 2), CHAT_SIGMA)));
  return arrivals(count, perSecond, random).map((arrival) => ({
    arrival,
    turns: [{ pauseMs: 0, calls: [{ promptTokens: [...commonTokens(CHAT_COMMON_TOKENS), ...newTokens(length(CHAT_PROMPT_TOKENS - CHAT_COMMON_TOKENS))], outputTokens: newTokens(length(meanAnswerTokens)) }] }],
  }));
}

/** Tool calls: as many as fill the largest idle share that the paper tells of. */
export const REACT_TOOL_CALLS = Math.round((REACT_HOTPOTQA.mostIdle * REACT_HOTPOTQA.seconds) / REACT_HOTPOTQA.toolSeconds);
/** A model call before each tool call, and one for the answer. */
export const REACT_CALLS = REACT_TOOL_CALLS + 1;
/** The task's own words in the first prompt; instructions and examples are the same for all. */
const QUESTION_TOKENS = 50;

export interface AgentOptions {
  answerTokens: number;
  toolSeconds: number;
  /** Calls that are made at once for each step. */
  branches?: number;
}

/** One attempt at a question: prompts that grow evenly by answers and what tools return, from 1,000 tokens to 3.5 times that. */
export function attempt({ answerTokens, toolSeconds, branches = 1 }: AgentOptions): Turn[] {
  const { firstPromptTokens, growsTo } = REACT_HOTPOTQA;
  const growth = Math.round((firstPromptTokens * ((growsTo[0] + growsTo[1]) / 2 - 1)) / (REACT_CALLS - 1));
  let promptTokens = [...commonTokens(firstPromptTokens - QUESTION_TOKENS), ...newTokens(QUESTION_TOKENS)];
  return Array.from({ length: REACT_CALLS }, (_, step) => {
    const calls = Array.from({ length: branches }, () => ({ promptTokens, outputTokens: newTokens(answerTokens) }));
    promptTokens = [...promptTokens, ...calls[0]!.outputTokens, ...newTokens(growth - answerTokens)];
    return { pauseMs: step === 0 ? 0 : toolSeconds * 1000, staggerMs: 1, calls };
  });
}

/** ReAct agents, one attempt each. */
export function agents(count: number, perSecond: number | null, options: AgentOptions): Session[] {
  return arrivals(count, perSecond, createRandom(1)).map((arrival) => ({ arrival, turns: attempt(options) }));
}

/** An agent that goes on trying: Reflexion (one call at a time) or LATS (several at once), with its tools' time before each step. */
export function tryingAgain(attempts: number, options: AgentOptions): Session[] {
  const turns = Array.from({ length: attempts }, () => attempt(options)).flat();
  return [{ arrival: 0, turns: turns.map((turn, index) => ({ ...turn, pauseMs: index === 0 ? 0 : options.toolSeconds * 1000 })) }];
}
