/** Text of a plausible length that says what it is. */
import type { Tokens } from '../../profile/units.ts';
import type { WorkloadProfile } from '../../profile/workloadProfile.ts';
import { estimatingTokenizer } from '../tokens/estimatingTokenizer.ts';
import { countTokens, type Tokenizer } from '../tokens/tokenizer.ts';
import type { Random } from './random.ts';

/** Says what it is. */
export const OPENING = 'Simulated answer: no model runs behind this server, so only the length and the timing of this text are realistic.';

const SENTENCES = [
  'The request was received in full and every message in it was counted.',
  'A real model would now weigh the context and write its reply one token at a time.',
  'Each token here arrives when the simulated graphics card would have produced it.',
  'Longer prompts take longer to read, unless their beginning is already in the cache.',
  'When several requests run at once, they share the weights that each step reads from memory.',
  'The first token comes after the prompt has been processed, and the others follow at a steady pace.',
  'Point the same program at a server of your own to see what a model says.',
  'Tool calls, structured output and stop strings are honoured, as far as their form goes.',
  'Repeating a request gives the same words again, because they are drawn from a seed.',
  'The energy of this answer follows from the time that the card spent in each state.',
  'An idle card still draws power while a program waits for one of its tools.',
  'Prompts that grow with every step cost more to read each time, which the timeline shows.',
  'The words have no meaning for the task; the numbers beside them do.',
  'Nothing of this conversation leaves the machine that it runs on.',
];

/** Median and spread of an answer's length: a paragraph or two, as chat models write them. */
const MEDIAN_TOKENS: Tokens = 85;
const SIGMA = 0.3;
const SHORTEST: Tokens = 45;
const LONGEST: Tokens = 180;
/** Tokens beyond those wanted, among which a place is found to cut. */
const SPARE_TOKENS: Tokens = 8;

/** How long an answer is that nothing else bounds, and whether it is so to the token: otherwise it ends with its sentence. */
export interface AnswerLengths {
  draw(random: Random): Tokens;
  isExact: boolean;
}

export const plausibleLengths: AnswerLengths = {
  draw: (random) => Math.round(Math.min(LONGEST, Math.max(SHORTEST, random.lognormal(MEDIAN_TOKENS, SIGMA)))),
  isExact: false,
};

/** As long as a workload's answers, of which the last token is the one that ends them. */
export function lengthsOf({ answerTokens: { mean, sigma } }: WorkloadProfile): AnswerLengths {
  const median = mean.value / Math.exp(sigma.value ** 2 / 2);
  return { draw: (random) => Math.max(1, Math.round(random.lognormal(median, sigma.value)) - 1), isExact: true };
}

/** Filler of exactly so many tokens, if the vocabulary has such a text; its last sentence may be cut off. */
export function exactFiller(random: Random, tokens: Tokens, tokenizer: Tokenizer = estimatingTokenizer, opening = OPENING): string {
  const all = tokenizer.cut([fillerText(random, tokens + SPARE_TOKENS, tokenizer, opening)]);
  const upTo = (count: Tokens) =>
    all
      .slice(0, count)
      .map(({ text }) => text)
      .join('');
  // Cut off inside a word, the rest of it may be more tokens or fewer than it was in the whole.
  for (let count = tokens; count < all.length; count++) if (countTokens(tokenizer, upTo(count)) === tokens) return upTo(count);
  return upTo(tokens);
}

/** A text and, where it is too short, filler behind it: at least `atLeast` tokens in all. */
export function lengthened(text: string, random: Random, atLeast: Tokens, tokenizer: Tokenizer = estimatingTokenizer): string {
  let longer = text;
  // Joined, two texts may be fewer tokens than each by itself.
  for (let missing = atLeast - countTokens(tokenizer, longer); missing > 0; missing = atLeast - countTokens(tokenizer, longer)) longer += ` ${fillerText(random, missing, tokenizer)}`;
  return longer;
}

/** Whole sentences of at least `atLeast` tokens. */
export function fillerText(random: Random, atLeast: Tokens, tokenizer: Tokenizer = estimatingTokenizer, opening = OPENING): string {
  let text = opening;
  let tokens = countTokens(tokenizer, text);
  let last = '';
  while (tokens < atLeast) {
    const sentence = random.pick(SENTENCES.filter((candidate) => candidate !== last));
    last = sentence;
    text += ` ${sentence}`;
    tokens += countTokens(tokenizer, ` ${sentence}`);
  }
  return text;
}
