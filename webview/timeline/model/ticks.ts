/** Ticks of the time axis. Their labels need as many decimals as the step asks for, which `formatDuration`'s three digits cannot give. */
import type { Milliseconds } from '../../../src/profile/units.ts';

export interface Tick {
  at: Milliseconds;
  label: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LONG_STEPS = [15_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR];

function stepFor(rough: Milliseconds): Milliseconds {
  if (rough > 10_000) return LONG_STEPS.find((step) => step >= rough) ?? Math.ceil(rough / (24 * HOUR)) * 24 * HOUR;
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((d) => d * power >= rough * 0.999) ?? 10;
  return digit * power;
}

function label(at: Milliseconds, step: Milliseconds): string {
  const inUnit = (unit: number, name: string): string => {
    const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
    return `${(at / unit).toFixed(decimals)} ${name}`;
  };
  if (at === 0) return step >= 100 ? '0 s' : step >= 0.1 ? '0 ms' : '0 µs';
  if (step >= 15_000 && at >= MINUTE) {
    const hours = Math.floor(at / HOUR);
    const minutes = Math.floor((at % HOUR) / MINUTE);
    const seconds = Math.round((at % MINUTE) / 1000);
    if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')}`;
    return seconds === 0 ? `${minutes} min` : `${minutes}:${String(seconds).padStart(2, '0')} min`;
  }
  if (step >= 10 || at >= 10_000) return inUnit(1000, 's');
  return step >= 0.1 || at >= 10 ? inUnit(1, 'ms') : inUnit(0.001, 'µs');
}

/** Round times between `start` and `end`, at least `minGap` pixels apart on an axis of `pixels`. */
export function ticksFor(start: Milliseconds, end: Milliseconds, pixels: number, minGap: number): Tick[] {
  const range = end - start;
  if (!(range > 0) || !(pixels > 0)) return [];
  const step = stepFor((range * minGap) / pixels);
  const ticks: Tick[] = [];
  for (let k = Math.ceil(start / step); k * step <= end && ticks.length < 1000; k++) ticks.push({ at: k * step, label: label(k * step, step) });
  return ticks;
}
