/** Made-up conversations of one turn, as long as ShareGPT's are published to be. */
import workload from '../../../profiles/workload/sharegpt.json' with { type: 'json' };
import { seededRandom, type Random } from '../random.ts';
import type { Conversation } from './conversations.ts';
import { CHARACTERS_A_TOKEN } from './estimateTokens.ts';

/** What is asked: each with something of its own at its beginning, so that no two share a prefix but by chance. */
const OPENINGS = ['Explain', 'Can you describe', 'Write about', 'Compare what people say of', 'Help me to understand', 'Give me an overview of', 'Make a plan for', 'List what matters for', 'Summarize what is known of', 'Rewrite my notes on'];
const SUBJECTS = ['night trains', 'sourdough bread', 'a small web server', 'city gardens', 'a first job interview', 'solar panels', 'old maps', 'board games', 'a trip with children', 'spreadsheet formulas', 'bird songs', 'a broken bicycle', 'learning to swim', 'home insulation', 'local elections', 'sleep', 'a book club', 'rain water'];
const PLACES = ['in a small town', 'for beginners', 'on a tight budget', 'in winter', 'for a team of five', 'at school', 'by the sea', 'in an old house', 'over one weekend', 'for my parents'];
const DETAILS = [
  'I have about {n} days for it and would like to begin soon.',
  'So far I have read {n} articles, which did not agree with each other.',
  'Please keep it short enough for {n} pages, with examples.',
  'My neighbour, who has done it {n} times, says that the beginning is what counts.',
  'There are {n} people who will read it, and half of them know nothing of it.',
  'The costs should stay below {n} hundred, everything included.',
  'I tried it {n} years ago, and it went wrong because I was in a hurry.',
  'It would help to know which of the {n} usual mistakes are the worst.',
  'What I want in the end is a table with {n} rows that I can print.',
  'Somebody told me that {n} per cent of all attempts fail, which I find hard to believe.',
];

/** The same for the same seed. */
export function makeConversations(count: number, seed: number): Conversation[] {
  const random = seededRandom(seed);
  const { promptTokens, answerTokens } = workload;
  const sigma = answerTokens.sigma.value;
  // Of a lognormal distribution with this mean.
  const length = (mean: number) => random.lognormal(mean / Math.exp(sigma ** 2 / 2), sigma);
  return Array.from({ length: count }, (_, index) => {
    const opening = `${random.pick(OPENINGS)} ${random.pick(SUBJECTS)} ${random.pick(PLACES)}.`;
    return {
      id: `made-up-${index + 1}`,
      conversations: [
        // How prompts are spread was not found published: they are taken to be spread as the answers are.
        { from: 'human', value: text(random, opening, length(promptTokens.mean.value)) },
        { from: 'gpt', value: text(random, 'This answer is made up.', length(answerTokens.mean.value)) },
      ],
    };
  });
}

/** So many tokens of sentences; the last one may be cut off. */
function text(random: Random, opening: string, tokens: number): string {
  const characters = Math.round(tokens * CHARACTERS_A_TOKEN);
  let said = opening;
  while (said.length < characters) said += ` ${random.pick(DETAILS).replace('{n}', String(2 + random.below(97)))}`;
  return said.slice(0, characters);
}
