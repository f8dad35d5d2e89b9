/** Figures 14 to 17: what more of a budget takes. Accuracies are the behaviour's word. */
import { HOTPOTQA } from '../behaviour/shipped.ts';
import type { ModelSize } from '../behaviour/schema.ts';
import { meanSeconds, p95Seconds, solvedShare, tokensPerRequest, wattHoursPerRequest, type Lab, type Setting } from '../lab.ts';
import type { LoadOutcome } from '../runLoad.ts';
import type { Basis, Findings, Row } from '../rows.ts';
import { meanOf, type Estimate } from '../statistics.ts';
import type { Workload } from '../workload.ts';
import { chartsOfFigure14, chartsOfFigure15, chartsOfFigure16, chartsOfFigure17, type Tried } from './charts/scaling.ts';
import { SCALING } from './published.ts';

export const react = (mostCalls?: number, examples?: number): Workload => ({ agent: 'ReAct', behaviour: HOTPOTQA, budget: { react: { mostCalls, examples } } });
export const reflexion = (reflections: number): Workload => ({ agent: 'Reflexion', behaviour: HOTPOTQA, budget: { reflexion: { reflections } } });
export const lats = (children: number, iterations: number): Workload => ({ agent: 'LATS', behaviour: HOTPOTQA, budget: { lats: { children, iterations } } });

export const CALL_BUDGETS = [3, 5, 7, 10, 15, 20, 30];
const EXAMPLES = [0, 1, 2, 3, 5, 6];
export const REFLECTIONS = [0, 1, 2, 4, 8, 16, 32, 64];
export const CHILDREN = [1, 2, 4, 8, 16];
/** The authors' example configuration of LATS. */
export const LATS_ITERATIONS = 20;
export const LATS_CHILDREN = 5;
export const ITERATIONS = [5, 10, LATS_ITERATIONS, 40];

/** Long requests: fewer are run. */
export const few = (lab: Lab) => ({ requests: Math.max(10, Math.round(lab.scale.requests / 3)) });

const percent = (share: number | null): number | null => (share === null ? null : 100 * share);
const accuracy = (lab: Lab, series: string, workload: Workload, requests?: number, model?: ModelSize): Row => ({ series, what: 'accuracy', unit: '%', ours: lab.measure(workload, { requests, model }, (outcome) => percent(solvedShare(outcome))), published: null, basis: 'behaviour' });
const measured = (lab: Lab, series: string, workload: Workload, of: (outcome: LoadOutcome) => number | null, what: string, unit: string, { published = null, basis = 'open', ...setting }: { published?: number | null; basis?: Basis; requests?: number; model?: ModelSize } = {}): Row => ({ series, what, unit, ours: lab.measure(workload, setting, of), published, basis });

const tried = (lab: Lab, budget: number, workload: Workload, setting: Setting = {}): Tried => ({ budget, seconds: lab.measure(workload, setting, meanSeconds), accuracy: lab.measure(workload, setting, (outcome) => percent(solvedShare(outcome))) });

export function figure14(lab: Lab): Findings {
  const rows = CALL_BUDGETS.flatMap((calls) => {
    const series = `ReAct, HotpotQA, ${calls} calls at most`;
    return [measured(lab, series, react(calls), meanSeconds, 'mean latency', 's'), measured(lab, series, react(calls), p95Seconds, '95th percentile of latency', 's'), accuracy(lab, series, react(calls))];
  });
  const at = (calls: number, of: (outcome: LoadOutcome) => number) => lab.measure(react(calls), {}, of)!.mean;
  const growth = (of: (outcome: LoadOutcome) => number, from: number, to: number) => (at(to, of) - at(from, of)) / (to - from);
  return {
    rows,
    directions: [
      { says: 'the mean latency saturates as the budget grows', holds: growth(meanSeconds, 15, 30) < 0.2 * growth(meanSeconds, 3, 7) },
      { says: 'the 95th percentile goes on rising with the budget', holds: at(15, p95Seconds) > at(10, p95Seconds) && at(30, p95Seconds) > 1.2 * at(10, p95Seconds) },
    ],
    notes: ['Ours has outliers that use up any budget, too: attempts that make the same call again and again, as 4 of 100 do in a published run of ReAct on HotpotQA. They make the 95th percentile rise with the budget, and the mean with it, by their share.'],
    charts: chartsOfFigure14(CALL_BUDGETS.map((calls) => ({ ...tried(lab, calls, react(calls)), p95: lab.measure(react(calls), {}, p95Seconds) }))),
  };
}

export function figure15(lab: Lab): Findings {
  const rows = EXAMPLES.flatMap((examples) => [measured(lab, `ReAct, HotpotQA, ${examples} examples`, react(undefined, examples), meanSeconds, 'mean latency', 's')]);
  const first = rows[0]!.ours!.mean;
  const last = rows.at(-1)!.ours!.mean;
  return {
    rows,
    directions: [{ says: 'the mean latency falls with more examples, as agents need fewer steps', holds: last < first }],
    notes: ['Ours has what longer prompts cost and nothing else: how many steps and how much accuracy an example brings is a model’s doing, and the paper’s text gives no number to fit it on.'],
    charts: chartsOfFigure15(EXAMPLES.map((examples) => ({ examples, seconds: lab.measure(react(undefined, examples), {}, meanSeconds) }))),
  };
}

