/** What a span said and was told, as it is asked for when someone looks at it: the document itself holds no whole prompts. */
import { z } from 'zod';
import { endpointSchema } from '../profile/recordingFormat.ts';

const chars = z.int().min(0);
const toolCall = z.object({ callId: z.string(), name: z.string(), arguments: z.string().nullable() });

/** One message; `text` only where the recording's capture is `full`; `leftOut`: it is in the recording, and there are too many to be shown. */
const promptMessageSchema = z.object({ role: z.string(), hash: z.string().nullable(), chars, text: z.string().nullable(), leftOut: z.literal(true).optional() });
export type PromptMessage = z.infer<typeof promptMessageSchema>;

const promptCallSchema = z.object({
  /** Id of the call's span. */
  id: z.string(),
  server: z.string().nullable(),
  endpoint: endpointSchema,
  path: z.string(),
  model: z.string().nullable(),
  stream: z.boolean(),
  maxTokens: z.int().nullable(),
  /** Numbers of the prompt's messages in the table. */
  messages: z.array(z.int()),
  /** Names of the tools offered, and how long their descriptions are, which are a part of the prompt. */
  tools: z.array(z.string()),
  toolsChars: chars,
  toolResults: z.array(z.object({ callId: z.string(), bytes: z.int() })),
  answer: z.string().nullable(),
  toolCalls: z.array(toolCall),
  promptTokens: z.number().nullable(),
  cachedTokens: z.number().nullable(),
  /** When its output came: milliseconds from each piece of it to the next, the first 0. Empty for an answer that came at once. */
  chunkGaps: z.array(z.number()),
  /** When its answer was complete; null where it was not. */
  endMs: z.number().nullable(),
});
export type PromptCall = z.infer<typeof promptCallSchema>;

/** All prompts and answers of a run, each message once: what an exported page carries along. */
export const promptTableSchema = z.object({ messages: z.array(promptMessageSchema), calls: z.array(promptCallSchema) });
export type PromptTable = z.infer<typeof promptTableSchema>;

const messageContentSchema = z.object({
  role: z.string(),
  chars,
  text: z.string().nullable(),
  /** As of the table's messages. */
  leftOut: z.literal(true).optional(),
  /** So many characters from its beginning an earlier prompt has at the same place. */
  sharedChars: chars,
  /** The tool's call whose result it is; `name` is null where no recorded answer asked for it. */
  answersTool: z.object({ callId: z.string(), name: z.string().nullable(), arguments: z.string().nullable() }).nullable(),
});
export type MessageContent = z.infer<typeof messageContentSchema>;

const callContentSchema = z.object({
  call: z.object({ endpoint: endpointSchema, path: z.string(), server: z.string().nullable(), model: z.string().nullable(), stream: z.boolean(), maxTokens: z.int().nullable() }),
  messages: z.array(messageContentSchema),
  tools: z.array(z.string()),
  toolsChars: chars,
  /** Of all messages and the tools' descriptions. */
  totalChars: chars,
  /**
   * How much of the prompt's beginning an earlier call to the same model had, too, and which (null: none); `otherTools`: it was
   * offered other tools, whose descriptions templates put before the messages. Null where prompts can't be compared.
   */
  shared: z.object({ with: z.string().nullable(), chars, otherTools: z.boolean() }).nullable(),
  /** What the server says it had cached, as characters: an estimate, by the share of tokens. */
  cachedChars: chars.nullable(),
  answer: z.string().nullable(),
  /** Tools that the answer asks for, and what the program handed back for each, in which call. */
  toolCalls: z.array(toolCall.extend({ result: z.string().nullable(), resultBytes: z.int().nullable(), handedTo: z.string().nullable() })),
});
export type CallContent = z.infer<typeof callContentSchema>;

const toolContentSchema = z.object({
  kind: z.literal('tool'),
  name: z.string(),
  /** As the model wrote them. */
  arguments: z.string().nullable(),
  /** The model's call that asked for it, and the one that was handed its result. */
  askedBy: z.string(),
  result: z.string().nullable(),
  handedTo: z.string().nullable(),
});
export type ToolContent = z.infer<typeof toolContentSchema>;

export const spanContentSchema = z.discriminatedUnion('kind', [callContentSchema.extend({ kind: z.literal('call') }), toolContentSchema]);
export type SpanContent = z.infer<typeof spanContentSchema>;
