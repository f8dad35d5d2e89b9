/**
 * The recording file: one JSON object a line, the first line a header, only ever appended to.
 *
 * Every `t` and `end` is in milliseconds since the recording's start, on the profiler's monotonic
 * clock, with microsecond digits. A value that is not known is `null`, never 0.
 *
 * Lines come in the order in which the recorder learned of them, which is not always the order of
 * their `t`. A `call` or `span` without its end line was cut off and is *incomplete*.
 */
import { z } from 'zod';
import { gpuProfileSchema, modelProfileSchema, priceProfileSchema } from './hardwareProfiles.ts';

export const RECORDING_FORMAT = 'agent-cost/recording';
/** Raised by one whenever an old reader would misread a new file; see docs in CHANGELOG. */
export const RECORDING_VERSION = 2;

/** How a number or a span is known. `sampled`: seen on the stack every few milliseconds, so its edges may be off by that. */
export const evidenceSchema = z.enum(['measured', 'sampled', 'inferred', 'estimated', 'simulated']);
export type Evidence = z.infer<typeof evidenceSchema>;

export const statusSchema = z.enum(['ok', 'error', 'cancelled', 'incomplete']);
export type Status = z.infer<typeof statusSchema>;

export const captureSchema = z.enum(['full', 'hashes', 'none']);
/** How much of prompts and answers is kept: all, digests enough for prefix-cache analysis, or nothing. */
export type Capture = z.infer<typeof captureSchema>;

/** A place in the user's source. `line` and `column` are 1-based, of the file as on disk. */
export const siteSchema = z.object({
  /** Absolute path, as the program's runtime names it (after source maps). */
  file: z.string(),
  line: z.int().min(1),
  column: z.int().min(1).nullable(),
  function: z.string().nullable(),
});
export type Site = z.infer<typeof siteSchema>;

const t = z.number();
const id = z.string().min(1);

/** What a server says of how it was started. What it does not say is null. */
export const serverSettingsSchema = z.object({
  /** Tokens that prompt and answer may have together. */
  contextTokens: z.int().nullable(),
  /** Tokens of a KV block: prefixes are found in the cache by whole blocks. */
  blockTokens: z.int().nullable(),
  /** Tokens that its KV cache holds. */
  kvTokens: z.int().nullable(),
  prefixCaching: z.boolean().nullable(),
  /** Whether answers say how many of the prompt's tokens the cache spared. */
  promptTokenDetails: z.boolean().nullable(),
});
export type ServerSettings = z.infer<typeof serverSettingsSchema>;

export const backendSchema = z.object({
  /** `hosted`: somebody's API on the internet that is neither OpenAI's nor Anthropic's own. */
  kind: z.enum(['sim', 'vllm', 'sglang', 'tgi', 'llama.cpp', 'ollama', 'lm-studio', 'tensorrt-llm', 'openai', 'anthropic', 'hosted', 'direct', 'unknown']),
  /** Where calls were sent, without credentials; null for `direct`. */
  url: z.string().nullable(),
  /** Version string the server reported, if any. */
  version: z.string().nullable(),
  /** The model that served, as the backend names it; null until known. */
  model: z.string().nullable(),
  /** Name of the GPU profile that energy is computed with, or null. */
  gpu: z.string().nullable(),
  simulated: z.boolean(),
  /** Of the embedded server: whose tokenizer it counts with; null where it estimates. */
  tokenizer: z.string().nullable().optional(),
  /** Null or absent where nothing is known. */
  server: serverSettingsSchema.nullable().optional(),
});
export type Backend = z.infer<typeof backendSchema>;

export const headerLineSchema = z.object({
  type: z.literal('header'),
  format: z.literal(RECORDING_FORMAT),
  version: z.int(),
  /** Random id of the run. */
  id,
  name: z.string(),
  /** Wall-clock time of t = 0, ISO 8601. */
  startedAt: z.string(),
  /** The profiled command; empty when programs were started elsewhere (`serve`, an editor session). */
  command: z.array(z.string()),
  cwd: z.string(),
  capture: captureSchema,
  /** Names of the rules by which texts were redacted; recordings of before have none. */
  redaction: z.array(z.string()).optional(),
  backend: backendSchema,
  /** Profiles as used, kept whole so that a recording can be analysed where they are not installed. */
  gpuProfile: gpuProfileSchema.nullable(),
  modelProfile: modelProfileSchema.nullable(),
  priceProfile: priceProfileSchema.nullable(),
  /** GPUs serving the model (tensor parallel); power values are per GPU. */
  gpuCount: z.int().min(1),
  /**
   * True where the recorder waits for a terminal to start the program (an editor's run): then the run begins with
   * the first program that a hook reports, not at t = 0.
   */
  beginsWithProgram: z.boolean().optional(),
  /** Of the files that a long recording goes on in: 2, 3, …; the first has none. */
  part: z.int().min(2).optional(),
  producer: z.object({ name: z.string(), version: z.string() }),
});

