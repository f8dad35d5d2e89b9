/**
 * Reads a turn in ReAct's text format, `Thought 1: …` and `Action 1: search[…]` (Yao et al. 2023, §2 and appendix C),
 * and what models write instead: other brackets, no number, JSON, `Answer:`, an observation that they made up.
 */
import type { Tool, ToolCall } from '../agent.ts';
import { findTool } from '../model/session.ts';
import { parseArguments, withoutFence } from './arguments.ts';

export interface ParsedTurn {
  thought: string;
  /** A tool's name as the model wrote it need not be one that there is. */
  call: ToolCall | null;
  answer: string | null;
}

/** Stops a model before it makes up what a tool has found. */
export const STOP_AT_OBSERVATION = ['\nObservation'];

const FINISH = /^(finish|final|answer|final[_ ]?answer|done)$/i;
const LABEL = String.raw`^[ \t>*_#-]*`;
const labelled = (words: string): RegExp => new RegExp(`${LABEL}(?:${words})(?:[ \\t]*\\d+)?[ \\t]*(?:\\*\\*)?[ \\t]*:[ \\t]*(?:\\*\\*)?`, 'im');
/** `Found` and `Call` are the words of the examples for models that are given tools by the API. */
const OBSERVATION = labelled('observation|found');
const ACTION = labelled('action|call');
const ACTION_INPUT = labelled('action[ _]input');
const ANSWER = labelled('final[ _]answer|answer');
const NEXT = labelled('thought|action|call|observation|found|question');
const THOUGHT = labelled('thought');

export function parseTurn(said: string, tools: readonly Tool[]): ParsedTurn {
  const text = before(said, OBSERVATION).trim();
  const action = ACTION.exec(text);
  const answer = ANSWER.exec(text);
  if (action !== null && (answer === null || action.index < answer.index)) {
    const thought = thoughtOf(text.slice(0, action.index));
    const rest = text.slice(action.index + action[0].length);
    const named = parseAction(rest, tools);
    if (named !== null) return turn(thought, named, tools);
  }
  if (answer !== null) return { thought: thoughtOf(text.slice(0, answer.index)), call: null, answer: cleanAnswer(before(text.slice(answer.index + answer[0].length), NEXT)) };
  const loose = looseCall(text, tools);
  if (loose !== null) return turn(thoughtOf(text.slice(0, loose.index)), loose, tools);
  return { thought: thoughtOf(text), call: null, answer: null };
}

interface NamedCall {
  name: string;
  argument: string;
}

function turn(thought: string, { name, argument }: NamedCall, tools: readonly Tool[]): ParsedTurn {
  const tool = findTool(tools, name);
  if (tool === undefined && FINISH.test(name)) return { thought, call: null, answer: cleanAnswer(argument) };
  return { thought, call: { tool: tool?.name ?? name, arguments: tool === undefined ? { input: argument } : parseArguments(argument, tool) }, answer: null };
}

