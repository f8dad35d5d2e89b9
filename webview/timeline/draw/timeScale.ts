/** The time axis: a linear scale whose range is set directly, without Chart.js' update, and which draws ticks and grid itself. */
import { LinearScale } from 'chart.js';
import { ticksFor, type Tick } from '../model/ticks.ts';
import type { Theme } from '../../common/theme.ts';
import type { ViewRange } from '../model/viewRange.ts';

export const AXIS_HEIGHT = 22;
const LEAST_TICK_GAP = 84;
const NARROW_TICK_GAP = 64;

export class TimeScale extends LinearScale {
  static override id = 'agentTime';
  static override defaults = { ...LinearScale.defaults };

  theme: Theme | null = null;
  private range: ViewRange = { start: 0, end: 1 };

  /** What is shown from the next `chart.draw()` on. */
  setRange(range: ViewRange): void {
    this.range = range;
    this.determineDataLimits();
    this.configure();
  }

  override determineDataLimits(): void {
    this.min = this.range.start;
    this.max = this.range.end;
  }

  override buildTicks(): [] {
    return [];
  }

  override fit(): void {
    this.width = this.maxWidth;
    this.height = AXIS_HEIGHT;
  }

  /** Ticks as close as their labels allow: those of a deep zoom have many digits. */
  private ticksIn(width: number): Tick[] {
    const gap = width < 400 ? NARROW_TICK_GAP : LEAST_TICK_GAP;
    const ticks = ticksFor(this.min, this.max, width, gap);
    const widest = Math.max(0, ...ticks.map((tick) => this.ctx.measureText(tick.label).width)) + 20;
    return widest <= gap ? ticks : ticksFor(this.min, this.max, width, widest);
  }

  /** Drawn beneath the lanes: a line at every tick, its time at the top. */
  override draw(area: { left: number; right: number; top: number; bottom: number }): void {
    const theme = this.theme;
    if (theme === null) return;
    const { ctx } = this;
    ctx.save();
    ctx.font = theme.font;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    for (const tick of this.ticksIn(area.right - area.left)) {
      const x = Math.round(this.getPixelForValue(tick.at)) + 0.5;
      ctx.fillStyle = theme.line;
      ctx.fillRect(x - 0.5, area.top - 6, 1, area.bottom - area.top + 6);
      ctx.fillStyle = theme.dim;
      if (x + ctx.measureText(tick.label).width + 4 <= area.right) ctx.fillText(tick.label, x + 4, area.top - AXIS_HEIGHT / 2);
    }
    ctx.restore();
  }
}
