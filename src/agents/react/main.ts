/**
 * A ReAct agent on HotpotQA questions: `node src/agents/react/main.ts [--n 3] [--model NAME] [--questions FILE]`.
 * The model's server is chosen as always with the openai package, by OPENAI_BASE_URL and OPENAI_API_KEY.
 */
import { parseArgs } from 'node:util';
import { loadQuestions } from '../../benchmarks/hotpotqa/questions.ts';
import { scoreAnswer } from '../../benchmarks/hotpotqa/score.ts';
import { answerQuestion } from './agent.ts';

const USAGE = 'Usage: main.ts [--n COUNT] [--model NAME] [--questions FILE]';
const DEFAULT_MODEL = 'meta-llama/Llama-3.1-8B-Instruct';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { n: { type: 'string', default: '3' }, model: { type: 'string' }, questions: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    console.log(USAGE);
    return;
  }
  const count = Number(values.n);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--n takes a whole number above 0, not "${values.n}". ${USAGE}`);
  const model = values.model ?? process.env.OPENAI_MODEL ?? DEFAULT_MODEL;
  const questions = (await loadQuestions(values.questions ?? null)).questions.slice(0, count);

  let matches = 0;
  let f1 = 0;
  for (const [index, { question, answer: gold }] of questions.entries()) {
    console.log(`\n[${index + 1}/${questions.length}] ${question}`);
    const { answer, steps } = await answerQuestion(question, { model, log: (line) => console.log(line) });
    const score = scoreAnswer(answer, gold);
    matches += score.exactMatch ? 1 : 0;
    f1 += score.f1;
    console.log(`=> ${answer || '(no answer)'}   expected: ${gold}   EM ${score.exactMatch ? 1 : 0}   F1 ${score.f1.toFixed(2)}   ${steps} steps`);
  }
  console.log(`\n${questions.length} questions   EM ${(matches / questions.length).toFixed(2)}   F1 ${(f1 / questions.length).toFixed(2)}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
