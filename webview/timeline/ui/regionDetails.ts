/** What is in a region, for the details. */
import { element } from '../../common/dom.ts';
import { energyText, mark } from '../model/spanText.ts';
import { agentShares, gpuShares, linkButton, pairs, section, split, type Pair } from './detailParts.ts';
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
      'Region',
      pairs([
        ['length', formatDuration(length)],
        ['from', formatDuration(region.start)],
        ['to', formatDuration(region.end)],
      ]),
      element('p', 'actions', linkButton('Zoom to it', 'Show just this stretch (z)', actions.zoom), linkButton('Copy as JSON', 'Copy all of these figures', copy), linkButton('Clear', 'Take the region away (Escape)', actions.clear)),
    ),
    section(
      'Agent’s time',
      split(
        agentShares(agentMs).filter((share) => share.value > 0),
        length,
      ),
    ),
  ];
  if (gpuMs === null) sections.push(section('GPU’s time', element('p', '', 'Not known all through.')));
  else {
    sections.push(section('GPU’s time', split(gpuShares(gpuMs).filter(({ name, value }) => value > 0 || name === 'idle'), length, mark(sums.gpuEvidence))));
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
    const shown = gpuMs === null ? element('p', '', 'Not known all through.') : split(gpuShares(gpuMs).filter((share) => share.value > 0 || share.name === 'idle'), length, mark(gpuEvidence));
    return section(visibleText(name, 60), shown);
  });
  const gpus = parts.filter(({ kind }) => kind === 'gpu').map(({ name, drawnWh, grade }): Pair => [visibleText(name, 60), energyText(drawnWh?.total ?? null, grade)]);
  return gpus.length === 0 ? servers : [...servers, section('Drawn by each GPU', pairs(gpus))];
}

function both({ p50, p95 }: Percentiles): string {
  return `${formatDuration(p50)} · ${formatDuration(p95)}`;
}

function callSection(sums: RegionSums): HTMLElement {
  const list: Pair[] = [
    ['model calls', String(sums.llmCalls)],
    ['tools', String(sums.toolCalls)],
  ];
  if (sums.failed > 0) list.push(['failed', String(sums.failed)]);
  if (sums.cut > 0) list.push(['reach beyond it', String(sums.cut), 'Their times below are whole; of their tokens and money the part inside is counted']);
  const times: Pair[] = [
    ['call p50 · p95', both(sums.callMs), 'Of whole calls'],
    ['first token p50 · p95', both(sums.ttftMs)],
    ['between tokens p50 · p95', both(sums.itlMs), 'Of the calls’ medians'],
    ['tool p50 · p95', both(sums.toolMs), 'Of whole runs of tools'],
  ];
  const shown = times.filter(([label]) => (label.startsWith('tool') ? sums.toolMs : sums.callMs).p50 !== null);
  return section('Calls and tools', pairs([...list, ...shown]));
}

function tokenSection(sums: RegionSums): HTMLElement {
  const show = (tokens: number | null): string => `${tokens === null ? '' : mark(sums.tokenEvidence)}${formatTokens(tokens)}`;
  const { promptTokens, cachedTokens } = sums;
  const share = promptTokens === null || cachedTokens === null || promptTokens <= 0 ? '' : ` (${formatPercent(cachedTokens / promptTokens)})`;
  return section(
    sums.tokenEvidence === null ? 'Tokens' : `Tokens · ${sums.tokenEvidence}`,
    pairs([
      ['prompt', show(promptTokens)],
      ['cached', `${show(cachedTokens)}${share}`],
      ['completion', show(sums.completionTokens)],
    ]),
  );
}

/** What the GPUs drew, before a policy shares it among calls. */
function energySection(sums: RegionSums): HTMLElement {
  const { drawnWh, grade } = sums;
  const list: Pair[] = [['drawn', energyText(drawnWh?.total ?? null, grade)]];
  if (drawnWh !== null) {
    list.push(['· at work', energyText(drawnWh.active, grade)], ['· idle', energyText(drawnWh.idle, grade)]);
    if (drawnWh.foreign > 0) list.push(['· for others', energyText(drawnWh.foreign, grade)]);
  }
  list.push(['cost of the calls', sums.callsUsd === null ? formatUsd(null) : `~${formatUsd(sums.callsUsd)}`]);
  if (sums.gpuUsd !== null) list.push([`GPU for ${formatDuration(sums.region.end - sums.region.start)}`, `~${formatUsd(sums.gpuUsd)}`]);
  return section(grade === null ? 'Energy and money' : `Energy and money · ${grade}`, pairs(list));
}

/** For a screen reader. */
export function regionSentence(sums: RegionSums): string {
  const { region, llmCalls, toolCalls } = sums;
  return `Region of ${formatDuration(region.end - region.start)}, from ${formatDuration(region.start)} to ${formatDuration(region.end)}: ${formatCount(llmCalls, 'model call')}, ${formatCount(toolCalls, 'tool call')}`;
}
