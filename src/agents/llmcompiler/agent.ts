/**
 * LLMCompiler (Kim et al. 2024, §3): a planner that writes a graph of calls, a unit that starts them while it is still
 * writing, and a joiner that answers from their results or asks for another plan.
 */
import type { Agent, Environment, Step, Task } from '../agent.ts';
import { parseJsonArguments, renderCall } from '../format/arguments.ts';
import { parseTurn } from '../format/turnText.ts';
import { findTool, Session } from '../model/session.ts';
import { answerWithoutFormat } from '../react/turns.ts';
import { FetchingUnit, type Executed } from './fetchingUnit.ts';
import { PlanParser, type PlannedCall } from './plan.ts';
import { joinerMessages, plannerMessages, type EarlierPlan } from './prompt.ts';

/** A plan that is longer has lost its way: what follows is left out. */
const MOST_PLANNED_CALLS = 16;
/** Room for as many calls. */
const MAX_PLAN_TOKENS = 1024;

export const llmcompiler: Agent = {
  name: 'llmcompiler',
  // The paper's own code for HotpotQA plans at most once (https://github.com/SqueezeAILab/LLMCompiler,
  // configs/hotpotqa/configs.py: max_replans 1); its questions are two at a time, ours are chains: one more plan.
  defaults: { iterations: 1, reflections: 1, children: 1, rollouts: 1, fewShot: 3 },
  async solve(task, setup) {
    const session = new Session(setup);
    const environment = task.openEnvironment();
    const unit = new FetchingUnit(session, environment);
    const steps: Step[] = [];
    return session.result(async () => {
      let earlier: EarlierPlan | null = null;
      for (let round = 0; round <= setup.budget.reflections; round++) {
        const before = unit.count;
        await plan(session, task, environment, unit, earlier);
        const executed = await unit.all();
        for (const { call, observation } of executed.slice(before)) session.log(`${call.id}. ${renderCall(call, environment.tools, '()')}\nObservation: ${observation.text}`);
        const outcome = executed.find(({ observation }) => observation.outcome !== undefined)?.observation.outcome;
        const isLast = round === setup.budget.reflections;
        const joined = outcome === undefined ? await join(session, task, environment, executed, isLast) : { thought: '', answer: outcome.answer, missing: '' };
        steps.push({ thought: earlier?.missing ?? '', actions: executed.slice(before).map(({ call: { tool, arguments: args }, observation }) => ({ call: { tool, arguments: args }, observation: observation.text })) });
        if (joined.answer !== null) return { answer: joined.answer, end: 'answered', trajectory: [...steps, { thought: joined.thought, actions: [] }] };
        earlier = { executed, missing: joined.missing };
      }
      return { answer: null, end: 'budget', trajectory: steps };
    });
  },
};

/** Plans once. Each call is handed over at the moment that it is written. */
async function plan(session: Session, task: Task, { tools }: Environment, unit: FetchingUnit, earlier: EarlierPlan | null): Promise<void> {
  const messages = plannerMessages(task, tools, { native: session.native, fewShot: session.setup.budget.fewShot, earlier });
  const before = unit.count;
  const dispatch = (...calls: PlannedCall[]) => {
    for (const call of calls) if (unit.count - before < MOST_PLANNED_CALLS) void unit.dispatch(call);
  };
  const parser = new PlanParser(tools, before + 1);
  // A model that is offered tools may write its plan as text all the same.
  const onText = (text: string) => dispatch(...parser.feed(text));
  const onToolCall = ({ name, arguments: args }: { name: string; arguments: string }) => {
    const tool = findTool(tools, name);
    dispatch({ id: unit.count + 1, tool: tool?.name ?? name, arguments: tool === undefined ? {} : parseJsonArguments(args, tool) });
  };
  const reply = await session.ask({ messages, maxTokens: MAX_PLAN_TOKENS, onText, ...(session.native ? { tools, onToolCall } : {}) });
  dispatch(...parser.feed(reply.text, true));
  session.log(`Plan: ${unit.count - before} calls`);
}

interface Joined {
  thought: string;
  /** Null when another plan is wanted. */
  answer: string | null;
  missing: string;
}

async function join(session: Session, task: Task, { tools }: Environment, executed: readonly Executed[], isLast: boolean): Promise<Joined> {
  const { text } = await session.ask({ messages: joinerMessages(task, tools, executed, { isLast, fewShot: session.setup.budget.fewShot }) });
  session.log(text);
  const { thought, call, answer } = parseTurn(text, []);
  if (answer !== null) return { thought, answer, missing: '' };
  if (call !== null && /replan/i.test(call.tool)) {
    const { input } = call.arguments;
    return { thought, answer: null, missing: typeof input === 'string' && input.trim() !== '' ? input.trim() : thought };
  }
  return { thought, answer: answerWithoutFormat({ thought }), missing: thought };
}