/** A program with our hook in it has started. */
export const processLineSchema = z.object({
  type: z.literal('process'),
  t,
  pid: z.int(),
  ppid: z.int().nullable(),
  runtime: z.enum(['node', 'python']),
  runtimeVersion: z.string(),
  argv: z.array(z.string()),
  cwd: z.string(),
});

/** One message of a chat prompt: what is needed to see shared prefixes and who wrote what. */
export const messageDigestSchema = z.object({
  role: z.string(),
  /** First 16 hex digits of SHA-256 over the message's JSON, where something was redacted by a key of the recording's own; null when capture is `none`. */
  hash: z.string().nullable(),
  /** UTF-16 length of all text in it. */
  chars: z.int(),
  /** Text, only when capture is `full`. */
  text: z.string().nullable(),
});
export type MessageDigest = z.infer<typeof messageDigestSchema>;

/**
 * What a request asks for, in whose words: OpenAI's chat, completions, embeddings, responses and models, Anthropic's messages,
 * Ollama's and llama.cpp's native routes. `opaque`: an LLM server was asked, for something that is not looked into.
 */
export const endpointSchema = z.enum(['chat', 'completions', 'embeddings', 'responses', 'models', 'messages', 'ollama', 'llamacpp', 'opaque']);
export type Endpoint = z.infer<typeof endpointSchema>;

/** The proxy has received a request's head and body, and sends it on. */
export const callLineSchema = z.object({
  type: z.literal('call'),
  t,
  id,
  endpoint: endpointSchema,
  method: z.string(),
  /** Path as the client asked for it, without the route's token and without query values. */
  path: z.string(),
  /** Host of the server that it was sent to: `api.openai.com`, `localhost:8000`. Recordings of before have none. */
  server: z.string().optional(),
  model: z.string().nullable(),
  stream: z.boolean(),
  /** 1 for a first try, 2 for the SDK's first retry, … */
  attempt: z.int().min(1),
  pid: z.int().nullable(),
  thread: z.string().nullable(),
  /** The user's frames, innermost first; empty when unattributed. */
  frames: z.array(siteSchema),
  /** Why there are no frames, in words for the user; null when there are. */
  unattributed: z.string().nullable(),
  /** Id of the measured span that was running around the call, if the hook knew one. */
  parent: z.string().nullable(),
  /** What the hook calls it by. */
  tag: z.string().optional(),
  /** The W3C trace context that the program's own instrumentation sent along: where traces of its exporter are joined. */
  trace: z.object({ traceId: z.string(), spanId: z.string() }).nullable(),
  request: z.object({
    /** Null where it was not seen: of what was imported. */
    bytes: z.int().nullable(),
    messages: z.array(messageDigestSchema),
    /** Names of the tools offered. */
    tools: z.array(z.string()),
    /** UTF-16 length of the tools' JSON, which is part of the prompt. */
    toolsChars: z.int(),
    /** Results of tools that this request hands to the model. */
    toolResults: z.array(z.object({ callId: z.string(), bytes: z.int() })),
    maxTokens: z.int().nullable(),
  }),
});

export const usageSchema = z.object({
  promptTokens: z.int().nullable(),
  cachedTokens: z.int().nullable(),
  completionTokens: z.int().nullable(),
  reasoningTokens: z.int().nullable(),
  /** Length of the audio, of a call that is charged by it. */
  audioSeconds: z.number().min(0).optional(),
});
export type Usage = z.infer<typeof usageSchema>;

/** The first token of a call's answer has arrived (streams only; for live views). */
export const firstTokenLineSchema = z.object({ type: z.literal('firstToken'), t, id });

export const toolCallSchema = z.object({ callId: z.string(), name: z.string(), argumentBytes: z.int(), arguments: z.string().nullable() });
export type ToolCall = z.infer<typeof toolCallSchema>;

