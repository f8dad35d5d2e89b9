/** LLMCompiler: a plan whose tools begin while it is still being written, a call that joins their results, and perhaps another plan. */
import { drawGeometric, drawLength, TokenSupply } from '../draws.ts';
import { addTool, type RequestContext } from './context.ts';
import { ends, RequestBuilder, type After, type AgentRequest } from './request.ts';

/** @throws RangeError where the benchmark is not one of LLMCompiler's */
export function llmcompilerRequest(context: RequestContext): AgentRequest {
  const { behaviour, model, random, supply } = context;
  const { id, name, llmcompiler, taskTokens, success } = behaviour;
  if (llmcompiler === undefined) throw new RangeError(`LLMCompiler has no behaviour on ${name}`);
  const { planner, joiner, meanTasks, dependent, replan, mostPlans } = llmcompiler;
  const planning = TokenSupply.shared(`plan ${id}`, planner.instructionTokens.value);
  const joining = TokenSupply.shared(`join ${id}`, joiner.instructionTokens.value);
  const task = supply.own(taskTokens.value);
  const builder = new RequestBuilder();
  let after: After[] = [];
  let seen: readonly number[] = [];
  for (let plan = 1; ; plan++) {
    const before = seen;
    const planned = supply.own(drawLength(random, planner.answerTokens));
    const planCall = builder.call('plan', after, () => [...planning, ...task, ...before], planned);
    const tasks = 1 + drawGeometric(random, meanTasks.value - 1);
    const results: number[] = [];
    const tools: number[] = [];
    for (let index = 0; index < tasks; index++) {
      // A line of the plan for each, and one that joins; a task begins when its line is there.
      const written: After = { part: planCall, tokens: Math.max(1, Math.floor((planned.length * (index + 1)) / (tasks + 1))) };
      const waits = index > 0 && random.next() < dependent.value ? [written, ...ends([tools[index - 1]!])] : [written];
      tools.push(addTool(builder, context, waits));
      results.push(...supply.own(drawLength(random, behaviour.tool.resultTokens)));
    }
    const joined = supply.own(drawLength(random, joiner.answerTokens));
    const join = builder.call('join', ends([planCall, ...tools]), () => [...joining, ...task, ...before, ...planned, ...results], joined);
    if (plan === mostPlans.value || random.next() >= replan.value) {
      const { reflexion, perAttempt } = success[model];
      return { parts: builder.parts, solved: random.next() < reflexion.value * perAttempt.value };
    }
    seen = [...before, ...planned, ...results, ...joined];
    after = ends([join]);
  }
}
