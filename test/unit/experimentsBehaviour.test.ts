import { describe, expect, it } from 'vitest';
import { BENCHMARKS, HOTPOTQA, HUMANEVAL, SHAREGPT } from '../../src/experiments/behaviour/shipped.ts';
import { behaviourSchema, type Behaviour } from '../../src/experiments/behaviour/schema.ts';
import { difficultyOf, solvedBy, TaskAnswers } from '../../src/experiments/difficulty.ts';
import { drawGeometric, lognormalOfMean, TokenSupply } from '../../src/experiments/draws.ts';
import type { AgentRequest, CallPart } from '../../src/experiments/requests/request.ts';
import { AGENTS, isPair, requestsOf, type AgentName, type Budget } from '../../src/experiments/workload.ts';
import { createRandom } from '../../src/simulator/answers/random.ts';

/** Every `source` in a profile. */
function sourcesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'source' ? [inner as string] : sourcesIn(inner)));
}

const calls = ({ parts }: AgentRequest): CallPart[] => parts.filter((part) => part.kind === 'call');
const request = (agent: AgentName, behaviour: Behaviour, budget: Budget = {}, seed = 1) => requestsOf({ agent, behaviour, budget }, '8B', seed)();
function many(count: number, agent: AgentName, behaviour: Behaviour, budget: Budget = {}, model: '8B' | '70B' = '8B'): AgentRequest[] {
  const next = requestsOf({ agent, behaviour, budget }, model, 7);
  return Array.from({ length: count }, next);
}
/** How many tokens two prompts begin with alike. */
function shared(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((token, index) => token !== other[index]);
  return at < 0 ? one.length : at;
}
const share = (requests: readonly AgentRequest[]) => requests.filter(({ solved }) => solved).length / requests.length;

describe('behaviours that ship', () => {
  it('say where each value is from, and fit on figures of one request at a time alone', () => {
    const sources = [...BENCHMARKS, SHAREGPT].flatMap(sourcesIn);
    expect(sources.length).toBeGreaterThan(150);
    for (const source of sources) expect(source).toMatch(/https:\/\/|^fitted on (Fig\. [4578]|Table III: 4\.23 s for ShareGPT)|^assumed: |^derived: /);
    // Of Table III the agents' accuracies are taken, and nothing of what is predicted.
    const ofTableIII = sources.filter((source) => source.includes('Table III') && !source.startsWith('fitted on Table III: 4.23 s for ShareGPT'));
    for (const source of ofTableIII) expect(source).toMatch(/Table III: (Reflexion|LATS) at (8B|70B), its accuracy/);
  });

  it('are refused without a source', () => {
    const broken = structuredClone(HOTPOTQA) as unknown as { tool: { seconds: { source?: string } } };
    delete broken.tool.seconds.source;
    expect(behaviourSchema.safeParse(broken).success).toBe(false);
  });
});

describe('what is drawn', () => {
  it('has the mean that it was asked for', () => {
    const random = createRandom(3);
    const mean = (draw: () => number) => Array.from({ length: 20_000 }, draw).reduce((sum, value) => sum + value, 0) / 20_000;
    expect(mean(() => drawGeometric(random, 4))).toBeCloseTo(4, 0);
    expect(drawGeometric(random, 0)).toBe(0);
    expect(mean(() => lognormalOfMean(random, 100, 0.6)) / 100).toBeCloseTo(1, 1);
  });

  it('hands out tokens that nobody else has, and a name’s tokens always the same', () => {
    const supply = new TokenSupply();
    const all = [...supply.own(100), ...supply.own(100)];
    expect(new Set(all).size).toBe(200);
    expect(TokenSupply.shared('a', 5)).toEqual(TokenSupply.shared('a', 9).slice(0, 5));
    expect(Math.min(...all)).toBeGreaterThan(Math.max(...TokenSupply.shared('a', 1000)));
  });
});

