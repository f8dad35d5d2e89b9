/** Why the GPU was idle in one gap, for the details. */
import { element } from '../../common/dom.ts';
import { bandText, energyText, mark, nameText, siteText } from '../model/spanText.ts';
import { linkButton, note, pairs, section, type Pair } from './detailParts.ts';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { formatDuration, formatPercent, formatUsd } from '../../../src/profile/formatValue.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { IdleGap } from '../model/idleGap.ts';
import type { DetailActions } from './details.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

const MOST_DOING = 5;
const MOST_FRAMES = 6;
const MOST_FINDINGS = 4;

export function idleSections(gap: IdleGap, actions: DetailActions): HTMLElement[] {
  const about = mark(gap.evidence);
  const whose = gap.part === null ? 'GPU' : visibleText(gap.part, 60);
  const sections = [
    section(
      gap.evidence === null ? `${whose} idle` : `${whose} idle · ${gap.evidence}`,
      pairs([
        ['for', `${about}${formatDuration(gap.end - gap.start)}`],
        ['from', formatDuration(gap.start)],
        ['to', formatDuration(gap.end)],
        [gap.part === null ? 'of the run’s idle' : 'of its idle', formatPercent(gap.shareOfIdle)],
      ]),
    ),
    section('The agent meanwhile', ...gap.doing.slice(0, MOST_DOING).flatMap(({ span, ms }) => doing(span, ms, gap.doing.length > 1, actions))),
    section(gap.grade === null ? 'What it cost' : `What it cost · ${gap.grade}`, pairs(costs(gap.cost, gap.grade, gap.band))),
  ];
  if (gap.sameLine !== null) {
    const { site, gaps, cost } = gap.sameLine;
    const list: Pair[] = [['gaps', String(gaps)], ['idle', `${about}${formatDuration(cost.ms)}`], ...costs(cost, gap.grade, null)];
    sections.push(section(`Behind ${siteText(site)} in all`, pairs(list)));
  }
  const helps = gap.findings.slice(0, MOST_FINDINGS).map((finding) => note(finding.message, actions));
  if (helps.length > 0) sections.push(section('What would help', ...helps));
  return sections;
}

function costs(cost: IdleGap['cost'], grade: IdleGap['grade'], band: IdleGap['band']): Pair[] {
  return [
    ['energy', `${energyText(cost.energyWh, grade)}${bandText(cost.energyWh, band)}`],
    ['GPU price', cost.usd === null ? formatUsd(null) : `~${formatUsd(cost.usd)}`],
  ];
}

/** What the agent waited for, and the chain of functions that led there. */
function doing(span: ReportSpan | null, ms: number, several: boolean, actions: DetailActions): HTMLElement[] {
  const time = several ? ` ${formatDuration(ms)}` : '';
  if (span === null) return [element('p', '', `Nothing of it was seen: the program itself, or what it waited for.${time}`)];
  const nodes = [element('p', 'title', linkButton(nameText(span), 'Show this span', () => actions.select(span.id)), time)];
  const frames = span.frames.length > 0 ? span.frames : span.site === null ? [] : [span.site];
  frames.slice(0, MOST_FRAMES).forEach((frame, depth) => {
    const text = `${siteText(frame)}${frame.function === null ? '' : ` ${visibleText(frame.function, 60)}`}`;
    const { openSource } = actions;
    const place = openSource === null ? element('span', '', text) : linkButton(text, visibleText(`${frame.file}:${frame.line}`, 300), () => openSource(span.id, depth));
    nodes.push(element('p', 'dim', depth === 0 ? 'at ' : 'called from ', place));
  });
  if (frames.length > MOST_FRAMES) nodes.push(element('p', 'dim', `and ${formatCount(frames.length - MOST_FRAMES, 'caller')} more`));
  return nodes;
}

/** For a screen reader. */
export function idleSentence(gap: IdleGap): string {
  const main = gap.doing.find(({ span }) => span !== null)?.span ?? null;
  return `${gap.part === null ? 'GPU' : visibleText(gap.part, 60)} idle for ${formatDuration(gap.end - gap.start)}${main === null ? '' : `, waiting for ${nameText(main)}`}, ${energyText(gap.cost.energyWh, gap.grade)}`;
}
