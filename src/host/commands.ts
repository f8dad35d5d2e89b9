/** What each command does. */
import * as l10n from '@vscode/l10n';
import { commands, Uri, window, type LogOutputChannel } from 'vscode';
import { viewContainer, views, type LineReference, type Resource } from '../contributions.ts';
import type { Report } from '../profile/report.ts';
import type { MeasuredLines } from '../views/measuredLines.ts';
import type { RunTree } from '../views/runTree.ts';
import { SourceUnavailableError, type SourceNavigation } from '../views/sourceNavigation.ts';
import type { TimelineController } from '../views/timelineController.ts';
import type { TimelinePanel } from '../views/timelineSurfaces.ts';
import { runCommand, type CommandHandlers } from './editor.ts';
import type { Experiments } from './experiments.ts';
import type { Installation } from './installation.ts';
import { messageOf } from './log.ts';
import type { Notifier } from './notify.ts';
import type { Profiling } from './profiling.ts';
import { experimentReference, lineReference, runReference, runReferences, spanReference } from './references.ts';
import type { RunStore } from './runs.ts';
import type { SpanContents } from './spanContents.ts';
import type { Vllm } from './vllm.ts';

export interface CommandServices {
  runs: RunStore;
  contents: SpanContents;
  profiling: () => Promise<Profiling>;
  vllm: () => Promise<Vllm>;
  experiments: () => Promise<Experiments>;
  measured: MeasuredLines;
  tree: RunTree;
  timeline: TimelineController;
  panel: TimelinePanel;
  sources: SourceNavigation;
  installation: Installation;
  /** The extension's folder of media, and its own folder outside of any workspace. */
  media: Uri;
  storage: Uri;
  notifier: Notifier;
  log: LogOutputChannel;
}

/** What the manifest's key for the tree hands to a command in the place of a row. */
const BY_KEY = 'selection';

export function commandHandlers({ runs, contents, profiling, vllm, experiments, measured, tree, timeline, panel, sources, installation, media, storage, notifier, log }: CommandServices): CommandHandlers {
  return {
    'agentCost.profileActiveFile': async (file) => (await profiling()).profileFile(file),
    'agentCost.profileCommand': async (commandLine) => (await profiling()).profileCommand(commandLine),
    'agentCost.stopRun': async () => (await profiling()).stopRun(),
    'agentCost.openRecording': (file) => openRecording(runs, notifier, file),
    'agentCost.openExample': async () => {
      const { openExample } = await import('./example.ts');
      await openExample(runs, media, storage);
      panel.show();
    },
    'agentCost.startSession': async () => (await profiling()).startSession(),
    'agentCost.stopSession': async () => (await profiling()).stopSession(),
    'agentCost.copyEnvironment': async () => (await profiling()).copyEnvironment(),
    'agentCost.startVllm': async (model) => (await vllm()).start(model),
    'agentCost.stopVllm': async () => (await vllm()).stop(),
    'agentCost.clearLenses': () => measured.clear(),
    'agentCost.showTimeline': () => panel.show(),
    'agentCost.export': async (format, target) => {
      const { exportRun } = await import('./exportRun.ts');
      await exportRun(runs.current, contents, installation, notifier, format, target);
    },
    'agentCost.compareRuns': async (before, after) => {
      const { chooseAndCompare } = await import('./compareRuns.ts');
      const one = runReference(before)?.run ?? null;
      // The tree hands over the row and all that are selected.
      const other = Array.isArray(after) ? runReferences(after).find(({ run }) => run !== one)?.run : runReference(after)?.run;
      await chooseAndCompare(runs, notifier, one, other ?? null);
    },
    'agentCost.deleteRecordings': async (run, selected) => {
      const { chooseAndDelete } = await import('./deleteRecordings.ts');
      // By a key there is no row, but what is selected.
      const chosen = run === BY_KEY ? tree.selectedRuns : Array.isArray(selected) && selected.length > 1 ? runReferences(selected) : [runReference(run)].flatMap((one) => one ?? []);
      await chooseAndDelete(runs, notifier, chosen.map((one) => one.run));
    },
    'agentCost.openExperiment': async (argument) => {
      const what = argument === undefined ? undefined : experimentReference(argument);
      if (what !== null) await (await experiments()).open(what);
    },
    'agentCost.showLog': () => log.show(),
    'agentCost.refreshRuns': () => runs.refresh(),
    'agentCost.showRun': async (argument) => {
      const reference = runReference(argument);
      const run = reference && runs.get(reference.run);
      if (run?.live) runs.setCurrent(run);
      else if (run) await tryOpen(runs, notifier, run.file);
    },
    'agentCost.showCostOnTimeline': async (argument) => {
      const reference = lineReference(argument);
      const report = reference === null ? undefined : runs.get(reference.run)?.document?.report;
      const spans = reference === null || report === undefined ? null : await spansOf(report, reference);
      if (reference === null || spans === null) return;
      await showTimelineOf(reference.run);
      timeline.select({ run: reference.run, spans }, 'lens');
    },
    'agentCost.selectSpan': async (argument) => {
      const reference = spanReference(argument);
      if (!reference) return;
      const again = timeline.selection?.run === reference.run && timeline.selection.spans.length === 1 && timeline.selection.spans[0] === reference.span;
      const run = runs.get(reference.run);
      if (run) runs.setCurrent(run);
      await showTimelineOf(reference.run);
      timeline.select({ run: reference.run, spans: [reference.span] }, 'tree');
      // The second click on a row goes on to the source, where there is one.
      if (again) await sources.open(reference, 0).catch((error: unknown) => log.info(messageOf(error)));
    },
    'agentCost.openSource': async (argument) => {
      const reference = spanReference(argument);
      if (reference) await openSource(sources, notifier, reference, 0);
    },
  };

  async function showTimelineOf(run: string): Promise<void> {
    if (!timeline.isVisible(run)) await commands.executeCommand(`${views.timeline}.focus`, { preserveFocus: true });
  }
}