describe('how hard tasks are', () => {
  it('gives the shares that it was made of, of any model and benchmark', () => {
    for (const { success } of BENCHMARKS) {
      for (const { firstTry, reflexion, lats } of Object.values(success)) {
        for (const { solved, tries } of [reflexion, lats]) {
          const difficulty = difficultyOf(firstTry.value, solved.value, tries.value);
          expect(solvedBy(difficulty, 1)).toBeCloseTo(firstTry.value, 6);
          expect(solvedBy(difficulty, tries.value)).toBeCloseTo(solved.value, 6);
          // Each answer more solves fewer tasks more.
          expect(solvedBy(difficulty, 4) - solvedBy(difficulty, 2)).toBeLessThan(2 * (solvedBy(difficulty, 2) - solvedBy(difficulty, 1)));
        }
      }
    }
  });

  it('is refused where no spread of chances gives that', () => {
    expect(() => difficultyOf(0.5, 0.4, 10)).toThrow(/of tasks of which 0.5 are solved at the first answer, 0.4 cannot be by 10/);
    expect(() => difficultyOf(0.1, 0.9, 2)).toThrow(RangeError);
    expect(() => difficultyOf(0, 0.5, 2)).toThrow(RangeError);
  });

  it('is what tasks’ answers show', () => {
    const random = createRandom(5);
    const difficulty = difficultyOf(0.3, 0.7, 20);
    const solved = (tries: number) => Array.from({ length: 4000 }, () => new TaskAnswers(difficulty, random)).filter((answers) => Array.from({ length: tries }, () => answers.next()).some(Boolean)).length / 4000;
    expect(solved(1)).toBeCloseTo(0.3, 1);
    expect(solved(5)).toBeCloseTo(solvedBy(difficulty, 5), 1);
    expect(solved(20)).toBeCloseTo(0.7, 1);
  });
});

