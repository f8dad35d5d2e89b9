/** What the timeline explains in the details beside spans: the selected stretch of time, and a gap in the GPU's work. */
import { idleGapAt, type IdleGap } from '../model/idleGap.ts';
import { sumRegion, type Region } from '../model/region.ts';
import { idleSections, idleSentence } from './idleDetails.ts';
import { regionSections, regionSentence } from './regionDetails.ts';
import type { GpuPartTrack } from '../model/timelineModel.ts';
import type { Milliseconds } from '../../../src/profile/units.ts';
import type { Shell } from './view.ts';

/** A region that is being dragged is summed up when it rests for so long. */
const SUM_DELAY_MS = 60;

export interface ReadingActions {
  zoomTo(region: Region): void;
  clearRegion(): void;
}

export class Reading {
  private readonly shell: Shell;
  private readonly actions: ReadingActions;
  private timer = 0;

  constructor(shell: Shell, actions: ReadingActions) {
    this.shell = shell;
    this.actions = actions;
  }

  /** Something else is to be shown: forgets what was to be summed up. */
  cancel(): void {
    window.clearTimeout(this.timer);
  }

  /** Sums up a region soon; null: there is none any more. */
  showRegion(region: Region | null): void {
    this.cancel();
    if (region === null) {
      this.shell.explain(null);
      return;
    }
    this.timer = window.setTimeout(() => {
      const { shell } = this;
      shell.explain(() => {
        const run = shell.model.head?.run.id;
        if (run === undefined) return null;
        return regionSections(sumRegion(shell.model, region), run, {
          zoom: () => this.actions.zoomTo(region),
          clear: () => this.actions.clearRegion(),
          copy: (text) => shell.detailActions.copy(text),
        });
      });
      shell.announce(regionSentence(sumRegion(shell.model, region)));
    }, SUM_DELAY_MS);
  }

  /** Why the GPU is idle at this time; `part`: why one server or GPU is. */
  showIdle(time: Milliseconds, part: GpuPartTrack | null): void {
    this.cancel();
    const { shell } = this;
    const key = part?.head.key ?? null;
    const gapNow = (): IdleGap | null => {
      const now = key === null ? null : (shell.model.parts.find(({ head }) => head.key === key) ?? null);
      return key !== null && now === null ? null : idleGapAt(shell.model, time, now);
    };
    shell.explain(() => {
      const gap = gapNow();
      return gap === null ? null : idleSections(gap, shell.detailActions);
    });
    const gap = gapNow();
    if (gap !== null) shell.announce(idleSentence(gap));
  }
}
