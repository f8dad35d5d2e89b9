/**
 * The paper's experiments on a server that is asked, instead of the simulator. An experiment computes, and what it computes with is
 * not there yet: it is run again and again, each time with one more of the runs that it asks for, until it has all. Pure.
 */
import { Lab, runKey, simulated, type RunAsked } from './lab.ts';
import type { Findings } from './rows.ts';
import type { LoadOutcome } from './runLoad.ts';
import type { RunnableExperiment } from './registry.ts';
import type { Scale } from './scale.ts';

/** A run that is asked for and was not made yet. */
class NotRunYet extends Error {
  readonly asked: RunAsked;

  constructor(asked: RunAsked) {
    super('not run yet');
    this.asked = asked;
  }
}

/** Makes runs, and keeps them for experiments that look at the same ones. */
export class Measuring {
  readonly #scale: Scale;
  readonly #run: (asked: RunAsked) => Promise<LoadOutcome>;
  readonly #outcomes = new Map<string, LoadOutcome>();

  constructor(scale: Scale, run: (asked: RunAsked) => Promise<LoadOutcome>) {
    this.#scale = scale;
    this.#run = run;
  }

  /** @throws whatever a run throws */
  async findings(experiment: RunnableExperiment): Promise<Findings> {
    for (;;) {
      const missing = this.#attempt(experiment);
      if (!(missing instanceof NotRunYet)) return missing;
      this.#outcomes.set(runKey(missing.asked), await this.#run(missing.asked));
    }
  }

  #attempt(experiment: RunnableExperiment): Findings | NotRunYet {
    try {
      return experiment.run(
        new Lab(this.#scale, (asked) => {
          const outcome = this.#outcomes.get(runKey(asked));
          if (outcome === undefined) throw new NotRunYet(asked);
          return outcome;
        }),
      );
    } catch (error) {
      if (error instanceof NotRunYet) return error;
      throw error;
    }
  }
}

/** Requests of a run of which it only matters that it is asked for. */
const FEWEST = 2;

/** The runs that experiments will ask for, as far as these do not hang on what comes of others, which is where peaks lie. */
export function runsAsked(experiments: readonly RunnableExperiment[], scale: Scale): RunAsked[] {
  const asked = new Map<string, RunAsked>();
  for (const experiment of experiments) {
    experiment.run(
      new Lab(scale, (each) => {
        asked.set(runKey(each), each);
        return simulated({ ...each, setting: { ...each.setting, requests: FEWEST } });
      }),
    );
  }
  return [...asked.values()];
}

/** Findings of runs on a server: nothing in them is fitted, predicted or assumed. */
export function asMeasured(findings: Findings, chartNote: string): Findings {
  return {
    rows: findings.rows.map((row) => ({ ...row, basis: 'measured' })),
    directions: findings.directions,
    notes: [],
    charts: findings.charts.map((chart) => ({
      ...chart,
      note: [chart.note, chartNote].filter((part) => part !== '').join(' '),
      series: chart.series.map((series) => ({
        ...series,
        basis: series.basis === 'published' ? 'published' : 'measured',
        points: series.points.map(({ basis, ...point }) => (basis === 'published' ? { ...point, basis } : point)),
      })),
    })),
  };
}
