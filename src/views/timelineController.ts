/** What all timelines of the window share: the run shown, the selection, and the way back from a webview to the editor. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as l10n from '@vscode/l10n';
import { env, EventEmitter, Uri, workspace, type Disposable, type Event, type LogOutputChannel, type ViewColumn, type Webview } from 'vscode';
import { userLanguage } from '../host/language.ts';
import { ColumnDocument } from '../analysis/columnDocument.ts';
import { spanOf } from '../analysis/spanTable.ts';
import { settlePreview, updateBetween } from '../analysis/diffDocuments.ts';
import { DiffSides, type Side } from './diffSides.ts';
import { settingDefaults, type SettingId, type SpanReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import { runCommand } from '../host/editor.ts';
import { messageOf } from '../host/log.ts';
import type { Notifier } from '../host/notify.ts';
import type { Preview, Reading, Run, RunStore } from '../host/runs.ts';
import type { SpanContents } from '../host/spanContents.ts';
import { openSetting } from '../host/settings.ts';
import { webviewHtml } from '../profile/webviewHtml.ts';
import type { ReportSpan } from '../profile/report.ts';
import { packDocument, packUpdate } from '../protocol/packDocument.ts';
import { SpanPacker } from '../protocol/packSpans.ts';
import type { FromWebview, TimelineDocument, ToWebview } from '../protocol/webview.ts';

/** Spans chosen in one of the views. */
export interface Selection {
  readonly run: string;
  readonly spans: readonly string[];
}

/** Where a selection comes from, so that a view does not answer itself. */
export type SelectionOrigin = 'timeline' | 'tree' | 'lens';

export interface SelectionChange {
  readonly selection: Selection | null;
  readonly origin: SelectionOrigin;
}

/** What a surface was given. */
interface Shown {
  readonly run: string;
  document: TimelineDocument;
  /** How its spans were numbered. */
  readonly packer: SpanPacker;
  /** Spans that it has ahead of the document, by id. */
  readonly previewed: Map<string, ReportSpan>;
  /** All slices are sent; updates wait for that. */
  complete: boolean;
}

/** A webview that shows a timeline. */
interface Surface {
  readonly webview: Webview;
  /** The run that it always shows; null for whichever is current. */
  readonly pinned: string | null;
  /** It listens: cleared when it is hidden, for a hidden webview's page is gone. */
  ready: boolean;
  visible: boolean;
  shown: Shown | null;
  /** The recording of which it has what has been read, and how much of that; null where it has a document, or nothing. */
  reading: { of: Reading; sent: number } | null;
  /** As what it may stand beside another one; null where it is no recording's own editor. */
  side: MutableSide | null;
}

type MutableSide = { -readonly [Key in keyof Side]: Side[Key] };

export interface SurfaceHandle extends Disposable {
  /** @param column group of editors that it is in, of a recording's own editor */
  setVisible(visible: boolean, column?: ViewColumn): void;
}

export interface TimelineServices {
  runs: RunStore;
  contents: SpanContents;
  notifier: Notifier;
  log: LogOutputChannel;
  webviewScript: string;
  /** Opens the source of a span's frame. */
  openSource(span: SpanReference, frame: number): Promise<void>;
}

export class TimelineController implements Disposable {
  private readonly disposables = new DisposableList();
  private readonly services: TimelineServices;
  private readonly surfaces = new Set<Surface>();
  private readonly sides = this.disposables.add(new DiffSides());
  private selected: Selection | null = null;
  private readonly selectionChanged = this.disposables.add(new EventEmitter<SelectionChange>());
  readonly onDidChangeSelection: Event<SelectionChange> = this.selectionChanged.event;

  constructor(services: TimelineServices) {
    this.services = services;
    this.disposables.add(services.runs.onDidChangeDocument((run) => this.showRun(run)));
    this.disposables.add(services.runs.onDidRead((file) => this.showReading(file)));
    this.disposables.add(services.runs.onDidPreview((preview) => this.preview(preview)));
    this.disposables.add(services.runs.onDidChangeCurrent(() => this.showCurrent()));
    this.disposables.add(workspace.onDidGrantWorkspaceTrust(() => this.showCurrent()));
  }

  get selection(): Selection | null {
    return this.selected;
  }

  /** Whether the user sees a timeline that shows this run. */
  isVisible(run: string): boolean {
    return [...this.surfaces].some((surface) => surface.visible && this.runOf(surface)?.file === run);
  }

