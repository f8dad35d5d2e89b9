/**
 * Calls by the lines that led to them: the user's frames from the outermost in, then what was called. Pure.
 *
 * Nodes are numbers, 0 is the run, a parent's is lower than its children's. A call's costs are in its leaf, and in every node above.
 */
import * as l10n from '@vscode/l10n';
import { siteText } from './spanText.ts';
import { visibleText } from '../../../src/profile/visibleText.ts';
import type { CallCost } from './callCosts.ts';
import type { ReportHead } from './timelineModel.ts';
import type { Site } from '../../../src/profile/recordingFormat.ts';

export const measures = ['time', 'tokens', 'energy', 'money'] as const;
export type Measure = (typeof measures)[number];
/** `heavy`: calls of one stack are together; `time`: as they came, together only where nothing was between them. */
export type TreeOrder = 'heavy' | 'time';

export type NodeKind = 'run' | 'frame' | 'llm' | 'tool' | 'rest';

/** Columns by node. */
export class CallTree {
  readonly parent: number[] = [];
  readonly depth: number[] = [];
  readonly kind: NodeKind[] = [];
  readonly label: string[] = [];
  /** The line of a frame. */
  readonly site: (Site | null)[] = [];
  /** What tells it from its siblings; two of the same key are of the same name, kind and line. */
  readonly key: number[] = [];
  /** Calls in it. */
  readonly calls: number[] = [];
  /** Sum of what is known. */
  readonly total: Record<Measure, number[]> = { time: [], tokens: [], energy: [], money: [] };
  /** Calls of which it is not known. */
  readonly unknown: Record<Measure, number[]> = { time: [], tokens: [], energy: [], money: [] };
  /** Whether a part of the sum is inferred or estimated. */
  readonly about: Record<Measure, boolean[]> = { time: [], tokens: [], energy: [], money: [] };
  /** Of each call, in order of start: the number of its span, and its leaf. */
  readonly spans: number[] = [];
  readonly leaves: number[] = [];

  get length(): number {
    return this.parent.length;
  }

  add(parent: number, kind: NodeKind, label: string, site: Site | null, key: number): number {
    const node = this.parent.push(parent) - 1;
    this.depth.push(node === 0 ? 0 : (this.depth[parent] ?? 0) + 1);
    this.kind.push(kind);
    this.label.push(label);
    this.site.push(site);
    this.key.push(key);
    this.calls.push(0);
    for (const measure of measures) {
      this.total[measure].push(0);
      this.unknown[measure].push(0);
      this.about[measure].push(false);
    }
    return node;
  }

  /** Whether a node is another one or inside of it. */
  isWithin(node: number, outer: number): boolean {
    let at = node;
    while (at > outer) at = this.parent[at] ?? 0;
    return at === outer;
  }

  /** From the run to the node. */
  path(node: number): number[] {
    const path = [node];
    for (let at = node; at > 0; ) path.unshift((at = this.parent[at] ?? 0));
    return path;
  }

  /** Numbers of the spans in a node, in order of start. */
  spansIn(node: number): number[] {
    return this.spans.filter((_, call) => this.isWithin(this.leaves[call] ?? 0, node));
  }

  leafOf(span: number): number {
    const call = this.spans.indexOf(span);
    return call < 0 ? -1 : (this.leaves[call] ?? -1);
  }
}

const NO_LINE = l10n.t('no line known');
const REST = l10n.t('GPU behind no call');

/**
 * @param costs in order of start
 * @param rest of whose totals what no call is charged with is a leaf of its own, so that the run's sum is the report's; null: it is left out
 */
