/** The drawing: minimap, lanes, overlay and tooltip on one clock, sized to their place, redrawn at most once a frame. */
import * as l10n from '@vscode/l10n';
import { attributes, element } from '../../common/dom.ts';
import { LaneChart } from '../draw/laneChart.ts';
import { layoutLanes, type Layout, type LayoutInput } from '../draw/laneLayout.ts';
import { hitTest, type Hit } from '../draw/hitTest.ts';
import { Minimap } from '../draw/minimap.ts';
import { Overlay, type Marks } from '../draw/overlay.ts';
import { AXIS_HEIGHT } from '../draw/timeScale.ts';
import { laneLabels, laneNames, type LaneChoice } from '../model/laneChoice.ts';
import { groupsOf, withGroups } from '../model/laneGroups.ts';
import { LaneNames, type LaneOwner, type NamedLane } from './laneNames.ts';
import { Tooltip } from './tooltip.ts';
import { formatDuration } from '../../../src/profile/formatValue.ts';
import type { Area, Scene } from '../draw/scene.ts';
import type { Theme } from '../../common/theme.ts';
import type { TimelineModel } from '../model/timelineModel.ts';
import type { ViewRange } from '../model/viewRange.ts';

const MINIMAP_HEIGHT = 28;
/** Most that the lanes may take in the narrow layout, where the list of calls is below. */
const NARROW_LANES = 150;

/** What the stage asks of its owner for each frame. */
export interface StageState {
  model: TimelineModel;
  theme: Theme;
  range: ViewRange;
  marks: Marks;
  narrow: boolean;
  lanes: LaneChoice;
  chunkGapsOf: Scene['chunkGapsOf'];
}

export class Stage {
  readonly root = element('div', 'stage');
  readonly canvas = element('canvas', 'lanes');
  readonly scroller = element('div', 'scroller');
  readonly tooltip = new Tooltip();
  readonly minimap: Minimap;
  private readonly overlayCanvas = element('canvas', 'overlay');
  private readonly spacer = element('div', '');
  private readonly total = element('span', 'total');
  private readonly notice = element('div', 'notice hidden');
  private readonly names: LaneNames;
  private readonly chart: LaneChart;
  private readonly overlay: Overlay;
  private readonly state: () => StageState;
  private layout: Layout = { boxes: [], height: 0, pinnedHeight: 0 };
  private width = 0;
  private height = 0;
  private narrow = false;
  private frame = 0;
  private needsLayout = true;
  private minimapStale = true;
  private overlayOnly = true;

  constructor(state: () => StageState, moved: (range: ViewRange) => void, lanes: Omit<LaneOwner, 'choice' | 'available'>) {
    this.state = state;
    this.names = new LaneNames({ ...lanes, choice: () => withGroups(this.state().lanes, groupsOf(this.state().model.parts)), available: () => this.availableLanes() });
    const minimapCanvas = element('canvas', '');
    this.minimap = new Minimap(minimapCanvas, moved);
    const map = element('div', 'minimap', this.total, minimapCanvas);
    attributes(minimapCanvas, { role: 'img', 'aria-label': l10n.t('The whole run; the window marks what is shown below') });
    attributes(this.canvas, { role: 'img', 'aria-label': l10n.t('Timeline') });
    attributes(this.overlayCanvas, { 'aria-hidden': 'true' });
    attributes(this.root, {
      role: 'application',
      tabindex: '0',
      'aria-label': l10n.t('Timeline. Arrow keys go from span to span, to the parent and the children, W A S D zoom and pan, F shows all, M marks, slash searches, the question mark lists all keys.'),
    });
    this.scroller.append(element('div', 'sticky', this.canvas, this.overlayCanvas, this.names.button, this.names.root), this.spacer);
    this.root.append(map, this.scroller, this.notice, this.tooltip.root);
    this.chart = new LaneChart(this.canvas, 76);
    this.overlay = new Overlay(this.overlayCanvas);
    this.scroller.addEventListener('scroll', () => this.draw());
    new ResizeObserver(() => this.relayout()).observe(this.root);
  }

  get gutter(): number {
    return this.narrow ? 38 : 76;
  }

  get area(): Area {
    return this.chart.area;
  }

  scene(): Scene {
    const { model, theme, range, marks, chunkGapsOf } = this.state();
    return { chunkGapsOf, model, theme, layout: this.layout, range, scrollTop: this.scroller.scrollTop, pixelRatio: devicePixelRatio, dimmed: marks.found !== null, narrow: this.narrow };
  }

  hit(clientX: number, clientY: number): Hit | null {
    const box = this.canvas.getBoundingClientRect();
    return hitTest(clientX - box.left, clientY - box.top, this.scene(), this.area);
  }

  /** Time under a pointer. */
  timeAt(clientX: number): number {
    const { range } = this.state();
    const area = this.area;
    const x = clientX - this.canvas.getBoundingClientRect().left;
    return range.start + ((x - area.left) / Math.max(1, area.right - area.left)) * (range.end - range.start);
  }

  /** Whether a pointer is on the axis, above the lanes. */
  onRuler(clientY: number): boolean {
    const y = clientY - this.canvas.getBoundingClientRect().top;
    return y >= 0 && y < this.area.top;
  }

