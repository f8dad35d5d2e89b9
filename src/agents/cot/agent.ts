/** Chain of thought (Wei et al. 2022, §2): one call, whose examples reason before they answer. No tools. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Agent, Example, Task } from '../agent.ts';
import { parseTurn, cleanAnswer } from '../format/turnText.ts';
import { Session } from '../model/session.ts';

const INSTRUCTIONS = 'Answer each question from what you know. First reason step by step, in a few sentences. Then end with one sentence of the form "The answer is …".';
/** Room for the reasoning: with the answer it is all that the agent ever says. */
const MAX_ANSWER_TOKENS = 1024;
/** Reasoning that ends so has an answer, as in the paper's examples (table 20 and after). The last one counts. */
const THE_ANSWER_IS = /(?:the|my) (?:final )?answer is:?\s*/gi;

export const cot: Agent = {
  name: 'cot',
  // Wei et al. §3.1: 8 examples, or as many as the task has.
  defaults: { iterations: 1, reflections: 0, children: 1, rollouts: 1, fewShot: 8 },
  async solve(task, setup) {
    const session = new Session(setup);
    return session.result(async () => {
      const { text } = await session.ask({ messages: cotMessages(task, setup.budget.fewShot), maxTokens: MAX_ANSWER_TOKENS });
      session.log(text);
      const { reasoning, answer } = parseReasoning(text);
      return { answer, end: answer === null ? 'budget' : 'answered', trajectory: [{ thought: reasoning, actions: [] }] };
    });
  },
};

export function cotMessages({ question, answerForm, examples }: Task, fewShot: number): ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: `${INSTRUCTIONS}\n\n${answerForm}` },
    ...examples.slice(0, fewShot).flatMap(exampleMessages),
    { role: 'user', content: `Q: ${question}` },
  ];
}

function exampleMessages({ question, reasoning, answer }: Example): ChatCompletionMessageParam[] {
  return [
    { role: 'user', content: `Q: ${question}` },
    { role: 'assistant', content: `A: ${reasoning} The answer is ${answer}${/[\n.]/.test(answer) ? '' : '.'}` },
  ];
}

/** The reasoning and the answer of a chain of thought; of one that forgot the sentence, its last line. */
export function parseReasoning(text: string): { reasoning: string; answer: string | null } {
  const trimmed = text.replace(/^\s*A:\s*/, '').trim();
  const marked = [...trimmed.matchAll(THE_ANSWER_IS)].at(-1);
  if (marked !== undefined) {
    const answer = cleanAnswer(trimmed.slice(marked.index + marked[0].length));
    if (answer !== '') return { reasoning: trimmed.slice(0, marked.index).trim(), answer };
  }
  const { thought, answer } = parseTurn(trimmed, []);
  if (answer !== null && answer !== '') return { reasoning: thought, answer };
  const last = cleanAnswer(trimmed.split('\n').at(-1) ?? '');
  return { reasoning: trimmed, answer: last === '' ? null : last };
}
