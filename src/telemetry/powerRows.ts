/** What commands that print power for ever have in common, and which of them reads which lines. */
import type { GpuUtilization } from '../profile/recordingFormat.ts';
import type { Milliseconds, Watts } from '../profile/units.ts';
import { AmdRows } from './amdSmi.ts';
import { NvidiaRows } from './nvidiaRows.ts';
import { PowermetricsRows } from './powermetrics.ts';
import type { GpuPower, PowerCommandFormat } from './powerSource.ts';
import { TegraRows } from './tegrastats.ts';

/** `at`: what moment, on our clock, the watts are of; where they are a mean, its middle. `gpus`: of each, where there are several. */
export type SumListener = (at: Milliseconds, watts: Watts | null, overMs: Milliseconds, gpus?: GpuPower[], utilization?: GpuUtilization | null) => void;

export interface PowerRows {
  /** How long lines take to come here. */
  setDelay(delayMs: Milliseconds): void;
  /** @returns whether the line is one of its own, and no complaint. `now`: when it came, on our clock */
  take(line: string, now: Milliseconds): boolean;
}

export function powerRows(format: PowerCommandFormat, field: string, gpus: readonly number[], onSum: SumListener): PowerRows {
  switch (format) {
    case 'nvidia-smi':
      return new NvidiaRows(field, gpus, onSum);
    case 'amd-smi':
      return new AmdRows(gpus, onSum);
    case 'tegrastats':
      return new TegraRows(onSum);
    case 'powermetrics':
      return new PowermetricsRows(onSum);
  }
}
