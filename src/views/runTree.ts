/** The side panel's tree: runs, the requests in each, the calls in each request. */
import * as l10n from '@vscode/l10n';
import { EventEmitter, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState, window, type Disposable, type Event, type TreeDataProvider, type TreeView } from 'vscode';
import { evidenceWord } from '../profile/words.ts';
import { localTime } from '../profile/language.ts';
import { treeItemKinds, views, type SpanReference } from '../contributions.ts';
import { DisposableList } from '../host/disposables.ts';
import type { Run, RunStore } from '../host/runs.ts';
import type { Report } from '../profile/report.ts';
import { runDescription, spanRow, SpanTree } from './treeModel.ts';
import type { SelectionChange, TimelineController } from './timelineController.ts';

/** A row of the tree. What it shows is looked up when it is drawn, for a live run changes. */
export type RunTreeNode = { readonly kind: 'run'; readonly run: string } | ({ readonly kind: 'span' } & SpanReference);

/** A live run redraws the tree no more often. */
const REDRAW_PERIOD_MS = 1000;

export class RunTree implements TreeDataProvider<RunTreeNode>, Disposable {
  private readonly disposables = new DisposableList();
  private readonly runs: RunStore;
  private readonly onUnreadable: (error: unknown) => void;
  /** One object for each row: VS Code tells rows apart by it. */
  private readonly nodes = new Map<string, RunTreeNode>();
  private readonly trees = new WeakMap<Report, SpanTree>();
  private readonly view: TreeView<RunTreeNode>;
  private readonly changed = this.disposables.add(new EventEmitter<RunTreeNode | undefined>());
  readonly onDidChangeTreeData: Event<RunTreeNode | undefined> = this.changed.event;
  private refreshed: Promise<void> | null = null;
  private redrawTimer: NodeJS.Timeout | null = null;

  constructor(runs: RunStore, controller: TimelineController, onUnreadable: (error: unknown) => void) {
    this.runs = runs;
    this.onUnreadable = onUnreadable;
    this.view = this.disposables.add(window.createTreeView(views.runs, { treeDataProvider: this, canSelectMany: true }));
    this.disposables.add(runs.onDidChangeList(() => this.changed.fire(undefined)));
    this.disposables.add(runs.onDidChangeCurrent(() => this.changed.fire(undefined)));
    this.disposables.add(runs.onDidChangeDocument((run) => this.redraw(run)));
    this.disposables.add(controller.onDidChangeSelection((change) => this.follow(change)));
    this.disposables.add({ dispose: () => this.redrawTimer !== null && clearTimeout(this.redrawTimer) });
  }

  async getChildren(node?: RunTreeNode): Promise<RunTreeNode[]> {
    if (node === undefined) {
      // The folders are looked into when the tree is first seen, not before.
      this.refreshed ??= this.runs.refresh();
      await this.refreshed;
      return this.runs.list.map((run) => this.runNode(run.file));
    }
    const tree = await this.treeOf(node.run);
    return (tree?.childrenOf(node.kind === 'run' ? null : node.span) ?? []).map((span) => this.spanNode({ run: node.run, span: span.id }));
  }

  /** The runs whose rows are selected. */
  get selectedRuns(): { run: string }[] {
    return this.view.selection.flatMap((node) => (node.kind === 'run' ? [{ run: node.run }] : []));
  }

  getParent(node: RunTreeNode): RunTreeNode | null {
    if (node.kind === 'run') return null;
    const tree = this.loadedTree(node.run);
    const span = tree?.get(node.span);
    const parent = span && tree ? tree.parentOf(span) : null;
    return parent === null ? this.runNode(node.run) : this.spanNode({ run: node.run, span: parent.id });
  }

  getTreeItem(node: RunTreeNode): TreeItem {
    return node.kind === 'run' ? this.runItem(node) : this.spanItem(node);
  }

  dispose(): void {
    this.disposables.dispose();
  }

