/** The agents against models whose answers are written here: their trajectories, and what they do with bad ones. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/agents/agent.ts';
import { cot } from '../../src/agents/cot/agent.ts';
import { lats, searchTree } from '../../src/agents/lats/agent.ts';
import { allNodes, backpropagate, rootNode, select, uct, addChild, type Node } from '../../src/agents/lats/node.ts';
import { llmcompiler } from '../../src/agents/llmcompiler/agent.ts';
import { Session } from '../../src/agents/model/session.ts';
import { react } from '../../src/agents/react/agent.ts';
import type { Turn } from '../../src/agents/react/turns.ts';
import { reflexion } from '../../src/agents/reflexion/agent.ts';
import { agents } from '../../src/agents/registry.ts';
import { partsOf, setupFor, startScriptedModel, type AskedRequest, type ModelAnswer, type ScriptedModel } from './scriptedModel.ts';
import { smallWorld } from './smallWorld.ts';

let model: ScriptedModel;
afterEach(() => model.close());

const started = async (answer: (request: AskedRequest, index: number) => ModelAnswer | string) => (model = await startScriptedModel(answer));
const solve = (agent: Agent, world = smallWorld(), toolCalling: 'text' | 'native' = 'text', budget: Partial<Agent['defaults']> = {}) => agent.solve(world.task, setupFor(model.client, toolCalling, { ...agent.defaults, ...budget }));

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}

describe('ReAct', () => {
  it('thinks, acts and observes until it finishes', async () => {
    await started((_, index) => [`Thought 1: First the museum.\nAction 1: recall[museum]`, 'Thought 2: Now the river.\nAction 2: recall[river]', 'Thought 3: Known.\nAction 3: finish[Nervión]'][index]!);
    const result = await solve(react);
    expect(result).toEqual({
      answer: 'Nervión',
      end: 'answered',
      trajectory: [
        { thought: 'First the museum.', actions: [{ call: { tool: 'recall', arguments: { fact: 'museum' } }, observation: 'The museum stands in Bilbao.' }] },
        { thought: 'Now the river.', actions: [{ call: { tool: 'recall', arguments: { fact: 'river' } }, observation: 'The river is the Nervión.' }] },
        { thought: 'Known.', actions: [] },
      ],
      counts: { modelCalls: 3, toolCalls: 2 },
    });
    const [first, , third] = model.requests;
    expect(first!.stop).toEqual(['\nObservation']);
    // Instructions, the example as a conversation, the question; later calls only add to that.
    expect(first!.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user', 'assistant', 'user']);
    expect(third!.messages.slice(0, 6)).toEqual(first!.messages);
    expect(third!.messages.slice(6).map(({ content }) => content)).toEqual(['Thought 1: First the museum.\nAction 1: recall[museum]', 'Observation 1: The museum stands in Bilbao.', 'Thought 2: Now the river.\nAction 2: recall[river]', 'Observation 2: The river is the Nervión.']);
  });

  it('calls tools by the API, and answers under the ids that it was given', async () => {
    await started((_, index) => (index === 0 ? { text: 'Thought: Both at once.', toolCalls: [{ name: 'recall', arguments: '{"fact": "museum"}' }, { name: 'recall', arguments: '{"fact": "river"}' }] } : 'Thought: Known.\nAnswer: Nervión'));
    const world = smallWorld();
    expect(await solve(react, world, 'native')).toMatchObject({ answer: 'Nervión', counts: { modelCalls: 2, toolCalls: 2 } });
    expect(world.used.map(({ fact }) => fact).sort()).toEqual(['museum', 'river']);
    expect(model.requests[1]!.messages.slice(-3).map(({ role, content, tool_call_id: id }) => [role, content, id])).toEqual([
      ['assistant', 'Both at once.', undefined],
      ['tool', 'The museum stands in Bilbao.', 'id_1_0'],
      ['tool', 'The river is the Nervión.', 'id_1_1'],
    ]);
  });

  it('ends without an answer when the budget is spent', async () => {
    await started(() => 'Thought: Again.\nAction: recall[city]');
    expect(await solve(react, smallWorld(), 'text', { iterations: 3 })).toMatchObject({ answer: null, end: 'budget', counts: { modelCalls: 3, toolCalls: 3 } });
  });

  it('ends where the environment ends the task', async () => {
    await started(() => 'Thought: I buy.\nAction: recall[city]');
    const world = smallWorld();
    const task = { ...world.task, openEnvironment: () => ({ tools: [{ ...world.task.openEnvironment().tools[0]!, run: () => Promise.resolve({ text: 'Bought.', outcome: { answer: 'B01', reward: 0.5 } }) }], fork: () => world.task.openEnvironment() }) };
    expect(await solve(react, { ...world, task })).toMatchObject({ answer: 'B01', end: 'answered', counts: { modelCalls: 1 } });
  });
});

describe('chain of thought', () => {
  it('reasons once, without tools', async () => {
    await started(() => 'A: The museum stands in Bilbao, on the Nervión. The answer is Nervión.');
    expect(await solve(cot)).toEqual({ answer: 'Nervión', end: 'answered', trajectory: [{ thought: 'The museum stands in Bilbao, on the Nervión.', actions: [] }], counts: { modelCalls: 1, toolCalls: 0 } });
    expect(model.requests[0]!.tools).toBeUndefined();
    expect(model.requests[0]!.messages.map(({ content }) => content).slice(1)).toEqual(['Q: Where does the museum stand?', 'A: The museum stands in Bilbao. The answer is Bilbao.', 'Q: On which river lies the city of the museum?']);
  });
});

describe('Reflexion', () => {
  const lesson = 'I stopped at the city. Next time recall the river.';
  const learner = ({ messages }: AskedRequest) => {
    const { system, last, assistants } = partsOf({ messages });
    if (system.startsWith('You look back')) return `Reflection: ${lesson}`;
    if (system.startsWith('You judge')) return `Verdict: ${last.includes('finish[Nervión]') ? 'right' : 'wrong'}`;
    const knows = messages.some(({ content }) => content?.includes(lesson) === true);
    if (assistants === 0) return `Thought: I look.\nAction: recall[${knows ? 'river' : 'city'}]`;
    return `Thought: Known.\nAction: finish[${knows ? 'Nervión' : 'Bilbao'}]`;
  };

  it('tries again with what it has learnt, and stops when it is right', async () => {
    await started(learner);
    const result = await solve(reflexion);
    expect(result).toMatchObject({ answer: 'Nervión', end: 'answered', counts: { modelCalls: 5, toolCalls: 2 } });
    expect(result.trajectory[0]!.actions[0]!.call.arguments).toEqual({ fact: 'river' });
    // The reflection is about the attempt, and goes before the question of the next one.
    expect(model.requests[2]!.messages.at(-1)!.content).toContain('finish[Bilbao]');
    expect(model.requests[2]!.messages.at(-1)!.content).toContain('The answer "Bilbao" was wrong.');
    const question = model.requests[3]!.messages.findLast(({ role }) => role === 'user')!.content!;
    expect(question.indexOf(lesson)).toBeLessThan(question.indexOf('Question:'));
  });

  it('judges by the model where the environment gives no feedback', async () => {
    await started(learner);
    expect(await solve(reflexion, smallWorld({ feedback: false }))).toMatchObject({ answer: 'Nervión', counts: { modelCalls: 7 } });
  });

  it('remembers the last three lessons, and gives its best attempt when the trials are over', async () => {
    let lessons = 0;
    await started((request) => (partsOf(request).system.startsWith('You look back') ? `Lesson ${++lessons}.` : 'Thought: I guess.\nAction: finish[Bilbao]'));
    expect(await solve(reflexion, smallWorld(), 'text', { reflections: 5 })).toMatchObject({ answer: 'Bilbao', end: 'answered', counts: { modelCalls: 11 } });
    const last = model.requests.at(-1)!.messages.at(-1)!.content!;
    expect(last.match(/Lesson \d/g)).toEqual(['Lesson 3', 'Lesson 4', 'Lesson 5']);
  });
});

describe('the tree of LATS', () => {
  const turn: Turn = { thought: '', calls: [], callIds: [], answer: null, observations: [], correction: null, outcome: null };
  const root = () => rootNode(smallWorld().task.openEnvironment());
  const child = (parent: Node, over: Partial<Node>) => Object.assign(addChild(parent, turn, parent.environment), over);

  it('selects by UCT: the unvisited first, then value against visits', async () => {
    await started(() => '');
    const top = root();
    const [often, seldom] = [child(top, { visits: 9, value: 0.5 }), child(top, { visits: 1, value: 0.4 })];
    top.visits = 10;
    expect(uct(often)).toBeCloseTo(0.5 + Math.sqrt(Math.log(10) / 9), 12);
    expect(uct(seldom)).toBeCloseTo(0.4 + Math.sqrt(Math.log(10)), 12);
    expect(select(top)).toBe(seldom);
    const fresh = [child(top, { value: 0.1 }), child(top, { value: 0.3 })];
    expect(select(top)).toBe(fresh[1]);
  });

  it('keeps the mean of the rewards on the way to the root', async () => {
    await started(() => '');
    const top = root();
    const middle = child(top, { value: 0.7 });
    const leaf = child(middle, { value: 0.9 });
    backpropagate(leaf, 0);
    backpropagate(leaf, 1);
    backpropagate(middle, 0);
    expect([top, middle, leaf].map(({ visits, value }) => [visits, value])).toEqual([[3, 1 / 3], [3, 1 / 3], [2, 0.5]]);
  });

  it('leaves alone what has ended, and is exhausted when all has', async () => {
    await started(() => '');
    const top = root();
    const ended = child(top, { reward: 0, value: 1 });
    const open = child(top, { visits: 50, value: 0 });
    top.visits = 50;
    expect(select(top)).toBe(open);
    child(open, { reward: 0 });
    expect(select(top)).toBeNull();
    expect(ended.visits).toBe(0);
  });
});

describe('LATS', () => {
  /** Sample 0 strays to a wrong answer, which looks good; sample 1 finds the right way, once the wrong one was tried. */
  const branching = ({ messages, seed }: AskedRequest) => {
    const { system, last, assistants } = partsOf({ messages });
    if (system.startsWith('You look back')) return 'The city is not the answer.';
    if (system.startsWith('You judge how promising')) return last.includes('recall[city]') ? 'The score is 9' : 'The score is 2';
    const path = messages.slice(-2 * assistants || messages.length).map(({ content }) => content).join('\n');
    if (assistants === 0) return seed === 0 ? 'Thought: The city.\nAction: recall[city]' : seed === 1 ? 'Thought: The river.\nAction: recall[river]' : 'Thought: The museum.\nAction: recall[museum]';
    if (path.includes('recall[river]')) return 'Thought: Known.\nAction: finish[Nervión]';
    return `Thought: Guess ${seed}.\nAction: finish[${path.includes('recall[city]') ? 'Bilbao' : 'unknown'}]`;
  };

  it('branches, evaluates, goes on with the best, propagates its failure back, and finds another way', async () => {
    await started(branching);
    const world = smallWorld();
    const setup = setupFor(model.client, 'text', { ...lats.defaults, children: 3, rollouts: 9 });
    const { root, solution } = await searchTree(new Session(setup), world.task, setup.budget);
    expect(root.children.map(({ turn }) => turn!.calls[0]!.arguments['fact'])).toEqual(['city', 'river', 'museum']);
    const [city, river] = root.children;
    // λ·LM + (1 − λ)·SC: 9 of 10, and one of three samples; then the mean of one rollout with reward 0.
    expect(city).toMatchObject({ visits: 1, value: 0 });
    expect(city!.children).toHaveLength(3);
    expect(city!.children.every(({ reward, answer }) => reward === 0 && answer === 'Bilbao')).toBe(true);
    expect(solution!.parent).toBe(river);
    expect(solution).toMatchObject({ answer: 'Nervión', reward: 1, visits: 1, value: 1 });
    expect(river).toMatchObject({ visits: 1, value: 1 });
    expect(root).toMatchObject({ visits: 2, value: 0.5 });
    // The museum was evaluated (2 of 10, one of three samples), and no rollout went there.
    expect(root.children[2]).toMatchObject({ visits: 0, children: [], value: 0.5 * 0.2 + 0.5 / 3 });
    // One environment for the root, one for each branch.
    expect(world.environments()).toBe(allNodes(root).length);
    expect(model.mostAtOnce()).toBe(3);
    // What was learnt goes to the second rollout's prompts.
    const lessons = model.requests.filter(({ messages }) => messages.some(({ content }) => content?.includes('The city is not the answer.') === true));
    expect(lessons.length).toBeGreaterThan(0);
    // Samples are told apart by their seed, at the temperature of the paper.
    expect(model.requests.slice(0, 3).map(({ seed, temperature }) => [seed, temperature])).toEqual([[0, 1], [1, 1], [2, 1]]);
  });

  it('gives the path that solved the task', async () => {
    await started(branching);
    const result = await solve(lats, smallWorld(), 'text', { children: 3, rollouts: 9 });
    expect(result.answer).toBe('Nervión');
    expect(result.trajectory.map(({ thought }) => thought)).toEqual(['The river.', 'Known.']);
  });

  it('counts samples that do the same as consistent, though they think differently', async () => {
    await started(({ messages, seed }) => {
      const { system } = partsOf({ messages });
      if (system.startsWith('You judge how')) return 'nothing to say';
      if (system.startsWith('You look')) return '';
      return seed === 4 ? 'Thought: City.\nAction: recall[city]' : `Thought: River, ${seed! % 2}.\nAction: recall[river]`;
    });
    const setup = setupFor(model.client, 'text', { ...lats.defaults, iterations: 2, rollouts: 1 });
    const { root } = await searchTree(new Session(setup), smallWorld().task, setup.budget);
    // Two thoughts of the river, one of the city; without a score of the model its consistency alone is the value.
    expect(root.children.map(({ turn, value, visits }) => [turn!.calls[0]!.arguments['fact'], visits === 0 ? value : null])).toEqual([['river', null], ['river', 0.8], ['city', 0.2]]);
  });

  it('ends when its rollouts are spent, with the best that there was', async () => {
    await started(({ messages, seed }) => (partsOf({ messages }).system.startsWith('You judge how') ? 'The score is 5' : `Thought: ${seed}.\nAction: ${partsOf({ messages }).assistants === 1 ? 'finish[Bilbao]' : `recall[${seed}]`}`));
    const result = await solve(lats, smallWorld(), 'text', { children: 2, rollouts: 2 });
    expect(result).toMatchObject({ answer: 'Bilbao', end: 'answered' });
  });
});

