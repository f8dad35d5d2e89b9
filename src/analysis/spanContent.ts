/**
 * What calls of models and tools said and were told, message by message, and how much of a prompt an earlier one had already: what
 * a prefix cache can reuse. Pure, and without the schemas, as pages have it in them.
 */
import type { CallContent, MessageContent, PromptCall, PromptTable, SpanContent, ToolContent } from '../protocol/content.ts';

/**
 * What a span said and was told.
 * @param span its id; for a tool also the id that the model gave its call, and when it began, as some models use ids again
 * @returns null where nothing is known of it
 */
export function spanContent(table: PromptTable, span: { id: string; toolCallId: string | null; startMs: number }): SpanContent | null {
  const at = table.calls.findIndex(({ id }) => id === span.id);
  if (at >= 0) return { kind: 'call', ...callContent(table, at) };
  return span.toolCallId === null ? null : toolContent(table, span.toolCallId, span.startMs);
}

function callContent(table: PromptTable, at: number): CallContent {
  const call = table.calls[at]!;
  const parts = call.messages.map((number) => table.messages[number]!);
  const shared = longestShared(table, at);
  const results = resultsOf(table, call);
  const totalChars = parts.reduce((sum, { chars }) => sum + chars, call.toolsChars);
  let left = shared?.chars ?? 0;
  const messages = parts.map(({ role, chars, text, leftOut }, index): MessageContent => {
    const sharedChars = Math.min(left, chars);
    left -= sharedChars;
    const answers = results.get(index) ?? null;
    const asked = answers === null ? null : (askedBefore(table, answers, at)?.toolCall ?? null);
    return { role, chars, text, ...(leftOut === true ? { leftOut } : {}), sharedChars, answersTool: answers === null ? null : { callId: answers, name: asked?.name ?? null, arguments: asked?.arguments ?? null } };
  });
  const isKnown = parts.length > 0 && parts.every(({ hash }) => hash !== null);
  const { promptTokens, cachedTokens } = call;
  return {
    call: { endpoint: call.endpoint, path: call.path, server: call.server, model: call.model, stream: call.stream, maxTokens: call.maxTokens },
    messages,
    tools: call.tools,
    toolsChars: call.toolsChars,
    totalChars,
    shared: isKnown ? { with: shared?.call.id ?? null, chars: shared?.chars ?? 0, otherTools: shared !== null && !sameTools(shared.call, call) } : null,
    cachedChars: promptTokens === null || cachedTokens === null || promptTokens === 0 ? null : Math.round(Math.min(1, cachedTokens / promptTokens) * totalChars),
    answer: call.answer,
    toolCalls: call.toolCalls.map((asked) => {
      const { result, resultBytes, handedTo } = handedBack(table, asked.callId, at);
      return { ...asked, result, resultBytes, handedTo };
    }),
  };
}

/** Clocks of hooks and of the wire may differ by so much. */
const SKEW_MS = 5;

function toolContent(table: PromptTable, callId: string, startMs: number): ToolContent | null {
  const later = table.calls.findIndex(({ endMs, toolCalls }) => endMs !== null && endMs > startMs + SKEW_MS && toolCalls.some((asked) => asked.callId === callId));
  const asked = askedBefore(table, callId, later < 0 ? table.calls.length : later);
  if (asked === null) return null;
  const { result, handedTo } = handedBack(table, callId, asked.at);
  return { kind: 'tool', name: asked.toolCall.name, arguments: asked.toolCall.arguments, askedBy: table.calls[asked.at]!.id, result, handedTo };
}

/** The earlier call to the same model of the same server whose prompt, and the answer to it, this one's shares the longest beginning with; of several the latest. */
function longestShared(table: PromptTable, at: number): { call: PromptCall; chars: number } | null {
  const call = table.calls[at]!;
  let best: { call: PromptCall; chars: number } | null = null;
  for (let index = 0; index < at; index++) {
    const earlier = table.calls[index]!;
    if (earlier.model !== call.model || earlier.server !== call.server) continue;
    const chars = sharedChars(table, earlier, call);
    if (chars > 0 && chars >= (best?.chars ?? 0)) best = { call: earlier, chars };
  }
  return best;
}

/** How many characters two prompts have alike from their beginning, message by message; the answer to the earlier one counts as its end. */
function sharedChars(table: PromptTable, earlier: PromptCall, later: PromptCall): number {
  let chars = 0;
  for (const [index, number] of later.messages.entries()) {
    const message = table.messages[number]!;
    const other = earlier.messages[index];
    if (other === undefined) {
      const answered = message.role === 'assistant' ? answerText(earlier) : null;
      return chars + (answered === null || message.text === null ? 0 : commonPrefix(answered, message.text));
    }
    if (other !== number || message.hash === null) {
      const { role, text } = table.messages[other]!;
      return chars + (role === message.role && text !== null && message.text !== null ? commonPrefix(text, message.text) : 0);
    }
    chars += message.chars;
  }
  return chars;
}

/** An answer as it stands in a later prompt: its text, and the tools that it asks for. */
function answerText({ answer, toolCalls }: PromptCall): string | null {
  return answer === null ? null : answer + toolCalls.map(({ name, arguments: given }) => `${name}${given ?? ''}`).join('');
}

function commonPrefix(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  // Both halves of a character, or none.
  return at > 0 && (a.charCodeAt(at - 1) & 0xfc00) === 0xd800 && at < Math.max(a.length, b.length) ? at - 1 : at;
}

function sameTools(a: PromptCall, b: PromptCall): boolean {
  return a.toolsChars === b.toolsChars && a.tools.length === b.tools.length && a.tools.every((name, index) => name === b.tools[index]);
}

/** Which messages of a prompt hold the result of which tool's call: told where there is one message for each. */
function resultsOf(table: PromptTable, call: PromptCall): Map<number, string> {
  const places = call.messages.flatMap((number, index) => (table.messages[number]!.role === 'tool' ? [index] : []));
  if (places.length !== call.toolResults.length) return new Map();
  return new Map(places.map((place, nth) => [place, call.toolResults[nth]!.callId]));
}

/** The last call before the given one whose answer asks for this tool's call. */
function askedBefore(table: PromptTable, callId: string, before: number): { at: number; toolCall: PromptCall['toolCalls'][number] } | null {
  for (let at = before - 1; at >= 0; at--) {
    const toolCall = table.calls[at]!.toolCalls.find((asked) => asked.callId === callId);
    if (toolCall !== undefined) return { at, toolCall };
  }
  return null;
}

/** What a tool gave, from the first prompt after the given call that hands it to the model. */
function handedBack(table: PromptTable, callId: string, after: number): { result: string | null; resultBytes: number | null; handedTo: string | null } {
  for (const call of table.calls.slice(after + 1)) {
    const result = call.toolResults.find((each) => each.callId === callId);
    if (result === undefined) continue;
    // An id that is used again stands in the prompt twice: the last is the newest.
    const place = [...resultsOf(table, call)].findLast(([, id]) => id === callId)?.[0];
    const text = place === undefined ? null : (table.messages[call.messages[place]!]?.text ?? null);
    return { result: text, resultBytes: result.bytes, handedTo: call.id };
  }
  return { result: null, resultBytes: null, handedTo: null };
}
