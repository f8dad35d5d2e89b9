/**
 * The one place where numbers become text: the terminal, lenses, the timeline and findings all use it.
 *
 * Three significant digits, no trailing zeros, the unit always there. A value that is not known is `–`. Signs within
 * numbers are those of the language that is spoken; units and their prefixes are the SI's in all of them.
 */
import * as l10n from '@vscode/l10n';
import { formatCount } from './formatCount.ts';
import { localDollars, localNumber } from './language.ts';
import type { Evidence } from './recordingFormat.ts';
import type { ReportLine } from './report.ts';
import type { Bytes, Milliseconds, Ratio, Tokens, UsDollars, WattHours, Watts } from './units.ts';

export const UNKNOWN_TEXT = '–';

type Known<Value> = Value | null;
type Scale = readonly (readonly [unit: string, size: number])[];

const CARBON: Scale = [['µg', 1e-6], ['mg', 1e-3], ['g', 1], ['kg', 1e3], ['t', 1e6]];
const POWER: Scale = [['mW', 1e-3], ['W', 1], ['kW', 1e3], ['MW', 1e6], ['GW', 1e9]];
const BYTES: Scale = [['B', 1], ['kB', 1e3], ['MB', 1e6], ['GB', 1e9]];
const SHORT_TIME: Scale = [['µs', 1e-3], ['ms', 1], ['s', 1e3]];
const ENERGY: Scale = [['µWh', 1e-6], ['mWh', 1e-3], ['Wh', 1], ['kWh', 1e3], ['MWh', 1e6], ['GWh', 1e9]];
/** Below this many watt-hours the milliwatt-hour reads better (`12 mWh`); from here on `0.02 Wh` does. */
const SMALLEST_WATT_HOURS = 0.02;

