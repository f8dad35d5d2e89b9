/**
 * The report: what `agent-cost report --json` prints, and the one model that all views show.
 *
 * Times in milliseconds from the run's start, energy in watt-hours, money in US dollars. A value that is not
 * known is null, never 0. This schema is a promise to scripts: add freely; change or remove only with a new
 * major version in `REPORT_SCHEMA`.
 */
import { z } from 'zod';
import { energyPolicySchema, gridSchema, overheadSchema } from './accounting.ts';
import { activitySchema, backendSchema, endpointSchema, evidenceSchema, gpuStateSchema, phaseSourceSchema, siteSchema, spanKindSchema, spanSourceSchema, statusSchema, captureSchema } from './recordingFormat.ts';

export const REPORT_SCHEMA = 'agent-cost/report@1';

const n = z.number().nullable();
const count = z.int();

/** How an energy figure was come by: the device's counter, power readings integrated, a GPU profile's model, or the embedded server. */
export const gradeSchema = z.enum(['counter', 'integrated', 'model', 'simulated']);
export type Grade = z.infer<typeof gradeSchema>;

/** What the agent's time outside of calls and tools may have gone into. */
const otherPartSchema = z.enum([...activitySchema.options, 'before', 'after', 'unknown']);
export type OtherPart = z.infer<typeof otherPartSchema>;

const percentiles = z.object({ p50: n, p95: n, p99: n });

export const llmDetailsSchema = z.object({
  model: z.string().nullable(),
  endpoint: endpointSchema,
  path: z.string(),
  stream: z.boolean(),
  queueMs: n,
  prefillMs: n,
  decodeMs: n,
  /** Prefill and decode together, of a server that does not tell them apart (TGI, an answer in one piece); absent elsewhere. */
  inferenceMs: z.number().optional(),
  /** How queue, prefill and decode are known. */
  phaseEvidence: evidenceSchema.nullable(),
  /** Where they are known from; null or absent where they are not. */
  phaseSource: phaseSourceSchema.nullable().optional(),
  ttftMs: n,
  /** Between arrivals of output, which are tokens unless `tokensPerArrival` says otherwise. */
  itlMs: z.object({ p50: n, p95: n, p99: n, max: n }),
  /** How many tokens came at once, in the mean; absent where it was one, and where it is not known. */
  tokensPerArrival: z.number().optional(),
  promptTokens: n,
  cachedTokens: n,
  completionTokens: n,
  reasoningTokens: n,
  /** Length of the audio, of a call that is charged by it. */
  audioSeconds: z.number().optional(),
  /** How the token counts are known. */
  tokenEvidence: evidenceSchema.nullable(),
  finishReason: z.string().nullable(),
  /** Prompt tokens by who wrote them (the paper's Figure 8), scaled from text lengths to promptTokens; output = completionTokens. */
  roles: z.object({ instruction: n, fewShot: n, user: n, llmHistory: n, toolHistory: n, output: n }).nullable(),
  rolesEvidence: evidenceSchema.nullable(),
  energyWh: z.object({ active: n, grade: gradeSchema.nullable(), band: z.tuple([z.number(), z.number()]).nullable() }),
  costUsd: n,
  httpStatus: z.int().nullable(),
  attempt: z.int(),
  /** Id of the failed call that this one tried again. */
  retryOf: z.string().nullable(),
  /** The call whose whole prompt this one's begins with: its conversation goes on here. Absent where none is known. */
  continues: z.string().optional(),
  /** Prompt's last message and the answer's text; only when the recording's capture is `full`. */
  promptText: z.string().nullable(),
  answerText: z.string().nullable(),
  /** Tools that the answer asks for, in its order; `arguments` as the model wrote them, only when capture is `full`. Absent where it asks for none. */
  toolCalls: z.array(z.object({ name: z.string(), arguments: z.string().nullable() })).optional(),
});

export const toolDetailsSchema = z.object({
  name: z.string(),
  callId: z.string().nullable(),
  /** What it did, for people: `GET en.wikipedia.org/w/api.php`. */
  detail: z.string().nullable(),
  resultBytes: n,
  /** Size of the arguments as JSON. */
  argumentBytes: n,
  /** GPU idle time that fell while the agent waited for this tool, and the energy of it: null, too, where the policy charged it to the calls. */
  idleBlameMs: n,
  idleEnergyWh: n,
});

