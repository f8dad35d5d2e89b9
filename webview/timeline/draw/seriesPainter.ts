/** Draws power, KV-cache use and others' share: stepped areas, by extremes per pixel where there are more steps than pixels. */
import * as l10n from '@vscode/l10n';
import { categoryIndex } from '../model/category.ts';
import { roundScale } from '../model/ticks.ts';
import { energyText } from '../model/spanText.ts';
import { formatTokens } from '../../../src/profile/formatValue.ts';
import { hatch } from './patterns.ts';
import { clipTop, laneTop, textWidth, timeAt, trackOf, xOf, type Area, type Scene } from './scene.ts';
import type { GpuTrack } from '../model/gpuTrack.ts';
import type { GpuSegment, ReportSpan } from '../../../src/profile/report.ts';
import type { LaneBox } from './laneLayout.ts';
import type { StepSeries } from '../model/stepSeries.ts';
import type { TimelineModel } from '../model/timelineModel.ts';

interface Curve {
  area: Path2D;
  line: Path2D;
}

/** Outline and area of a series in pixels; unknown stretches are left out. */
function traceSeries(series: StepSeries, scene: Scene, area: Area, bottom: number, yOf: (value: number) => number): Curve {
  const curve: Curve = { area: new Path2D(), line: new Path2D() };
  const { range } = scene;
  const first = Math.max(0, series.stepAt(range.start));
  const last = series.stepAt(range.end);
  const pixels = Math.ceil((area.right - area.left) * scene.pixelRatio);
  let open = false;
  let lastX = 0;
  const close = (): void => {
    if (!open) return;
    curve.area.lineTo(lastX, bottom);
    curve.area.closePath();
    open = false;
  };
  const reach = (x: number, y: number): void => {
    if (open) {
      curve.line.lineTo(x, y);
    } else {
      curve.area.moveTo(x, bottom);
      curve.line.moveTo(x, y);
      open = true;
    }
    curve.area.lineTo(x, y);
    lastX = x;
  };
  if (last - first <= pixels * 1.5) {
    for (let i = first; i <= last; i++) {
      const value = series.value[i] as number;
      if (Number.isNaN(value)) {
        close();
        continue;
      }
      const left = Math.max(area.left - 2, xOf(series.start[i] as number, range, area));
      const right = Math.min(area.right + 2, xOf(series.end[i] as number, range, area));
      reach(left, yOf(value));
      reach(Math.max(left, right), yOf(value));
    }
    close();
    return curve;
  }
  let step = first;
  for (let pixel = 0; pixel < pixels && step <= last; pixel++) {
    const x = area.left + pixel / scene.pixelRatio;
    const next = Math.max(step, series.stepAt(timeAt(x + 1 / scene.pixelRatio, range, area)));
    const extremes = series.extremes(step, next + 1);
    if (extremes === null) close();
    else {
      reach(x, yOf(extremes.min));
      reach(x, yOf(extremes.max));
    }
    step = next;
  }
  close();
  return curve;
}

/** Over the GPU's lane, from below: as much of it as others' requests had beside the calls. */
export function paintOthers(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox): void {
  const { theme } = scene;
  const { others } = trackOf(box, scene);
  const top = laneTop(box, scene, area);
  if (others.all() === null || top > area.bottom) return;
  const bottom = top + box.height;
  const curve = traceSeries(others, scene, area, bottom, (share) => bottom - share * box.height);
  ctx.fillStyle = theme.fill.foreign;
  ctx.fill(curve.area);
  if (theme.contrast) {
    ctx.fillStyle = hatch(ctx, theme.background, 'falling', scene.pixelRatio);
    ctx.fill(curve.area);
  }
}

export function paintKv(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox): void {
  const { theme } = scene;
  const { kv } = trackOf(box, scene);
  const most = kv.all()?.max ?? 0;
  if (!(most > 0)) return;
  const top = laneTop(box, scene, area);
  const bottom = top + box.height;
  const curve = traceSeries(kv, scene, area, bottom, (value) => bottom - (value / most) * (box.height - (box.folded ? 0 : 12)));
  ctx.fillStyle = theme.fill.foreign;
  ctx.globalAlpha = theme.contrast ? 0.6 : 0.35;
  ctx.fill(curve.area);
  ctx.globalAlpha = 1;
  if (theme.contrast) stroke(ctx, curve.line, theme.fill.foreign);
  if (box.folded) return;
  ctx.font = theme.font;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  const text = l10n.t`up to ${formatTokens(most)} tokens`;
  ctx.fillStyle = theme.dim;
  ctx.fillText(text, area.left + 4, top + 5);
}

