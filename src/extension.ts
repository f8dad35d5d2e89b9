/** Activation: wires the parts together. Nothing runs before the user asks for it. */
import * as l10n from '@vscode/l10n';
import { Uri, workspace, type ExtensionContext } from 'vscode';
// Before all that makes texts.
import './host/language.ts';
import { registerComparisons } from './host/comparisonDocuments.ts';
import { commandHandlers, openSource, showSidebar, tellUnreadable } from './host/commands.ts';
import { EarlierRuns } from './host/earlierRuns.ts';
import { registerCommands } from './host/editor.ts';
import { Git } from './host/git.ts';
import { installation } from './host/installation.ts';
import { createLog, messageOf } from './host/log.ts';
import { MovedFiles } from './host/movedFiles.ts';
import { followOpenAgent } from './host/openAgent.ts';
import { Notifier, type Notification } from './host/notify.ts';
import type { Profiling } from './host/profiling.ts';
import { RunStore, type Run } from './host/runs.ts';
import { SpanContents } from './host/spanContents.ts';
import type { Experiments, ShownExperiment } from './host/experiments.ts';
import type { Vllm } from './host/vllm.ts';
import { registerLenses } from './views/codeLens.ts';
import { registerHover } from './views/hover.ts';
import { MeasuredLines } from './views/measuredLines.ts';
import { RunTree } from './views/runTree.ts';
import { SourceNavigation } from './views/sourceNavigation.ts';
import { StatusBar } from './views/statusBar.ts';
import { TimelineController, type Selection } from './views/timelineController.ts';
import { registerTimelineSurfaces, TimelinePanel } from './views/timelineSurfaces.ts';

/** What the in-editor tests look at. Read-only, and no promise to other extensions. */
export interface ExtensionState {
  /** How long activation took, in milliseconds. */
  readonly activationMs: number;
  readonly tree: RunTree;
  currentRun(): Run | null;
  selection(): Selection | null;
  statusText(): string | null;
  experiment(): ShownExperiment | null;
  messages(): readonly Notification[];
  /** Folder of the documents of long recordings that are kept for a next time. */
  readonly keptDocuments: string;
  /** Recordings that stand side by side in an editor of changes. */
  sideBySide(): readonly (readonly [before: string, after: string])[];
}

export function activate(context: ExtensionContext): ExtensionState {
  const begun = performance.now();
  const log = createLog();
  context.subscriptions.push(log);
  try {
    const own = <T extends { dispose(): void }>(part: T): T => {
      context.subscriptions.push(part);
      return part;
    };
    const notifier = new Notifier(log);
    const parts = installation(context);
    const media = Uri.joinPath(context.extensionUri, 'media');
    const git = new Git({
      folders: () => (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath),
      isTrusted: () => workspace.isTrusted,
      onFailure: (why) => log.debug(why),
    });
    const runs = own(new RunStore(git, parts));
    own(workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('agentCost.accounting') && void runs.recount().catch(onUnreadable)));
    const moved = own(new MovedFiles(git));
    const onUnreadable = (error: unknown): void => void tellUnreadable(notifier, error);
    const sources: SourceNavigation = own(new SourceNavigation(runs, moved, () => panel.column));
    const contents = own(new SpanContents(parts.contents));
    const timeline = own(new TimelineController({ runs, contents, notifier, log, webviewScript: parts.webviewScript, openSource: (span, frame) => openSource(sources, notifier, span, frame) }));
    const panel = own(new TimelinePanel(timeline, media));
    sources.follow(timeline, (error) => log.error('a source line was not revealed', error instanceof Error ? error : String(error)));
    const measured = own(new MeasuredLines(runs, moved, own(new EarlierRuns(runs, (error) => log.debug(`earlier runs: ${messageOf(error)}`)))));
    let profiling: Promise<Profiling> | null = null;
    /** What launches programs is loaded when the first one is launched. */
    const loadProfiling = (): Promise<Profiling> =>
      (profiling ??= import('./host/profiling.ts').then((module) => own(new module.Profiling(context, { installation: parts, runs, notifier, log }, showSidebar))));
    let vllm: Promise<Vllm> | null = null;
    const loadVllm = (): Promise<Vllm> => (vllm ??= import('./host/vllm.ts').then((module) => own(new module.Vllm(context, notifier))));
    let experiments: Experiments | null = null;
    const loadExperiments = async (): Promise<Experiments> => {
      const module = await import('./host/experiments.ts');
      return (experiments ??= own(new module.Experiments(parts, media, notifier)));
    };
    const tree = own(new RunTree(runs, timeline, onUnreadable));
    const status = own(new StatusBar(runs));
    own(registerTimelineSurfaces(timeline, runs, onUnreadable));
    own(followOpenAgent());
    own(registerComparisons(runs));
    own(registerLenses(measured));
    own(registerHover(measured));
    own(
      registerCommands(commandHandlers({ runs, contents, profiling: loadProfiling, vllm: loadVllm, experiments: loadExperiments, measured, tree, timeline, panel, sources, installation: parts, media, storage: context.globalStorageUri, notifier, log }), (command, error) =>
        notifier.error(l10n.t`${command} failed: ${messageOf(error)}`),
      ),
    );
    const activationMs = performance.now() - begun;
    return { activationMs, keptDocuments: parts.keptDocuments, tree, currentRun: () => runs.current, selection: () => timeline.selection, statusText: () => status.text, experiment: () => experiments?.current ?? null, messages: () => notifier.recent, sideBySide: () => timeline.sideBySide };
  } catch (error) {
    // VS Code shows nothing of a failed activation.
    log.error('activation failed', error instanceof Error ? error : String(error));
    log.show();
    throw error;
  }
}