/** `1.2`, `12.1`, `121`, `1210`: three significant digits, whole numbers kept whole. */
function threeDigits(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Picks the largest unit in which the rounded value is at least 1, the smallest one for anything below. */
function scaled(value: number, scale: Scale): string {
  for (let index = scale.length - 1; index > 0; index--) {
    const step = scale[index];
    if (step !== undefined && Number((Math.abs(value) / step[1]).toPrecision(3)) >= 1) return `${localNumber(threeDigits(value / step[1]))} ${step[0]}`;
  }
  const smallest = scale[0];
  if (smallest === undefined) return UNKNOWN_TEXT;
  const rounded = threeDigits(value / smallest[1]);
  return rounded < 0.01 ? `<${localNumber('0.01')} ${smallest[0]}` : `${localNumber(rounded)} ${smallest[0]}`;
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}

/** `95 µs`, `840 ms`, `1.21 s`, `2 min 03 s`, `1 h 02 min`. */
export function formatDuration(duration: Known<Milliseconds>): string {
  if (duration === null) return UNKNOWN_TEXT;
  if (duration === 0) return '0 s';
  if (duration < 0) return `-${formatDuration(-duration)}`;
  if (Number((duration / 1000).toPrecision(3)) < 60) return scaled(duration, SHORT_TIME);
  const seconds = Math.round(duration / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${padded(seconds % 60)} s`;
  const minutes = Math.round(duration / 60_000);
  return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
}

/** `210`, `1.3k`, `12.1k`, `121k`, `1.2M`: without the word, which the place says. */
export function formatTokens(tokens: Known<Tokens>): string {
  if (tokens === null) return UNKNOWN_TEXT;
  const rounded = Math.round(tokens);
  if (rounded < 1000) return localNumber(rounded);
  const thousands = tokens < 999_500;
  const value = tokens / (thousands ? 1e3 : 1e6);
  return `${localNumber(value < 99.95 ? Number(value.toFixed(1)) : Math.round(value))}${thousands ? 'k' : 'M'}`;
}

/** `12 mWh`, `0.12 Wh`, `1.2 kWh`. */
export function formatEnergy(energy: Known<WattHours>): string {
  if (energy === null) return UNKNOWN_TEXT;
  if (energy === 0) return '0 Wh';
  if (energy < 0) return `-${formatEnergy(-energy)}`;
  return energy >= SMALLEST_WATT_HOURS && energy < 1 ? `${localNumber(threeDigits(energy))} Wh` : scaled(energy, ENERGY);
}

/** `370 mg CO₂e`, `1.2 kg CO₂e`. */
export function formatCarbon(grams: number | null): string {
  if (grams === null) return UNKNOWN_TEXT;
  return `${grams === 0 ? '0 g' : scaled(grams, CARBON)} CO₂e`;
}

/** `272 W`, `1.43 kW`. */
export function formatPower(power: Known<Watts>): string {
  if (power === null) return UNKNOWN_TEXT;
  return power === 0 ? '0 W' : scaled(power, POWER);
}

/** `72 %`; below one percent `0.4 %`. */
export function formatPercent(ratio: Known<Ratio>): string {
  if (ratio === null) return UNKNOWN_TEXT;
  const percent = ratio * 100;
  if (percent === 0 || percent >= 1) return `${localNumber(Math.round(percent))} %`;
  return percent < 0.1 ? `<${localNumber('0.1')} %` : `${localNumber(percent.toFixed(1))} %`;
}

/** `$1.23`, `$0.0123`, `$0.000012`: below a cent two digits are enough. */
export function formatUsd(amount: Known<UsDollars>): string {
  if (amount === null) return UNKNOWN_TEXT;
  if (amount === 0) return localDollars('0');
  if (amount < 0) return `-${formatUsd(-amount)}`;
  if (amount < 1e-6) return `<${localDollars(localNumber('0.000001'))}`;
  return localDollars(localNumber(dollarDigits(amount)));
}

function dollarDigits(amount: number): string {
  if (amount < 0.01) return trimZeros(amount.toFixed(Math.ceil(-Math.log10(amount)) + 1));
  if (amount < 1) return trimZeros(amount.toPrecision(3));
  return amount < 1000 ? amount.toFixed(2) : String(Math.round(amount));
}

function trimZeros(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

/** `512 B`, `1.8 kB` (decimal units). */
export function formatBytes(bytes: Known<Bytes>): string {
  if (bytes === null) return UNKNOWN_TEXT;
  return bytes === 0 ? '0 B' : scaled(bytes, BYTES);
}

/** `1.68 s per call`, `15.1 s total`; of a single call neither. */
export function scopedText(text: string, calls: number, scope: 'perCall' | 'total'): string {
  if (calls <= 1) return text;
  return scope === 'perCall' ? l10n.t('{0} per call', text) : l10n.t('{0} total', text);
}

export interface LensOptions {
  /** Means over the line's calls, or sums. */
  show: 'perCall' | 'total';
  cost: 'energy' | 'money';
}

/** An editor's line has room for little more; the example of the design (67 characters) still fits. */
const LONGEST_LENS = 72;

interface Field {
  text: string;
  /** Higher ones go first when the lens is too long; 0 always stays. */
  expendable: number;
}

/**
 * `⚡ 1.68 s · 1.3k→210 tok · 72 % cached · 0.12 Wh per call · 9 calls` for a line that calls a model,
 * `⚒ 1.22 s per call · GPU idle 1.19 s, 0.02 Wh · 4 calls` for a tool's,
 * `⚡ 15.1 s · 12.1k→1.9k tok · 1.11 Wh · 9 calls inside` for one that leads to calls further down.
 *
 * `~` before a number means inferred or estimated, `sim` that it comes from the embedded server. Fields that
 * are not known are left out; when the text gets too long, the least important fields go.
 */
export function formatLens(line: ReportLine, options: LensOptions): string {
  const leads = line.calls === 0;
  const fields = leads ? inclusiveFields(line, options) : line.llmCalls > 0 ? llmFields(line, options) : toolFields(line, options);
  const icon = (leads ? line.inclusive.llmCalls : line.llmCalls) > 0 ? '⚡' : '⚒';
  const text = (): string => `${icon} ${fields.map((field) => field.text).join(' · ')}`;
  while (text().length > LONGEST_LENS) {
    const most = Math.max(...fields.map((field) => field.expendable));
    if (most === 0) break;
    fields.splice(fields.findIndex((field) => field.expendable === most), 1);
  }
  return text();
}

function llmFields(line: ReportLine, options: LensOptions): Field[] {
  const perCall = options.show === 'perCall';
  const share = (value: number | null): number | null => (value !== null && perCall ? value / line.llmCalls : value);
  const guessed = isGuess(line.evidence) ? '~' : '';
  const tokensGuessed = isGuess(line.tokenEvidence) ? '~' : '';
  const fields: Field[] = [{ text: guessed + formatDuration(share(line.llmMs)), expendable: 0 }];
  if (line.promptTokens !== null || line.completionTokens !== null) {
    fields.push({ text: `${tokensGuessed}${formatTokens(share(line.promptTokens))}→${formatTokens(share(line.completionTokens))} tok`, expendable: 2 });
  }
  if (line.cachedTokens !== null && line.promptTokens !== null && line.promptTokens > 0) {
    fields.push({ text: l10n.t`${formatPercent(line.cachedTokens / line.promptTokens)} cached`, expendable: 3 });
  }
  const scoped = (text: string): string => scopedText(text, line.llmCalls, options.show);
  const simulated = line.evidence === 'simulated' || line.grade === 'simulated';
  const cost = options.cost === 'energy' ? line.energyWh : line.costUsd;
  if (cost !== null) {
    fields.push({ text: scoped(`${costText(share(cost), line, options)}${simulated ? ' sim' : ''}`), expendable: 0 });
  } else {
    const first = fields[0];
    if (first !== undefined) first.text = scoped(first.text);
    if (simulated) fields.push({ text: 'sim', expendable: 0 });
  }
  fields.push({ text: formatCount(line.llmCalls, 'call'), expendable: 1 });
  return fields;
}

/** A line that only leads to calls: what came of it in all, for how often it ran is not known. */
function inclusiveFields(line: ReportLine, options: LensOptions): Field[] {
  const { llmCalls, toolCalls, calls, wallMs, promptTokens, completionTokens, energyWh, costUsd, idleBlameMs, idleEnergyWh } = line.inclusive;
  const guessed = isGuess(line.evidence) ? '~' : '';
  const fields: Field[] = [{ text: `${guessed}${formatDuration(wallMs)}`, expendable: 0 }];
  const simulated = line.evidence === 'simulated' || line.grade === 'simulated';
  if (llmCalls > 0) {
    if (promptTokens !== null || completionTokens !== null) fields.push({ text: `${isGuess(line.tokenEvidence) ? '~' : ''}${formatTokens(promptTokens)}→${formatTokens(completionTokens)} tok`, expendable: 2 });
    const cost = options.cost === 'energy' ? energyWh : costUsd;
    if (cost !== null) fields.push({ text: `${costText(cost, line, options)}${simulated ? ' sim' : ''}`, expendable: 0 });
    else if (simulated) fields.push({ text: 'sim', expendable: 0 });
  } else if (idleBlameMs !== null && idleBlameMs > 0) {
    const cost = options.cost === 'energy' ? idleEnergyWh : costUsd;
    fields.push({ text: l10n.t('GPU idle {0}', `${formatDuration(idleBlameMs)}${cost === null ? '' : `, ${costText(cost, line, options)}`}${simulated ? ' sim' : ''}`), expendable: 2 });
  }
  fields.push({ text: l10n.t`${formatCount(llmCalls > 0 && toolCalls === 0 ? llmCalls : calls, 'call')} inside`, expendable: 0 });
  return fields;
}

function isGuess(evidence: Evidence | null | undefined): boolean {
  return evidence === 'inferred' || evidence === 'estimated';
}

function toolFields(line: ReportLine, options: LensOptions): Field[] {
  const perCall = options.show === 'perCall';
  const share = (value: number | null): number | null => (value !== null && perCall ? value / line.toolCalls : value);
  const guessed = isGuess(line.evidence) ? '~' : '';
  const fields: Field[] = [{ text: scopedText(`${guessed}${formatDuration(share(line.toolMs))}`, line.toolCalls, options.show), expendable: 0 }];
  if (line.idleBlameMs !== null && line.idleBlameMs > 0) {
    const about = line.grade === 'model' || line.grade === null ? '~' : '';
    const cost = options.cost === 'energy' ? line.idleEnergyWh : line.costUsd;
    const costPart = cost === null ? '' : `, ${costText(share(cost), line, options)}`;
    const simulated = line.grade === 'simulated' || line.evidence === 'simulated' ? ' sim' : '';
    fields.push({ text: l10n.t('GPU idle {0}', `${about}${formatDuration(share(line.idleBlameMs))}${costPart}${simulated}`), expendable: 2 });
  }
  fields.push({ text: formatCount(line.toolCalls, 'call'), expendable: 1 });
  return fields;
}

function costText(cost: number | null, line: ReportLine, options: LensOptions): string {
  if (options.cost === 'money') return `~${formatUsd(cost)}`;
  return `${line.grade === 'model' ? '~' : ''}${formatEnergy(cost)}`;
}