/** A server's own account of one request's time (ms); what it does not tell is null. */
const serverTimes = { queueMs: z.number().nullable(), prefillMs: z.number().nullable(), decodeMs: z.number().nullable() };

/**
 * Where a call's phases are known from, the best first: the server's answer, its own trace of the request, the difference that
 * the request made to its counters, or nothing but the stream's arrival.
 */
export const phaseSourceSchema = z.enum(['answer', 'trace', 'counters', 'stream']);
export type PhaseSource = z.infer<typeof phaseSourceSchema>;

/** The answer is complete, failed, or its client went away. */
export const callEndLineSchema = z.object({
  type: z.literal('callEnd'),
  t,
  id,
  status: statusSchema.exclude(['incomplete']),
  httpStatus: z.int().nullable(),
  error: z.string().nullable(),
  /** Arrival of the response's head. On a streaming server this is not the first token. */
  headersAt: z.number().nullable(),
  /** Arrival of the first event that carries output; null for plain answers. */
  firstTokenAt: z.number().nullable(),
  /** Arrival of every output event, as gaps: the first against firstTokenAt (0), each next against the one before. */
  chunkGaps: z.array(z.number()),
  usage: usageSchema.nullable(),
  usageEvidence: evidenceSchema,
  finishReason: z.string().nullable(),
  toolCalls: z.array(toolCallSchema),
  /** The server's own account of this call, in its answer (vLLM's per-request metrics, llama.cpp's timings, Ollama's durations; the embedded server always). */
  server: z.object({ ...serverTimes, /** Prefill and decode together, of a server that does not tell them apart (TGI). */ inferenceMs: z.number().optional(), evidence: evidenceSchema }).nullable(),
  /** Model named in the answer. */
  model: z.string().nullable(),
  /** The answer's own id, by which traces of the program are joined; recordings of before have none. */
  responseId: z.string().nullable().optional(),
  /** Null where it was not seen: of what was imported. */
  responseBytes: z.int().nullable(),
  /** Answer's text, only when capture is `full`. */
  text: z.string().nullable(),
});

/** What a stretch of the agent's own time was spent on. `backoff`: sleep before a retry, or for a rate limit; `input`: a person at the terminal. */
export const activitySchema = z.enum(['cpu', 'sleep', 'backoff', 'lock', 'socket', 'file', 'process', 'input']);
export type Activity = z.infer<typeof activitySchema>;

export const spanKindSchema = z.enum(['agent', 'step', 'llm', 'tool', 'other']);
export type SpanKind = z.infer<typeof spanKindSchema>;

/**
 * How a span was seen: an HTTP request that is no LLM call, a child process, a function run by an SDK's tool runner or by a
 * framework, one of the program's own functions entered and left, or found on the stack; a wait that was watched; a span of
 * the program's own tracing.
 */
export const spanSourceSchema = z.enum(['http', 'process', 'toolRunner', 'framework', 'function', 'sampled', 'wait', 'otlp']);

/** Something that a hook saw begin inside the program. */
export const spanLineSchema = z.object({
  type: z.literal('span'),
  t,
  id,
  kind: spanKindSchema.exclude(['llm']),
  name: z.string(),
  parent: z.string().nullable(),
  pid: z.int(),
  thread: z.string(),
  frames: z.array(siteSchema),
  unattributed: z.string().nullable(),
  evidence: evidenceSchema,
  source: spanSourceSchema,
  /** The framework that reported it, or whose code was watched: `langgraph 1.0.4`. */
  framework: z.string().nullable(),
  /** Size of a tool's arguments as JSON. */
  argumentBytes: z.int().nullable(),
  /** Kind `other`: what the time went into, where that is known. */
  activity: activitySchema.nullable(),
  /** Short, for people: `GET en.wikipedia.org/w/api.php`, `git status`. Never query values, bodies or headers. */
  detail: z.string().nullable(),
  /** Id of the model's tool call that this answers, when the hook knows it. */
  callId: z.string().nullable(),
  /** `tag` of the last model call before it in the same course of the program (a task, a thread, what follows an `await`). */
  after: z.string().optional(),
});

export const spanEndLineSchema = z.object({
  type: z.literal('spanEnd'),
  t,
  id,
  status: statusSchema.exclude(['incomplete']),
  error: z.string().nullable(),
  resultBytes: z.int().nullable(),
});

