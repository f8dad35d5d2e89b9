/**
 * Reflexion: attempts, and between them a call that says what went wrong, which all later prompts have before the attempt's own history.
 *
 * Prompts are as the paper's own code puts them together (https://github.com/VIA-Research/AgentBench, 65af7aa, src/agents/Reflexion/agent.py):
 * each ends by asking for the next step, so that an answer does not go on where its prompt ends, and is read anew in the next one; and
 * from the second attempt on the history is in them twice, as the last trial and as the current one, which are one list there.
 */
import { difficultyOf, TaskAnswers } from '../difficulty.ts';
import { drawLength, TokenSupply } from '../draws.ts';
import { addAttempt } from './attempt.ts';
import { addTestWriting, stepPreamble, type RequestContext } from './context.ts';
import { ends, RequestBuilder, type AgentRequest } from './request.ts';

export interface ReflexionBudget {
  /** Reflections at most, and so attempts less one; the benchmark's unless said. */
  reflections?: number;
}

/** A message of "Answer with Thought 1: Action 1:", with the chat template's header. */
const ASK = TokenSupply.shared('reflexion asks', 15);

export function reflexionRequest(context: RequestContext, { reflections }: ReflexionBudget = {}): AgentRequest {
  const { behaviour, model, random, supply } = context;
  const { id, taskTokens, reflexion, success } = behaviour;
  const { firstTry, reflexion: inTheEnd } = success[model];
  const most = reflections ?? reflexion.reflections.value;
  const answers = new TaskAnswers(difficultyOf(firstTry.value, inTheEnd.solved.value, inTheEnd.tries.value), random);
  const task = supply.own(taskTokens.value);
  const preamble = stepPreamble('reflexion', behaviour, reflexion.examples.value);
  const reflecting = TokenSupply.shared(`reflect ${id}`, reflexion.instructionTokens.value);
  const builder = new RequestBuilder();
  let after = addTestWriting(builder, context, task, []);
  let insights: readonly number[] = [];
  for (let reflection = 0; ; reflection++) {
    const learnt = insights;
    const prompt = (history: readonly number[]) => [...preamble, ...task, ...learnt, ...(reflection === 0 ? [] : history), ...history, ...ASK];
    const right = answers.next();
    const { last, history, answered } = addAttempt(builder, context, { prompt, after, mostCalls: reflexion.mostCalls.value, right });
    if (answered && right) return { parts: builder.parts, solved: true };
    if (reflection === most) return { parts: builder.parts, solved: false };
    const output = supply.own(drawLength(random, reflexion.answerTokens));
    after = ends([builder.call('reflect', ends([last]), () => [...reflecting, ...task, ...learnt, ...history, ...ASK], output)]);
    insights = [...learnt, ...output];
  }
}
