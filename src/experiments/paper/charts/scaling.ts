/** Charts of figures 13 to 17: what more of a budget brings, and takes. Accuracies are the behaviour's word. */
import type { ModelSize } from '../../behaviour/schema.ts';
import type { Axis, Chart, Point, Series } from '../../charts/chart.ts';
import type { Estimate } from '../../statistics.ts';
import { SCALING } from '../published.ts';
import type { Design } from '../designs.ts';
import { axis, chart, line, point, points, published, categories, bars } from './parts.ts';

const ACCURACY = axis('accuracy', '%');
const SECONDS = (title: string, scale: Axis['scale'] = 'linear') => axis(title, 's', scale);

/** What a budget takes and brings. */
export interface Tried {
  budget: number;
  seconds: Estimate | null;
  accuracy: Estimate | null;
}

export function chartsOfFigure13(designs: readonly Design[], front: readonly Design[]): Chart[] {
  const agents = [...new Set(designs.map(({ agent }) => agent))];
  const place = ({ seconds }: Design, y: Estimate): Point => ({ x: seconds.mean, y: y.mean, margin: y.margin, label: null });
  const each = (of: (design: Design) => Estimate): Series[] => agents.map((agent, color) => points(agent, 'behaviour', designs.filter((design) => design.agent === agent).map((design) => place(design, of(design))), { color }));
  return [
    chart('accuracy', 'Accuracy against latency on HotpotQA, and the Pareto front', SECONDS('mean latency', 'logarithmic'), ACCURACY, [
      ...each(({ accuracy }) => accuracy),
      line('Pareto front', 'behaviour', front.map((design) => ({ ...place(design, design.accuracy), margin: null, label: design.budget })), { color: 5 }),
    ]),
    chart('efficiency', 'Accuracy over latency on HotpotQA', SECONDS('mean latency', 'logarithmic'), axis('accuracy over latency', '%/s', 'logarithmic'), each(({ efficiency }) => ({ ...efficiency, margin: null }))),
  ];
}

export function chartsOfFigure14(tried: readonly (Tried & { p95: Estimate | null })[]): Chart[] {
  const known = tried.flatMap(({ budget, seconds, accuracy }) => (seconds === null || accuracy === null ? [] : [{ budget, seconds: seconds.mean, accuracy: accuracy.mean }]));
  const most = (of: (each: (typeof known)[number]) => number) => known.toSorted((a, b) => of(b) - of(a)).slice(0, 1).map(({ budget, accuracy }) => ({ x: budget, y: accuracy, margin: null, label: null }));
  return [
    chart(
      'budget',
      'ReAct on HotpotQA by its budget of calls',
      axis('calls of the model at most', ''),
      SECONDS('latency'),
      [
        line('mean latency', 'open', tried.flatMap(({ budget, seconds }) => point(budget, seconds)), { color: 0 }),
        line('95th percentile of latency', 'open', tried.flatMap(({ budget, p95 }) => point(budget, p95)), { color: 1 }),
        line('accuracy', 'behaviour', tried.flatMap(({ budget, accuracy }) => point(budget, accuracy)), { color: 2, second: true }),
        points('most accurate', 'behaviour', most(({ accuracy }) => accuracy), { color: 3, second: true }),
        points('most accuracy for its time', 'behaviour', most(({ accuracy, seconds }) => accuracy / seconds), { color: 4, second: true }),
      ],
      { second: ACCURACY },
    ),
  ];
}

export const chartsOfFigure15 = (tried: readonly { examples: number; seconds: Estimate | null }[]): Chart[] => [
  chart('examples', 'ReAct on HotpotQA by worked examples in its prompt', axis('worked examples', ''), SECONDS('mean latency'), [line('mean latency', 'open', tried.flatMap(({ examples, seconds }) => point(examples, seconds)))]),
];

/** A curve through budgets, each beside its point. */
const curve = (name: string, tried: readonly Tried[], of: (each: Tried) => Estimate | null, color: number): Series =>
  line(name, 'behaviour', tried.flatMap((each) => { const cost = of(each); return cost === null ? [] : point(cost.mean, each.accuracy, String(each.budget)); }), { color });

export function chartsOfFigure16({ reflections, iterations, children, saved }: { reflections: readonly Tried[]; iterations: readonly Tried[]; children: readonly Tried[]; saved: Estimate }): Chart[] {
  const seconds = ({ seconds: of }: Tried) => of;
  return [
    chart('reflexion', 'Reflexion by reflections at most', SECONDS('mean latency', 'logarithmic'), ACCURACY, [curve('Reflexion', reflections, seconds, 0)], { note: 'Beside the points: reflections.' }),
    chart('lats-sequential', 'LATS with 5 children by iterations at most', SECONDS('mean latency', 'logarithmic'), ACCURACY, [curve('LATS', iterations, seconds, 1)], { note: 'Beside the points: iterations.' }),
    chart('lats-parallel', 'LATS by children of a node', SECONDS('mean latency', 'logarithmic'), ACCURACY, [curve('LATS', children, seconds, 2)], { note: 'Beside the points: children.' }),
    chart('seconds', 'Latencies that the paper’s text gives', categories([['Reflexion', '1 reflection'], ['Reflexion', '2 reflections'], ['LATS: saved by', '16 children']]), SECONDS('mean latency'), [
      bars('ours', 'open', [...[1, 2].map((budget) => reflections.find((each) => each.budget === budget)?.seconds ?? null), saved]),
      published([...SCALING.reflexionSeconds, SCALING.latsSavedSeconds]),
    ]),
  ];
}

/** What an agent with a budget takes with a model. */
export interface TriedModel extends Tried {
  agent: string;
  model: ModelSize;
  tokens: Estimate | null;
  wattHours: Estimate | null;
}

export function chartsOfFigure17(tried: readonly TriedModel[]): Chart[] {
  const kinds = [...new Map(tried.map(({ agent, model }) => [`${agent}, ${model}`, { agent, model }])).entries()];
  const costs = [
    { id: 'latency', x: SECONDS('mean latency', 'logarithmic'), of: ({ seconds }: TriedModel) => seconds },
    { id: 'tokens', x: axis('tokens read and written per request', 'tokens', 'logarithmic'), of: ({ tokens }: TriedModel) => tokens },
    { id: 'energy', x: axis('energy per request', 'Wh', 'logarithmic'), of: ({ wattHours }: TriedModel) => wattHours },
  ];
  return costs.map(({ id, x, of }) =>
    chart(id, `Accuracy by the model’s size, against ${x.title}`, x, ACCURACY, kinds.map(([name, { agent, model }], color) => curve(name, tried.filter((each) => each.agent === agent && each.model === model), (each) => of(each as TriedModel), color)), { note: 'Beside the points: reflections, children.' }),
  );
}
