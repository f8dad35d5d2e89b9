/** Below the lanes: everything known about the selected span and how it is known; without one, the run's sums. */
import * as l10n from '@vscode/l10n';
import { evidenceWord, gradeWord, statusWord } from '../../../src/profile/words.ts';
import { attributes, element, fill } from '../../common/dom.ts';
import { contentSections } from './contentView.ts';
import { agentShares, gpuShares, linkButton, note, pairs, section, split, type NoteActions, titled, type Pair } from './detailParts.ts';
import { insideSections } from './insideDetails.ts';
import { callsAround } from '../model/callsAround.ts';
import { sumInside } from '../model/insideSpan.ts';
import { bandText, durationOf, edgeMark, energyText, kindText, mark, nameText, siteText, spanActivityText, spanSentence } from '../model/spanText.ts';
import { otherParts } from '../../../src/profile/activityText.ts';
import { formatCount } from '../../../src/profile/formatCount.ts';
import { gpuUsedTexts } from '../../../src/profile/gpuUsedText.ts';
import { formatBytes, formatCarbon, formatDuration, formatEnergy, formatPercent, formatTokens, formatUsd } from '../../../src/profile/formatValue.ts';
import { localNumber } from '../../../src/profile/language.ts';
import { phaseSourceText, serverName, serverSettingsTexts, serverUseTexts } from '../../../src/profile/serverText.ts';
import { visibleBlock, visibleText } from '../../../src/profile/visibleText.ts';
import { POLICY_TEXTS } from '../../../src/profile/policyText.ts';
import type { Contents } from './contents.ts';
import type { ReportHead, TimelineModel } from '../model/timelineModel.ts';
import type { ReportSpan } from '../../../src/profile/report.ts';
import type { Site } from '../../../src/profile/recordingFormat.ts';
import type { SpanContent } from '../../../src/protocol/content.ts';

export interface DetailActions extends NoteActions {
  /** Null where there is no editor to open it in. */
  openSource: ((span: string, frame: number) => void) | null;
  select(span: string): void;
}

const MOST_FINDINGS = 4;

export class Details {
  readonly root = element('div', 'details');
  private readonly actions: DetailActions;
  private readonly contents: Contents;
  private shown: ReportSpan | null = null;
  /** What was said stays as the reader left it, opened and scrolled, until there is more of it. */
  private said: { span: string; content: SpanContent | null | undefined; node: HTMLElement } | null = null;

  constructor(actions: DetailActions, contents: Contents) {
    this.actions = actions;
    this.contents = contents;
    attributes(this.root, { role: 'region', 'aria-label': l10n.t('Details'), tabindex: '0' });
  }

  show(model: TimelineModel, span: ReportSpan | null): void {
    const head = model.head;
    const same = this.shown?.id === span?.id;
    this.shown = span;
    if (head === null) fill(this.root);
    else if (span === null && model.reading) fill(this.root, element('p', 'dim', l10n.t('Sums are there when all of the recording has been read.')));
    else replaceChanged(this.root, span === null ? this.run(head) : this.span(model, head, span), same);
  }

  /** Shows sections that are of no single span. */
  explain(sections: readonly HTMLElement[]): void {
    fill(this.root, ...sections);
  }

