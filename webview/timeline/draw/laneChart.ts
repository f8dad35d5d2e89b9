/**
 * The drawing host: a Chart.js chart whose datasets are lanes. A controller of our own draws each lane straight from the
 * model; `draw` sets the axis' range and calls `chart.draw()`, which skips Chart.js' update (about a tenth of its cost).
 */
import { Chart, DatasetController, Element as ChartElement, type ChartConfiguration, type LinearScaleOptions, type Plugin } from 'chart.js';
import { GpuLanePainter } from './gpuLanePainter.ts';
import { paintGutter } from './gutter.ts';
import { laneNames, type LaneName } from '../model/laneChoice.ts';
import { paintKv, paintPower } from './seriesPainter.ts';
import { SpanLanePainter } from './spanLanePainter.ts';
import { TimeScale } from './timeScale.ts';
import { clipTop, laneTop, type Area, type Scene } from './scene.ts';
import { stripOf, type LaneBox } from './laneLayout.ts';
import { isSpanLane } from './hitTest.ts';

declare module 'chart.js' {
  interface CartesianScaleTypeRegistry {
    agentTime: { options: LinearScaleOptions };
  }
  interface ChartTypeRegistry {
    agentLane: {
      chartOptions: object;
      datasetOptions: { lane: LaneName };
      defaultDataPoint: never;
      metaExtensions: object;
      parsedDataType: object;
      scales: 'agentTime';
    };
  }
}

/** The canvas is opaque: Chart.js clears it to black. */
const ground: Plugin<'agentLane'> = {
  id: 'ground',
  beforeDraw: ({ ctx, width, height, scales }) => {
    const axis = scales['x'];
    if (!(axis instanceof TimeScale) || axis.theme === null) return;
    ctx.fillStyle = axis.theme.background;
    ctx.fillRect(0, 0, width, height);
  },
};

type PaintLane = (lane: LaneName, ctx: CanvasRenderingContext2D, area: Area) => void;
const painters = new WeakMap<Chart, PaintLane>();

/** Chart.js wants to know what a dataset's points are made of; lanes have none. */
class NoElement extends ChartElement {
  static id = 'agentLanePoint';
  static override defaults = {};
}

/** Has no elements and no parsed data: what it draws is in the model. */
class LaneController extends DatasetController {
  static id = 'agentLane';
  static defaults = { dataElementType: NoElement.id, datasetElementType: false };

  override linkScales(): void {
    this._cachedMeta.xScale = this.chart.scales['x'];
  }
  override addElements(): void {}
  override buildOrUpdateElements(): void {}
  override update(): void {}

  override draw(): void {
    const dataset = this.getDataset() as unknown as { lane: LaneName };
    painters.get(this.chart)?.(dataset.lane, this.chart.ctx, this.chart.chartArea);
  }
}

Chart.register(NoElement, LaneController, TimeScale);

export class LaneChart {
  private readonly chart: Chart;
  private readonly spanLanes = new SpanLanePainter();
  private readonly gpuLane = new GpuLanePainter();
  private scene: Scene | null = null;
  private size = '';
  private lanes = laneNames.join('\n');

  constructor(canvas: HTMLCanvasElement, gutter: number) {
    const configuration: ChartConfiguration<'agentLane'> = {
      type: 'agentLane',
      plugins: [ground],
      data: { labels: [], datasets: laneNames.map((lane) => ({ data: [], lane })) },
      options: {
        responsive: false,
        maintainAspectRatio: false,
        animation: false,
        events: [],
        layout: { padding: { left: gutter, right: 0 }, autoPadding: false },
        clip: false,
        scales: { x: { type: 'agentTime', position: 'top' } },
      },
    };
    // Nothing behind it has to be drawn and blended.
    canvas.getContext('2d', { alpha: false });
    // Black until something is drawn.
    canvas.style.visibility = 'hidden';
    this.chart = new Chart(canvas, configuration);
    painters.set(this.chart, (lane, ctx, area) => this.paint(lane, ctx, area));
  }

  get area(): Area {
    return this.chart.chartArea;
  }

  /** Sizes the canvas in CSS pixels; `gutter` is the room for the lanes' names, `margin` that at the right. */
  resize(width: number, height: number, pixelRatio: number, gutter: number, margin: number): void {
    const size = [width, height, pixelRatio, gutter, margin].join(' ');
    if (size === this.size) return;
    this.size = size;
    this.chart.options.devicePixelRatio = pixelRatio;
    this.chart.options.layout = { padding: { left: gutter, right: margin }, autoPadding: false };
    this.chart.resize(width, height);
    this.chart.update('none');
  }

  draw(scene: Scene): void {
    this.scene = scene;
    const axis = this.chart.scales['x'];
    if (!(axis instanceof TimeScale)) return;
    axis.theme = scene.theme;
    this.chart.canvas.style.visibility = '';
    this.useLanes(scene.layout.boxes.map(({ name }) => name));
    axis.setRange(scene.range);
    this.chart.draw();
    paintGutter(this.chart.ctx, this.area, scene);
  }

  private paint(name: LaneName, ctx: CanvasRenderingContext2D, area: Area): void {
    const scene = this.scene;
    const box = scene?.layout.boxes.find((candidate) => candidate.name === name);
    if (scene === null || box === undefined) return;
    ctx.save();
    ctx.beginPath();
    const top = clipTop(box, scene, area);
    ctx.rect(area.left, top, area.right - area.left, area.bottom - top);
    ctx.clip();
    if (isSpanLane(box)) this.spanLanes.paint(ctx, area, scene, box, box.name);
    else if (box.series === 'group') this.paintHead(ctx, area, scene, box);
    else if (box.series === 'gpu') this.gpuLane.paint(ctx, area, scene, box);
    else if (box.series === 'kv') paintKv(ctx, area, scene, box);
    else paintPower(ctx, area, scene, box);
    ctx.restore();
  }

  /** A rule above the group; folded, what its servers or GPUs did. */
  private paintHead(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox): void {
    ctx.fillStyle = scene.theme.dim;
    ctx.globalAlpha = scene.theme.contrast ? 1 : 0.35;
    ctx.fillRect(area.left, Math.round(laneTop(box, scene, area)), area.right - area.left, 1);
    ctx.globalAlpha = 1;
    if (!box.folded) return;
    if (box.part >= 0) this.gpuLane.paint(ctx, area, scene, stripOf(box));
    else paintPower(ctx, area, scene, stripOf(box));
  }

  /** Lanes that came with the data are datasets like the others. */
  private useLanes(names: readonly LaneName[]): void {
    const key = names.join('\n');
    if (key === this.lanes) return;
    this.lanes = key;
    this.chart.data.datasets = names.map((lane) => ({ data: [], lane }));
    this.chart.update('none');
  }

  destroy(): void {
    this.chart.destroy();
  }
}
