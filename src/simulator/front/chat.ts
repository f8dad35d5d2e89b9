/** `/v1/chat/completions`. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { chooseAnswer, type Question } from '../answers/chooseAnswer.ts';
import { lengthened } from '../answers/filler.ts';
import { layOutAnswer, type LaidOutAnswer } from '../answers/layout.ts';
import { ConversationError, type Conversation, type Prompt, type Tokenizer } from '../tokens/tokenizer.ts';
import { constraintOf } from './constraint.ts';
import { badRequest, invalidParameter } from './errors.ts';
import { answer, answerLimit, priorityOf, requestId, type Generation } from './generation.ts';
import { chatLogprobs, promptLogprobs } from './logprobs.ts';
import { OpenAiWriter, usageOptions, type ChoiceFormat } from './openAiWriter.ts';
import { contentText, type ChatRequest } from './requests.ts';
import { checkSampling, stopStrings } from './sampling.ts';
import { randomFor, type Service } from './service.ts';

/** Answers a chat request. @throws ApiError */
export async function chat(service: Service, request: IncomingMessage, response: ServerResponse, body: ChatRequest): Promise<void> {
  const generation = chatGeneration(service, `chatcmpl-${requestId(request)}`, body);
  const prompt = typeof body.prompt_logprobs === 'number' && body.stream !== true ? chatPrompt(service.tokenizer, conversationOf(body)) : null;
  await answer(service, request, response, generation, new OpenAiWriter(service, generation, chatFormat(body, generation, prompt), usageOptions(body)));
}

/** What is answered to a conversation, whichever API it came through. @throws ApiError */
export function chatGeneration(service: Service, id: string, body: ChatRequest): Generation {
  checkSupported(body, service.servedModel);
  const { tokenizer } = service;
  const question = asQuestion(body);
  const conversation = conversationOf(body);
  const promptTokens = chatPrompt(tokenizer, conversation).ids;
  const maxTokens = answerLimit(service, body, promptTokens.length, body.max_completion_tokens ?? body.max_tokens, tokenizer.estimatesChats, typeof body.max_completion_tokens === 'number' ? 'max_completion_tokens' : 'max_tokens');
  const choices = body.n ?? 1;
  const recorded = service.replay?.answerTo(question, randomFor(service, body.seed, promptTokens, 0), tokenizer) ?? null;
  const sequences = Array.from({ length: choices }, (_, choice) => {
    const random = randomFor(service, body.seed, promptTokens, choice);
    let chosen = recorded ?? chooseAnswer(question, random, service.lengths, tokenizer);
    if (body.ignore_eos === true && chosen.toolCalls.length === 0) chosen = { ...chosen, content: lengthened(chosen.content ?? '', random, maxTokens, tokenizer) };
    const laidOut = layOutAnswer(tokenizer.written(conversation, chosen), {
      tokenizer,
      maxTokens,
      stop: stopStrings(body),
      endToken: body.ignore_eos === true ? null : tokenizer.endOfTurn,
      toolFinishReason: typeof question.toolChoice === 'object' ? 'stop' : 'tool_calls',
    });
    return { promptTokens, answer: laidOut };
  });
  return {
    id,
    sequences,
    choicesPerPrompt: choices,
    promptTokens: promptTokens.length,
    stream: body.stream === true,
    priority: priorityOf(service, body),
    ignoresPrefixCache: typeof body.prompt_logprobs === 'number',
  };
}

/** What of a request the model's template gets. */
export function conversationOf({ messages, tools, chat_template_kwargs: templateOptions }: Pick<ChatRequest, 'messages' | 'tools' | 'chat_template_kwargs'>): Conversation {
  return { messages, tools: tools ?? [], templateOptions };
}

/** The tokens of a conversation. @throws ApiError when the model's template refuses it */
export function chatPrompt(tokenizer: Tokenizer, conversation: Conversation): Prompt {
  try {
    return tokenizer.chatPrompt(conversation);
  } catch (error) {
    if (error instanceof ConversationError) throw badRequest(`The model's chat template does not take this conversation: ${error.message}`, 'messages');
    throw error;
  }
}

function checkSupported(body: ChatRequest, model: string): void {
  if (body.messages.length === 0) throw badRequest('Cannot apply chat template to an empty conversation. Provide at least one message.');
  const top = body.top_logprobs ?? 0;
  if (top < -1) throw invalidParameter('`top_logprobs` must be a positive value or -1.', 'top_logprobs', top);
  if (top !== 0 && body.logprobs !== true) throw invalidParameter('when using `top_logprobs`, `logprobs` must be set to true.', 'top_logprobs');
  checkSampling(body, body.logprobs === true ? top : null);
  for (const message of body.messages) {
    if (!Array.isArray(message.content)) continue;
    const other = message.content.find((part) => typeof part.text !== 'string' && typeof part.refusal !== 'string');
    if (other !== undefined) throw badRequest(`${model} is not a multimodal model: it takes no content part of type ${JSON.stringify(other.type)}.`, 'messages');
  }
  checkTools(body);
}