describe('requests', () => {
  const pairs = BENCHMARKS.flatMap((behaviour) => AGENTS.filter((agent) => isPair(agent, behaviour)).map((agent) => [agent, behaviour] as const));

  it.each(pairs)('of %s wait for earlier parts only, and are the same for the same seed', (agent, behaviour) => {
    const one = request(agent, behaviour);
    one.parts.forEach(({ after }, number) => after.forEach(({ part }) => expect(part).toBeLessThan(number)));
    const other = request(agent, behaviour);
    expect(calls(other).map(({ prompt, output }) => [prompt(), output])).toEqual(calls(one).map(({ prompt, output }) => [prompt(), output]));
    expect(request(agent, behaviour, {}, 2).parts).not.toEqual(one.parts);
  });

  it('share instructions and examples, and no more', () => {
    const [one, other] = many(2, 'ReAct', HOTPOTQA).map((each) => calls(each)[0]!.prompt());
    const { instructionTokens, exampleTokens, examples } = HOTPOTQA.step;
    expect(shared(one!, other!)).toBe(instructionTokens.value + examples.value * exampleTokens.value);
    expect(one!.length).toBe(shared(one!, other!) + HOTPOTQA.taskTokens.value);
  });

  it('of ReAct have prompts each of which goes on where the one before and its answer end', () => {
    const long = many(40, 'ReAct', HOTPOTQA).find((each) => calls(each).length > 3)!;
    const steps = calls(long);
    steps.slice(1).forEach((step, index) => {
      const before = [...steps[index]!.prompt(), ...steps[index]!.output];
      expect(step.prompt().slice(0, before.length)).toEqual(before);
      expect(step.prompt().length).toBeGreaterThan(before.length);
    });
    expect(long.parts.filter(({ kind }) => kind === 'tool')).toHaveLength(steps.length - 1);
  });

  it('of ReAct make as many calls as they may, and are then not solved', () => {
    const cut = many(200, 'ReAct', HOTPOTQA, { react: { mostCalls: 2 } });
    expect(Math.max(...cut.map((each) => calls(each).length))).toBe(2);
    expect(share(cut)).toBeLessThan(share(many(200, 'ReAct', HOTPOTQA)));
  });

  it('of Reflexion go on until they succeed or have reflected enough, and keep what they learnt before the history', () => {
    const requests = many(200, 'Reflexion', HOTPOTQA, { reflexion: { reflections: 2 } });
    for (const each of requests) {
      const reflections = calls(each).filter(({ role }) => role === 'reflect').length;
      expect(reflections).toBeLessThanOrEqual(2);
      if (!each.solved) expect(reflections).toBe(2);
    }
    const failed = requests.find(({ solved }) => !solved)!;
    const reflect = calls(failed).findIndex(({ role }) => role === 'reflect');
    const learnt = calls(failed)[reflect]!.output;
    const next = calls(failed)[reflect + 1]!.prompt();
    expect(next.slice(next.indexOf(learnt[0]!)).slice(0, learnt.length)).toEqual(learnt);
    const { solved, tries } = HOTPOTQA.success['8B'].reflexion;
    const inTheEnd = (model: '8B' | '70B') => share(many(100, 'Reflexion', HOTPOTQA, { reflexion: { reflections: tries.value - 1 } }, model));
    expect(Math.abs(inTheEnd('8B') - solved.value)).toBeLessThan(0.1);
    expect(Math.abs(inTheEnd('70B') - HOTPOTQA.success['70B'].reflexion.solved.value)).toBeLessThan(0.1);
  });

  it('of Reflexion ask for the next step behind the history, and have it twice from the second attempt on', () => {
    const failed = many(100, 'Reflexion', HOTPOTQA, { reflexion: { reflections: 1 } }).find((each) => !each.solved && calls(each).filter(({ role }) => role === 'act').length > 5)!;
    const reflect = calls(failed).findIndex(({ role }) => role === 'reflect');
    const [first, second] = calls(failed);
    // So the answer is read anew: the prompts part where the first one asks.
    expect(shared(second!.prompt(), [...first!.prompt(), ...first!.output])).toBe(first!.prompt().length - 15);
    const seen = calls(failed)[reflect + 1]!.output[0]!;
    const later = calls(failed)[reflect + 2];
    if (later !== undefined) expect(later.prompt().filter((token) => token === seen)).toHaveLength(2);
    expect(second!.prompt().filter((token) => token === first!.output[0])).toHaveLength(1);
  });

  it('write their tests once, before the attempt, where the tool runs tests', () => {
    for (const agent of ['ReAct', 'Reflexion'] as const) {
      for (const each of many(20, agent, HUMANEVAL)) {
        expect(calls(each).map(({ role }) => role).indexOf('write tests')).toBe(0);
        expect(calls(each).filter(({ role }) => role === 'write tests')).toHaveLength(1);
        expect(each.parts[1]!.after).toEqual([{ part: 0 }]);
      }
    }
  });

  it('of attempts that come to no answer use up whatever calls they may make', () => {
    const longest = (mostCalls: number) => many(300, 'ReAct', HOTPOTQA, { react: { mostCalls } }).filter((each) => calls(each).length === mostCalls).length / 300;
    const stuck = HOTPOTQA.step.stuck.value * (1 - HOTPOTQA.success['8B'].firstTry.value);
    expect(longest(30)).toBeGreaterThan(stuck / 2);
    expect(longest(30)).toBeLessThan(2 * stuck);
    expect(Math.abs(longest(60) - longest(30))).toBeLessThan(0.02);
  });

  it('of LATS ask for all children of a node at once with one prompt, value those that go on, and go down no deeper than they may', () => {
    const [first] = many(1, 'LATS', HOTPOTQA, { lats: { children: 4 } });
    const roots = calls(first!).slice(0, 4);
    expect(roots.map(({ role, after, delayMs }) => [role, after, delayMs])).toEqual([0, 1, 2, 3].map((delay) => ['act', [], delay]));
    expect(new Set(roots.map(({ prompt }) => JSON.stringify(prompt()))).size).toBe(1);
    const tools = first!.parts.slice(4).findIndex(({ kind }) => kind !== 'tool');
    const values = calls(first!).filter(({ role }) => role === 'evaluate');
    expect(values.slice(0, tools).map(({ after }) => after.length)).toEqual(Array.from({ length: tools }, () => tools));
    // One child a node is a path of seven nodes; its search goes on from higher up when it has come to its end.
    const paths = many(200, 'LATS', HOTPOTQA, { lats: { children: 1, iterations: 40 } });
    const steps = (each: AgentRequest) => calls(each).filter(({ role }) => role === 'act');
    expect(Math.max(...paths.map((each) => steps(each).length))).toBeGreaterThan(20);
    const most = (iterations: number) => Math.max(...many(60, 'LATS', HOTPOTQA, { lats: { iterations } }).map((each) => calls(each).length));
    expect(most(2)).toBeLessThan(most(12));
  });

  it('of LATS solve more tasks with more children, and tell all prompts what failed before', () => {
    const solved = (children: number) => share(many(80, 'LATS', HOTPOTQA, { lats: { children, iterations: 20 } }));
    const most = solved(16);
    expect(most).toBeGreaterThan(solved(1) + 0.05);
    expect(Math.abs(most - HOTPOTQA.success['8B'].lats.solved.value)).toBeLessThan(0.1);
    const failed = many(60, 'LATS', HOTPOTQA).find((each) => !each.solved)!;
    const reflections = calls(failed).filter(({ role }) => role === 'reflect');
    // One about the first way that failed, two when there are two, and three.
    expect(reflections.length).toBe(1 + 2 + 3);
    const last = calls(failed).at(-1)!.prompt();
    for (const { output } of reflections.slice(-3)) expect(last).toContain(output[0]);
    expect(last).not.toContain(reflections[0]!.output[0]);
  });

  it('of LATS with tests reflect on each child that fails, and value none', () => {
    const requests = many(60, 'LATS', HUMANEVAL, { lats: { children: 3, iterations: 4 } });
    const [at, long] = [requests.filter(({ solved }) => !solved), requests.find(({ solved }) => !solved)!];
    expect(at.length).toBeGreaterThan(0);
    const roles = calls(long).map(({ role }) => role);
    expect(roles.slice(0, 3)).toEqual(['write tests', 'act', 'reflect']);
    expect(roles.filter((role) => role === 'write tests')).toHaveLength(1 + 4);
    expect(roles.filter((role) => role === 'act')).toHaveLength(1 + 4 * 3);
    expect(roles.filter((role) => role === 'reflect')).toHaveLength(1 + 4 * 3);
    expect(roles).not.toContain('evaluate');
    // The children's prompts go on from the root's solution.
    expect(calls(long)[4]!.prompt()).toContain(calls(long)[1]!.output[0]);
  });

  it('of LLMCompiler begin tools while the plan is being written, and join when all are there', () => {
    const plan = many(30, 'LLMCompiler', HOTPOTQA).find(({ parts }) => parts.filter(({ kind }) => kind === 'tool').length > 2)!;
    const [planner, tool] = plan.parts;
    expect(planner).toMatchObject({ kind: 'call', role: 'plan' });
    const [written] = tool!.after;
    expect(written!.part).toBe(0);
    expect(written!.tokens).toBeGreaterThan(0);
    expect(written!.tokens).toBeLessThan((planner as CallPart).output.length);
    const join = plan.parts.findIndex((part) => part.kind === 'call' && part.role === 'join');
    expect(plan.parts[join]!.after.map(({ part }) => part)).toEqual(Array.from({ length: join }, (_, part) => part));
  });

  it('of LLMCompiler ask for later plans by other instructions than for the first, with the earlier plans and what came of them', () => {
    const again = many(60, 'LLMCompiler', HOTPOTQA).find((each) => calls(each).filter(({ role }) => role === 'plan').length > 2)!;
    const [first, second, third] = calls(again).filter(({ role }) => role === 'plan');
    expect(shared(first!.prompt(), second!.prompt())).toBe(0);
    expect(second!.prompt()).toEqual(third!.prompt().slice(0, second!.prompt().length));
    expect(first!.output.slice(0, 3).every((token) => second!.prompt().includes(token))).toBe(true);
  });

  it('of an agent that a benchmark is not for are refused', () => {
    const webshop = BENCHMARKS[1]!;
    expect(() => request('CoT', webshop)).toThrow(/chain of thought has no behaviour on WebShop/);
    expect(() => request('LLMCompiler', BENCHMARKS[2]!)).toThrow(/LLMCompiler has no behaviour on MATH/);
  });
});
