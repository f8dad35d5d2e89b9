/** The bar at the top: what was run, what it took, how it is known, and the buttons. */
import * as l10n from '@vscode/l10n';
import { attributes, element, fill } from '../../common/dom.ts';
import { makeButton, makeTextField, type ButtonElement, type TextFieldElement } from '../../common/toolkit.ts';
import { bandText, energyText, mark } from '../model/spanText.ts';
import { failedText, formatCount } from '../../../src/profile/formatCount.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { Tabs } from './tabs.ts';
import type { Grade } from '../../../src/profile/report.ts';
import type { ReportHead } from '../model/timelineModel.ts';

export interface HeaderActions {
  fit(): void;
  follow(): void;
  openTab(): void;
  exportPage(): void;
  search(query: string): void;
  step(direction: 1 | -1): void;
  leaveSearch(): void;
}

const gradeWords: Record<Grade, string> = {
  counter: l10n.t('Energy: the device’s own counter'),
  integrated: l10n.t('Energy: power readings, integrated'),
  model: l10n.t('Energy: modelled from a GPU profile'),
  simulated: l10n.t('Energy: simulated'),
};
const gradeBadges: Record<Grade, string> = { counter: l10n.t('energy measured'), integrated: l10n.t('energy integrated'), model: l10n.t('~ energy modelled'), simulated: l10n.t('energy simulated') };

export class Header {
  readonly root = element('header', 'header');
  private readonly name = element('h1', '');
  private readonly sums = element('span', 'sums');
  private readonly badges = element('span', '');
  private readonly field: TextFieldElement;
  private readonly count = element('span', 'count dim');
  private readonly followButton: ButtonElement;
  private readonly fitButton: ButtonElement;

  constructor(actions: HeaderActions, tabs: Tabs, options: { hosted: boolean; sidebar: boolean }) {
    this.field = makeTextField(l10n.t('Search spans'), l10n.t('Search  >1s  tool:search'));
    attributes(this.count, { role: 'status' });
    this.followButton = makeButton(l10n.t('Follow'), 'quiet', () => actions.follow());
    this.followButton.title = l10n.t('Keep the newest in view');
    this.fitButton = makeButton(l10n.t('Fit'), 'quiet', () => actions.fit());
    this.fitButton.title = l10n.t('Show the whole run (f)');
    const tools = element('span', 'tools', element('span', 'search', this.field, this.count), this.followButton, this.fitButton);
    if (options.hosted && options.sidebar) tools.append(makeButton(l10n.t('Open in Tab'), 'quiet', () => actions.openTab()));
    if (options.hosted) tools.append(makeButton(l10n.t('Export'), 'quiet', () => actions.exportPage()));
    this.badges.style.display = 'contents';
    this.root.append(this.name, this.sums, this.badges, element('span', 'grow'), tabs.root, tools);
    this.field.addEventListener('input', () => actions.search(this.field.value));
    this.field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') actions.step(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape') actions.leaveSearch();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  get query(): string {
    return this.field.value;
  }

  set query(query: string) {
    this.field.value = query;
  }

  focusSearch(): void {
    this.field.focus();
  }

  showCount(text: string): void {
    this.count.textContent = text;
    this.count.title = text;
  }

  /** `reading`: the figures are not there yet; `following`: null where the view follows nothing; `fits`: whether it can show less than the whole run. */
  show(head: ReportHead, { live, reading, following, fits }: { live: boolean; reading: boolean; following: boolean | null; fits: boolean }): void {
    const { run, totals, backend } = head;
    const energy = totals.energyWh;
    this.name.textContent = visibleText(run.name, 120);
    this.name.title = visibleText(run.command.length > 0 ? run.command.join(' ') : run.name, 400);
    const sums = reading ? [l10n.t('reading the recording…')] : [...(totals.requests === 0 ? [] : [`${mark(totals.requestsEvidence)}${formatCount(totals.requests, 'request')}`]), formatDuration(totals.wallMs), energyText(energy.total, energy.grade)];
    this.sums.textContent = sums.join(' · ');
    this.sums.title = reading ? l10n.t('Sums are there when all of it has been read') : energy.grade === null ? l10n.t('Energy unknown: no GPU profile or power readings') : `${gradeWords[energy.grade]}${bandText(energy.total, energy.band)}`;
    fill(this.badges, ...this.badgesOf(head, { live, reading, simulated: backend.simulated, grade: energy.grade }));
    this.followButton.classList.toggle('hidden', !live || following === null);
    this.fitButton.classList.toggle('hidden', !fits);
    attributes(this.followButton, { 'aria-pressed': String(following === true) });
  }

  private badgesOf(head: ReportHead, { live, reading, simulated, grade }: { live: boolean; reading: boolean; simulated: boolean; grade: Grade | null }): HTMLElement[] {
    const { run, backend, totals } = head;
    const where = backend.model !== null && backend.gpu !== null ? l10n.t('{0} on {1}', backend.model, backend.gpu) : (backend.model ?? backend.gpu ?? '');
    const badges = [badge(visibleText([simulated ? l10n.t('simulated') : backend.kind, where].filter((part) => part !== '').join(' · '), 120), '', visibleText(backend.url ?? '', 200))];
    if (grade !== null && !(simulated && grade === 'simulated')) badges.push(badge(gradeBadges[grade], '', gradeWords[grade]));
    if (reading) return badges;
    if (live) badges.push(badge(l10n.t('live'), 'live', l10n.t('Being recorded')));
    else if (!run.complete) badges.push(badge(l10n.t('incomplete'), 'bad', l10n.t('The recording was cut off: what had ended before is here')));
    if (run.signal !== null) badges.push(badge(visibleText(run.signal, 20), 'bad', l10n.t('The command was ended by this signal')));
    else if (run.exitCode !== null && run.exitCode !== 0) badges.push(badge(l10n.t`exit ${run.exitCode}`, 'bad', l10n.t('The command’s exit code')));
    if (totals.failedCalls > 0) badges.push(badge(failedText(totals.failedCalls), 'bad', l10n.t('Calls that ended with an error; search for: error')));
    return badges;
  }
}

function badge(text: string, className: string, title: string): HTMLElement {
  const node = element('span', `badge ${className}`, text);
  if (title !== '') node.title = title;
  return node;
}