/** How `tool_choice` names a tool. */
const NAMED = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`';

function checkTools({ tools, tool_choice: choice }: ChatRequest): void {
  if (tools?.length === 0) throw invalidParameter('`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.', 'tools');
  if (choice === null || choice === undefined || choice === 'none') return;
  if (tools === null || tools === undefined) throw invalidParameter('When using `tool_choice`, `tools` must be set.', 'tool_choice');
  if (typeof choice === 'string') {
    if (choice !== 'auto' && choice !== 'required') throw invalidParameter(`Invalid value for \`tool_choice\`: ${choice}! Only named tools, "none", "auto" or "required" are supported.`, 'tool_choice');
    return;
  }
  const { function: named } = choice;
  if (named === null || named === undefined) throw invalidParameter(`Invalid value for \`function\`: \`None\` in \`tool_choice\`! ${NAMED}`, 'tool_choice.function');
  if (named.name === null || named.name === undefined) throw invalidParameter(`Expected field \`name\` in \`function\` in \`tool_choice\`! ${NAMED}`, 'tool_choice.function.name');
  if (!tools.some((tool) => tool.function.name === named.name)) throw invalidParameter('The tool specified in `tool_choice` does not match any of the specified `tools`', 'tool_choice');
}

function asQuestion(body: ChatRequest): Question {
  const choice = body.tool_choice ?? 'auto';
  return {
    messages: body.messages.map((message) => ({ role: message.role, text: contentText(message.content) })),
    said: body.messages.map((message) => contentText(message.content) + (message.tool_calls ?? []).map((call) => `${call.function.name}${call.function.arguments ?? ''}`).join('')),
    tools: (body.tools ?? []).map((tool) => ({ name: tool.function.name, parameters: tool.function.parameters })),
    toolChoice: typeof choice === 'object' ? { name: choice.function?.name ?? '' } : choice === 'none' || choice === 'required' ? choice : 'auto',
    calledTools: body.messages.flatMap((message) => (message.tool_calls ?? []).map((call) => call.function.name)),
    constraint: constraintOf(body),
    minTokens: body.min_tokens ?? 0,
    seed: body.seed ?? null,
  };
}

function chatFormat(body: ChatRequest, generation: Generation, prompt: Prompt | null): ChoiceFormat {
  const { logprobs, top_logprobs: top } = body;
  const promptIds = body.return_token_ids === true ? generation.sequences[0]!.promptTokens : null;
  const names = { asIds: body.return_tokens_as_token_ids === true };
  const callIds = new Map<string, string>();
  const callId = (choice: number, call: number) => {
    const key = `${choice}/${call}`;
    const id = callIds.get(key) ?? `chatcmpl-tool-${randomBytes(8).toString('hex')}`;
    callIds.set(key, id);
    return id;
  };
  const chunk = (index: number, delta: Record<string, unknown>) => ({ index, delta, logprobs: null, finish_reason: null });
  const repeated = body.echo === true ? repeatedText(body) : null;
  return {
    object: 'chat.completion',
    chunkObject: 'chat.completion.chunk',
    openingChoice: (index) => chunk(index, { role: 'assistant', content: '' }),
    secondChoice: (index) => (repeated ? chunk(index, { content: repeated }) : null),
    tellsCreatedCache: true,
    openingExtras: { prompt_token_ids: promptIds, prompt_text: null },
    echo: () => null,
    firstTokenExtras: () => ({}),
    tokenChoice(index, part) {
      if (part.kind === 'content') return chunk(index, { content: part.text });
      if (part.kind === 'toolName') return chunk(index, { content: null, tool_calls: [{ id: callId(index, part.call), type: 'function', index: part.call, function: { name: part.name } }] });
      return chunk(index, { content: null, tool_calls: [{ index: part.call, function: { arguments: part.text } }] });
    },
    logprobs: (tokens) => (logprobs === true ? chatLogprobs(tokens, (top ?? 0) !== 0, names) : null),
    tellsTokenIds: body.return_token_ids === true,
    emptyChoice: (index) => chunk(index, {}),
    wholeChoice(index, laidOut) {
      const toolCalls = toolCallsOf(laidOut).map((called, call) => ({ id: callId(index, call), type: 'function', function: called }));
      const content = (repeated ?? '') + contentOf(laidOut);
      return {
        index,
        message: {
          role: 'assistant',
          content: content === '' && toolCalls.length > 0 && repeated === null ? null : content,
          refusal: null,
          annotations: null,
          audio: null,
          function_call: null,
          ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
          reasoning: null,
        },
        logprobs: null,
        finish_reason: laidOut.finishReason,
        stop_reason: laidOut.stopReason,
        token_ids: null,
        routed_experts: null,
      };
    },
    bodyExtras: { prompt_logprobs: prompt === null ? null : promptLogprobs(prompt.tokens()), prompt_token_ids: promptIds, prompt_text: null, kv_transfer_params: null, ec_transfer_params: null },
  };
}

/** What `echo` puts before an answer: the last message, where that is the assistant's. */
function repeatedText({ messages }: ChatRequest): string {
  const last = messages.at(-1)!;
  return last.role === 'assistant' ? contentText(last.content) : '';
}

/** All visible text of an answer. */
export function contentOf(laidOut: LaidOutAnswer): string {
  return laidOut.tokens
    .flatMap(({ visible }) => visible)
    .map((part) => (part.kind === 'content' ? part.text : ''))
    .join('');
}

/** The tool calls of an answer, as far as its tokens go. */
export function toolCallsOf(laidOut: LaidOutAnswer): { name: string; arguments: string }[] {
  const calls: { name: string; arguments: string }[] = [];
  for (const part of laidOut.tokens.flatMap(({ visible }) => visible)) {
    if (part.kind === 'toolName') calls[part.call] = { name: part.name, arguments: '' };
    else if (part.kind === 'toolArguments') calls[part.call]!.arguments += part.text;
  }
  return calls;
}
