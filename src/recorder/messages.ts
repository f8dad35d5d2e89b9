/**
 * What the profiler's two threads tell each other. The serving thread forwards and takes time stamps; all that
 * can wait (parsing, source maps, the disk) is done in the recorder's thread.
 *
 * Every `at` is in ms of `monotonicMs`.
 */
import type { Backend, CallEndLine, Capture, Endpoint, GpuState, HeaderLine } from '../profile/recordingFormat.ts';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import type { Storage } from '../protocol/storage.ts';
import type { ServerTimes } from '../proxy/usage.ts';
import type { MetricsPage } from '../telemetry/metricsPage.ts';
import type { PowerSpec } from '../telemetry/powerSource.ts';

/** Where something stands in a batch's bytes: [start, end). */
export interface ByteRange {
  start: number;
  end: number;
}

/** A request's head and body have arrived. */
export interface CallBegun {
  type: 'begun';
  /** Number of the call in this session; its id in the recording is `callId(call)`. */
  call: number;
  at: Milliseconds;
  endpoint: Endpoint;
  method: string;
  path: string;
  /** Value of the hook's header, as received. */
  tag: string | null;
  /** Value of the program's header, as received. */
  program: string | null;
  attempt: number;
  /** Value of the W3C header `traceparent`, as received. */
  traceparent: string | null;
  /** Base URL of the server that it goes to. */
  upstream: string;
  stream: boolean;
  bytes: Bytes;
  /** The request's JSON; null when it is not looked into. */
  body: ByteRange | null;
}

export interface CallHead {
  type: 'head';
  call: number;
  at: Milliseconds;
  status: number;
  contentType: string | null;
  contentEncoding: string | null;
  chunked: boolean;
  /** What the server of a WebSocket agreed to (`permessage-deflate`), where the connection is one. */
  extensions?: string | null;
  /** The server's own account of its time, where its head has one. */
  serverTimes: ServerTimes | null;
}

/** In a batch's `reads`, each read of an answer takes so many numbers: its call, when it came, how many bytes it brought. */
export const READ_COLUMNS = 3;

/** `count` reads of answers, of one or many calls, as they came, framing included: the batch's reads from `first` on, whose bytes stand one after the other from `start` on. */
export interface Reads {
  type: 'reads';
  first: number;
  count: number;
  start: number;
}

export interface CallEnded {
  type: 'ended';
  call: number;
  at: Milliseconds;
  status: CallEndLine['status'];
  httpStatus: number | null;
  error: string | null;
  bytes: Bytes;
}

/** The largest export that is taken. OTLP sets no limit of its own over HTTP; batches are of some hundred spans. */
export const MAX_EXPORT_BYTES: Bytes = 64 * 1024 * 1024;

export type OtlpSignal = 'traces' | 'logs' | 'metrics';

/** An export of the program's own tracing has arrived. */
export interface OtlpArrived {
  type: 'otlp';
  /** Names it in the answer, `otlpTaken`. */
  request: number;
  /** Null where the exporter's address names none. */
  signal: OtlpSignal | null;
  contentType: string | null;
  contentEncoding: string | null;
  body: ByteRange;
}

/** What the exporter is told. `rejected`: spans that cannot be used, out of an export that was taken otherwise. */
export type OtlpOutcome = { taken: true; rejected: number; message: string } | { taken: false; status: 400 | 413 | 415; message: string };

/** What the embedded server's GPU did. Times are hrtime in ns. */
export interface GpuSegment {
  startNs: bigint;
  endNs: bigint;
  state: GpuState;
  batch: number;
  kvTokens: number | null;
  kvCapacityTokens: number | null;
  watts: number | null;
  shares: Record<string, number>;
}

export type ToRecorder =
  | CallBegun
  | CallHead
  | Reads
  /** No more of this call's answer is handed over: the recorder does not keep up. */
  | { type: 'unread'; call: number }
  | CallEnded
  | OtlpArrived
  | { type: 'gpu'; segment: GpuSegment }
  | { type: 'warning'; at: Milliseconds; code: string; message: string }
  /** A debugger held the program. */
  | { type: 'pause'; from: Milliseconds; to: Milliseconds }
  | { type: 'stop'; at: Milliseconds; exitCode: number | null; signal: string | null };

/** Messages in order, and the reads and bytes that they speak of, in buffers that change hands without a copy. */
export interface RecorderBatch {
  messages: ToRecorder[];
  reads: Float64Array;
  bytes: Uint8Array;
}

export type FromRecorder =
  /** The recording is open, or cannot be and calls go unrecorded. */
  | { type: 'opened' }
  | { type: 'openFailed'; code: string; message: string }
  | { type: 'grew'; bytes: Bytes }
  | { type: 'warning'; code: string; message: string }
  /** A program of the session has shown itself. */
  | { type: 'process'; pid: number }
  | { type: 'otlpTaken'; request: number; outcome: OtlpOutcome }
  /** Batches that held so many bytes have been taken. */
  | { type: 'taken'; bytes: Bytes }
  | { type: 'closed'; bytes: Bytes };

/** What the recorder's thread is started with. */
export interface RecorderOptions {
  out: string;
  header: HeaderLine;
  backend: Backend;
  capture: Capture;
  /** Rules of redaction; see `redaction/rules.ts`. */
  redact: readonly string[];
  storage: Storage;
  /** `monotonicMs` at t = 0. */
  startedAt: Milliseconds;
  /** Wall clock at t = 0, ms since 1970. */
  startedAtEpoch: Milliseconds;
  eventsDir: string;
  /** The server's Prometheus metrics to poll while calls run, or null. */
  metrics: MetricsPage | null;
  /** Where the GPUs' power is read for the whole of the recording, or null. */
  power: PowerSpec | null;
}

/** A call's id in the recording, and in what the embedded server says about it. */
export function callId(call: number): string {
  return `c${call}`;
}