  private run(head: ReportHead): HTMLElement[] {
    const { totals } = head;
    const gpu = totals.gpuMs;
    const energy = totals.energyWh;
    const sections = [
      section(
        l10n.t('Agent’s time'),
        split(
          agentShares(totals.agentMs).filter((share) => share.value > 0 || share.kind !== 'mixed'),
          totals.wallMs,
        ),
        ...otherTime(totals),
      ),
      section(
        l10n.t('GPU’s time'),
        split(
          gpuShares(gpu).filter((share) => share.value !== 0 && !(share.kind === 'foreign' && share.value === null && gpu.idle !== null)),
          totals.wallMs,
          mark(totals.gpuEvidence),
        ),
        ...(totals.gpuUtilization ? [element('p', '', gpuUsedTexts(totals.gpuUtilization).join(' · '))] : []),
      ),
      section(
        l10n.t('Energy and tokens'),
        pairs([
          [l10n.t('energy'), `${energyText(energy.total, energy.grade)}${bandText(energy.total, energy.band)}`],
          [l10n.t('active'), energyText(energy.active, energy.grade)],
          [l10n.t('idle'), energyText(energy.idle, energy.grade)],
          ...(energy.foreign ? [[l10n.t('others’'), energyText(energy.foreign, energy.grade)] satisfies Pair] : []),
          [l10n.t('policy'), `${head.accounting.policy}: ${POLICY_TEXTS[head.accounting.policy]}`],
          ...(head.accounting.overheads.length > 0 ? [[head.accounting.boundary, `~${formatEnergy(totals.footprint.energyWh)}`] satisfies Pair] : []),
          ...(head.accounting.grid === null ? [] : [[l10n.t('carbon'), `~${formatCarbon(totals.footprint.carbonG)} · ${head.accounting.grid.name}`] satisfies Pair]),
          [l10n.t('cost'), formatUsd(totals.costUsd)],
          [l10n.t('prompt tokens'), formatTokens(totals.promptTokens)],
          [l10n.t('cached'), cachedText(totals.cachedTokens, totals.promptTokens)],
          [l10n.t('completion tokens'), formatTokens(totals.completionTokens)],
          ...(head.backend.tokenizer === undefined ? [] : [[l10n.t('counted by'), head.backend.tokenizer === null ? l10n.t('an estimate') : visibleText(l10n.t`the tokenizer of ${head.backend.tokenizer}`, 120)] satisfies Pair]),
          [l10n.t('first token p50'), formatDuration(totals.ttftMs.p50)],
        ]),
      ),
    ];
    const { backend, server } = head;
    if (!backend.simulated && (backend.version !== null || backend.server || server)) {
      const lines = [[visibleText(serverName(backend), 100), ...(backend.server ? serverSettingsTexts(backend.server) : [])], server ? serverUseTexts(server) : []];
      sections.push(section(l10n.t('Server'), ...lines.flatMap((line) => (line.length === 0 ? [] : [element('p', '', line.join(' · '))]))));
    }
    const sources = [...head.accounting.overheads, ...(head.accounting.grid === null ? [] : [head.accounting.grid]), ...head.accounting.prices];
    if (sources.length > 0) sections.push(section(l10n.t('What it is multiplied by'), pairs(sources.map(({ name, source }): Pair => [visibleText(name, 80), visibleText(source, 300)]))));
    const notes = [...head.warnings.map((warning) => warning.message), ...head.findings.slice(0, MOST_FINDINGS).map((finding) => finding.message)];
    if (notes.length > 0) sections.push(section(l10n.t('Worth knowing'), ...notes.slice(0, 6).map((message) => note(message, this.actions))));
    return sections;
  }

  private span(model: TimelineModel, head: ReportHead, span: ReportSpan): HTMLElement[] {
    const sections = [this.what(model, span), this.time(model, head, span)];
    if (span.llm !== null) sections.push(this.tokens(span.llm), this.energy(span.llm));
    if (span.tool !== null) sections.push(this.gpuMeanwhile(head, span.tool, durationOf(span)));
    if (span.llm === null) sections.push(...insideSections(sumInside(model, span), durationOf(span)));
    const findings = head.findings.filter((finding) => finding.spans.includes(span.id)).slice(0, MOST_FINDINGS);
    if (findings.length > 0) sections.push(section(l10n.t('Why it matters'), ...findings.map((finding) => note(finding.message, this.actions))));
    const said = this.saidBy(model, head, span);
    return said.childElementCount === 0 ? sections : [...sections, said];
  }

  private saidBy(model: TimelineModel, head: ReportHead, span: ReportSpan): HTMLElement {
    const content = this.contents.of(span);
    if (this.said?.span === span.id && this.said.content === content && (content !== undefined || span.endMs === null)) return this.said.node;
    const nameOf = (id: string): string | null => {
      const other = model.span(id);
      return other === null ? null : l10n.t`${kindText(other)} ${nameText(other)}, at ${formatDuration(other.startMs)}`;
    };
    const node = element('div', 'texts', ...contentSections(span, content, head.backend, { copy: (text) => this.actions.copy(text), select: (id) => this.actions.select(id), nameOf }));
    this.said = { span: span.id, content, node };
    return node;
  }

