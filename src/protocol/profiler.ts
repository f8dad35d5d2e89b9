/**
 * The profiler process and its parent (extension or command line).
 *
 * The parent starts `dist/profiler.cjs` with the options as one JSON line on stdin, then sends `ToProfiler`
 * lines there; the profiler answers with `FromProfiler` lines on stdout. Its stderr is for the log.
 * The recording on disk is the truth: messages only say what is new, and are dropped rather than queued
 * when the parent does not read. When the parent goes away, the profiler serves on until the programs that
 * it knows have ended, then closes the recording and exits.
 */
import { z } from 'zod';
import { backendSchema, captureSchema } from '../profile/recordingFormat.ts';
import { storageSchema } from './storage.ts';
import { telemetryChoiceSchema } from './telemetryOption.ts';

/** What is redacted where nobody says anything: keys and tokens are no part of what a recording is for. */
export const DEFAULT_REDACTION: readonly string[] = ['secrets'];

export const profilerOptionsSchema = z.object({
  /** Absolute path of the recording to write; must not exist. */
  out: z.string(),
  name: z.string(),
  command: z.array(z.string()),
  cwd: z.string(),
  capture: captureSchema,
  /** Rules of redaction, each the name of one or `NAME=PATTERN`; `none` alone for none. */
  redact: z.array(z.string()),
  /** Absent: as `PLAIN_STORAGE`. */
  storage: storageSchema.optional(),
  backend: z.discriminatedUnion('kind', [
    /**
     * `replay`: absolute path of a recording whose answers are given again. `tokenizer`: path of a tokenizer.json or its folder, or
     * `estimate`; absent: the model's in Hugging Face's cache, if it is there.
     */
    z.object({ kind: z.literal('sim'), gpu: z.string(), model: z.string(), replay: z.string().optional(), tokenizer: z.string().optional() }),
    z.object({ kind: z.literal('url'), url: z.string() }),
    /** `defaultUrl`: where calls go that do not say where they meant to go. */
    z.object({ kind: z.literal('direct'), defaultUrl: z.string() }),
  ]),
  /** Absolute path of a file with certificates of authorities, in PEM format, that servers' may come from besides those known here. */
  caFile: z.string().nullable().optional(),
  /** Rewrite the model's name in every request. */
  model: z.string().nullable(),
  /** GPU profile (id, name or path of a JSON file) to compute energy with when the backend is real. */
  gpu: z.string().nullable(),
  gpuCount: z.int().min(1),
  /** IP address that the proxy listens on; loopback unless the user asks for more. */
  listen: z.string(),
  /** 0 picks a free port. */
  port: z.int().min(0).max(65535),
  /** What is read of the server and its GPU, besides what passes through the proxy. */
  telemetry: telemetryChoiceSchema,
  /** Which of the machine's GPUs serve the model; null: those that can be told to. */
  gpuIndexes: z.array(z.int().min(0)).min(1).nullable(),
  /** The program is started by a terminal that takes its time: see the header's field of this name. */
  beginsWithProgram: z.boolean().optional(),
});
export type ProfilerOptions = z.infer<typeof profilerOptionsSchema>;

export const toProfilerSchema = z.discriminatedUnion('type', [
  /** A debugger holds the program, or lets it go on: the time in between is nobody's cost. */
  z.object({ type: z.literal('held'), held: z.boolean() }),
  /** The program has ended: finish calls in flight as incomplete, close the recording, exit. */
  z.object({ type: z.literal('stop'), exitCode: z.int().nullable(), signal: z.string().nullable() }),
]);
export type ToProfiler = z.infer<typeof toProfilerSchema>;

export const fromProfilerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    /** `http://127.0.0.1:PORT/TOKEN` */
    routeUrl: z.string(),
    /** Absolute path of the session file (value of AGENT_COST_SESSION). */
    sessionFile: z.string(),
    out: z.string(),
    backend: backendSchema,
  }),
  /** The recording has grown to this many bytes, all of it whole lines. */
  z.object({ type: z.literal('grew'), bytes: z.int() }),
  z.object({ type: z.literal('warning'), code: z.string(), message: z.string() }),
  /** The profiler cannot go on (port taken, unknown profile, …); it exits with 2 after this. */
  z.object({ type: z.literal('fatal'), code: z.string(), message: z.string() }),
  z.object({ type: z.literal('closed'), bytes: z.int() }),
]);
export type FromProfiler = z.infer<typeof fromProfilerSchema>;
