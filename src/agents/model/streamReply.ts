/** Asks for a streamed answer, puts it together, and tells of each part as early as it is whole. */
import type OpenAI from 'openai';
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';

/** A call as the model wrote it: the arguments may be anything, also no JSON. */
export interface RawToolCall {
  id: string;
  name: string;
  arguments: string;
}

export interface Reply {
  text: string;
  toolCalls: RawToolCall[];
}

export interface Listeners {
  onText?: (text: string) => void;
  onToolCall?: (call: RawToolCall) => void;
  signal: AbortSignal;
}

/** One call of the model. A tool's call is whole when the next one begins, or the answer ends. @throws the openai package's errors */
export async function streamReply(client: OpenAI, request: ChatCompletionCreateParamsStreaming, { onText, onToolCall, signal }: Listeners): Promise<Reply> {
  const stream = await client.chat.completions.create(request, { signal });
  let text = '';
  const toolCalls: RawToolCall[] = [];
  let told = 0;
  const tellUpTo = (end: number) => {
    for (; told < end; told++) onToolCall?.(toolCalls[told]!);
  };
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    if (delta?.content) {
      text += delta.content;
      onText?.(withoutThinking(text));
    }
    for (const part of delta?.tool_calls ?? []) {
      // Some servers number all calls 0: another id is another call.
      const last = toolCalls.at(-1);
      const isNew = last === undefined || part.index >= toolCalls.length || (part.id !== undefined && part.id !== '' && last.id !== '' && part.id !== last.id && part.index === toolCalls.length - 1);
      const call = isNew ? { id: '', name: '', arguments: '' } : toolCalls[part.index]!;
      if (isNew) toolCalls.push(call);
      tellUpTo(toolCalls.length - 1);
      call.id ||= part.id ?? '';
      call.name += part.function?.name ?? '';
      call.arguments += part.function?.arguments ?? '';
    }
  }
  // The package ends a stream that was given up as if it were whole.
  signal.throwIfAborted();
  toolCalls.forEach((call, index) => (call.id ||= `call_${index}`));
  tellUpTo(toolCalls.length);
  return { text: withoutThinking(text).trim(), toolCalls };
}

/** What a reasoning model says after it has thought aloud, where its server leaves the thinking in the text. Of a text that grows, what it gives only grows, too. */
export function withoutThinking(text: string): string {
  const closed = text.replace(/<think>[\s\S]*?<\/think>/g, '');
  const end = closed.lastIndexOf('</think>');
  return (end === -1 ? closed.replace(/<think>[\s\S]*$/, '') : closed.slice(end + '</think>'.length)).trimStart();
}
