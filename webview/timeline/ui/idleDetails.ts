/** Why the GPU was idle in one gap, for the details. */
import * as l10n from '@vscode/l10n';
import { evidenceWord, gradeWord } from '../../../src/profile/words.ts';
import { localNumber } from '../../../src/profile/language.ts';
import { element } from '../../common/dom.ts';
import { bandText, energyText, mark, nameText, siteText } from '../model/spanText.ts';
import { linkButton, note, pairs, section, titled, type Pair } from './detailParts.ts';
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
  const sections = [
    section(
      titled(gap.part === null ? l10n.t('GPU idle') : l10n.t('{0} idle', visibleText(gap.part, 60)), gap.evidence === null ? null : evidenceWord(gap.evidence)),
      pairs([
        [l10n.t('for'), `${about}${formatDuration(gap.end - gap.start)}`],
        [l10n.t('from'), formatDuration(gap.start)],
        [l10n.t('to'), formatDuration(gap.end)],
        [gap.part === null ? l10n.t('of the run’s idle') : l10n.t('of its idle'), formatPercent(gap.shareOfIdle)],
      ]),
    ),
    section(l10n.t('The agent meanwhile'), ...gap.doing.slice(0, MOST_DOING).flatMap(({ span, ms }) => doing(span, ms, gap.doing.length > 1, actions))),
    section(titled(l10n.t('What it cost'), gap.grade === null ? null : gradeWord(gap.grade)), pairs(costs(gap.cost, gap.grade, gap.band))),
  ];
  if (gap.sameLine !== null) {
    const { site, gaps, cost } = gap.sameLine;
    const list: Pair[] = [[l10n.t('gaps'), localNumber(gaps)], [l10n.t('idle'), `${about}${formatDuration(cost.ms)}`], ...costs(cost, gap.grade, null)];
    sections.push(section(l10n.t`Behind ${siteText(site)} in all`, pairs(list)));
  }
  const helps = gap.findings.slice(0, MOST_FINDINGS).map((finding) => note(finding.message, actions));
  if (helps.length > 0) sections.push(section(l10n.t('What would help'), ...helps));
  return sections;
}

function costs(cost: IdleGap['cost'], grade: IdleGap['grade'], band: IdleGap['band']): Pair[] {
  return [
    [l10n.t('energy'), `${energyText(cost.energyWh, grade)}${bandText(cost.energyWh, band)}`],
    [l10n.t('GPU price'), cost.usd === null ? formatUsd(null) : `~${formatUsd(cost.usd)}`],
  ];
}

/** What the agent waited for, and the chain of functions that led there. */
function doing(span: ReportSpan | null, ms: number, several: boolean, actions: DetailActions): HTMLElement[] {
  const time = several ? ` ${formatDuration(ms)}` : '';
  if (span === null) return [element('p', '', `${l10n.t('Nothing of it was seen: the program itself, or what it waited for.')}${time}`)];
  const nodes = [element('p', 'title', linkButton(nameText(span), l10n.t('Show this span'), () => actions.select(span.id)), time)];
  const frames = span.frames.length > 0 ? span.frames : span.site === null ? [] : [span.site];
  frames.slice(0, MOST_FRAMES).forEach((frame, depth) => {
    const text = `${siteText(frame)}${frame.function === null ? '' : ` ${visibleText(frame.function, 60)}`}`;
    const { openSource } = actions;
    const place = openSource === null ? element('span', '', text) : linkButton(text, visibleText(`${frame.file}:${frame.line}`, 300), () => openSource(span.id, depth));
    nodes.push(element('p', 'dim', depth === 0 ? l10n.t('at') : l10n.t('called from'), ' ', place));
  });
  if (frames.length > MOST_FRAMES) nodes.push(element('p', 'dim', l10n.t`and ${formatCount(frames.length - MOST_FRAMES, 'caller')} more`));
  return nodes;
}

/** For a screen reader. */
export function idleSentence(gap: IdleGap): string {
  const main = gap.doing.find(({ span }) => span !== null)?.span ?? null;
  const [whose, time, energy] = [gap.part === null ? 'GPU' : visibleText(gap.part, 60), formatDuration(gap.end - gap.start), energyText(gap.cost.energyWh, gap.grade)];
  return main === null ? l10n.t`${whose} idle for ${time}, ${energy}` : l10n.t`${whose} idle for ${time}, waiting for ${nameText(main)}, ${energy}`;
}