export const reportSpanSchema = z.object({
  id: z.string(),
  parent: z.string().nullable(),
  kind: spanKindSchema,
  name: z.string(),
  startMs: z.number(),
  /** Null while it runs (live views only); a finished report has an end for each, the run's end for incomplete ones. */
  endMs: n,
  status: statusSchema,
  error: z.object({ message: z.string() }).nullable(),
  evidence: evidenceSchema,
  thread: z.string().nullable(),
  pid: z.int().nullable(),
  site: siteSchema.nullable(),
  /** Why `site` is null. */
  unattributed: z.string().nullable(),
  frames: z.array(siteSchema),
  /** How a hook saw it; null for model calls and for what is inferred. */
  source: spanSourceSchema.nullable(),
  /** The framework that it is a part of: `langgraph 1.0.4`. */
  framework: z.string().nullable(),
  /** Kinds `other` and `tool`: what most of the time went into, where that is known. */
  activity: activitySchema.nullable(),
  llm: llmDetailsSchema.nullable(),
  tool: toolDetailsSchema.nullable(),
});
export type ReportSpan = z.infer<typeof reportSpanSchema>;

/**
 * What a line led to: every call with the line anywhere in its chain of the user's frames, those on the line itself included.
 * Tools inside other tools are counted as part of these. Sums of such figures over several lines count calls repeatedly.
 */
export const inclusiveCostSchema = z.object({
  calls: count,
  llmCalls: count,
  toolCalls: count,
  /** Time in which at least one of the calls ran. */
  wallMs: z.number(),
  llmMs: z.number(),
  toolMs: z.number(),
  promptTokens: n,
  cachedTokens: n,
  completionTokens: n,
  energyWh: n,
  idleBlameMs: n,
  idleEnergyWh: n,
  costUsd: n,
});
export type InclusiveCost = z.infer<typeof inclusiveCostSchema>;

/** The figures beside `inclusive` are those of calls on the line itself, where it is the innermost of the user's frames. */
export const reportLineSchema = z.object({
  file: z.string(),
  line: z.int(),
  function: z.string().nullable(),
  /** What happens on the line itself: model calls, tool calls, or both; empty where it only leads to calls further down. */
  kinds: z.array(z.enum(['llm', 'tool'])),
  calls: count,
  llmCalls: count,
  toolCalls: count,
  failed: count,
  llmMs: z.number(),
  toolMs: z.number(),
  p50Ms: n,
  p95Ms: n,
  promptTokens: n,
  cachedTokens: n,
  completionTokens: n,
  /** LLM lines: active energy. Tool lines: null; see idleEnergyWh. */
  energyWh: n,
  grade: gradeSchema.nullable(),
  /** GPU idle while the agent waited here. */
  idleBlameMs: n,
  idleEnergyWh: n,
  costUsd: n,
  ttftMs: z.object({ p50: n, p95: n }),
  inclusive: inclusiveCostSchema,
  /** Weakest evidence among the line's spans, or, where it has none of its own, among those it leads to. */
  evidence: evidenceSchema,
  /** Weakest evidence among the token counts; null or absent where there are none. */
  tokenEvidence: evidenceSchema.nullable().optional(),
  /** Ids of the spans on this line, in order of start. */
  spans: z.array(z.string()),
});
export type ReportLine = z.infer<typeof reportLineSchema>;

/** How busy the GPUs were by their own instrument, as in the recording's `utilization`: means over the time that readings cover, null where it does not say. */
export const gpuUsedSchema = z.object({
  /** What was read. */
  source: z.string(),
  evidence: evidenceSchema,
  readings: count,
  /** Time that they cover. */
  overMs: z.number(),
  busy: n,
  engine: n,
  tensor: n,
});
export type GpuUsed = z.infer<typeof gpuUsedSchema>;

