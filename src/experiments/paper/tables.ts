/** Tables III and IV: energy of a request, and power of a day's. */
import type { ModelSize } from '../behaviour/schema.ts';
import { meanSeconds, solvedShare, wattHoursPerRequest, type Lab, type Setting } from '../lab.ts';
import type { Basis, Findings, Row } from '../rows.ts';
import type { Estimate } from '../statistics.ts';
import type { Workload } from '../workload.ts';
import { chartOfCells, type Cell } from './charts/tables.ts';
import { TABLE_III, TABLE_IV, type PaperWorkload } from './published.ts';
import { lats, LATS_ITERATIONS, reflexion } from './scaling.ts';

/** The budgets of the highest accuracy are not in the paper's text. Of LATS they are said to scale in parallel, for which the text of Figure 16 goes up to 16 children. */
const REFLECTIONS = 64;
const CHILDREN = 16;
const WORKLOADS: Record<PaperWorkload, Workload> = { ShareGPT: 'chat', Reflexion: reflexion(REFLECTIONS), LATS: lats(CHILDREN, LATS_ITERATIONS) };

function settingOf(lab: Lab, workload: PaperWorkload, model: ModelSize): Setting {
  return { model, requests: workload === 'ShareGPT' ? 5 * lab.scale.requests : Math.max(10, Math.round(lab.scale.requests / 3)) };
}

function measure(lab: Lab, workload: PaperWorkload, model: ModelSize, of: Parameters<Lab['measure']>[2]): Estimate | null {
  return lab.measure(WORKLOADS[workload], settingOf(lab, workload, model), of);
}

/** One at a time, and nobody waits between requests: what the GPUs draw while a request is answered, tools included. */
export function table3(lab: Lab): Findings {
  const rows = TABLE_III.flatMap(({ model, workload, accuracy, seconds, wattHours }): Row[] => {
    const series = `${model} ${workload}`;
    const energyAndTime = measure(lab, workload, model, wattHoursPerRequest);
    const latency = measure(lab, workload, model, meanSeconds);
    const basis: Basis = workload === 'ShareGPT' ? 'predicted' : 'open';
    const isFitted = workload === 'ShareGPT' && model === '8B';
    const power: Estimate | null = energyAndTime === null || latency === null ? null : { mean: (energyAndTime.mean * 3600) / latency.mean, margin: null };
    return [
      { series, what: 'latency', unit: 's', ours: latency, published: seconds, basis: isFitted ? 'fitted' : basis },
      // Of 8B the GPU's power was fitted on these three rows.
      { series, what: 'mean power', unit: 'W', ours: power, published: (wattHours * 3600) / seconds, basis: model === '8B' ? 'fitted' : 'predicted' },
      { series, what: 'energy per request', unit: 'Wh', ours: energyAndTime, published: wattHours, basis: isFitted ? 'fitted' : basis },
      ...(accuracy === null ? [] : [{ series, what: 'accuracy', unit: '%', ours: measure(lab, workload, model, (outcome) => 100 * (solvedShare(outcome) ?? 0)), published: accuracy, basis: 'behaviour' as const }]),
    ];
  });
  const cells = (what: string, theirs: (row: (typeof TABLE_III)[number]) => number): Cell[] =>
    TABLE_III.map((row) => {
      const { basis, ours } = rows.find((each) => each.series === `${row.model} ${row.workload}` && each.what === what)!;
      return { name: [row.model, row.workload], basis, ours, published: theirs(row) };
    });
  const energy = (workload: PaperWorkload, model: ModelSize) => measure(lab, workload, model, wattHoursPerRequest)!.mean;
  return {
    rows,
    directions: [
      { says: 'agents take tens of times the energy of a chat', holds: (['8B', '70B'] as const).every((model) => (['Reflexion', 'LATS'] as const).every((agent) => energy(agent, model) > 10 * energy('ShareGPT', model))) },
      { says: 'Reflexion takes more energy than LATS, at each model', holds: (['8B', '70B'] as const).every((model) => energy('Reflexion', model) > energy('LATS', model)) },
    ],
    notes: [
      `Reflexion with ${REFLECTIONS} reflections and LATS with ${CHILDREN} children and ${LATS_ITERATIONS} iterations are assumed: what the design points of the highest accuracy were is not in the paper’s text, but that LATS scales in parallel there.`,
      'Power hardly hangs on how long an agent runs, so that it is a prediction at 70B. Ours is lower: with tools of 1.2 s a call HotpotQA’s agents leave the GPU idle for more than 40 % of their time, with which 230 W cannot be reached.',
      'Latency and energy of LATS are far lower: most of its searches end soon, and those that find nothing use up their iterations; 380 s on average are some hundred steps of the tree for each task.',
    ],
    charts: [
      chartOfCells('energy', 'Energy of a request', { title: 'energy of a request', unit: 'Wh' }, cells('energy per request', ({ wattHours }) => wattHours)),
      chartOfCells('latency', 'Latency of a request', { title: 'latency', unit: 's' }, cells('latency', ({ seconds }) => seconds)),
    ],
  };
}

/** Power = energy of a request × requests a day / 24 h, of our own energies. */
export function table4(lab: Lab): Findings {
  const rows = TABLE_IV.map(({ model, workload, queriesPerDay, megawatts }): Row => {
    const energy = measure(lab, workload, model, wattHoursPerRequest);
    const factor = queriesPerDay / 24 / 1e6;
    const ours = energy === null ? null : { mean: energy.mean * factor, margin: energy.margin === null ? null : energy.margin * factor };
    return { series: `${model} ${workload}, ${queriesPerDay / 1e6} million requests a day`, what: 'power', unit: 'MW', ours, published: megawatts, basis: workload !== 'ShareGPT' ? 'open' : model === '8B' ? 'fitted' : 'predicted' };
  });
  return { rows, directions: [], notes: ['The arithmetic of the paper’s own energies is checked by `npm run verify:paper`; these are ours.'], charts: [chartOfCells('power', 'Power of a day’s requests', { title: 'power', unit: 'MW' }, TABLE_IV.map(({ model, workload, queriesPerDay, megawatts }, index) => ({ name: [model, workload, `${queriesPerDay / 1e6} M a day`], basis: rows[index]!.basis, ours: rows[index]!.ours, published: megawatts })))] };
}