  private what(model: TimelineModel, span: ReportSpan): HTMLElement {
    const evidence = span.kind === 'llm' ? (span.llm?.phaseEvidence ?? span.evidence) : span.evidence;
    const node = section(`${kindText(span)} · ${evidenceWord(evidence)}${span.status === 'ok' ? '' : ` · ${statusWord(span.status)}`}`, element('div', 'title', nameText(span)));
    if (span.site !== null) node.append(element('p', '', this.place(span, span.site, 0)));
    else if (span.unattributed !== null) node.append(element('p', 'dim', visibleText(span.unattributed, 200)));
    const callers = span.frames.slice(1, 4);
    if (callers.length > 0) {
      const chain = element('p', 'dim', l10n.t('called from'), ' ');
      callers.forEach((frame, index) => chain.append(index > 0 ? ' ← ' : '', this.place(span, frame, index + 1)));
      node.append(chain);
    }
    if (span.frames.length > 4) node.append(this.stack(span));
    const within = this.ancestors(model, span);
    if (within.length > 0) {
      const path = element('p', 'dim', l10n.t({ message: 'in', comment: 'Before what a span is within, from the inside out: in step 2 of request 1' }), ' ');
      within.forEach((parent, index) => {
        path.append(index > 0 ? ` ${l10n.t({ message: 'of', comment: 'Between what a span is within, from the inside out: in step 2 of request 1' })} ` : '', linkButton(nameText(parent), l10n.t('Select it'), () => this.actions.select(parent.id)));
      });
      node.append(path);
    }
    node.append(...this.neighbours(model, span));
    if (span.error !== null) node.append(element('p', 'error', visibleBlock(span.error.message, 2000)));
    node.append(element('div', 'actions', linkButton(l10n.t('Copy'), l10n.t('Copy these details as text'), () => this.actions.copy(this.asText(this.shown ?? span)))));
    return node;
  }

  private ancestors(model: TimelineModel, span: ReportSpan): ReportSpan[] {
    const found: ReportSpan[] = [];
    let parent = span.parent;
    // Bounded, as a broken recording may have parents in a circle.
    while (parent !== null && found.length < 3) {
      const next = model.span(parent);
      if (next === null || next === span || found.includes(next)) break;
      found.push(next);
      parent = next.parent;
    }
    return found;
  }

  private stack(span: ReportSpan): HTMLElement {
    const list = element('ol', 'stack', ...span.frames.map((frame, index) => element('li', '', this.place(span, frame, index))));
    return element('details', 'frames', element('summary', 'dim', l10n.t`stack of ${formatCount(span.frames.length, 'frame')}`), list);
  }

  /** The calls before and after, and those that are the same one tried again. */
  private neighbours(model: TimelineModel, span: ReportSpan): HTMLElement[] {
    if (span.kind !== 'llm' && span.kind !== 'tool') return [];
    const { before, after, triedAgain } = callsAround((visit) => model.eachSpan(visit), span);
    const link = (words: string, other: ReportSpan | null): HTMLElement | null =>
      other === null ? null : element('p', 'dim', `${words} `, attributes(linkButton(`${kindText(other)} ${nameText(other)}`, spanSentence(other), () => this.actions.select(other.id)), { 'data-span': other.id }));
    const retried = span.llm?.retryOf ?? null;
    return [link(l10n.t('before:'), before), link(l10n.t('after:'), after), retried === null ? null : link(l10n.t('tried again after'), model.span(retried)), link(l10n.t('tried again by'), triedAgain)].filter((node) => node !== null);
  }

  /** `agent.ts:57 think`: a link where there is an editor, else text. */
  private place(span: ReportSpan, site: Site, frame: number): HTMLElement {
    const text = `${siteText(site)}${site.function === null ? '' : ` ${visibleText(site.function, 60)}`}`;
    const open = this.actions.openSource;
    if (open === null) return attributes(element('span', '', text), { title: visibleText(site.file, 300) });
    return linkButton(text, visibleText(`${site.file}:${site.line}`, 300), () => open(span.id, frame));
  }