describe('LLMCompiler', () => {
  it.each(['text', 'native'] as const)('starts the tools while the plan is still written, and joins their results (%s)', async (toolCalling) => {
    // What is planned last is written when the first is done.
    const firstDone = gate();
    const world = smallWorld({ stateful: false, onEnd: (fact) => fact === 'museum' && firstDone.open() });
    const pause = { at: 'river', until: firstDone.opened };
    await started(({ messages }) => {
      if (partsOf({ messages }).system.startsWith('You are given')) return 'Thought: It is there.\nAction: Finish(Nervión)';
      return toolCalling === 'text'
        ? { text: '1. recall("museum")\n2. recall("city")\n3. recall("river")\n4. join()<END_OF_PLAN>', pause }
        : { toolCalls: ['museum', 'city', 'river'].map((fact) => ({ name: 'recall', arguments: `{"fact": "${fact}"}` })), pause };
    });
    const result = await solve(llmcompiler, world, toolCalling);
    expect(result).toMatchObject({ answer: 'Nervión', end: 'answered', counts: { modelCalls: 2, toolCalls: 3 } });
    expect(result.trajectory.map(({ thought, actions }) => [thought, actions.length])).toEqual([['', 3], ['It is there.', 0]]);
    expect(world.used.map(({ fact }) => fact).toSorted()).toEqual(['city', 'museum', 'river']);
  });

  it("keeps to the plan's order where calls change the environment", async () => {
    const world = smallWorld({ toolMs: 20 });
    await started(({ messages }) => (partsOf({ messages }).system.startsWith('You are given') ? 'Action: Finish(x)' : '1. recall("museum")\n2. recall("city")\n3. recall("river")\n4. join()'));
    await solve(llmcompiler, world);
    expect(world.used.map(({ fact }) => fact)).toEqual(['museum', 'city', 'river']);
    for (const at of [1, 2]) expect(world.used[at]!.startMs).toBeGreaterThanOrEqual(world.used[at - 1]!.endMs);
  });

  it('waits only for what a call needs, and puts it in', async () => {
    // The museum is not known before the city is asked for, although what comes in between needs it.
    const cityAsked = gate();
    const world = smallWorld({ stateful: false, during: (fact) => (fact === 'city' ? (cityAsked.open(), undefined) : fact === 'museum' ? cityAsked.opened : undefined) });
    await started(({ messages }) => (partsOf({ messages }).system.startsWith('You are given') ? 'Action: Finish(x)' : '1. recall("museum")\n2. recall("of $1")\n3. recall("city")\n4. join()'));
    await solve(llmcompiler, world);
    const [museum, , after] = ['museum', 'city', 'of The museum stands in Bilbao.'].map((fact) => world.used.find((use) => use.fact === fact)!);
    expect(world.used).toHaveLength(3);
    expect(after!.startMs).toBeGreaterThanOrEqual(museum!.endMs);
  });

  it('plans again when the joiner says so, with what is known already', async () => {
    await started(({ messages }, index) => {
      if (partsOf({ messages }).system.startsWith('You are given')) return index === 1 ? 'Thought: Only the city.\nAction: Replan(the river)' : 'Thought: Known.\nAction: Finish(Nervión)';
      return index === 0 ? '1. recall("city")\n2. join()' : '2. recall("river")\n3. join()';
    });
    const result = await solve(llmcompiler);
    expect(result).toMatchObject({ answer: 'Nervión', counts: { modelCalls: 4, toolCalls: 2 } });
    const again = model.requests[2]!.messages.at(-1)!.content!;
    expect(again).toContain('1. recall("city")\nObservation: The city is Bilbao.');
    expect(again).toContain('What is missing: the river');
    expect(again).toContain('Its numbers begin at 2.');
    expect(model.requests[3]!.messages[0]!.content).toContain('No more calls can be made');
  });
});