/** What stands after `Action:`. */
function parseAction(rest: string, tools: readonly Tool[]): NamedCall | null {
  const input = ACTION_INPUT.exec(rest);
  if (input !== null) {
    const name = rest.slice(0, input.index).trim().replace(/^[`*"']+|[`*"'\]]+$/g, '');
    if (name !== '' && !name.includes('\n')) return { name, argument: before(rest.slice(input.index + input[0].length), NEXT).trim() };
  }
  const own = before(rest, NEXT).trim();
  const json = jsonCall(own);
  if (json !== null) return json;
  const bracketed = /^[`*"']*([A-Za-z_][\w-]*)[ \t]*([[(])/.exec(own);
  if (bracketed !== null) return { name: bracketed[1]!, argument: upToClosing(own.slice(bracketed[0].length), bracketed[2] === '[' ? ']' : ')') };
  const told = /^([A-Za-z_][\w-]*) with (.*)$/s.exec(own);
  const pairs = [...(told?.[2] ?? '').matchAll(/([A-Za-z_]\w*) ("(?:[^"\\]|\\.)*")/g)];
  if (told !== null && pairs.length > 0) return { name: told[1]!, argument: pairs.map(([, property, value]) => `${property}=${value}`).join(', ') };
  const worded = /^[`*"']*([A-Za-z_][\w-]*)[`*"']*[ \t]*:?[ \t]*([\s\S]*)$/.exec(own);
  if (worded !== null && (findTool(tools, worded[1]!) !== undefined || FINISH.test(worded[1]!))) return { name: worded[1]!, argument: worded[2]!.trim() };
  return null;
}

/** A call that stands anywhere in the text, without the word `Action`. */
function looseCall(text: string, tools: readonly Tool[]): (NamedCall & { index: number }) | null {
  const names = [...tools.map(({ name }) => name), 'finish'].map((name) => name.replace(/[^\w-]/g, '\\$&')).join('|');
  const match = new RegExp(`${LABEL}\`*(${names})[ \\t]*([[(])`, 'im').exec(text);
  if (match !== null) return { index: match.index, name: match[1]!, argument: upToClosing(before(text.slice(match.index + match[0].length), NEXT), match[2] === '[' ? ']' : ')') };
  const start = text.search(/(<tool_call>|```(?:json)?)?\s*\{\s*"(name|tool|function|action)"/);
  if (start === -1) return null;
  const call = jsonCall(text.slice(text.indexOf('{', start)));
  return call === null ? null : { ...call, index: start };
}

/** `{"name": "search", "arguments": {…}}`, as models write that know tool calls but were given none. */
function jsonCall(text: string): NamedCall | null {
  const trimmed = withoutFence(text);
  if (!trimmed.startsWith('{')) return null;
  for (let end = trimmed.lastIndexOf('}'); end > 0; end = trimmed.lastIndexOf('}', end - 1)) {
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(trimmed.slice(0, end + 1)) as Record<string, unknown>;
    } catch {
      continue;
    }
    const name = value['name'] ?? value['tool'] ?? value['function'] ?? value['action'];
    if (typeof name !== 'string') return null;
    const args = value['arguments'] ?? value['parameters'] ?? value['args'] ?? value['action_input'] ?? value['input'] ?? {};
    return { name, argument: typeof args === 'string' ? args : answerIn(name, args) };
  }
  return null;
}

/** The arguments as JSON; of the final answer its text alone. */
function answerIn(name: string, args: unknown): string {
  if (FINISH.test(name) && typeof args === 'object' && args !== null) {
    const [only] = Object.values(args as Record<string, unknown>);
    if (typeof only === 'string' || typeof only === 'number') return String(only);
  }
  return JSON.stringify(args);
}

/** Up to the bracket that closes the call on its line; of code over several lines, and where brackets do not match (as in `[0, 1)`), up to the last one. */
function upToClosing(text: string, closing: string): string {
  const opening = closing === ']' ? '[' : '(';
  let depth = 0;
  for (let at = 0; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === opening) depth += 1;
    else if (text[at] === closing && depth-- === 0) return text.slice(0, at).trim();
  }
  const last = text.lastIndexOf(closing);
  return (last === -1 ? text : text.slice(0, last)).trim();
}

function before(text: string, pattern: RegExp): string {
  const at = pattern.exec(text)?.index;
  return at === undefined ? text : text.slice(0, at);
}

function thoughtOf(text: string): string {
  return text.replace(THOUGHT, '').trim();
}

/** Without the quotes, stars and full stop that models put around a short answer; longer ones stay as they are. */
export function cleanAnswer(answer: string): string {
  const trimmed = withoutFence(answer.trim());
  if (trimmed.includes('\n')) return trimmed;
  return trimmed
    .replace(/^\*+|\*+$/g, '')
    .replace(/^(["'`])(.*)\1$/, '$2')
    .replace(/(?<=[\p{L}\d])\.$/u, '')
    .trim();
}
