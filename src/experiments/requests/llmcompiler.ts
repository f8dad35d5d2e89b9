/**
 * LLMCompiler: a plan whose tools begin while it is still being written, a call that joins their results, and perhaps another plan.
 *
 * Prompts are as the paper's own code puts them together (https://github.com/VIA-Research/AgentBench, 65af7aa, src/agents/LLMCompiler/agent.py
 * and planner.py): later plans are asked for by other instructions than the first, and each line of an earlier plan stands before what it returned.
 */
import { drawGeometric, drawLength, TokenSupply } from '../draws.ts';
import { addTool, type RequestContext } from './context.ts';
import { ends, RequestBuilder, type After, type AgentRequest } from './request.ts';

/** @throws RangeError where the benchmark is not one of LLMCompiler's */
export function llmcompilerRequest(context: RequestContext): AgentRequest {
  const { behaviour, model, random, supply } = context;
  const { id, name, llmcompiler, taskTokens, success } = behaviour;
  if (llmcompiler === undefined) throw new RangeError(`LLMCompiler has no behaviour on ${name}`);
  const { planner, joiner, meanTasks, dependent, replan, mostPlans, resultTokens = behaviour.tool.resultTokens } = llmcompiler;
  const instructions = (what: string, tokens: number) => TokenSupply.shared(`${what} ${id}`, tokens);
  const task = supply.own(taskTokens.value);
  const builder = new RequestBuilder();
  let after: After[] = [];
  /** Earlier plans, with what their lines returned; planners see what was said of them as well. */
  let forPlanner: readonly number[] = [];
  let forJoiner: readonly number[] = [];
  for (let plan = 1; ; plan++) {
    const [plans, pads] = [forPlanner, forJoiner];
    const planned = supply.own(drawLength(random, planner.answerTokens));
    const planCall = builder.call('plan', after, () => [...instructions(plan === 1 ? 'plan' : 'plan again', planner.instructionTokens.value), ...task, ...plans], planned);
    const tasks = 1 + drawGeometric(random, meanTasks.value - 1);
    // A line of the plan for each, and one that joins; a task begins when its line is there.
    const lineEnd = (index: number) => Math.max(1, Math.floor((planned.length * (index + 1)) / (tasks + 1)));
    const done: number[] = [];
    const tools: number[] = [];
    for (let index = 0; index < tasks; index++) {
      const written: After = { part: planCall, tokens: lineEnd(index) };
      const waits = index > 0 && random.next() < dependent.value ? [written, ...ends([tools[index - 1]!])] : [written];
      tools.push(addTool(builder, context, waits));
      done.push(...planned.slice(index === 0 ? 0 : lineEnd(index - 1), lineEnd(index)), ...supply.own(drawLength(random, resultTokens)));
    }
    const joined = supply.own(drawLength(random, joiner.answerTokens));
    const join = builder.call('join', ends([planCall, ...tools]), () => [...instructions('join', joiner.instructionTokens.value), ...task, ...pads, ...done], joined);
    if (plan === mostPlans.value || random.next() >= replan.value) return { parts: builder.parts, solved: random.next() < success[model].firstTry.value };
    forPlanner = [...plans, ...done, ...joined];
    forJoiner = [...pads, ...done];
    after = ends([join]);
  }
}
