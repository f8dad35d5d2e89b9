/** flame-chart-js with a flame for each agent, one below the other. */
import { FlameChartContainer, FlameChartPlugin, TimeGridPlugin, type FlameChartNode } from 'flame-chart-js';
import { APPENDED_SPANS, makeBench, painted } from './drive.ts';
import { AGENTS, makeTrace } from './trace.ts';

const COLOURS = ['#89d185', '#3794ff', '#d18616'];
let chart: FlameChartContainer | null = null;
let plugins: FlameChartPlugin[] = [];
let flames: FlameChartNode[][] = [];
let end = 0;

function nodesOf(count: number): FlameChartNode[][] {
  const trace = makeTrace(count);
  end = trace.wallMs;
  const roots: FlameChartNode[][] = Array.from({ length: AGENTS }, () => []);
  const nodes: FlameChartNode[] = [];
  for (let i = 0; i < trace.length; i++) {
    const start = trace.start[i] as number;
    const node: FlameChartNode = { name: `function${trace.name[i]}`, start, duration: (trace.end[i] as number) - start, type: String(trace.leaf[i]), color: COLOURS[trace.leaf[i] as number], children: [] };
    nodes.push(node);
    const parent = trace.parent[i] as number;
    if (parent < 0) roots[trace.agent[i] as number]?.push(node);
    else nodes[parent]?.children?.push(node);
  }
  return roots;
}

globalThis.bench = makeBench({
  load: async (count) => {
    flames = nodesOf(count);
    const canvas = document.createElement('canvas');
    canvas.width = innerWidth;
    canvas.height = innerHeight;
    document.body.append(canvas);
    const begun = performance.now();
    plugins = flames.map((data, agent) => new FlameChartPlugin({ name: `agent ${agent}`, data }));
    chart = new FlameChartContainer({ canvas, plugins: [new TimeGridPlugin(), ...plugins] });
    chart.render();
    await painted();
    const fullMs = performance.now() - begun;
    return { firstMs: fullMs, fullMs, hostMs: null };
  },
  move: (_key, { start, end: to }) => {
    chart?.setZoom(start, to);
    chart?.render();
  },
  point: (clientX, clientY) => void document.querySelector('canvas')?.dispatchEvent(new MouseEvent('mousemove', { clientX, clientY, bubbles: true })),
  append: () => {
    for (let i = 0; i < APPENDED_SPANS; i++) {
      flames[i % AGENTS]?.push({ name: 'new', start: end, duration: 0.35, type: '2', color: COLOURS[2], children: [] });
      end += 0.4;
    }
    plugins.forEach((plugin, agent) => plugin.setData(flames[agent] ?? []));
    chart?.render();
  },
});
