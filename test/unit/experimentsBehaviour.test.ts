import { describe, expect, it } from 'vitest';
import { BENCHMARKS, HOTPOTQA, SHAREGPT } from '../../src/experiments/behaviour/shipped.ts';
import { behaviourSchema, type Behaviour } from '../../src/experiments/behaviour/schema.ts';
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
    const next = calls(failed)[reflect + 1]!.prompt();
    expect(next.slice(-calls(failed)[reflect]!.output.length)).toEqual(calls(failed)[reflect]!.output);
    expect(share(many(400, 'Reflexion', HOTPOTQA, { reflexion: { reflections: 30 } }))).toBeCloseTo(HOTPOTQA.success['8B'].reflexion.value, 1);
    expect(share(many(400, 'Reflexion', HOTPOTQA, { reflexion: { reflections: 30 } }, '70B'))).toBeCloseTo(HOTPOTQA.success['70B'].reflexion.value, 1);
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

  it('of an agent that a benchmark is not for are refused', () => {
    const webshop = BENCHMARKS[1]!;
    expect(() => request('CoT', webshop)).toThrow(/chain of thought has no behaviour on WebShop/);
    expect(() => request('LLMCompiler', BENCHMARKS[2]!)).toThrow(/LLMCompiler has no behaviour on MATH/);
  });
});