describe('every agent with a model that is of no use', () => {
  const useless: [string, ModelAnswer | string | ((index: number) => string)][] = [
    ['prose', 'The weather is fine today, and tomorrow it may rain.'],
    ['nothing', ''],
    ['half a format', 'Thought:\nAction:'],
    ['a tool that there is not', 'Thought: x\nAction: browse[everything]\n1. browse("everything")'],
    ['broken JSON', '{"name": "recall", "arguments": {"fact": '],
    ['broken arguments', { toolCalls: [{ name: 'recall', arguments: '{"fact": ' }, { name: 'nowhere', arguments: 'x' }] }],
    ['thinking without end', '<think>I wonder whether'],
    ['one plan, endlessly', Array.from({ length: 60 }, (_, index) => `${index + 1}. recall("$${index}")`).join('\n')],
    ['noise', (index) => 'Action[Thought(:]finish"recall\n'.repeat((index % 3) + 1)],
  ];
  it.each(agents.flatMap((agent) => (['text', 'native'] as const).map((toolCalling) => [agent.name, toolCalling, agent] as const)))('%s, %s', async (_, toolCalling, agent) => {
    for (const [what, answer] of useless) {
      await started((__, index) => (typeof answer === 'function' ? answer(index) : answer));
      for (const feedback of [true, false]) {
        const result = await solve(agent, smallWorld({ feedback }), toolCalling, { iterations: 3, reflections: 1, children: 2, rollouts: 2 });
        expect([what, ['answered', 'budget'].includes(result.end), result.answer === null ? 'null' : typeof result.answer]).toEqual([what, true, expect.stringMatching(/null|string/)]);
        if (what === 'prose') expect(result.answer).not.toBeNull();
      }
      await model.close();
    }
  });
});

