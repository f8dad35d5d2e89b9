/** What is written on and about a span, in words. Pure; every number goes through `formatValue`. */
import * as l10n from '@vscode/l10n';
import { statusWord } from '../../../src/profile/words.ts';
import { localNumber } from '../../../src/profile/language.ts';
import { formatDuration, formatEnergy, formatPercent, formatTokens } from '../../../src/profile/formatValue.ts';
import { activityText } from '../../../src/profile/activityText.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Evidence, Site } from '../../../src/profile/recordingFormat.ts';
import type { Grade, GpuSegment, ReportSpan } from '../../../src/profile/report.ts';

/** `agent.ts:57`. */
export function siteText(site: Site): string {
  const name = site.file.split(/[\\/]/).pop() ?? site.file;
  return visibleText(`${name.slice(-80)}:${site.line}`, 100);
}

/** `~` where a number was inferred or estimated. */
export function mark(evidence: Evidence | null): string {
  return evidence === 'estimated' || evidence === 'inferred' ? '~' : '';
}

/** Others' requests beside a run's calls: `~2.5 at once, ~40 % of the work`. */
export function othersText({ requests, share, evidence }: NonNullable<GpuSegment['others']>): string {
  const about = mark(evidence);
  const work = l10n.t('{0} of the work', `${about}${formatPercent(share)}`);
  return requests > 0 ? `${l10n.t('{0} at once', `${about}${localNumber(Number(requests.toFixed(1)))}`)}, ${work}` : work;
}

/** `1.0k→102 tok · 71 % cached`. */
export function tokensText(span: ReportSpan): string {
  const llm = span.llm;
  if (llm === null || (llm.promptTokens === null && llm.completionTokens === null)) return '';
  const text = `${mark(llm.tokenEvidence)}${formatTokens(llm.promptTokens)}→${formatTokens(llm.completionTokens)} tok`;
  const share = llm.cachedTokens !== null && llm.promptTokens !== null && llm.promptTokens > 0 ? llm.cachedTokens / llm.promptTokens : null;
  return share === null || share === 0 ? text : `${text} · ${l10n.t`${formatPercent(share)} cached`}`;
}

/** The span's name for people, in one line. */
export function nameText(span: ReportSpan): string {
  if (span.kind === 'llm') return visibleText(span.llm?.model ?? span.name, 120);
  if (span.tool !== null) return visibleText(span.tool.detail === null || span.tool.detail === '' ? span.tool.name : `${span.tool.name} ${span.tool.detail}`, 160);
  return visibleText(span.name, 160);
}

/** What stands on the span's rectangle. */
export function labelText(span: ReportSpan): string {
  if (span.status === 'error' && (span.kind === 'llm' || span.kind === 'tool')) return `✕ ${visibleText(span.error?.message ?? l10n.t('failed'), 80)}`;
  if (span.kind === 'llm') return tokensText(span) || nameText(span);
  if (span.kind === 'other' && span.site !== null) return [nameText(span), siteText(span.site), spanActivityText(span) ?? ''].join('  ').trimEnd();
  return nameText(span);
}

export function durationOf(span: ReportSpan): number | null {
  return span.endMs === null || !Number.isFinite(span.endMs - span.startMs) ? null : Math.max(0, span.endMs - span.startMs);
}

const kindNames: Record<ReportSpan['kind'], string> = { agent: l10n.t('Request'), step: l10n.t('Step'), llm: l10n.t('Model call'), tool: l10n.t('Tool'), other: l10n.t('Call') };

export function kindText(span: ReportSpan): string {
  if (span.kind === 'agent' && span.parent !== null) return l10n.t('Agent');
  return span.kind === 'other' && (span.source === 'function' || span.source === 'sampled') ? l10n.t('Function') : kindNames[span.kind];
}

/** `~` where a span's own edges are no more than an estimate: sampled, or inferred from the wire. */
export function edgeMark(span: ReportSpan): string {
  return span.source === 'sampled' ? '~' : span.kind === 'tool' ? mark(span.evidence) : '';
}

/** What most of the span's time went into, where that was seen: `computing`. */
export function spanActivityText(span: ReportSpan): string | null {
  return span.activity === null ? null : activityText(span.activity);
}

/** The energy that a span caused: a call's own, or what the GPU spent idling for a tool. */
export function spanEnergyText(span: ReportSpan): string | null {
  if (span.llm !== null && span.llm.energyWh.active !== null) return energyText(span.llm.energyWh.active, span.llm.energyWh.grade);
  if (span.tool !== null && span.tool.idleEnergyWh !== null) return l10n.t`${formatEnergy(span.tool.idleEnergyWh)} idle`;
  return null;
}

/** `~` for what comes from a GPU profile's model; the header's badge says when all of it is simulated. */
export function energyText(energy: number | null, grade: Grade | null): string {
  return energy === null ? formatEnergy(null) : `${grade === 'model' ? '~' : ''}${formatEnergy(energy)}`;
}

/** ` ±35 %` when the band is about as wide on both sides, ` (0.08–0.2 Wh)` otherwise; empty without one. */
export function bandText(value: number | null, band: readonly [number, number] | null): string {
  if (value === null || band === null || !(value > 0)) return '';
  const below = (value - band[0]) / value;
  const above = (band[1] - value) / value;
  if (below <= 0 && above <= 0) return '';
  return Math.abs(below - above) < 0.05 ? ` ±${formatPercent((below + above) / 2)}` : ` (${formatEnergy(band[0])} – ${formatEnergy(band[1])})`;
}

/** One sentence for a screen reader and the list of calls: `Tool search, 1.21 s, tools.ts:21`. */
export function spanSentence(span: ReportSpan): string {
  const parts = [`${kindText(span)} ${nameText(span)}`, span.endMs === null ? l10n.t('running') : `${edgeMark(span)}${formatDuration(durationOf(span))}`];
  const activity = spanActivityText(span);
  if (activity !== null) parts.push(activity);
  const tokens = tokensText(span);
  if (tokens !== '') parts.push(tokens);
  const energy = spanEnergyText(span);
  if (energy !== null) parts.push(energy);
  if (span.site !== null) parts.push(siteText(span.site));
  if (span.status !== 'ok') parts.push(statusWord(span.status));
  return parts.join(', ');
}

/** A text cut to a width with an ellipsis, or nothing where there is no room for two letters. `measure`: how wide a text is, in the same unit. */
export function fitText(text: string, width: number, measure: (text: string) => number): string {
  const full = measure(text);
  if (full <= width) return text;
  // By the mean letter, and letter by letter from there: the first ones may be wide.
  for (let letters = Math.floor((text.length * (width - 7)) / full); letters >= 2; letters--) {
    // Do not leave half of a surrogate pair behind.
    const code = text.charCodeAt(letters - 1);
    if (code >= 0xd800 && code <= 0xdbff) continue;
    const cut = `${text.slice(0, letters).trimEnd()}…`;
    if (measure(cut) <= width) return cut;
  }
  return '';
}
