/** ReAct (Yao et al., 2023): think, act, observe, until the answer is found or the budget is spent. */
import OpenAI from 'openai';
import type { ChatCompletionMessageFunctionToolCall, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { INSTRUCTIONS, TOOLS } from './prompt.ts';
import { lookup, search } from './tools.ts';

/** Calls of the model for one question, as in the paper. */
const STEP_BUDGET = 7;

export interface AgentOptions {
  model: string;
  /** Gets each thought, action and observation as it comes. */
  log: (line: string) => void;
}

export interface AgentResult {
  /** The short answer; empty when the budget was spent before there was one. */
  answer: string;
  steps: number;
}

interface Turn {
  content: string;
  toolCalls: ChatCompletionMessageFunctionToolCall[];
}

/** Answers one question. */
export async function answerQuestion(question: string, { model, log }: AgentOptions): Promise<AgentResult> {
  const client = new OpenAI();
  const messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: INSTRUCTIONS },
    { role: 'user', content: `Question: ${question}` },
  ];
  for (let step = 1; step <= STEP_BUDGET; step++) {
    const turn = await think(client, model, messages);
    if (turn.content !== '') log(turn.content);
    if (turn.toolCalls.length === 0) return { answer: finalAnswer(turn.content), steps: step };
    messages.push({ role: 'assistant', content: turn.content, tool_calls: turn.toolCalls });
    for (const call of turn.toolCalls) {
      log(`Action: ${call.function.name}(${call.function.arguments})`);
      const observation = await act(call);
      log(`Observation: ${observation}`);
      messages.push({ role: 'tool', tool_call_id: call.id, content: observation });
    }
  }
  return { answer: '', steps: STEP_BUDGET };
}

/** Asks the model for its next thought and action. */
async function think(client: OpenAI, model: string, messages: ChatCompletionMessageParam[]): Promise<Turn> {
  const stream = await client.chat.completions.create({ model, messages, tools: TOOLS, temperature: 0, max_tokens: 400, stream: true });
  const turn: Turn = { content: '', toolCalls: [] };
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    turn.content += delta?.content ?? '';
    for (const part of delta?.tool_calls ?? []) {
      const call = (turn.toolCalls[part.index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } });
      call.id += part.id ?? '';
      call.function.name += part.function?.name ?? '';
      call.function.arguments += part.function?.arguments ?? '';
    }
  }
  return turn;
}

/** Runs the tool that the model asked for. What the model got wrong is told to it; what fails outside ends the run. */
async function act(call: ChatCompletionMessageFunctionToolCall): Promise<string> {
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(call.function.arguments) as Record<string, unknown>;
  } catch {
    return 'The arguments are not valid JSON. Call the tool again.';
  }
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined);
  if (call.function.name === 'search') return search(text('query') ?? '');
  if (call.function.name === 'lookup') return lookup(text('title') ?? '', text('keyword'));
  return `There is no tool "${call.function.name}". Use search or lookup.`;
}

/** What stands after the last "Answer:", or the whole text of a model that forgot the word. */
function finalAnswer(content: string): string {
  const marked = content.split(/^Answer:/m);
  return (marked.length > 1 ? marked.at(-1)! : content).trim();
}
