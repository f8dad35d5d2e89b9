/** What a recording's thread reads GPU power from. All that is decided before it starts is in the spec, which is plain data. */
import type { GpuUtilization } from '../profile/recordingFormat.ts';
import type { Joules, Milliseconds, Watts } from '../profile/units.ts';

/** Whose lines they are. */
export type PowerCommandFormat = 'nvidia-smi' | 'amd-smi' | 'tegrastats' | 'powermetrics';

/** A command that prints rows for ever, on this machine or through a remote shell. */
export interface PowerCommandSpec {
  kind: 'command';
  /** As the recording's samples name it. */
  source: string;
  format: PowerCommandFormat;
  /** Programs with arguments, by what they ask for: the second is tried where the driver does not know the first. */
  commands: { field: string; argv: string[] }[];
  /** It sends lines back before it begins, by which the way to it is timed. */
  echoes: boolean;
  /** Indexes of the GPUs whose power is added up. */
  gpus: number[];
}

export interface PowerExporterSpec {
  kind: 'exporter';
  source: string;
  url: string;
  gpus: number[];
}

/** Zeus's daemon. `url` without a path. */
export interface PowerZeusSpec {
  kind: 'zeus';
  source: string;
  url: string;
  gpus: number[];
  /** Whether it counts the energy of all of them. */
  hasCounter: boolean;
}

export type PowerSpec = PowerCommandSpec | PowerExporterSpec | PowerZeusSpec;

/** One GPU's part of a reading. */
export interface GpuPower {
  /** As the tool that was read numbers it. */
  gpu: number;
  watts: Watts | null;
  joules: Joules | null;
}

/** Of all GPUs together. `at`: ms of `monotonicMs`. */
export interface PowerReading {
  at: Milliseconds;
  watts: Watts | null;
  joules: Joules | null;
  /** How long a stretch `watts` is the mean of, `at` being its middle; 0: a momentary reading. */
  overMs: Milliseconds;
  /** Of each, where there are several. */
  gpus?: GpuPower[];
  utilization?: GpuUtilization;
}

export interface PowerListener {
  onReading(reading: PowerReading): void;
  /** Something the user should know; `code` is stable. */
  onTrouble(code: string, message: string): void;
}

/** What comes of it that a source is no longer read. */
export const INSTEAD = "Energy comes from the GPU's profile where there is one.";

/** Reads until it is closed. */
export interface PowerReader {
  close(): void;
}

/** The mean of all GPUs, field by field; what is not known of one is left out, and null is all of it. */
export function meanUtilization(each: readonly (GpuUtilization | null)[]): GpuUtilization | null {
  const mean: GpuUtilization = {};
  for (const field of ['busy', 'engine', 'tensor'] as const) {
    const sum = sumOfAll(each.map((gpu) => gpu?.[field] ?? null));
    if (sum !== null) mean[field] = sum / each.length;
  }
  return Object.keys(mean).length === 0 ? null : mean;
}

/** The sum, or null when a part is not known: half of the GPUs' power is nobody's power. */
export function sumOfAll(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return values.length === 0 ? null : sum;
}