/** Several GPUs have one scale, so that they can be compared. */
export function powerScale(box: LaneBox, scene: Scene): ReturnType<typeof roundScale> {
  const { parts } = scene.model;
  const kind = parts[box.part]?.head.kind;
  const tracks = kind === undefined ? [trackOf(box, scene)] : parts.filter(({ head }) => head.kind === kind).map(({ track }) => track);
  return roundScale(tracks.reduce((most, { power }) => Math.max(most, power.all()?.max ?? 0), 0));
}

export function paintPower(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox): void {
  const { theme } = scene;
  const track = trackOf(box, scene);
  const top = laneTop(box, scene, area);
  const bottom = top + box.height;
  const { most } = powerScale(box, scene);
  if (!(most > 0) || top > area.bottom) return;
  const yOf = (watts: number): number => bottom - (watts / most) * box.height;
  const curve = traceSeries(track.power, scene, area, bottom, yOf);
  ctx.fillStyle = theme.fill.decode;
  ctx.globalAlpha = theme.contrast ? 0.35 : 0.2;
  ctx.fill(curve.area);
  ctx.globalAlpha = 1;
  hatchIdle(ctx, area, scene, track, bottom, yOf);
  divideCalls(ctx, area, scene, track, bottom, yOf);
  stroke(ctx, curve.line, theme.fill.decode);
  // A call's energy is that of all GPUs.
  if (!box.folded && box.part < 0) drawEnergies(ctx, area, scene, bottom, yOf);
}

/** More stretches than this are no wider than a pixel each. */
const MOST_STRETCHES = 20_000;

/** Over the power lane: what of the energy a call had a part in, or, of a tool, what the GPU spent idling for it. Others may have shared it. */
export function paintEnergyOf(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, number: number): void {
  const span = scene.model.spanAt(number);
  if (span === null || (span.llm === null && span.tool === null)) return;
  for (const box of scene.layout.boxes) if (box.series === 'power') paintEnergyIn(ctx, area, scene, box, span);
}

function paintEnergyIn(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, box: LaneBox, span: ReportSpan): void {
  const { model, theme, range } = scene;
  const { power, segments } = trackOf(box, scene);
  const { most } = powerScale(box, scene);
  const top = laneTop(box, scene, area);
  const bottom = top + box.height;
  const clip = clipTop(box, scene, area);
  if (!(most > 0) || bottom < clip || top > area.bottom) return;
  const first = Math.max(0, power.stepAt(Math.max(range.start, model.startOf(span))));
  // What is spent idling for a tool lasts a little longer than the tool.
  const last = Math.min(power.stepAt(range.end), power.stepAt(model.endOf(span)) + 1);
  if (last - first > MOST_STRETCHES) return;
  ctx.beginPath();
  for (let i = first; i <= last; i++) {
    const segment = segments[i];
    const watts = power.value[i] as number;
    if (segment === undefined || Number.isNaN(watts) || !isOf(segment, span, model)) continue;
    const left = Math.max(area.left, xOf(power.start[i] as number, range, area));
    const right = Math.min(area.right, xOf(power.end[i] as number, range, area));
    const y = Math.max(clip, bottom - (watts / most) * box.height);
    if (right > left && bottom > y) ctx.rect(left, y, right - left, bottom - y);
  }
  ctx.fillStyle = theme.fill[span.llm === null ? 'tool' : 'decode'];
  ctx.globalAlpha = 0.3;
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** Whether a stretch is one in which a call had work, or that was idle for a tool. */
function isOf(segment: GpuSegment, span: ReportSpan, model: TimelineModel): boolean {
  if (span.llm === null) return segment.blamedOn === span.id;
  if (segment.spans.includes(span.id)) return true;
  // Not all of its calls are named: this one is among them from when it has waited long enough until its end.
  return segment.moreSpans !== undefined && segment.endMs > model.startOf(span) + (span.llm.queueMs ?? 0) && segment.startMs < model.endOf(span);
}

/** A line between the energies of calls that follow each other without a pause, as far apart as they can be told. */
function divideCalls(ctx: CanvasRenderingContext2D, area: Area, { theme, range }: Scene, { power, segments }: GpuTrack, bottom: number, yOf: (watts: number) => number): void {
  const first = Math.max(1, power.stepAt(range.start) + 1);
  const last = power.stepAt(range.end);
  if (last - first > (area.right - area.left) / 2) return;
  ctx.fillStyle = theme.foreground;
  ctx.globalAlpha = 0.45;
  for (let i = first; i <= last; i++) {
    const [before, after] = [segments[i - 1]?.spans, segments[i]?.spans];
    if (before === undefined || after === undefined || before.length === 0 || after.length === 0) continue;
    if (before.length === after.length && before.every((id, index) => id === after[index])) continue;
    const watts = Math.min(power.value[i - 1] as number, power.value[i] as number);
    if (!Number.isNaN(watts)) ctx.fillRect(Math.round(xOf(power.start[i] as number, range, area)), yOf(watts), 1, bottom - yOf(watts));
  }
  ctx.globalAlpha = 1;
}

function stroke(ctx: CanvasRenderingContext2D, path: Path2D, color: string): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  ctx.lineJoin = 'round';
  ctx.stroke(path);
}

