/** Selecting a stretch of time, by pointer and by keyboard: two ends that snap to edges, or a mark that waits for the second. */
import { nextEdge, snapToEdge } from '../model/edges.ts';
import { regionBetween, type Region } from '../model/region.ts';
import type { TimelineModel } from '../model/timelineModel.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';

export interface RegionOwner {
  readonly model: TimelineModel;
  /** Names of the lanes on screen, whose edges count. */
  shownLanes(): readonly string[];
  /** How far away an edge may be: a few pixels as time. */
  reach(): Milliseconds;
  changed(): void;
}

export class RegionTool {
  region: Region | null = null;
  /** A first point that waits for a second. */
  mark: Milliseconds | null = null;
  private readonly owner: RegionOwner;
  /** The end that stays, and the one that moves. */
  private fixed: Milliseconds = 0;
  private moving: Milliseconds = 0;

  constructor(owner: RegionOwner) {
    this.owner = owner;
  }

  private snapped(time: Milliseconds, free: boolean): Milliseconds {
    const { model } = this.owner;
    return free ? time : snapToEdge(model, time, this.owner.reach(), this.owner.shownLanes());
  }

  private show(): void {
    this.region = regionBetween(this.fixed, this.moving, this.owner.model.wallMs);
    this.mark = null;
    this.owner.changed();
  }

  /** A drag begins: at an edge of the region it moves that one. @param free without snapping */
  begin(time: Milliseconds, free: boolean): void {
    const { region } = this;
    const reach = this.owner.reach();
    if (region !== null && Math.abs(region.start - time) < reach) this.fixed = region.end;
    else if (region !== null && Math.abs(region.end - time) < reach) this.fixed = region.start;
    else this.fixed = this.snapped(time, free);
    this.drag(time, free);
  }

  drag(time: Milliseconds, free: boolean): void {
    this.moving = this.snapped(time, free);
    this.show();
  }

  /** The first time sets a mark, the second makes the region between both. */
  putMark(time: Milliseconds): void {
    const at = this.snapped(time, false);
    if (this.mark === null) {
      this.region = null;
      this.mark = at;
      this.owner.changed();
      return;
    }
    this.fixed = this.mark;
    this.moving = at;
    this.show();
  }

  /** Moves the end that was moved last to the next edge; without a region, begins one at the mark or at `from`. */
  step(direction: 1 | -1, from: Milliseconds): void {
    if (this.region === null) this.fixed = this.moving = this.mark ?? from;
    this.moving = nextEdge(this.owner.model, this.moving, direction, this.owner.shownLanes());
    this.show();
  }

  /** Takes up a region that was kept. */
  restore(region: Region | null): void {
    this.mark = null;
    this.region = region === null ? null : regionBetween(region.start, region.end, this.owner.model.wallMs);
    this.fixed = region?.start ?? 0;
    this.moving = region?.end ?? 0;
  }

  /** False when there was nothing to take away. */
  clear(): boolean {
    if (this.region === null && this.mark === null) return false;
    this.region = null;
    this.mark = null;
    this.owner.changed();
    return true;
  }
}
