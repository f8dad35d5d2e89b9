/**
 * The scripted tasks in the formats of agents that call no tools by the API: chain of thought, ReAct's text, LLMCompiler's
 * plans, and the judgements that tree search and reflection ask for. Each is known by what its prompt asks for.
 */
import type { Script, ScriptMessage } from './scripted.ts';

export interface Asked {
  script: Script;
  /** What holds the question, and all before it. */
  question: string;
  instructions: string;
  /** What was said after it. */
  since: readonly ScriptMessage[];
  /** Which of several samples is wanted; null where the client asks for one answer. */
  sample: number | null;
}

type Step = Script['steps'][number];

/** The first whose words stand in the instructions counts. */
const FORMATS: readonly { asksFor: RegExp; answer: (asked: Asked) => string }[] = [
  { asksFor: /\bthe score is\b/i, answer: score },
  { asksFor: /\bverdict: right\b/i, answer: verdict },
  { asksFor: /\bfinish\(answer\)/i, answer: join },
  { asksFor: /\bjoin\(\)/i, answer: plan },
  { asksFor: /\bfinish\[answer\]/i, answer: turn },
  { asksFor: /\bthe answer is\b/i, answer: chainOfThought },
];

/** The answer in the format that the instructions ask for; null when that is none of these. */
export function answerInFormat(asked: Asked): string | null {
  return FORMATS.find(({ asksFor }) => asksFor.test(asked.instructions))?.answer(asked) ?? null;
}

/** The step that comes next. Of one sample among several, what was said before tells which steps are done: it may stray. */
export function nextStep({ script, since, sample }: Asked): Step | undefined {
  const said = since.filter(({ role }) => role === 'assistant').map(({ text }) => text);
  if (sample === null) return script.steps[said.length];
  return script.steps.find(({ thought }) => !said.some((text) => text.includes(bare(thought))));
}

/** A sample's own way to take a step: the script's in other words, or one that strays. */
export function variant(step: Step, { script, sample }: Asked): Step {
  switch ((sample ?? 0) % 5) {
    case 1:
      return { ...step, thought: `${step.thought} This should settle it.` };
    case 2:
      return { ...step, thought: `${step.thought} Nothing else is needed for that.` };
    case 3:
      return { thought: 'Thought: Perhaps an article holds the whole answer, so I search for the question as it stands.', tool: 'search', arguments: { query: script.question } };
    case 4:
      return { thought: `Thought: I look for anything on ${script.needs[0] ?? 'it'} first.`, tool: 'search', arguments: { query: script.needs[0] ?? script.question } };
    default:
      return step;
  }
}

/** The script's last words, if the tools found what they rest on. */
export function conclusion({ answer, otherwise, needs }: Script, found: string): string {
  return needs.every((word) => found.includes(word)) ? answer : otherwise;
}

/** `Thought 2: …` and `Action 2: search[…]`. */
function turn(asked: Asked): string {
  const { script, since } = asked;
  const number = since.filter(({ role }) => role === 'assistant').length + 1;
  const step = nextStep(asked);
  if (step !== undefined) {
    const { thought, tool, arguments: args } = variant(step, asked);
    const values = Object.values(args);
    return `Thought ${number}: ${bare(thought)}\nAction ${number}: ${tool}[${values.length === 1 ? String(values[0]) : quoted(values)}]`;
  }
  const found = since.filter(({ role }) => role === 'user').map(({ text }) => text).join('\n');
  const { thought, answer } = parted(conclusion(script, found));
  return `Thought ${number}: ${thought}\nAction ${number}: finish[${answer}]`;
}

function chainOfThought({ script }: Asked): string {
  const { thought, answer } = parted(script.answer);
  return `A: ${thought} The answer is ${answer}.`;
}

/** All steps as one plan: they name what they need, so that none waits for another. */
function plan({ script }: Asked): string {
  const lines = script.steps.map(({ tool, arguments: args }, index) => `${index + 1}. ${tool}(${quoted(Object.values(args))})`);
  return [...lines, `${lines.length + 1}. join()<END_OF_PLAN>`].join('\n');
}

function join({ script, question }: Asked): string {
  const { thought, answer } = parted(conclusion(script, question));
  return `Thought: ${thought}\nAction: Finish(${answer})`;
}

/** High where the attempt's last action is one of the script's. */
function score({ script, question }: Asked): string {
  const last = question.split('\n').findLast((line) => /^Action\b/.test(line)) ?? '';
  const sensible = script.steps.some(({ tool, arguments: args }) => last.includes(tool) && Object.values(args).every((value) => last.includes(String(value))));
  return sensible
    ? 'The last step asks for a fact that the question needs, and what was found brings the answer closer. The score is 9.'
    : 'The last step is not wrong, but it only repeats the question instead of looking for the fact that is missing. The score is 3.';
}

function verdict({ script, question }: Asked): string {
  const given = question.split('\n').findLast((line) => /finish\[|^Answer:/.test(line)) ?? '';
  return given.includes(parted(script.answer).answer) ? 'The articles that were found support the answer.\nVerdict: right' : 'Nothing that was found supports the answer.\nVerdict: wrong';
}

function quoted(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

function bare(thought: string): string {
  return thought.replace(/^Thought: /, '');
}

/** A script's last words, taken apart. */
function parted(text: string): { thought: string; answer: string } {
  const [thought = '', answer = ''] = text.split('\nAnswer: ');
  return { thought: bare(thought), answer };
}
