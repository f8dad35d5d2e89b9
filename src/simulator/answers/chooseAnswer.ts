/**
 * What the embedded server answers. For the bundled tasks: their script. For any other program: something valid, so
 * that its plumbing can be profiled. It calls each offered tool once, with arguments that fit the tool's schema, then
 * answers, as JSON where the client asked for that.
 */
import type { Tokens } from '../../profile/units.ts';
import { pythonStyleJson } from '../pythonStyleJson.ts';
import { estimatingTokenizer } from '../tokens/estimatingTokenizer.ts';
import { countTokens, type Answer, type Tokenizer } from '../tokens/tokenizer.ts';
import { exactFiller, fillerText, plausibleLengths, type AnswerLengths } from './filler.ts';
import { constrainedText, type Constraint } from './constraint.ts';
import type { Random } from './random.ts';
import { sampleOfSchema } from './schemaSample.ts';
import { scriptedAnswer, type ScriptMessage } from './scripted.ts';

export interface OfferedTool {
  name: string;
  parameters: unknown;
}

export interface Question {
  messages: readonly ScriptMessage[];
  /** All that each message says, names and arguments of called tools included. */
  said: readonly string[];
  tools: readonly OfferedTool[];
  /** `none` and `auto` as in the API; `required`: some tool; `{ name }`: this one. */
  toolChoice: 'none' | 'auto' | 'required' | { name: string };
  /** Names of the tools that the conversation has called already. */
  calledTools: readonly string[];
  /** The form that the answer must have. */
  constraint: Constraint | null;
  /** Tokens that the client wants at least; 0 when it leaves that open. */
  minTokens: Tokens;
  /** The client's own seed, by which it tells several samples of one prompt apart; null or absent without. */
  seed?: number | null;
}

/** Tools that agents end with; called after all others, lest the run be over at once. */
const FINAL_TOOL = /^(final|finish|submit|respond|answer|done|complete|return)/i;
/** How text-only ReAct prompts ask for the end. */
const FINAL_ANSWER = 'Final Answer:';

/** Decides on an answer; the same question and random seed give the same one. */
export function chooseAnswer(question: Question, random: Random, lengths: AnswerLengths = plausibleLengths, tokenizer: Tokenizer = estimatingTokenizer): Answer {
  const insisted = insistedTool(question);
  if (insisted !== null) return callTool(insisted, question);
  const toolNames = question.toolChoice === 'none' ? [] : question.tools.map(({ name }) => name);
  const scripted = question.constraint === null ? scriptedAnswer(question.messages, toolNames, question.seed ?? null) : null;
  if (scripted !== null) return scripted;
  const unused = question.toolChoice === 'none' ? undefined : unusedTools(question)[0];
  if (unused !== undefined) return callTool(unused, question);
  const constrained = question.constraint === null ? null : constrainedText(question.constraint, topicOf(question), random);
  if (constrained !== null) return { content: constrained, toolCalls: [] };
  const length = Math.max(question.minTokens, lengths.draw(random));
  const opening = question.messages.some(({ text }) => text.includes(FINAL_ANSWER)) ? `${FINAL_ANSWER} simulated.` : undefined;
  if (!lengths.isExact) return { content: fillerText(random, length, tokenizer, opening), toolCalls: [] };
  return { content: exactFiller(random, Math.max(length, opening === undefined ? 0 : countTokens(tokenizer, opening)), tokenizer, opening), toolCalls: [] };
}

/** The tool that the client insists on, if it does and no script has a better one. */
function insistedTool({ tools, toolChoice, calledTools, messages }: Question): OfferedTool | null {
  if (typeof toolChoice === 'object') return tools.find(({ name }) => name === toolChoice.name) ?? null;
  if (toolChoice !== 'required') return null;
  const scripted = scriptedAnswer(
    messages,
    tools.map(({ name }) => name),
  );
  if (scripted !== null && scripted.toolCalls.length > 0) return null;
  const ordered = inOrder(tools);
  return ordered.find(({ name }) => !calledTools.includes(name)) ?? ordered.at(-1) ?? null;
}

function inOrder(tools: readonly OfferedTool[]): OfferedTool[] {
  return [...tools.filter(({ name }) => !FINAL_TOOL.test(name)), ...tools.filter(({ name }) => FINAL_TOOL.test(name))];
}

function unusedTools({ tools, calledTools }: Question): OfferedTool[] {
  return inOrder(tools).filter(({ name }) => !calledTools.includes(name));
}

/** A call of a tool with arguments that fit its schema. */
export function callTool(tool: OfferedTool, question: Question): Answer {
  const sample = sampleOfSchema(tool.parameters ?? {}, topicOf(question));
  const parameters = typeof sample === 'object' && sample !== null && !Array.isArray(sample) ? sample : {};
  return { content: null, toolCalls: [{ name: tool.name, arguments: pythonStyleJson(parameters) }] };
}

/** The last thing that the user said. */
function topicOf({ messages }: Question): string {
  return messages.findLast(({ role }) => role === 'user')?.text ?? '';
}
