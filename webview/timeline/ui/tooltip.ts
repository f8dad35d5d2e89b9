/** What the pointer is on, in a few lines beside it. */
import * as l10n from '@vscode/l10n';
import { gpuStateWord, statusWord } from '../../../src/profile/words.ts';
import { localNumber } from '../../../src/profile/language.ts';
import { element, fill } from '../../common/dom.ts';
import { durationOf, edgeMark, energyText, kindText, mark, nameText, othersText, siteText, spanActivityText, spanEnergyText, tokensText } from '../model/spanText.ts';
import { formatDuration, formatPower, formatTokens } from '../../../src/profile/formatValue.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Hit } from '../draw/hitTest.ts';
import type { TimelineModel } from '../model/timelineModel.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';

const GAP = 14;

export class Tooltip {
  readonly root = element('div', 'tooltip hidden');
  private shown = '';

  constructor() {
    this.root.setAttribute('aria-hidden', 'true');
  }

  hide(): void {
    this.root.classList.add('hidden');
    this.shown = '';
  }

  show(hit: Hit, model: TimelineModel, x: number, y: number): void {
    const key = hit.kind === 'span' ? `span ${hit.number}` : `gpu ${hit.part?.head.key ?? ''} ${hit.segment.startMs}`;
    this.showLines(key, () => (hit.kind === 'span' ? spanLines(model.spanAt(hit.number)) : gpuLines(hit, model)), x, y);
  }

  /** Shows lines beside a place of the window; made anew only for another key than before. None: it is hidden. */
  showLines(key: string, make: () => HTMLElement[] | null, x: number, y: number): void {
    if (key !== this.shown) {
      const lines = make();
      if (lines === null) {
        this.hide();
        return;
      }
      fill(this.root, ...lines);
      this.shown = key;
    }
    this.root.classList.remove('hidden');
    const { offsetWidth, offsetHeight } = this.root;
    const left = x + GAP + offsetWidth > innerWidth ? Math.max(2, x - GAP - offsetWidth) : x + GAP;
    const top = y + GAP + offsetHeight > innerHeight ? Math.max(2, y - GAP - offsetHeight) : y + GAP;
    this.root.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}

/** A name and what it is. */
export function row(label: string, value: string): HTMLElement {
  return element('div', 'row', element('span', 'dim', label), element('span', '', value));
}

function spanLines(span: ReportSpan | null): HTMLElement[] | null {
  if (span === null) return null;
  const lines = [element('b', '', nameText(span)), row(kindText(span), span.endMs === null ? l10n.t('running') : `${edgeMark(span)}${formatDuration(durationOf(span))}`)];
  const activity = spanActivityText(span);
  if (activity !== null) lines.push(row(l10n.t('mostly'), activity));
  const llm = span.llm;
  if (llm !== null) {
    const about = mark(llm.phaseEvidence);
    const phases = [llm.queueMs, llm.prefillMs, llm.decodeMs].map((phase) => `${phase === null ? '' : about}${formatDuration(phase)}`);
    if (llm.prefillMs !== null || llm.decodeMs !== null) lines.push(row(l10n.t('queue | prefill | decode'), phases.join(' | ')));
    const tokens = tokensText(span);
    if (tokens !== '') lines.push(row(l10n.t('tokens'), tokens));
  }
  const energy = spanEnergyText(span);
  if (energy !== null) lines.push(row(l10n.t('energy'), energy));
  if (span.status !== 'ok') lines.push(row(l10n.t('status'), statusWord(span.status)));
  if (span.error !== null) lines.push(element('div', '', visibleText(span.error.message, 160)));
  if (span.site !== null) lines.push(element('div', 'dim', `${siteText(span.site)}${span.site.function === null ? '' : `  ${visibleText(span.site.function, 60)}`}`));
  return lines;
}

function gpuLines(hit: Hit & { kind: 'gpu' }, model: TimelineModel): HTMLElement[] {
  const { segment, part } = hit;
  const name = part === null ? 'GPU' : visibleText(part.head.name, 60);
  if (part !== null && !part.head.ownStates) return [element('b', '', name), row(l10n.t('power'), formatPower(segment.watts)), element('div', 'dim', l10n.t('Which server used it is not known'))];
  const lines = [element('b', '', hit.idle ? l10n.t('{0} idle', name) : `${name} ${gpuStateWord(segment.state)}`), row(l10n.t('for'), formatDuration(hit.end - hit.start)), row(l10n.t('power'), formatPower(segment.watts))];
  if (!hit.idle) lines.push(row(l10n.t('batch'), localNumber(segment.batch)));
  if (segment.others !== undefined) lines.push(row(l10n.t('others’ of it'), othersText(segment.others)));
  if (segment.kvTokens !== null) lines.push(row(l10n.t('KV cache'), segment.kvCapacityTokens === null ? l10n.t`${formatTokens(segment.kvTokens)} tokens` : l10n.t`${formatTokens(segment.kvTokens)} of ${formatTokens(segment.kvCapacityTokens)} tokens`));
  const blamed = segment.blamedOn === null ? null : model.span(segment.blamedOn);
  if (blamed !== null) lines.push(row(l10n.t('waiting for'), nameText(blamed)));
  // Of all GPUs.
  const idleEnergy = part === null ? (blamed?.tool?.idleEnergyWh ?? null) : null;
  if (idleEnergy !== null) lines.push(row(l10n.t('energy'), l10n.t`${energyText(idleEnergy, model.head?.totals.energyWh.grade ?? null)} idle`));
  return lines;
}