  private runItem(node: RunTreeNode): TreeItem {
    const run = this.runs.get(node.run);
    const current = run !== undefined && run === this.runs.current;
    const item = new TreeItem(run?.name ?? '', current ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed);
    // The state belongs to the id: a run that becomes the current one opens.
    item.id = `${current ? 'current' : 'run'}:${node.run}`;
    item.contextValue = treeItemKinds.run;
    if (run === undefined) return item;
    item.description = run.document ? runDescription(run.document.report) : localTime(new Date(run.startedMs));
    item.iconPath = new ThemeIcon(run.live ? 'loading~spin' : current ? 'flame' : 'history');
    item.tooltip = `${run.file}\n${localTime(new Date(run.startedMs))}`;
    item.command = { command: 'agentCost.showRun', title: l10n.t('Show Run'), arguments: [{ run: run.file }] };
    return item;
  }

  private spanItem(node: RunTreeNode & { kind: 'span' }): TreeItem {
    const tree = this.loadedTree(node.run);
    const span = tree?.get(node.span);
    if (span === undefined || tree === null) return new TreeItem('');
    const row = spanRow(span);
    const children = tree.hasChildren(span.id);
    const item = new TreeItem(row.label, children ? (row.kind === 'request' ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed) : TreeItemCollapsibleState.None);
    item.id = JSON.stringify([node.run, node.span]);
    item.description = row.description;
    item.tooltip = row.tooltip;
    item.iconPath = new ThemeIcon(row.icon, new ThemeColor(row.color));
    item.contextValue = row.kind === 'request' ? treeItemKinds.request : row.hasSource ? treeItemKinds.callWithSource : treeItemKinds.call;
    item.accessibilityInformation = { label: `${row.label}, ${row.description}, ${evidenceWord(span.evidence)}` };
    item.command = { command: 'agentCost.selectSpan', title: l10n.t('Show on Timeline'), arguments: [{ run: node.run, span: node.span } satisfies SpanReference] };
    return item;
  }

  private async treeOf(file: string): Promise<SpanTree | null> {
    if (this.runs.get(file)?.document === null && !this.runs.get(file)?.live) {
      try {
        await this.runs.load(file);
      } catch (error) {
        this.onUnreadable(error);
        return null;
      }
    }
    return this.loadedTree(file);
  }

  private loadedTree(file: string): SpanTree | null {
    const report = this.runs.get(file)?.document?.report;
    if (report === undefined) return null;
    let tree = this.trees.get(report);
    if (tree === undefined) {
      tree = new SpanTree(report);
      this.trees.set(report, tree);
    }
    return tree;
  }

  private runNode(run: string): RunTreeNode {
    return this.node(JSON.stringify([run]), { kind: 'run', run });
  }

  private spanNode(span: SpanReference): RunTreeNode {
    return this.node(JSON.stringify([span.run, span.span]), { kind: 'span', ...span });
  }

  private node(key: string, made: RunTreeNode): RunTreeNode {
    const known = this.nodes.get(key);
    if (known) return known;
    this.nodes.set(key, made);
    return made;
  }

  private redraw(run: Run): void {
    if (!run.live) {
      this.changed.fire(this.runNode(run.file));
      return;
    }
    this.redrawTimer ??= setTimeout(() => {
      this.redrawTimer = null;
      this.changed.fire(this.runNode(run.file));
    }, REDRAW_PERIOD_MS);
  }

  /** Chooses here what was chosen elsewhere, if the tree is in sight. */
  private follow({ selection, origin }: SelectionChange): void {
    const [span] = selection?.spans ?? [];
    if (selection === null || span === undefined || origin === 'tree' || !this.view.visible) return;
    if (this.loadedTree(selection.run)?.get(span) === undefined) return;
    this.view.reveal(this.spanNode({ run: selection.run, span }), { select: true, focus: false, expand: false }).then(undefined, () => {
      // The tree was redrawn in between: the row is no longer there to be chosen.
    });
  }
}