/**
 * A span that the program's own tracing exported. Times are of the exporter's wall clock, placed on ours by the wall clock at
 * t = 0: where both are one machine's they are good to a few ms.
 */
export const traceSpanLineSchema = z.object({
  type: z.literal('traceSpan'),
  t,
  end: z.number(),
  /** Hex, as on the wire. */
  traceId: id,
  spanId: id,
  parentSpanId: z.string().nullable(),
  kind: spanKindSchema,
  name: z.string(),
  status: z.enum(['ok', 'error']),
  error: z.string().nullable(),
  pid: z.int().nullable(),
  thread: z.string().nullable(),
  /** What tells exporters apart, whose clocks may differ: host and process. */
  resource: z.string(),
  /** The library that made the span, with its version. */
  scope: z.string(),
  /** The line that the span names as its own. */
  site: siteSchema.nullable(),
  /** It is a request over HTTP, which may be a model's call itself. */
  http: z.boolean(),
  /** Short, for people; as of a span line. */
  detail: z.string().nullable(),
  argumentBytes: z.int().nullable(),
  resultBytes: z.int().nullable(),
  callId: z.string().nullable(),
  /** Kind `llm`: what the instrumentation says of the call. */
  llm: z.object({ model: z.string().nullable(), responseId: z.string().nullable(), usage: usageSchema, stream: z.boolean().nullable() }).nullable(),
  /** A model server's span, of a request or of something else that it did: it is not the program's. `requestId`: the answer's own id, with a number behind it where a request asked for several. */
  server: z.object({ ...serverTimes, requestId: z.string().nullable() }).nullable().optional(),
});

export const gpuStateSchema = z.enum(['prefill', 'decode', 'mixed', 'idle', 'foreign']);
export type GpuState = z.infer<typeof gpuStateSchema>;

/** What the GPU did in [t, end): one engine step, or several alike merged. Gaps between lines are idle. */
export const gpuLineSchema = z.object({
  type: z.literal('gpu'),
  t,
  end: z.number(),
  state: gpuStateSchema,
  /** Sequences in the step's batch. */
  batch: z.int(),
  /** Tokens resident in the KV cache, and its capacity. */
  kvTokens: z.int().nullable(),
  kvCapacityTokens: z.int().nullable(),
  /** Power of all GPUs together. */
  watts: z.number().nullable(),
  /** Each call's share of the work done, by call id; sums to 1. */
  shares: z.record(z.string(), z.number()),
  evidence: evidenceSchema,
});

const counter = z.number().nullable();

/**
 * What a server has counted since it was started, other people's requests included. A counter that is lower than before says
 * that it was started anew.
 */
export const serverCountersSchema = z.object({
  /** Of all prompts, what the cache spared included. */
  promptTokens: counter,
  cachedTokens: counter,
  completionTokens: counter,
  /** Requests that were answered to their end, and the sums of what these waited, had their prompts read and wrote (ms). */
  finished: counter,
  queueMs: counter,
  prefillMs: counter,
  decodeMs: counter,
});
export type ServerCounters = z.infer<typeof serverCountersSchema>;

/** A reading of the server's or the GPU's own instruments. */
/** How busy the GPUs were, 0 to 1; of several the mean. What the instrument does not say is left out. */
export const gpuUtilizationSchema = z.object({
  /** Share of the time in which a kernel ran (NVML's and nvidia-smi's `utilization.gpu`, DCGM's `GPU_UTIL`): says nothing of how much of the GPU it used. */
  busy: z.number().optional(),
  /** Share of the time in which the graphics or compute engine was active (DCGM's `GR_ENGINE_ACTIVE`). */
  engine: z.number().optional(),
  /** Share of cycles in which the tensor cores were active (DCGM's `PIPE_TENSOR_ACTIVE`). */
  tensor: z.number().optional(),
});
export type GpuUtilization = z.infer<typeof gpuUtilizationSchema>;