  /** As much time as so many pixels take. */
  timeOf(pixels: number): number {
    const { range } = this.state();
    return ((range.end - range.start) * pixels) / Math.max(1, this.area.right - this.area.left);
  }

  /** Says something over the empty lanes; null takes it away. */
  showNotice(text: string | null): void {
    this.notice.textContent = text ?? '';
    this.notice.classList.toggle('hidden', text === null);
  }

  describe(label: string): void {
    this.canvas.setAttribute('aria-label', label);
  }

  /** The data, the theme or the room has changed. */
  relayout(): void {
    this.needsLayout = true;
    this.dataChanged();
  }

  /** New data within the same lanes. */
  dataChanged(): void {
    this.minimapStale = true;
    this.draw();
  }

  /** Redraws everything in the next frame. */
  draw(): void {
    this.overlayOnly = false;
    this.schedule();
  }

  /** Redraws only the marks in the next frame. */
  drawMarks(): void {
    this.schedule();
  }

  private schedule(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  private drawNow(): void {
    const { range, theme, marks } = this.state();
    const whole = !this.overlayOnly;
    this.overlayOnly = true;
    if (whole && this.needsLayout) this.applyLayout();
    if (this.width === 0 || this.height === 0) return;
    const scene = this.scene();
    if (whole) {
      if (this.minimapStale) {
        this.minimapStale = false;
        this.minimap.paint(scene.model, theme);
        this.total.textContent = formatDuration(scene.model.wallMs);
      }
      this.chart.draw(scene);
      this.names.place(scene.scrollTop, this.layout.pinnedHeight);
      this.minimap.draw(range, theme);
    }
    this.overlay.draw(scene, this.area, marks);
  }

  /** How many rows each lane has. */
  private contents(): Pick<LayoutInput, 'rows' | 'gpu' | 'kv' | 'power'> & { groups: NonNullable<LayoutInput['groups']> } {
    const { model } = this.state();
    const rows = { request: 0, agent: 0, llm: 0, tool: 0 };
    for (const name of ['request', 'agent', 'llm', 'tool'] as const) rows[name] = model.lanes[name].rows.length;
    const gpu = model.gpu.segments.length > 0;
    return { rows, gpu, kv: gpu && (model.gpu.kv.all()?.max ?? 0) > 0, power: gpu && model.gpu.power.all() !== null, groups: groupsOf(model.parts) };
  }

  private availableLanes(): NamedLane[] {
    const { rows, groups, ...series } = this.contents();
    const usual = laneNames.filter((name) => (name in rows ? rows[name as keyof typeof rows] > 0 : series[name as keyof typeof series]));
    const ofGroups = groups.flatMap(({ name, label, lanes }) => [{ name, label }, ...lanes.map((lane) => ({ name: lane.name, label: `${label}: ${lane.label}` }))]);
    return [...usual.map((name) => ({ name, label: laneLabels[name] })), ...ofGroups];
  }

  private applyLayout(): void {
    this.needsLayout = false;
    const { narrow, lanes } = this.state();
    this.narrow = narrow;
    const room = this.root.clientHeight - MINIMAP_HEIGHT - 7 - AXIS_HEIGHT;
    this.layout = layoutLanes({ ...this.contents(), narrow, available: room, choice: lanes });
    this.names.show(this.layout, narrow);
    const content = this.layout.height + AXIS_HEIGHT;
    if (narrow) this.scroller.style.height = `${Math.min(content, NARROW_LANES)}px`;
    else this.scroller.style.removeProperty('height');
    this.spacer.style.height = `${content}px`;
    const width = this.scroller.clientWidth;
    this.total.style.width = `${this.gutter}px`;
    // Before the lanes' room is taken: a canvas that has no size yet is as high as a short panel.
    this.minimap.resize(Math.max(10, width - this.gutter - (narrow ? 6 : 10)), MINIMAP_HEIGHT, devicePixelRatio);
    const height = this.scroller.clientHeight;
    this.width = width;
    this.height = height;
    this.names.root.style.height = `${Math.max(0, height - AXIS_HEIGHT)}px`;
    if (width === 0 || height === 0) return;
    this.chart.resize(width, height, devicePixelRatio, this.gutter, narrow ? 6 : 10);
    this.overlay.resize(width, height, devicePixelRatio);
    this.minimapStale = true;
  }

  /** Scrolls the lanes so that [top, bottom) below the axis is in sight. */
  scrollTo(top: number, bottom: number): void {
    const room = this.height - AXIS_HEIGHT;
    const { scrollTop } = this.scroller;
    const { pinnedHeight } = this.layout;
    if (top < scrollTop + pinnedHeight) this.scroller.scrollTop = top - pinnedHeight - 6;
    else if (bottom > scrollTop + room) this.scroller.scrollTop = bottom - room + 6;
  }

  /** Where a lane's row is below the axis, or null when the lane is not shown, or pinned. */
  rowPosition(lane: string, row: number): { top: number; bottom: number } | null {
    const box = this.layout.boxes.find((candidate) => candidate.name === lane);
    if (box === undefined || box.pinned) return null;
    const top = box.top + (box.folded ? 0 : row * box.pitch);
    return { top, bottom: top + box.rowHeight };
  }

  get lanes(): Layout['boxes'] {
    return this.layout.boxes;
  }
}