export function figure16(lab: Lab): Findings {
  const requests = few(lab);
  const published = new Map<number, number>([
    [1, SCALING.reflexionSeconds[0]],
    [2, SCALING.reflexionSeconds[1]],
  ]);
  const seconds = (workload: Workload) => lab.measure(workload, requests, meanSeconds)!;
  const one = lab.runs(lats(1, LATS_ITERATIONS), requests).map(meanSeconds);
  const sixteen = lab.runs(lats(16, LATS_ITERATIONS), requests).map(meanSeconds);
  const saved: Estimate = { mean: meanOf(one) - meanOf(sixteen), margin: null };
  return {
    rows: [
      ...REFLECTIONS.flatMap((reflections) => {
        const series = `Reflexion, ${reflections} reflections at most`;
        return [measured(lab, series, reflexion(reflections), meanSeconds, 'mean latency', 's', { ...requests, published: published.get(reflections) ?? null }), accuracy(lab, series, reflexion(reflections), requests.requests)];
      }),
      ...ITERATIONS.flatMap((iterations) => {
        const series = `LATS, 5 children, ${iterations} iterations at most`;
        return [measured(lab, series, lats(5, iterations), meanSeconds, 'mean latency', 's', requests), accuracy(lab, series, lats(5, iterations), requests.requests)];
      }),
      ...CHILDREN.flatMap((children) => {
        const series = `LATS, ${children} children, ${LATS_ITERATIONS} iterations at most`;
        return [measured(lab, series, lats(children, LATS_ITERATIONS), meanSeconds, 'mean latency', 's', requests), accuracy(lab, series, lats(children, LATS_ITERATIONS), requests.requests)];
      }),
      { series: 'LATS', what: 'latency saved by 16 children instead of one', unit: 's', ours: saved, published: SCALING.latsSavedSeconds, basis: 'open' },
    ],
    directions: [
      { says: 'Reflexion’s accuracy costs more and more: from 4 reflections on a doubling takes longer than the one before', holds: seconds(reflexion(32)).mean - seconds(reflexion(16)).mean > seconds(reflexion(8)).mean - seconds(reflexion(4)).mean },
      { says: 'LATS is faster with 16 children than with one', holds: saved.mean > 0 },
    ],
    notes: [
      'Whose budgets the paper’s latencies are of is in the figure’s legend alone, not in its text: 16.9 and 25.6 s are taken as one and two reflections, doubling from there.',
      'LATS solves more tasks with 16 children than with one, as theirs (14.4 points), and yet is not faster: a step waits for the slowest of 16 answers and tools, and where nothing is found all iterations are used up, which takes longer with 16. Theirs saves 196.3 s, so that with one child it must take longer than that; what budget of iterations that is of is not in the text.',
    ],
    charts: chartsOfFigure16({
      reflections: REFLECTIONS.map((reflections) => tried(lab, reflections, reflexion(reflections), requests)),
      iterations: ITERATIONS.map((iterations) => tried(lab, iterations, lats(LATS_CHILDREN, iterations), requests)),
      children: CHILDREN.map((children) => tried(lab, children, lats(children, LATS_ITERATIONS), requests)),
      saved,
    }),
  };
}

export function figure17(lab: Lab): Findings {
  const requests = few(lab);
  const agents = [
    ...[1, 4, 16].map((reflections) => ({ agent: 'Reflexion', budget: reflections, name: `Reflexion, ${reflections} reflections at most`, workload: reflexion(reflections) })),
    ...[1, 5, 16].map((children) => ({ agent: 'LATS', budget: children, name: `LATS, ${children} children`, workload: lats(children, LATS_ITERATIONS) })),
  ];
  const rows = agents.flatMap(({ name, workload }) =>
    (['8B', '70B'] as const).flatMap((model) => {
      const setting = { ...requests, model };
      const series = `${model} ${name}`;
      return [
        measured(lab, series, workload, meanSeconds, 'mean latency', 's', setting),
        measured(lab, series, workload, tokensPerRequest, 'tokens read and written', 'tokens', setting),
        measured(lab, series, workload, wattHoursPerRequest, 'energy', 'Wh', setting),
        accuracy(lab, series, workload, requests.requests, model),
      ];
    }),
  );
  const cheaper = agents.every(({ workload }) => lab.measure(workload, { ...requests, model: '8B' }, wattHoursPerRequest)!.mean < lab.measure(workload, { ...requests, model: '70B' }, wattHoursPerRequest)!.mean);
  const tokens = (model: ModelSize) => lab.measure(reflexion(16), { ...requests, model }, tokensPerRequest)!.mean;
  return {
    rows,
    directions: [
      { says: '8B takes less energy than 70B at the same budget', holds: cheaper },
      { says: '8B needs more tokens than 70B with Reflexion', holds: tokens('8B') > tokens('70B') },
    ],
    notes: ['70B’s calls are as long as 8B’s here, for want of figures: only how often it succeeds differs.'],
    charts: chartsOfFigure17(
      agents.flatMap(({ agent, budget, workload }) =>
        (['8B', '70B'] as const).map((model) => ({ ...tried(lab, budget, workload, { ...requests, model }), agent, model, tokens: lab.measure(workload, { ...requests, model }, tokensPerRequest), wattHours: lab.measure(workload, { ...requests, model }, wattHoursPerRequest) })),
      ),
    ),
  };
}