/** What the server's own instruments say of the run. Sums are of what it counted between its first and its last reading, over its restarts. */
export const serverUseSchema = z.object({
  readings: count,
  /** Between two readings while calls ran, in the middle: as long as keeps them to 1 % of one of its cores, and 0.1 s at least. */
  everyMs: n.optional(),
  /** The most that was seen at once, everybody's requests together. */
  mostRunning: n,
  mostWaiting: n,
  mostKvUse: n,
  promptTokens: n,
  cachedTokens: n,
  completionTokens: n,
  /** What others used: requests that ended, and tokens, beyond those of this run; null where it does not count them. */
  foreign: z.object({
    requests: n,
    promptTokens: n,
    completionTokens: n,
    mostRunning: n,
    mostWaiting: n.optional(),
    /**
     * What they took of the GPU while calls of this run were at work there, too, as far as it was seen: time, their mean share of
     * what it did then, and what they are charged of the energy, which is in `totals.energyWh.foreign`.
     */
    beside: z.object({ ms: z.number(), share: n, energyWh: n, evidence: evidenceSchema }).nullable().optional(),
  }),
});
export type ServerUse = z.infer<typeof serverUseSchema>;

export const reportSchema = z.object({
  schema: z.literal(REPORT_SCHEMA),
  run: z.object({
    id: z.string(),
    name: z.string(),
    command: z.array(z.string()),
    cwd: z.string(),
    startedAt: z.string(),
    exitCode: z.int().nullable(),
    signal: z.string().nullable(),
    complete: z.boolean(),
    /** Still being recorded. */
    live: z.boolean(),
    capture: captureSchema,
    /** Where a debugger held the program, on the run's clock (which stands meanwhile), and for how long. In no other figure. */
    pauses: z.array(z.object({ atMs: z.number(), ms: z.number() })),
    /** The files that sites name, as they were while the program ran: SHA-256 of their bytes. One that changed meanwhile is there again, later. */
    sources: z.array(z.object({ file: z.string(), sha256: z.string() })),
    /** The git commit that they were at; `dirty`: files differed from it, null where that is not known. Null: no repository, or not known. */
    commit: z.object({ root: z.string(), id: z.string(), dirty: z.boolean().nullable() }).nullable(),
  }),
  backend: backendSchema,
  accounting: z.object({
    /** How energy is charged: `energyWh` of calls and lines, `idleEnergyWh`, and the totals' parts go by it. */
    policy: energyPolicySchema,
    /** What `totals.footprint` covers: `GPU`, `GPU + host`, `GPU + host + data centre`. All other energy is the GPUs' alone. */
    boundary: z.string(),
    overheads: z.array(overheadSchema),
    grid: gridSchema.nullable(),
    /** What money rests on: prices of GPU hours and of hosted APIs. */
    prices: z.array(z.object({ name: z.string(), source: z.string() })),
    /** Of all GPUs together, working or not; null or absent where it is not known, and where all calls went to hosted APIs. */
    gpuUsdPerHour: n.optional(),
  }),
  /** Null or absent where the server was not read. */
  server: serverUseSchema.nullable().optional(),
  totals: z.object({
    wallMs: z.number(),
    requests: count,
    /** How the grouping into requests is known. */
    requestsEvidence: evidenceSchema,
    llmCalls: count,
    toolCalls: count,
    failedCalls: count,
    /** Calls that tried a failed one again. */
    retriedCalls: count,
    promptTokens: n,
    cachedTokens: n,
    completionTokens: n,
    reasoningTokens: n,
    ttftMs: percentiles,
    itlMs: percentiles,
    /** Union over the run: llm = only LLM calls in flight, tool = only tools, overlap = both, other = neither. Sums to wallMs. */
    agentMs: z.object({ llm: z.number(), tool: z.number(), overlap: z.number(), other: z.number() }),
    /** What `agentMs.other` went into, as far as it was seen: sums to it. What was not is before the first call or tool, after the last one, or unknown. */
    otherMs: z.record(otherPartSchema, z.number()),
    /** Union over the run; sums to wallMs. `foreign`, others' work while none of the run's own was under way, is null where nothing tells (then it hides in the other states). */
    gpuMs: z.object({ prefill: n, decode: n, mixed: n, foreign: n, idle: n }),
    gpuEvidence: evidenceSchema.nullable(),
    /** What the GPUs' instrument said of how busy they were, mean over the time that it was read; null or absent where it says nothing. */
    gpuUtilization: gpuUsedSchema.nullable().optional(),
    /** `foreign`: what others drew alone, and their share of what they drew beside the run's calls. */
    energyWh: z.object({
      active: n,
      idle: n,
      foreign: n,
      total: n,
      grade: gradeSchema.nullable(),
      band: z.tuple([z.number(), z.number()]).nullable(),
      /** How far apart moments must be for the GPUs' readings to tell them apart; absent where power was not read. */
      resolutionMs: z.number().optional(),
    }),
    /** Energy within the boundary (`accounting.boundary`), foreign left out, and its carbon in g CO2e; null without a grid. */
    footprint: z.object({ energyWh: n, carbonG: n }),
    costUsd: n,
  }),
  spans: z.array(reportSpanSchema),
  lines: z.array(reportLineSchema),
  /**
   * By name. What runs inside of a tool is part of its row, but for the tools of an agent that it runs: these have rows of their own, and
   * their idle time and energy there alone.
   */
  tools: z.array(
    z.object({
      name: z.string(),
      calls: count,
      errors: count,
      totalMs: z.number(),
      p50Ms: n,
      p95Ms: n,
      idleBlameMs: n,
      idleEnergyWh: n,
      evidence: evidenceSchema,
    }),
  ),
  /**
   * What the program did between its calls, by function, the longest (itself) first. Functions that are tools, or run inside of
   * one, are not in it.
   */
  functions: z.array(
    z.object({
      name: z.string(),
      /** Where it is defined, or, for what a function that leads to model calls did itself, the line. */
      site: siteSchema.nullable(),
      calls: count,
      errors: count,
      /** Sum of its runs, also where they overlap; what it did when it called itself is in the run that did so. */
      totalMs: z.number(),
      /** Without the functions that it called, as far as these were seen. */
      selfMs: z.number(),
      /** Mean of its runs, also where they overlap. */
      meanMs: z.number(),
      p50Ms: n,
      p95Ms: n,
      /** What most of the time went into. */
      activity: activitySchema.nullable(),
      idleBlameMs: n,
      idleEnergyWh: n,
      evidence: evidenceSchema,
      /** Ids of its spans, in order of start. */
      spans: z.array(z.string()),
    }),
  ),
  findings: z.array(
    z.object({
      rule: z.string(),
      severity: z.enum(['info', 'warning']),
      message: z.string(),
      site: siteSchema.nullable(),
      spans: z.array(z.string()),
      saves: z.object({ ms: n, energyWh: n, usd: n }),
      evidence: evidenceSchema,
    }),
  ),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type Report = z.infer<typeof reportSchema>;
export type ReportTool = Report['tools'][number];
export type ReportFunction = Report['functions'][number];
export type Totals = Report['totals'];

/** One stretch of the GPU lane: contiguous over the run, idle included. */
export const gpuSegmentSchema = z.object({
  startMs: z.number(),
  endMs: z.number(),
  state: gpuStateSchema,
  batch: z.int(),
  kvTokens: z.number().nullable(),
  kvCapacityTokens: z.number().nullable(),
  /** Power of all GPUs together, null where unknown. */
  watts: z.number().nullable(),
  /** LLM spans that had work in it: the earliest 64, and how many more. */
  spans: z.array(z.string()),
  moreSpans: z.int().optional(),
  /** Idle only: the span that the agent was waiting for. */
  blamedOn: z.string().nullable(),
  /** Others' requests that shared it with the spans: how many at least, on average, and their share of what the GPU did. */
  others: z.object({ requests: z.number(), share: z.number(), evidence: evidenceSchema }).optional(),
});
export type GpuSegment = z.infer<typeof gpuSegmentSchema>;

/** A part of the GPU's track: one of several servers, or one of several GPUs. */
export const gpuPartSchema = z.object({
  /** The same for the same server or GPU in every run. */
  key: z.string(),
  kind: z.enum(['server', 'gpu']),
  name: z.string(),
  /** What it stands in, and what that is called. */
  group: z.object({ key: z.string(), name: z.string() }),
  /** Of its states. */
  evidence: evidenceSchema,
  /** Of its watts; null where these are not known. */
  grade: gradeSchema.nullable(),
  /** Of its readings, as in `totals.energyWh`. */
  resolutionMs: z.number().optional(),
  /** False: which server used it is not known, and states and batch are those of all servers together. */
  ownStates: z.boolean(),
  /** Contiguous over the run, as the whole track is. */
  gpu: z.array(gpuSegmentSchema),
});
export type GpuPart = z.infer<typeof gpuPartSchema>;
