/**
 * What passes between the profiler process and the hooks inside the user's programs.
 *
 * Down: the environment variable `AGENT_COST_SESSION` names the session file, the hook's lease.
 * A hook that finds no such file does nothing at all.
 * Up, with each LLM request: the header `x-agent-cost-call` (a `CallTag` as JSON of ASCII letters alone).
 * Up, for all else: `HookEvent` lines that the hook appends to `events-<pid>-<n>.ndjson` in the session's
 * folder with one synchronous write each. A full or missing disk costs the event, never the host.
 *
 * The proxy removes every `x-agent-cost-*` header before it sends a request on.
 */
import { z } from 'zod';
import { activitySchema, siteSchema, spanSourceSchema } from '../profile/recordingFormat.ts';

export const SESSION_ENV = 'AGENT_COST_SESSION';
export const CALL_HEADER = 'x-agent-cost-call';
/** Base URL that the program meant, when the hook redirected it: all before the endpoint, `https://api.openai.com/v1`. */
export const ORIGIN_HEADER = 'x-agent-cost-origin';
/** Name of the program, in a header that SDKs send by themselves (`OPENAI_CUSTOM_HEADERS`): all that is known of one without a hook. */
export const PROGRAM_HEADER = 'x-agent-cost-program';
/** The tag is cut (outermost frames first) to stay below this many characters. */
export const CALL_TAG_LIMIT = 6000;

export const sessionFileSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  /** `http://127.0.0.1:PORT/TOKEN`; a program's `/v1/chat/completions` goes to `${routeUrl}/v1/chat/completions`. */
  routeUrl: z.string(),
  /** Folder for event files: the session file's own. */
  eventsDir: z.string(),
  /** Where calls end up: the embedded server, one fixed server, or where the program sent them. */
  backend: z.enum(['sim', 'fixed', 'direct']),
  /** Base URL (`…/v1`) of the fixed server: where a hook goes when the profiler is gone. Null for sim and direct. */
  fallbackUrl: z.string().nullable(),
  profilerPid: z.int(),
});
export type SessionFile = z.infer<typeof sessionFileSchema>;

/** What a hook says about an LLM request. */
export const callTagSchema = z.object({
  v: z.literal(1),
  /** Unique in the session: `<pid>-<thread>-<n>`. Retries of one SDK call have ids of their own. */
  id: z.string(),
  pid: z.int(),
  /** `main`, or the worker's or thread's name. */
  thread: z.string(),
  frames: z.array(siteSchema),
  /** Why there are no frames; null when there are. */
  unattributed: z.string().nullable(),
  parent: z.string().nullable(),
  /** Events of this process that could not be written so far; left out where there are none. */
  dropped: z.int().optional(),
});
export type CallTag = z.infer<typeof callTagSchema>;

/** The tag in a header; null for what is none. */
export function readCallTag(header: string): CallTag | null {
  try {
    return callTagSchema.parse(JSON.parse(header));
  } catch {
    return null;
  }
}

/** Times (`t`) are milliseconds of the process's own monotonic clock: hrtime in Node, monotonic_ns in Python. */
const t = z.number();

export const hookEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    t,
    /** The wall clock at the same instant, ms since 1970, to place clocks that do not share their zero. */
    epochMs: z.number(),
    pid: z.int(),
    ppid: z.int().nullable(),
    runtime: z.enum(['node', 'python']),
    runtimeVersion: z.string(),
    argv: z.array(z.string()),
    cwd: z.string(),
  }),
  z.object({
    type: z.literal('span'),
    t,
    id: z.string(),
    kind: z.enum(['agent', 'step', 'tool', 'other']),
    name: z.string(),
    parent: z.string().nullable(),
    thread: z.string(),
    frames: z.array(siteSchema),
    unattributed: z.string().nullable(),
    source: spanSourceSchema,
    framework: z.string().nullable().default(null),
    argumentBytes: z.int().nullable().default(null),
    activity: activitySchema.nullable().default(null),
    evidence: z.enum(['measured', 'sampled']).default('measured'),
    detail: z.string().nullable(),
    callId: z.string().nullable(),
    /** Tag of the model call after which it began, in the same course of the program; left out where there is none. */
    after: z.string().optional(),
  }),
  z.object({
    type: z.literal('spanEnd'),
    t,
    id: z.string(),
    status: z.enum(['ok', 'error', 'cancelled']),
    error: z.string().nullable(),
    resultBytes: z.int().nullable(),
  }),
  /** What a notebook's cell holds that frames name: it is in no file. */
  z.object({ type: z.literal('cell'), t, file: z.string(), text: z.string() }),
  /** Something the user should know, such as a call that could not be routed. */
  z.object({ type: z.literal('note'), t, code: z.string(), message: z.string() }),
  z.object({ type: z.literal('bye'), t, dropped: z.int() }),
]);
export type HookEvent = z.infer<typeof hookEventSchema>;
/** As hooks write it: what has a default may be left out. */
export type WrittenHookEvent = z.input<typeof hookEventSchema>;
