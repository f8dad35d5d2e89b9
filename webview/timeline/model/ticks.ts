/** Ticks of the time axis and of the power scale. The axis' labels need as many decimals as the step asks for, which `formatDuration`'s three digits cannot give. */
import { decimalSign, localNumber } from '../../../src/profile/language.ts';
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

/** From a minute on: `2 min`, `1 h 30`, and with smaller steps `2:05 min`, `1:00:10.5 h`. */
function clock(at: Milliseconds, step: Milliseconds): string {
  const hours = Math.floor(at / HOUR);
  const minutes = Math.floor((at % HOUR) / MINUTE);
  if (step % MINUTE === 0) return hours > 0 ? `${hours} h ${String(minutes).padStart(2, '0')}` : `${minutes} min`;
  const decimals = Math.max(0, -Math.floor(Math.log10(step / 1000) + 1e-9));
  const seconds = ((at % MINUTE) / 1000).toFixed(decimals).padStart(decimals === 0 ? 2 : decimals + 3, '0');
  const [whole = '', rest] = seconds.split('.');
  const text = rest === undefined ? whole : `${whole}${decimalSign()}${rest}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${text} h` : `${minutes}:${text} min`;
}

function label(at: Milliseconds, step: Milliseconds): string {
  const inUnit = (unit: number, name: string): string => {
    const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
    return `${localNumber((at / unit).toFixed(decimals))} ${name}`;
  };
  if (at === 0) return step >= 100 ? '0 s' : step >= 0.1 ? '0 ms' : '0 µs';
  if (at >= MINUTE) return clock(at, step);
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

/** A round scale for values up to `value`: its top and the values to write beside it. */
export function roundScale(value: number): { most: number; ticks: number[] } {
  if (!(value > 0)) return { most: 0, ticks: [] };
  const rough = value / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((digit) => digit * power >= rough) ?? 10) * power;
  const steps = Math.max(1, Math.ceil((value * 1.02) / step));
  return { most: steps * step, ticks: Array.from({ length: steps - 1 }, (_, k) => (k + 1) * step) };
}