export function buildTree(costs: readonly CallCost[], order: TreeOrder, rest: ReportHead | null): CallTree {
  const tree = new CallTree();
  tree.add(-1, 'run', 'run', null, 0);
  const keys = new Keys();
  /** By parent and key (heavy), or by parent alone (time). */
  const children = new Map<number, number>();
  const childOf = (parent: number, kind: NodeKind, key: number, label: () => string, site: Site | null): number => {
    const place = order === 'heavy' ? parent * MOST_KEYS + key : parent;
    const found = children.get(place);
    if (found !== undefined && tree.key[found] === key && (order === 'heavy' || kind === 'frame')) return found;
    const node = tree.add(parent, kind, label(), site, key);
    children.set(place, node);
    return node;
  };
  for (const cost of costs) {
    const { span } = cost;
    let node = 0;
    const frames = span.frames.length > 0 ? span.frames : span.site === null ? [] : [span.site];
    for (let at = frames.length - 1; at >= 0; at--) {
      const site = frames[at] as Site;
      node = childOf(node, 'frame', keys.ofSite(site), () => `${site.function === null ? '' : `${visibleText(site.function, 60)}  `}${siteText(site)}`, site);
    }
    if (frames.length === 0) node = childOf(node, 'frame', keys.of(NO_LINE), () => NO_LINE, null);
    const name = span.kind === 'llm' ? (span.llm?.model ?? span.name) : (span.tool?.name ?? span.name);
    const leaf = childOf(node, span.kind === 'llm' ? 'llm' : 'tool', keys.of(`${span.kind} ${name}`), () => visibleText(name, 120), null);
    charge(tree, leaf, cost);
  }
  if (rest !== null) addRest(tree, rest, keys.of(REST));
  for (let node = tree.length - 1; node > 0; node--) {
    const parent = tree.parent[node] ?? 0;
    add(tree.calls, parent, tree.calls[node] ?? 0);
    for (const measure of measures) {
      add(tree.total[measure], parent, tree.total[measure][node] ?? 0);
      add(tree.unknown[measure], parent, tree.unknown[measure][node] ?? 0);
      if (tree.about[measure][node] === true) tree.about[measure][parent] = true;
    }
  }
  return tree;
}

/** More distinct frames than a program has, and such that the product with any number of nodes is still exact. */
const MOST_KEYS = 2 ** 26;

/** Numbers for names and lines. */
class Keys {
  private readonly numbers = new Map<string, number>();
  private readonly sites = new WeakMap<Site, number>();

  of(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) this.numbers.set(text, (number = this.numbers.size + 1));
    return number;
  }

  ofSite(site: Site): number {
    let number = this.sites.get(site);
    if (number === undefined) this.sites.set(site, (number = this.of(`${site.line}:${site.function ?? ''}:${site.file}`)));
    return number;
  }
}

function add(column: number[], node: number, value: number): void {
  column[node] = (column[node] ?? 0) + value;
}

function charge(tree: CallTree, leaf: number, { number, span, selfMs, tokens, energyWh, usd }: CallCost): void {
  tree.spans.push(number);
  tree.leaves.push(leaf);
  add(tree.calls, leaf, 1);
  const values: Record<Measure, number | null> = { time: selfMs, tokens, energy: energyWh, money: usd };
  for (const measure of measures) {
    const value = values[measure];
    // A tool has no tokens: that is known.
    if (value !== null) add(tree.total[measure], leaf, Math.max(0, value));
    else if (span.kind === 'llm' || measure === 'time') add(tree.unknown[measure], leaf, 1);
  }
  const isGuess = (evidence: string | null | undefined): boolean => evidence === 'inferred' || evidence === 'estimated';
  if (isGuess(span.evidence) && span.kind === 'tool') tree.about.time[leaf] = true;
  if (isGuess(span.llm?.tokenEvidence)) tree.about.tokens[leaf] = true;
  if (span.llm?.energyWh.grade === 'model') tree.about.energy[leaf] = true;
  if (usd !== null) tree.about.money[leaf] = true;
}

/** What the GPU drew and cost beside the calls and what was waited for. */
function addRest(tree: CallTree, { totals }: ReportHead, key: number): void {
  const { active, idle } = totals.energyWh;
  const wholes = { energy: active === null || idle === null ? null : active + idle, money: totals.costUsd };
  let node = -1;
  for (const measure of ['energy', 'money'] as const) {
    const whole = wholes[measure];
    // So far only leaves have any.
    const known = tree.total[measure].reduce((sum, value) => sum + value, 0);
    // Below that it is what rounding leaves.
    if (whole === null || whole - known <= whole * 1e-9) continue;
    if (node < 0) node = tree.add(0, 'rest', REST, null, key);
    tree.total[measure][node] = whole - known;
    tree.about[measure][node] = measure === 'money' || totals.energyWh.grade === 'model';
  }
}