  /**
   * Makes a webview a timeline.
   * @param pinned recording that it always shows; null for the current run
   */
  attach(webview: Webview, placement: 'sidebar' | 'tab', pinned: string | null): SurfaceHandle {
    const script = Uri.file(this.services.webviewScript);
    const surface: Surface = { webview, pinned, ready: false, visible: true, shown: null, reading: null, side: null };
    if (pinned !== null) this.addSide(surface);
    this.surfaces.add(surface);
    webview.options = { enableScripts: true, localResourceRoots: [Uri.file(dirname(this.services.webviewScript))] };
    const receiving = webview.onDidReceiveMessage((message: unknown) => this.receive(surface, message).catch((error: unknown) => this.services.notifier.error(messageOf(error))));
    webview.html = webviewHtml({ scriptUri: webview.asWebviewUri(script).toString(), cspSource: webview.cspSource, nonce: randomBytes(16).toString('base64'), placement, title: l10n.t('Timeline'), language: userLanguage });
    return {
      setVisible: (visible, column) => {
        surface.visible = visible;
        if (!visible) {
          surface.ready = false;
          surface.shown = null;
          surface.reading = null;
        }
        if (surface.side !== null) {
          Object.assign(surface.side, { visible, column, isComplete: surface.shown?.complete ?? false });
          this.sides.settle();
        }
      },
      dispose: () => {
        receiving.dispose();
        this.surfaces.delete(surface);
        if (surface.side !== null) this.sides.remove(surface.side);
      },
    };
  }

  /** Recordings that stand side by side in an editor of changes. */
  get sideBySide(): (readonly [before: string, after: string])[] {
    return this.sides.shown;
  }

  private addSide(surface: Surface): void {
    surface.side = { column: undefined, isComplete: false, visible: true, run: () => this.runOf(surface), post: (message) => this.post(surface, message) };
    this.sides.add(surface.side);
  }