/** Spans of a report's line, or of a function of the program's own; null when the report has no such. */
async function spansOf(report: Report, reference: LineReference): Promise<readonly string[] | null> {
  if (reference.function !== undefined)
    return report.functions.find(({ name, site }) => name === reference.function && site?.file === reference.file && site.line === reference.line)?.spans ?? null;
  const line = report.lines.find((each) => each.file === reference.file && each.line === reference.line);
  if (line === undefined) return null;
  if (line.calls > 0) return line.spans;
  const { spansThrough } = await import('../analysis/callers.ts');
  return spansThrough(report, line.file, line.line);
}

/** Opens a span's line; when that cannot be, says why. */
export async function openSource(sources: SourceNavigation, notifier: Notifier, span: { run: string; span: string }, frame: number): Promise<void> {
  try {
    await sources.open(span, frame);
  } catch (error) {
    if (!(error instanceof SourceUnavailableError)) throw error;
    notifier.warning(error.message);
  }
}

/** Brings the side panel into sight without taking the cursor out of the editor. */
export function showSidebar(): void {
  const editor = window.activeTextEditor;
  void commands.executeCommand(`workbench.view.extension.${viewContainer}`).then(() => editor && window.showTextDocument(editor.document, editor.viewColumn));
}

async function openRecording(runs: RunStore, notifier: Notifier, resource?: Resource): Promise<void> {
  const file = resource ?? (await window.showOpenDialog({ title: l10n.t('Open Recording'), filters: { [l10n.t('Agent Cost recordings')]: ['agentcost'], [l10n.t('All files')]: ['*'] } }))?.[0];
  if (file === undefined) return;
  if (await tryOpen(runs, notifier, Uri.file(file.fsPath).fsPath)) await runCommand('agentCost.showTimeline');
}

async function tryOpen(runs: RunStore, notifier: Notifier, file: string): Promise<boolean> {
  try {
    await runs.open(file);
    return true;
  } catch (error) {
    await tellUnreadable(notifier, error);
    return false;
  }
}

/** One message for a recording that cannot be read: it names the file and the remedy. */
export async function tellUnreadable(notifier: Notifier, error: unknown): Promise<void> {
  const { RecordingError } = await import('../profile/recordingFormat.ts');
  if (RecordingError.is(error, 'newerVersion'))
    notifier.error(error.message, { label: l10n.t('Look for Updates'), run: () => commands.executeCommand('workbench.extensions.action.checkForUpdates') });
  else notifier.error(messageOf(error));
}