  private time(model: TimelineModel, head: ReportHead, span: ReportSpan): HTMLElement {
    const about = edgeMark(span);
    const activity = spanActivityText(span);
    const list: Pair[] = [
      [span.kind === 'llm' || span.kind === 'tool' ? l10n.t('this call') : l10n.t('took'), span.endMs === null ? l10n.t('running') : `${about}${formatDuration(durationOf(span))}`],
      [l10n.t('started at'), formatDuration(span.startMs)],
      ...(activity === null ? [] : [[l10n.t('mostly'), activity] satisfies Pair]),
    ];
    const llm = span.llm;
    if (llm === null) {
      const tool = span.tool === null ? undefined : head.tools.find((candidate) => candidate.name === span.tool?.name);
      if (tool !== undefined && tool.calls > 1) list.push([l10n.t`p50 of ${formatCount(tool.calls, 'call')}`, `${mark(tool.evidence)}${formatDuration(tool.p50Ms)}`], ['p95', `${mark(tool.evidence)}${formatDuration(tool.p95Ms)}`]);
      return section(l10n.t('Time'), pairs(list));
    }
    const server = model.serverOf(span);
    if (server !== null) list.push([l10n.t('server'), visibleText(server, 60)]);
    if (llm.stream) {
      // Of tokens that came together no more is known than when they came.
      const packed = llm.tokensPerArrival;
      list.push([l10n.t('first token'), formatDuration(llm.ttftMs)]);
      if (packed !== undefined) list.push([l10n.t('tokens at once'), localNumber(Number(packed.toFixed(1)))]);
      list.push([packed === undefined ? l10n.t('between tokens p50') : l10n.t('between arrivals p50'), formatDuration(llm.itlMs.p50)], ['p99', formatDuration(llm.itlMs.p99)]);
    }
    if (llm.inferenceMs !== undefined) list.push([l10n.t('prefill and decode'), `${mark(llm.phaseEvidence)}${formatDuration(llm.inferenceMs)}`]);
    const phases = split(
      [
        { name: l10n.t('queue'), kind: 'queue', value: llm.queueMs },
        { name: l10n.t('prefill'), kind: 'prefill', value: llm.prefillMs },
        { name: l10n.t('decode'), kind: 'decode', value: llm.decodeMs },
      ],
      durationOf(span) ?? 0,
      mark(llm.phaseEvidence),
    );
    const from = llm.phaseSource ? `, ${phaseSourceText(llm.phaseSource)}` : '';
    return section(titled(l10n.t('Time'), llm.phaseEvidence === null ? null : l10n.t('phases {0}', `${evidenceWord(llm.phaseEvidence)}${from}`)), pairs(list), phases);
  }

  private tokens(llm: NonNullable<ReportSpan['llm']>): HTMLElement {
    const about = mark(llm.tokenEvidence);
    const show = (tokens: number | null): string => `${tokens === null ? '' : about}${formatTokens(tokens)}`;
    const list: Pair[] = [
      [l10n.t('prompt'), show(llm.promptTokens)],
      [l10n.t('cached'), cachedText(llm.cachedTokens, llm.promptTokens)],
      [l10n.t('completion'), show(llm.completionTokens)],
    ];
    if (llm.reasoningTokens !== null) list.push([l10n.t('reasoning'), show(llm.reasoningTokens)]);
    if (llm.audioSeconds !== undefined) list.push([l10n.t('audio'), formatDuration(llm.audioSeconds * 1000)]);
    if (llm.roles !== null) {
      const roleMark = mark(llm.rolesEvidence);
      const names = { instruction: l10n.t('instruction'), fewShot: l10n.t('few-shot'), user: l10n.t('user'), llmHistory: l10n.t('model’s history'), toolHistory: l10n.t('tools’ history') } as const;
      for (const [role, label] of Object.entries(names) as [keyof typeof names, string][]) {
        const tokens = llm.roles[role];
        if (tokens !== null && tokens > 0) list.push([`· ${label}`, `${roleMark}${formatTokens(tokens)}`]);
      }
    }
    if (llm.finishReason !== null) list.push([l10n.t('ended by'), visibleText(llm.finishReason, 40)]);
    return section(titled(l10n.t('Tokens'), llm.tokenEvidence === null ? null : evidenceWord(llm.tokenEvidence)), pairs(list));
  }

