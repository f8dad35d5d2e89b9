/** How busy the GPUs' own instrument says they were, over the run. */
import type { Profile } from '../profile/model.ts';
import type { SampleLine } from '../profile/recordingFormat.ts';
import type { GpuUsed } from '../profile/report.ts';
import type { Milliseconds, Ratio } from '../profile/units.ts';

/** A reading says nothing of what lies further back than this: instruments look back for a second at most, or to their last reading. */
const LONGEST_GAP: Milliseconds = 5000;

/**
 * Each reading is taken for the time since the one before it. Only the source with the most readings counts; null where none says
 * anything. A server's own page that is simulated says so.
 */
export function gpuUsed({ samples, backend }: Pick<Profile, 'samples' | 'backend'>, wallMs: Milliseconds): GpuUsed | null {
  const bySource = new Map<string, SampleLine[]>();
  for (const sample of samples) {
    if (sample.utilization === undefined || sample.t > wallMs) continue;
    const readings = bySource.get(sample.source);
    if (readings === undefined) bySource.set(sample.source, [sample]);
    else if (sample.t > readings.at(-1)!.t) readings.push(sample);
  }
  const [source, readings] = [...bySource].reduce<[string, SampleLine[]]>((most, each) => (each[1].length > most[1].length ? each : most), ['', []]);
  const sums = { busy: new Mean(), engine: new Mean(), tensor: new Mean() };
  let overMs = 0;
  for (let index = 1; index < readings.length; index++) {
    const { t, utilization = {} } = readings[index]!;
    const ms = t - readings[index - 1]!.t;
    if (ms > LONGEST_GAP) continue;
    overMs += ms;
    for (const field of ['busy', 'engine', 'tensor'] as const) sums[field].add(utilization[field], ms);
  }
  if (overMs === 0) return null;
  return { source, evidence: backend.simulated ? 'simulated' : 'measured', readings: readings.length, overMs, busy: sums.busy.value, engine: sums.engine.value, tensor: sums.tensor.value };
}

class Mean {
  #sum = 0;
  #ms: Milliseconds = 0;

  add(value: Ratio | undefined, ms: Milliseconds): void {
    if (value === undefined) return;
    this.#sum += value * ms;
    this.#ms += ms;
  }

  get value(): Ratio | null {
    return this.#ms === 0 ? null : this.#sum / this.#ms;
  }
}