describe('every agent', () => {
  const all = agents.map((agent) => [agent.name, agent] as const);

  it.each(all)('ends where the conversation outgrows the model: %s', async (_, agent) => {
    await started(() => ({ refusal: { status: 400, message: "This model's maximum context length is 2048 tokens. However, you requested 2300 tokens." } }));
    expect(await solve(agent, smallWorld(), 'text', { rollouts: 2 })).toMatchObject({ answer: null });
  });

  it.each(all)('says which server fails, and how: %s', async (_, agent) => {
    await started(() => ({ refusal: { status: 500, message: 'out of memory' } }));
    await expect(solve(agent)).rejects.toThrow(/The model's server at http:\/\/127\.0\.0\.1:\d+\/v1 answered 500: .*out of memory/);
  });

  it.each(all)('gives up when it is told to: %s', async (_, agent) => {
    const stop = new AbortController();
    await started(() => {
      setTimeout(() => stop.abort(new Error('enough')), 5);
      return { text: 'Thought: '.repeat(50), pieceMs: 20 };
    });
    await expect(agent.solve(smallWorld().task, setupFor(model.client, 'text', agent.defaults, stop.signal))).rejects.toThrow('enough');
  });

  it('says what to do where the server takes no tools', async () => {
    await started(() => ({ refusal: { status: 400, message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set' } }));
    await expect(solve(react, smallWorld(), 'native')).rejects.toThrow('choose --tool-calling text');
  });
});
