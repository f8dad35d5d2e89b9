/** Figures of findings as people read them. */
import type { Estimate } from '../statistics.ts';

/** Four digits, and thousands apart; `–` for what is not known. */
export function digits(value: number | null): string {
  if (value === null) return '–';
  if (Math.abs(value) >= 10_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(4)));
}

/** With the 95 % confidence interval's half width, where there is one. */
export function withMargin(estimate: Estimate | null): string {
  if (estimate === null) return '–';
  const { mean, margin } = estimate;
  return margin === null || margin === 0 ? digits(mean) : `${digits(mean)} ±${String(Number(margin.toPrecision(2)))}`;
}

/** `+12 %`; `–` for what is not known. */
export function percentOff(error: number | null): string {
  if (error === null) return '–';
  const percent = 100 * error;
  const text = Math.abs(percent) < 10 ? percent.toFixed(1) : percent.toFixed(0);
  return `${percent > 0 ? '+' : ''}${text} %`;
}