  /** Chooses spans everywhere but where the choice was made. */
  select(selection: Selection | null, origin: SelectionOrigin, from: Surface | null = null): void {
    this.selected = selection;
    for (const surface of this.surfaces) if (surface !== from) this.sendSelection(surface, true);
    this.selectionChanged.fire({ selection, origin });
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private runOf(surface: Surface): Run | null {
    return surface.pinned === null ? this.services.runs.current : (this.services.runs.get(surface.pinned) ?? null);
  }

  private showRun(run: Run): void {
    for (const surface of this.surfaces) if (this.runOf(surface)?.file === run.file) this.send(surface);
  }

  private showCurrent(): void {
    if (this.selected !== null && this.selected.run !== this.services.runs.current?.file) this.select(null, 'timeline');
    for (const surface of this.surfaces) if (surface.pinned === null) this.send(surface);
  }

  /** More has been read of a recording, or it turned out that it cannot be. */
  private showReading(file: string): void {
    for (const surface of this.surfaces) if (surface.reading?.of.file === file || surface.pinned === file || this.services.runs.readingOf(surface.pinned)?.file === file) this.send(surface);
  }

  /** Shows what has been read so far; what was shown before stays until there is something of it. */
  private sendReading(surface: Surface, reading: Reading): void {
    const { head, read } = reading;
    if (head === null) return;
    if (surface.reading?.of !== reading) {
      surface.reading = { of: reading, sent: 0 };
      surface.shown = null;
      this.post(surface, { type: 'begin', head, spans: 0, gpu: 0, parts: [], reading: true });
    }
    const { reading: has } = surface;
    for (const { spans, share } of read.slice(has.sent)) for (const each of spans.length === 0 ? [null] : spans) this.post(surface, { type: 'slice', spans: each, gpu: null, share });
    has.sent = read.length;
  }

  /** Brings a surface up to date with its run. */
  private send(surface: Surface): void {
    if (!surface.ready) return;
    const reading = this.services.runs.readingOf(surface.pinned);
    if (reading !== null) return this.sendReading(surface, reading);
    surface.reading = null;
    const run = this.runOf(surface);
    const document = run?.document ?? null;
    if (run === null || document === null) {
      surface.shown = null;
      this.post(surface, emptyMessage(run, surface.pinned, workspace.isTrusted));
      return;
    }
    const { shown } = surface;
    if (shown?.run !== run.file || (shown.document !== document && inColumns(shown.document, document))) {
      surface.shown = { run: run.file, document, packer: new SpanPacker(), previewed: new Map(), complete: false };
      void this.sendAll(surface, surface.shown);
    } else if (shown.complete && shown.document !== document) {
      const update = packUpdate(settlePreview(updateBetween(shown.document, document), document, shown.previewed), document, shown.packer);
      shown.document = document;
      this.post(surface, { type: 'update', update });
    }
  }

  /** Shows calls and tools as they begin and end: the next document takes longer, and says more of them. */
  private preview({ run, spans }: Preview): void {
    for (const surface of this.surfaces) {
      const { shown } = surface;
      if (!surface.ready || shown?.run !== run.file || !shown.complete) continue;
      for (const span of spans) shown.previewed.set(span.id, span);
      this.post(surface, { type: 'preview', spans: shown.packer.update(spans, () => undefined) });
    }
  }

  /** Sends a document in slices, between which the editor goes on with its own work. */
  private async sendAll(surface: Surface, shown: Shown): Promise<void> {
    for (const part of shown.document instanceof ColumnDocument ? shown.document.messages : packDocument(shown.document, shown.packer)) {
      // The surface went away or shows something else by now.
      if (surface.shown !== shown) return;
      if (part !== null) this.post(surface, part);
      await nextTurn();
    }
    if (surface.shown !== shown) return;
    shown.complete = true;
    if (surface.side !== null) {
      surface.side.isComplete = true;
      this.sides.settle();
    }
    this.sendSelection(surface, true);
    this.send(surface);
    if (shown.document instanceof ColumnDocument) await inTurns(shown.document.prepare());
  }

  private sendSelection(surface: Surface, reveal: boolean): void {
    if (!surface.ready || surface.shown?.complete !== true) return;
    const spans = this.selected?.run === surface.shown.run ? [...this.selected.spans] : [];
    this.post(surface, { type: 'select', spans, reveal });
  }

  private async sendContent(surface: Surface, run: Run | null, id: string): Promise<void> {
    const report = surface.shown?.document.report;
    const span = report === undefined ? undefined : spanOf(report, id);
    if (run === null || span === undefined) return;
    this.post(surface, { type: 'content', span: id, content: await this.services.contents.of(run.file, span) });
  }

  private async sendChunks(surface: Surface, run: Run | null, id: string): Promise<void> {
    if (run !== null) this.post(surface, { type: 'chunks', span: id, gaps: await this.services.contents.chunkGapsOf(run.file, id) });
  }

  private post(surface: Surface, message: ToWebview): void {
    surface.webview.postMessage(message).then(undefined, (error: unknown) => this.services.log.debug('a timeline went away', error));
  }

  private async receive(surface: Surface, raw: unknown): Promise<void> {
    // Loaded with the first webview: activation does without the schemas.
    const { fromWebviewSchema } = await import('../protocol/webview.ts');
    const message = fromWebviewSchema.safeParse(raw);
    if (!message.success) {
      this.services.log.warn(`the timeline sent what it should not: ${message.error.message}`);
      return;
    }
    await this.handle(surface, message.data);
  }

  private async handle(surface: Surface, message: FromWebview): Promise<void> {
    // While a recording is being read nothing more is known of its spans, and they are not those of another run.
    const run = surface.reading === null ? this.runOf(surface) : null;
    switch (message.type) {
      case 'ready':
        surface.ready = true;
        surface.shown = null;
        surface.reading = null;
        if (surface.side !== null) {
          surface.side.isComplete = false;
          this.sides.forget(surface.side);
        }
        return this.send(surface);
      case 'selected':
        if (run !== null) this.select(message.span === null ? null : { run: run.file, spans: [message.span] }, 'timeline', surface);
        return;
      case 'openSource':
        if (run !== null) await this.services.openSource({ run: run.file, span: message.span }, message.frame);
        return;
      case 'content':
        return this.sendContent(surface, run, message.span);
      case 'chunks':
        return this.sendChunks(surface, run, message.span);
      case 'openSetting':
        if (Object.hasOwn(settingDefaults, message.setting)) await openSetting(message.setting as SettingId);
        return;
      case 'range':
        if (surface.side !== null) this.sides.moved(surface.side, { start: message.start, end: message.end });
        return;
      case 'compare': {
        const pair = surface.side === null ? null : this.sides.pairOf(surface.side);
        if (pair !== null) await runCommand('agentCost.compareRuns', { run: pair[0] }, { run: pair[1] });
        return;
      }
      case 'copy':
        await env.clipboard.writeText(message.text);
        return;
      case 'openTab':
        await runCommand('agentCost.showTimeline');
        return;
      case 'export':
        if (run !== null) this.services.runs.setCurrent(run);
        await runCommand('agentCost.export');
        return;
      case 'profileActiveFile':
        await runCommand('agentCost.profileActiveFile');
        return;
      case 'failed':
        this.services.notifier.error(l10n.t`The timeline failed: ${message.message} The recording is not affected; close the timeline and open it again.`);
    }
  }
}

/** Does a piece of work whenever the editor has done some of its own. */
async function inTurns(work: Iterable<void>): Promise<void> {
  const pieces = work[Symbol.iterator]();
  while (pieces.next().done !== true) await nextTurn();
}

/** One of them is in columns: what changed between them is not told, and all of the new one is sent. */
function inColumns(...documents: TimelineDocument[]): boolean {
  return documents.some((document) => document instanceof ColumnDocument);
}

function emptyMessage(run: Run | null, pinned: string | null, canProfile: boolean): ToWebview {
  if (run?.live) return { type: 'empty', message: l10n.t`${run.name} is running`, detail: l10n.t('Its first call will be seen here.'), canProfile: false };
  if (run !== null || pinned !== null) return { type: 'empty', message: l10n.t('This recording cannot be shown'), detail: l10n.t('The message that was shown, and the log, say why.'), canProfile };
  const detail = canProfile ? l10n.t('Profile a file with the play button that has a flame, or choose a run.') : l10n.t('This workspace is not trusted, so nothing is started from it. Recordings can be viewed: choose a run.');
  return { type: 'empty', message: l10n.t('No run is shown'), detail, canProfile };
}