export const sampleLineSchema = z.object({
  type: z.literal('sample'),
  t,
  /** The server's kind, or the GPU's instrument. */
  source: z.string(),
  running: z.number().nullable(),
  waiting: z.number().nullable(),
  /** Share of KV blocks in use, 0 to 1. */
  kvUse: z.number().nullable(),
  watts: z.number().nullable(),
  /** Energy counter since an arbitrary zero. */
  joules: z.number().nullable(),
  /** `watts` is the mean of this long, with `t` in its middle (ms); left out where it is a momentary reading. */
  overMs: z.number().optional(),
  /** Of each GPU, where `watts` or `joules` are of several; recordings of before have none. `gpu`: its number, as the instrument counts. */
  gpus: z.array(z.object({ gpu: z.int(), watts: z.number().nullable(), joules: z.number().nullable() })).optional(),
  /** Over the time since the reading before, as far as the instrument looks back; recordings of before have none. */
  utilization: gpuUtilizationSchema.optional(),
  /** A server's; recordings of before have none. */
  counters: serverCountersSchema.optional(),
  /** How long the server took to answer, with `t` in its middle (ms): it read its counters somewhere between. Recordings of before have none. */
  tookMs: z.number().optional(),
});

/** A debugger held the program from `t` to `end`: time that is nobody's cost. */
export const pauseLineSchema = z.object({ type: z.literal('pause'), t, end: z.number() });

/** A file that a frame names was read: what its lines were while the program ran. One that changed has a further line. */
export const sourceLineSchema = z.object({
  type: z.literal('source'),
  t,
  /** As sites name it. */
  file: z.string(),
  /** Of its bytes, in hexadecimal. The text lies beside the recording in `sources/`, unless it was not kept. */
  sha256: z.string(),
});

/** The git commit that the program's source was at. */
export const commitLineSchema = z.object({
  type: z.literal('commit'),
  t,
  /** The repository's topmost folder. */
  root: z.string(),
  commit: z.string(),
  /** Whether files that git knows differed from it; null when git did not tell. */
  dirty: z.boolean().nullable(),
});

/** Something the user should know; shown once. `code` is stable, `message` says what, why and what to do. */
export const warningLineSchema = z.object({ type: z.literal('warning'), t, code: z.string(), message: z.string() });

/** What is learned about the backend after the header was written; later lines override earlier ones. */
export const backendLineSchema = z.object({ type: z.literal('backend'), t, backend: backendSchema });

/** The run ended in an orderly way. A file without it is complete up to its last line. */
export const endLineSchema = z.object({
  type: z.literal('end'),
  t,
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
});

export const recordingLineSchema = z.discriminatedUnion('type', [
  headerLineSchema,
  processLineSchema,
  callLineSchema,
  firstTokenLineSchema,
  callEndLineSchema,
  spanLineSchema,
  spanEndLineSchema,
  traceSpanLineSchema,
  gpuLineSchema,
  sampleLineSchema,
  pauseLineSchema,
  sourceLineSchema,
  commitLineSchema,
  warningLineSchema,
  backendLineSchema,
  endLineSchema,
]);
export type RecordingLine = z.infer<typeof recordingLineSchema>;
export type HeaderLine = z.infer<typeof headerLineSchema>;
export type ProcessLine = z.infer<typeof processLineSchema>;
export type CallLine = z.infer<typeof callLineSchema>;
export type CallEndLine = z.infer<typeof callEndLineSchema>;
export type SpanLine = z.infer<typeof spanLineSchema>;
export type SpanEndLine = z.infer<typeof spanEndLineSchema>;
export type TraceSpanLine = z.infer<typeof traceSpanLineSchema>;
export type GpuLine = z.infer<typeof gpuLineSchema>;
export type SampleLine = z.infer<typeof sampleLineSchema>;
export type PauseLine = z.infer<typeof pauseLineSchema>;
export type SourceLine = z.infer<typeof sourceLineSchema>;
export type CommitLine = z.infer<typeof commitLineSchema>;
export type WarningLine = z.infer<typeof warningLineSchema>;

/** Why a file cannot be read as a recording. */
export type RecordingErrorReason = 'empty' | 'notARecording' | 'newerVersion' | 'damaged' | 'tooLarge';

/** Raised for a file that is not a readable recording; `message` names the file and the remedy. */
export class RecordingError extends Error {
  readonly reason: RecordingErrorReason;
  constructor(reason: RecordingErrorReason, message: string) {
    super(message);
    this.name = 'RecordingError';
    this.reason = reason;
  }
  static is(error: unknown, reason?: RecordingErrorReason): error is RecordingError {
    return error instanceof RecordingError && (reason === undefined || error.reason === reason);
  }
}
