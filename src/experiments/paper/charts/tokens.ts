/** Chart of figure 8: what the tokens of a call are, as far as the behaviour knows. */
import type { Behaviour } from '../../behaviour/schema.ts';
import type { Chart } from '../../charts/chart.ts';
import type { Lab } from '../../lab.ts';
import type { RequestOutcome } from '../../outcome.ts';
import { estimate, meanOf } from '../../statistics.ts';
import { pairName, PAIRS, type Pair } from '../pairs.ts';
import { axis, bars, categories, chart, on, pairCategory } from './parts.ts';

const PARTS = [
  { key: 'instruction', name: 'instructions', color: 5 },
  { key: 'examples', name: 'worked examples', color: 4 },
  { key: 'task', name: 'the task', color: 1 },
  { key: 'answers', name: 'what the model said before', color: 2 },
  { key: 'results', name: 'what tools returned', color: 3 },
  { key: 'history', name: 'said and returned before, not told apart', color: 6 },
  { key: 'output', name: 'the answer', color: 0 },
] as const;
type Makeup = Record<(typeof PARTS)[number]['key'], number>;

/** What is the same in each prompt of a role. */
function fixed({ agent, behaviour }: Pair, role: RequestOutcome['calls'][number]['role']): { instruction: number; examples: number } {
  const { cot, step, reflexion, lats, llmcompiler, testWriting } = behaviour;
  const alone = (tokens: { value: number } | undefined) => ({ instruction: tokens?.value ?? 0, examples: 0 });
  switch (role) {
    // A chain of thought's examples are not told from its instructions.
    case 'answer':
      return alone(cot?.promptTokens);
    case 'reflect':
      return alone(reflexion.instructionTokens);
    case 'evaluate':
      return alone(lats.steps?.value.instructionTokens);
    case 'plan':
      return alone(llmcompiler?.planner.instructionTokens);
    case 'join':
      return alone(llmcompiler?.joiner.instructionTokens);
    case 'write tests':
      return alone(testWriting?.instructionTokens);
    case 'act':
      return { instruction: step.instructionTokens.value, examples: agent === 'CoT' ? 0 : Math.round(step.examples.value * step.exampleTokens.value) };
  }
}

const taskOf = (behaviour: Behaviour): number => behaviour.taskTokens.value;

/** The mean over a request's calls. ReAct's history is a single row of answers and results, so that what is not an answer is a result. */
function makeup(pair: Pair, { calls }: RequestOutcome): Makeup {
  const all = calls.map((call, index): Makeup => {
    const { instruction, examples } = fixed(pair, call.role);
    const history = Math.max(0, call.promptTokens - instruction - examples - taskOf(pair.behaviour));
    const said = pair.agent === 'ReAct' && call.role === 'act' ? calls.slice(0, index).filter(({ role }) => role === 'act').reduce((sum, { outputTokens }) => sum + outputTokens, 0) : null;
    const answers = said === null ? 0 : Math.min(said, history);
    return { instruction, examples, task: taskOf(pair.behaviour), answers, results: said === null ? 0 : history - answers, history: said === null ? history : 0, output: call.outputTokens };
  });
  return Object.fromEntries(PARTS.map(({ key }) => [key, meanOf(all.map((each) => each[key]))])) as Makeup;
}

export function chartsOfFigure8(lab: Lab): Chart[] {
  const perPair = PAIRS.map((pair) => lab.runs(pair, {}).map(({ requests }) => requests.map((request) => makeup(pair, request))));
  const mean = (key: keyof Makeup) => perPair.map((repeats) => estimate(repeats.map((requests) => meanOf(requests.map((each) => each[key])))));
  const known = (key: keyof Makeup) => mean(key).map((value) => (value !== null && value.mean > 0 ? value : null));
  const fittedPair = PAIRS.findIndex((pair) => pairName(pair) === 'ReAct, HotpotQA');
  return [
    chart('tokens', 'Tokens of a call of the model, mean over requests', categories(PAIRS.map(pairCategory)), axis('tokens of a call', 'tokens'), [
      ...PARTS.map(({ key, name, color }) => bars(name, 'predicted', known(key).map((value, index) => (index === fittedPair ? on('fitted', value) : value)), { color, stack: 'tokens' })),
    ]),
  ];
}
