/** One turn of ReAct: what the model wants to do next, and doing it. Reflexion and LATS are made of the same turns. */
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { Environment, Observation, Step, Tool, ToolCall } from '../agent.ts';
import { parseJsonArguments, renderCall } from '../format/arguments.ts';
import { cleanAnswer, parseTurn, STOP_AT_OBSERVATION } from '../format/turnText.ts';
import { findTool, type Session } from '../model/session.ts';

/** What the model proposes: to act, or to answer; neither, when it kept to no format. */
export interface Proposal {
  thought: string;
  calls: readonly ToolCall[];
  /** The API's ids of the calls; empty where they stood in the text. */
  callIds: readonly string[];
  answer: string | null;
}

/** A proposal and what came of it. */
export interface Turn extends Proposal {
  observations: readonly string[];
  /** Said to the model instead of an observation, when it proposed nothing. */
  correction: string | null;
  /** Set when the environment ended the task by this turn. */
  outcome: Observation['outcome'] | null;
}

export interface Sampling {
  temperature?: number;
  sample?: number;
}

/** Asks for the next turn after `messages`. */
export async function propose(session: Session, messages: ChatCompletionMessageParam[], tools: readonly Tool[], sampling: Sampling = {}): Promise<Proposal> {
  const { text, toolCalls } = await session.ask({ messages, ...(session.native ? { tools } : { stop: STOP_AT_OBSERVATION }), ...sampling });
  const calls = toolCalls.map(({ name, arguments: args }) => {
    const tool = findTool(tools, name);
    return { tool: tool?.name ?? name, arguments: tool === undefined ? {} : parseJsonArguments(args, tool) };
  });
  if (calls.length > 0) return { thought: text.replace(/^\s*Thought(?:\s*\d+)?\s*:\s*/i, ''), calls, callIds: toolCalls.map(({ id }) => id), answer: null };
  const parsed = parseTurn(text, tools);
  return { thought: parsed.thought, calls: parsed.call === null ? [] : [parsed.call], callIds: [], answer: parsed.answer };
}

/** Does what was proposed; several calls at once. */
export async function carryOut(session: Session, environment: Environment, proposal: Proposal): Promise<Turn> {
  const observed = await Promise.all(proposal.calls.map((call) => session.act(environment, call)));
  const nothing = proposal.calls.length === 0 && proposal.answer === null;
  return {
    ...proposal,
    observations: observed.map(({ text }) => text),
    correction: nothing ? correction(session, environment.tools) : null,
    outcome: observed.find(({ outcome }) => outcome !== undefined)?.outcome ?? null,
  };
}

function correction(session: Session, tools: readonly Tool[]): string {
  if (session.native) return `No tool was called, and there is no line that begins with "Answer:". Call ${tools.map(({ name }) => name).join(' or ')}, or give the answer on such a line.`;
  return `No action was found. Write one line such as "Action: ${tools[0] === undefined ? 'finish[answer]' : renderCall({ tool: tools[0].name, arguments: {} }, tools).replace('[]', '[…]')}" or "Action: finish[answer]".`;
}

/** What a model that keeps to no format has probably answered: the last line that it wrote. */
export function answerWithoutFormat({ thought }: Pick<Proposal, 'thought'>): string | null {
  const last = thought.trim().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? null : cleanAnswer(last.replace(/^(?:so |thus |therefore )?,? ?(?:the )?(?:final )?answer is:? /i, ''));
}

/** The conversation so far, as the next prompt. The same turns always give the same messages, so that a server's prefix cache holds them. */
export function turnMessages(turns: readonly Turn[], tools: readonly Tool[], native: boolean): ChatCompletionMessageParam[] {
  return turns.flatMap((turn, index) => (native ? nativeTurn(turn, index) : textTurn(turn, index + 1, tools)));
}

function nativeTurn({ thought, calls, callIds, answer, observations, correction }: Turn, index: number): ChatCompletionMessageParam[] {
  if (calls.length === 0) return [{ role: 'assistant', content: answer === null ? thought : `${thought}\nAnswer: ${answer}`.trim() }, ...(correction === null ? [] : [{ role: 'user' as const, content: correction }])];
  const id = (call: number) => callIds[call] ?? `call_${index}_${call}`;
  return [
    { role: 'assistant', content: thought, tool_calls: calls.map((call, at) => ({ id: id(at), type: 'function', function: { name: call.tool, arguments: JSON.stringify(call.arguments) } })) },
    ...observations.map((text, at) => ({ role: 'tool' as const, tool_call_id: id(at), content: text })),
  ];
}

function textTurn(turn: Turn, number: number, tools: readonly Tool[]): ChatCompletionMessageParam[] {
  const observed = turn.correction ?? turn.observations.join('\n');
  return [
    { role: 'assistant', content: proposalText(turn, number, tools) },
    ...(turn.answer === null ? [{ role: 'user' as const, content: `Observation ${number}: ${observed}` }] : []),
  ];
}

/** `Thought 1: …` and `Action 1: …`; of a turn in no format, its words. */
export function proposalText({ thought, calls, answer }: Pick<Proposal, 'thought' | 'calls' | 'answer'>, number: number, tools: readonly Tool[]): string {
  const action = answer === null ? calls.map((call) => `Action ${number}: ${renderCall(call, tools)}`) : [`Action ${number}: finish[${answer}]`];
  return [`Thought ${number}: ${thought}`, ...action].join('\n');
}

/** All of it as one text, for prompts about an attempt. */
export function turnsText(turns: readonly Turn[], tools: readonly Tool[]): string {
  return turns
    .map((turn, index) => {
      const observed = turn.correction ?? turn.observations.join('\n');
      return proposalText(turn, index + 1, tools) + (turn.answer === null ? `\nObservation ${index + 1}: ${observed}` : '');
    })
    .join('\n');
}

export function toSteps(turns: readonly Turn[]): Step[] {
  return turns.map(({ thought, calls, observations }) => ({ thought, actions: calls.map((call, index) => ({ call, observation: observations[index] ?? '' })) }));
}
