/** What is in a region, for the details. */
import * as l10n from '@vscode/l10n';
import { evidenceWord, gradeWord } from '../../../src/profile/words.ts';
import { localNumber } from '../../../src/profile/language.ts';
import { element } from '../../common/dom.ts';
import { bandText, energyText, mark } from '../model/spanText.ts';
import { agentShares, gpuShares, linkButton, pairs, section, split, titled, type Pair } from './detailParts.ts';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { formatDuration, formatPercent, formatTokens, formatUsd } from '../../../src/profile/formatValue.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Percentiles, RegionSums } from '../model/region.ts';

export interface RegionActions {
  zoom: () => void;
  clear: () => void;
  copy: (text: string) => void;
}

/** @param run id of the run, for the copy */
export function regionSections(sums: RegionSums, run: string, actions: RegionActions): HTMLElement[] {
  const { region, gpuMs, agentMs } = sums;
  const length = region.end - region.start;
  const copy = (): void => actions.copy(JSON.stringify({ run, ...sums }, null, 2));
  const sections = [
    section(
      l10n.t('Region'),
      pairs([
        [l10n.t('length'), formatDuration(length)],
        [l10n.t('from'), formatDuration(region.start)],
        [l10n.t('to'), formatDuration(region.end)],
      ]),
      element('p', 'actions', linkButton(l10n.t('Zoom to it'), l10n.t('Show just this stretch (z)'), actions.zoom), linkButton(l10n.t('Copy as JSON'), l10n.t('Copy all of these figures'), copy), linkButton(l10n.t('Clear'), l10n.t('Take the region away (Escape)'), actions.clear)),
    ),
    section(
      l10n.t('Agent’s time'),
      split(
        agentShares(agentMs).filter((share) => share.value > 0),
        length,
      ),
    ),
  ];
  if (gpuMs === null) sections.push(section(l10n.t('GPU’s time'), element('p', '', l10n.t('Not known all through.'))));
  else {
    sections.push(section(l10n.t('GPU’s time'), split(gpuShares(gpuMs).filter(({ kind, value }) => value > 0 || kind === 'idle'), length, mark(sums.gpuEvidence))));
  }
  sections.push(...partSections(sums, length));
  sections.push(callSection(sums));
  if (sums.llmCalls > 0) sections.push(tokenSection(sums));
  sections.push(energySection(sums));
  return sections;
}

/** What each of several servers did, and what each of several GPUs drew. */
function partSections({ parts }: RegionSums, length: number): HTMLElement[] {
  const servers = parts.filter(({ kind }) => kind === 'server').map(({ name, gpuMs, gpuEvidence }) => {
    const shown = gpuMs === null ? element('p', '', l10n.t('Not known all through.')) : split(gpuShares(gpuMs).filter((share) => share.value > 0 || share.kind === 'idle'), length, mark(gpuEvidence));
    return section(visibleText(name, 60), shown);
  });
  const gpus = parts.filter(({ kind }) => kind === 'gpu').map(({ name, drawnWh, grade, band }): Pair => [visibleText(name, 60), `${energyText(drawnWh?.total ?? null, grade)}${bandText(drawnWh?.total ?? null, band)}`]);
  return gpus.length === 0 ? servers : [...servers, section(l10n.t('Drawn by each GPU'), pairs(gpus))];
}

function both({ p50, p95 }: Percentiles): string {
  return `${formatDuration(p50)} · ${formatDuration(p95)}`;
}

function callSection(sums: RegionSums): HTMLElement {
  const list: Pair[] = [
    [l10n.t('model calls'), localNumber(sums.llmCalls)],
    [l10n.t('tools'), localNumber(sums.toolCalls)],
  ];
  if (sums.failed > 0) list.push([l10n.t('failed'), localNumber(sums.failed)]);
  if (sums.cut > 0) list.push([l10n.t('reach beyond it'), localNumber(sums.cut), l10n.t('Their times below are whole; of their tokens and money the part inside is counted')]);
  const calls: Pair[] = [
    [l10n.t('call p50 · p95'), both(sums.callMs), l10n.t('Of whole calls')],
    [l10n.t('first token p50 · p95'), both(sums.ttftMs)],
    [l10n.t('between tokens p50 · p95'), both(sums.itlMs), l10n.t('Of the calls’ medians')],
  ];
  const tools: Pair[] = [[l10n.t('tool p50 · p95'), both(sums.toolMs), l10n.t('Of whole runs of tools')]];
  return section(l10n.t('Calls and tools'), pairs([...list, ...(sums.callMs.p50 === null ? [] : calls), ...(sums.toolMs.p50 === null ? [] : tools)]));
}

function tokenSection(sums: RegionSums): HTMLElement {
  return section(titled(l10n.t('Tokens'), sums.tokenEvidence === null ? null : evidenceWord(sums.tokenEvidence)), pairs(tokenPairs(sums)));
}

/** Sums of tokens, by the weakest evidence of any. */
export function tokenPairs({ promptTokens, cachedTokens, completionTokens, tokenEvidence }: Pick<RegionSums, 'promptTokens' | 'cachedTokens' | 'completionTokens' | 'tokenEvidence'>): Pair[] {
  const show = (tokens: number | null): string => `${tokens === null ? '' : mark(tokenEvidence)}${formatTokens(tokens)}`;
  const share = promptTokens === null || cachedTokens === null || promptTokens <= 0 ? '' : ` (${formatPercent(cachedTokens / promptTokens)})`;
  return [
    [l10n.t('prompt'), show(promptTokens)],
    [l10n.t('cached'), `${show(cachedTokens)}${share}`],
    [l10n.t('completion'), show(completionTokens)],
  ];
}

/** What the GPUs drew, before a policy shares it among calls. */
function energySection(sums: RegionSums): HTMLElement {
  const { drawnWh, grade, band } = sums;
  const list: Pair[] = [[l10n.t('drawn'), `${energyText(drawnWh?.total ?? null, grade)}${bandText(drawnWh?.total ?? null, band)}`]];
  if (drawnWh !== null) {
    list.push([`· ${l10n.t('at work')}`, energyText(drawnWh.active, grade)], [`· ${l10n.t('idle')}`, energyText(drawnWh.idle, grade)]);
    if (drawnWh.foreign > 0) list.push([`· ${l10n.t('for others')}`, energyText(drawnWh.foreign, grade)]);
  }
  list.push([l10n.t('cost of the calls'), sums.callsUsd === null ? formatUsd(null) : `~${formatUsd(sums.callsUsd)}`]);
  if (sums.gpuUsd !== null) list.push([l10n.t`GPU for ${formatDuration(sums.region.end - sums.region.start)}`, `~${formatUsd(sums.gpuUsd)}`]);
  return section(titled(l10n.t('Energy and money'), grade === null ? null : gradeWord(grade)), pairs(list));
}

/** For a screen reader. */
export function regionSentence(sums: RegionSums): string {
  const { region, llmCalls, toolCalls } = sums;
  return l10n.t`Region of ${formatDuration(region.end - region.start)}, from ${formatDuration(region.start)} to ${formatDuration(region.end)}: ${formatCount(llmCalls, 'model call')}, ${formatCount(toolCalls, 'tool call')}`;
}