/** Under the curve of idle time: the same hatch as in the GPU's lane, so that idle energy is seen as such. */
function hatchIdle(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, track: GpuTrack, bottom: number, yOf: (watts: number) => number): void {
  const { theme, range } = scene;
  const msPerPixel = (range.end - range.start) / (area.right - area.left);
  const path = new Path2D();
  for (const row of [track.row, track.tailRow]) {
    row.visit(range.start, range.end, msPerPixel, (start, end, category, _first, _covered, merged) => {
      if (category !== categoryIndex.idle || merged || end - start < msPerPixel * 6) return;
      const watts = track.power.value[track.power.stepAt((start + end) / 2)] ?? NaN;
      if (Number.isNaN(watts)) return;
      const left = Math.max(area.left, xOf(start, range, area));
      path.rect(left, yOf(watts), Math.min(area.right, xOf(end, range, area)) - left, bottom - yOf(watts));
    });
  }
  ctx.fillStyle = theme.background;
  ctx.fill(path);
  ctx.fillStyle = hatch(ctx, theme.dim, 'rising', scene.pixelRatio, 0.5);
  ctx.fill(path);
}

/** Under the curve: each call's energy; above idle stretches: what the idling behind a tool cost. */
function drawEnergies(ctx: CanvasRenderingContext2D, area: Area, scene: Scene, bottom: number, yOf: (watts: number) => number): void {
  const { model, theme, range } = scene;
  const msPerPixel = (range.end - range.start) / (area.right - area.left);
  ctx.font = theme.font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  let lastRight = -Infinity;
  const write = (text: string, start: number, end: number, y: number, color: string): void => {
    const left = Math.max(area.left, xOf(start, range, area));
    const right = Math.min(area.right, xOf(end, range, area));
    const width = textWidth(ctx, text);
    const middle = (left + right) / 2;
    if (width > right - left - 8 || middle - width / 2 < lastRight + 6) return;
    lastRight = middle + width / 2;
    ctx.fillStyle = color;
    ctx.fillText(text, middle, y);
  };
  // Calls one above the other would share a label's place: only the first row is written.
  for (const name of ['llm', 'tool'] as const) {
    lastRight = -Infinity;
    let previous = -1;
    model.lanes[name].rows[0]?.visit(range.start, range.end, msPerPixel, (start, end, _category, first, _covered, merged) => {
      const number = model.lanes[name].rows[0]?.exact.index[first] ?? -1;
      if (merged || end - start < msPerPixel * 40 || number === previous) return;
      previous = number;
      const span = model.spanAt(number);
      if (span === null) return;
      const watts = model.gpu.power.extremes(model.gpu.power.stepAt((start + end) / 2), model.gpu.power.stepAt((start + end) / 2) + 1)?.max ?? 0;
      if (span.llm !== null && span.llm.energyWh.active !== null) {
        write(energyText(span.llm.energyWh.active, span.llm.energyWh.grade), start, end, Math.min(bottom - 10, (yOf(watts) + bottom) / 2), theme.foreground);
      } else if (span.tool !== null && span.tool.idleEnergyWh !== null && span.tool.idleEnergyWh > 0) {
        write(l10n.t`${energyText(span.tool.idleEnergyWh, model.head?.totals.energyWh.grade ?? null)} idle → ${span.tool.name.slice(0, 24)}`, start, end, yOf(watts) - 9, theme.dim);
      }
    });
  }
}