  private energy(llm: NonNullable<ReportSpan['llm']>): HTMLElement {
    const { active, grade, band } = llm.energyWh;
    const list: Pair[] = [
      [l10n.t('active energy'), `${energyText(active, grade)}${bandText(active, band)}`],
      [l10n.t('per 1k tokens out'), active === null || llm.completionTokens === null || llm.completionTokens === 0 ? formatEnergy(null) : energyText((active / llm.completionTokens) * 1000, grade)],
      [l10n.t('cost'), llm.costUsd === null ? formatUsd(null) : `~${formatUsd(llm.costUsd)}`],
    ];
    if (llm.httpStatus !== null && llm.httpStatus !== 200) list.push([l10n.t('HTTP status'), String(llm.httpStatus)]);
    if (llm.attempt > 1) list.push([l10n.t('attempt'), String(llm.attempt)]);
    return section(titled(l10n.t('Energy'), grade === null ? null : gradeWord(grade)), pairs(list));
  }

  private gpuMeanwhile(head: ReportHead, tool: NonNullable<ReportSpan['tool']>, duration: number | null): HTMLElement {
    const about = mark(head.totals.gpuEvidence);
    const grade = head.totals.energyWh.grade;
    const list: Pair[] = [
      [l10n.t('idle'), `${tool.idleBlameMs === null ? '' : about}${formatDuration(tool.idleBlameMs)}`],
      [l10n.t('of the call'), tool.idleBlameMs === null || duration === null || duration === 0 ? formatPercent(null) : formatPercent(Math.min(1, tool.idleBlameMs / duration))],
      [l10n.t('energy it cost'), energyText(tool.idleEnergyWh, grade)],
    ];
    const idle = head.totals.gpuMs.idle;
    if (idle !== null && idle > 0 && tool.idleBlameMs !== null) list.push([l10n.t('of the run’s idle'), formatPercent(tool.idleBlameMs / idle)]);
    if (tool.resultBytes !== null) list.push([l10n.t('result'), formatBytes(tool.resultBytes)]);
    return section(l10n.t('GPU meanwhile'), pairs(list));
  }

  /** What is shown, as text for the clipboard. */
  private asText(span: ReportSpan): string {
    const lines = [spanSentence(span)];
    for (const node of this.root.querySelectorAll('section')) {
      lines.push('', node.querySelector('h2')?.textContent ?? '');
      const names = [...node.querySelectorAll('dt')];
      const values = [...node.querySelectorAll('dd')];
      names.forEach((name, index) => lines.push(`${name.textContent ?? ''}: ${values[index]?.textContent ?? ''}`));
      for (const text of node.querySelectorAll('p, pre')) lines.push(text.textContent ?? '');
    }
    return lines.join('\n');
  }
}

function cachedText(cached: number | null, prompt: number | null): string {
  if (cached === null) return formatTokens(null);
  return prompt === null || prompt === 0 ? formatTokens(cached) : `${formatTokens(cached)} (${formatPercent(cached / prompt)})`;
}

/** Puts new sections in. Those that say the same of the same span (`same`) stay: a reader may have marked text there. */
function replaceChanged(root: HTMLElement, nodes: readonly HTMLElement[], same: boolean): void {
  nodes.forEach((node, index) => {
    const old = root.children[index];
    if (old === node || (same && old !== undefined && old.outerHTML === node.outerHTML)) return;
    if (old === undefined) root.append(node);
    else old.replaceWith(node);
  });
  while (root.children.length > nodes.length) root.lastElementChild?.remove();
}

/** Below the last row of the agent's time what it went into, as far as it was seen. */
function otherTime(totals: ReportHead['totals']): HTMLElement[] {
  const parts = otherParts(totals);
  if (parts.length === 0) return [];
  const list = pairs(parts.map(({ word, ms }): Pair => [word, `${formatDuration(ms)}  ${formatPercent(ms / totals.wallMs)}`]));
  list.classList.add('inner', 'dim');
  return [list];
}
