import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawChart } from '../../src/drawing/drawChart.ts';
import { measureWith, readPart } from '../../src/drawing/fonts.ts';
import { toPng } from '../../src/drawing/png.ts';
import type { Chart, Series } from '../../src/experiments/charts/chart.ts';
import { chartSchema } from '../../src/experiments/charts/chartSchema.ts';
import { chartConfiguration } from '../../src/experiments/charts/configuration.ts';
import { valueRange, whiskers } from '../../src/experiments/charts/ranges.ts';
import { DARK_THEME, LIGHT_THEME, luminance, PAGE_THEME, pageThemeCss, rgbOf, themeOn } from '../../src/experiments/charts/theme.ts';
import { Lab } from '../../src/experiments/lab.ts';
import { paretoFront } from '../../src/experiments/pareto.ts';
import { EXPERIMENTS } from '../../src/experiments/registry.ts';
import { readResults, ResultsError, toResultsJson } from '../../src/experiments/results.ts';
import type { Result } from '../../src/experiments/report/grouped.ts';

const modules = join(import.meta.dirname, '..', '..', 'node_modules');
const fonts = ['400Regular/Inter_400Regular.ttf', '600SemiBold/Inter_600SemiBold.ttf'].map((file) => readFileSync(join(modules, '@expo-google-fonts', 'inter', file))) as [Buffer, Buffer];
const measure = measureWith(...fonts);

const series = (over: Partial<Series>): Series => ({ name: 'ours', basis: 'predicted', form: 'bars', color: 0, dashed: false, second: false, stack: null, points: [], ...over });
const at = (x: number, y: number, margin: number | null = null) => ({ x, y, margin, label: null });
const twoBars: Chart = {
  id: 'two',
  title: 'A <chart> & “more”',
  note: '',
  x: { title: '', names: ['one', ['two', 'lines']] },
  y: { title: 'time', unit: 's', scale: 'linear' },
  second: null,
  series: [series({ points: [at(0, 10), at(1, 20, 4)] }), series({ name: 'theirs', basis: 'published', form: 'points', points: [at(0, 12)] })],
};

/** Left, top, right and bottom of paths that are filled with a colour. */
function filled(svg: string, color: string): { width: number; height: number }[] {
  return [...svg.matchAll(/<path d="([^"]+)" fill="([^"]+)"/g)]
    .filter(([, , fill]) => fill === color)
    .map(([, path]) => {
      const numbers = [...path!.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
      const [xs, ys] = [numbers.map(([x]) => x), numbers.map(([, y]) => y)];
      return { width: Math.max(...xs) - Math.min(...xs), height: Math.max(...ys) - Math.min(...ys) };
    });
}

describe('a drawn chart', () => {
  const svg = drawChart(twoBars, LIGHT_THEME, measure, 'fig0-two');

  it('has bars as high as their values, in the colour that says what they rest on', () => {
    const [one, two] = filled(svg, LIGHT_THEME.series[0]!.soft).filter(({ height }) => height > 20);
    expect(two!.height / one!.height).toBeCloseTo(2, 1);
    expect(drawChart({ ...twoBars, series: [series({ basis: 'fitted', points: [at(0, 10)] })] }, LIGHT_THEME, measure, 'a')).toContain(`fill="${LIGHT_THEME.series[0]!.solid}"`);
  });

  it('has its words as text, none of it as markup', () => {
    expect(svg).toContain('>A &lt;chart&gt; &amp; “more”</text>');
    for (const text of ['one', 'two', 'lines', 'time (s)', 'theirs (published)', 'Simulated; ours is predicted. Whiskers: 95 % confidence intervals.']) expect(svg).toContain(`>${text}</text>`);
    expect(svg).toMatch(/<desc id="fig0-two-text">A &lt;chart&gt; &amp; “more”: time \(s\) for each of some kinds\. ours \(predicted\): one 10; two, lines 20\. theirs \(published\): one 12\.<\/desc>/);
  });

  it('is the same each time, needs no style and refers to itself alone', () => {
    expect(drawChart(twoBars, LIGHT_THEME, measure, 'fig0-two')).toBe(svg);
    expect(svg).not.toMatch(/style=|<style|NaN|undefined|Infinity/);
    for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g)) expect(svg).toContain(`<clipPath id="${id}"`);
    for (const [, id] of svg.matchAll(/ id="([^"]+)"/g)) expect(id).toMatch(/^fig0-two-/);
  });

  it('takes a page’s colours as variables that its style sheet has, light and dark', () => {
    const used = new Set([...drawChart(twoBars, PAGE_THEME, measure, 'a').matchAll(/var\((--chart-[a-z0-9-]+)\)/g)].map(([, name]) => name!));
    expect(used.size).toBeGreaterThan(4);
    const [light, dark] = pageThemeCss().split('@media');
    for (const name of used) for (const part of [light, dark]) expect(part).toContain(`${name}: #`);
  });

  it('becomes a PNG by the given fonts alone', async () => {
    const png = await toPng(svg, readFileSync(join(modules, '@resvg', 'resvg-wasm', 'index_bg.wasm')), fonts);
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe('PNG');
    const [width, height] = [16, 20].map((offset) => Buffer.from(png).readUInt32BE(offset));
    expect([width, height]).toEqual([1520, 840]);
    // Text was drawn: a picture without is smaller by far.
    const bare = await toPng(svg.replaceAll(/<text[^>]*>[^<]*<\/text>/g, ''), new Uint8Array(), fonts);
    expect(png.length).toBeGreaterThan(1.5 * bare.length);
  });

  it('says what to do where a part that it is drawn with is not there', () => {
    expect(() => readPart('/nowhere/Inter.ttf')).toThrow(/\/nowhere\/Inter\.ttf, which charts are drawn with, cannot be read: .*npm run build/);
  });
});

describe('a chart’s configuration', () => {
  it('is plain data that outlives a message', () => {
    const configuration = chartConfiguration(twoBars, DARK_THEME);
    expect(structuredClone(configuration)).toEqual(configuration);
    expect(configuration.data.datasets.map(({ label }) => label)).toEqual(['ours', 'theirs (published)']);
    expect(configuration.data.datasets[0]!.data).toEqual([
      { x: 0, y: 10, label: null },
      { x: 1, y: 20, yMin: 16, yMax: 24, label: null },
    ]);
  });

  it('tells by its fill what each value rests on', () => {
    const bars = series({ points: [{ ...at(0, 1), basis: 'fitted' }, at(1, 2)] });
    const { data, options } = chartConfiguration({ ...twoBars, series: [bars] }, LIGHT_THEME);
    const { solid, soft } = LIGHT_THEME.series[0]!;
    expect(data.datasets[0]!.backgroundColor).toEqual([solid, soft]);
    expect(options!.plugins!.subtitle!.text).toEqual(['Simulated. Full: fitted; light: predicted.']);
  });
});

describe('ranges', () => {
  it('reach as far as stacks and whiskers', () => {
    const stacked = { ...twoBars, series: [series({ stack: 'a', points: [at(0, 10)] }), series({ stack: 'a', points: [at(0, 15)] })] };
    expect(valueRange(stacked, twoBars.y, false)).toEqual({ min: 0, suggestedMax: 25 });
    expect(valueRange(twoBars, twoBars.y, false)).toEqual({ min: 0, suggestedMax: 24 });
  });

  it('have a logarithmic axis begin below the least and end above the most', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 9 }), (values) => {
        const { min, max } = valueRange({ ...twoBars, series: values.map((y) => series({ points: [at(0, y)] })) }, { ...twoBars.y, scale: 'logarithmic' }, false);
        expect(min!).toBeLessThan(Math.min(...values));
        expect(max!).toBeGreaterThan(Math.max(...values));
        expect(min!).toBeGreaterThan(Math.min(...values) / 3);
      }),
    );
  });

  it('keep whiskers of shares within the whole', () => {
    expect(whiskers(at(0, 95, 10), { title: '', unit: '%', scale: 'linear' })).toEqual({ low: 85, high: 100 });
    expect(whiskers(at(0, 5, 10), { title: '', unit: '%', scale: 'linear' })).toEqual({ low: 0, high: 15 });
    expect(whiskers(at(0, -5, 10), { title: '', unit: '%', scale: 'linear' })).toEqual({ low: -15, high: 5 });
  });
});

describe('themes', () => {
  /** WCAG 2.1's contrast ratio. */
  const contrast = (one: string, other: string) => {
    const [low, high] = [one, other].map((color) => luminance(rgbOf(color))).sort((a, b) => a - b) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };

  it.each([
    ['light', LIGHT_THEME],
    ['dark', DARK_THEME],
    ['high contrast', themeOn('#000000', '#ffffff', 'x', true)],
  ])('%s: graphics stand out from the background, text can be read', (_, theme) => {
    for (const { solid } of theme.series) expect(contrast(solid, theme.background), solid).toBeGreaterThanOrEqual(3);
    for (const text of [theme.foreground, theme.dim]) expect(contrast(text, theme.background)).toBeGreaterThanOrEqual(4.5);
    expect(new Set(theme.series.map(({ solid }) => solid)).size).toBe(theme.series.length);
  });
});

describe('the Pareto front', () => {
  it('has exactly what no other choice beats', () => {
    const choice = fc.record({ cost: fc.integer({ min: 0, max: 20 }), value: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(choice), (choices) => {
        const front = paretoFront(choices);
        const beats = (one: (typeof choices)[number], other: (typeof choices)[number]) => one.cost <= other.cost && one.value >= other.value && (one.cost < other.cost || one.value > other.value);
        for (const member of front) expect(choices.some((other) => beats(other, member))).toBe(false);
        for (const each of choices) expect(front.some((member) => beats(member, each) || (member.cost === each.cost && member.value === each.value))).toBe(true);
      }),
    );
  });
});

describe('the paper’s charts', () => {
  let results: Result[];
  beforeAll(() => {
    const lab = new Lab({ requests: 10, repeats: 2 });
    // Under load they take minutes: `test/cli/paper.test.ts` has one.
    results = EXPERIMENTS.filter(({ id }) => !['fig11', 'fig12'].includes(id)).map((experiment) => ({ experiment, findings: experiment.run(lab) }));
  }, 300_000);

  it('are there for each figure, and well-formed', () => {
    for (const { experiment, findings } of results) {
      expect(findings.charts.length, experiment.id).toBeGreaterThan(0);
      for (const chart of findings.charts) expect(chartSchema.parse(chart)).toEqual(chart);
      expect(new Set(findings.charts.map(({ id }) => id)).size).toBe(findings.charts.length);
    }
  });

  it('have what the paper prints beside ours', () => {
    for (const { experiment, findings } of results) {
      // Shares of the power of an answer alone, and figure 8's growth, are not drawn.
      if (['fig8', 'fig13', 'fig14', 'fig15', 'fig17'].includes(experiment.id)) continue;
      const theirs = findings.charts.flatMap((chart) => chart.series.flatMap(({ basis, points }) => points.filter((point) => (point.basis ?? basis) === 'published')));
      expect(theirs.length, experiment.id).toBeGreaterThan(0);
    }
  });

  it('say the same as the rows: stacks of shares sum to the whole, bars are the table’s means', () => {
    const chartOf = (id: string, chart: string) => results.find(({ experiment }) => experiment.id === id)!.findings.charts.find((each) => each.id === chart)!;
    const gpu = chartOf('fig6', 'gpu');
    const sums = new Map<number, number>();
    for (const { points } of gpu.series) for (const { x, y } of points) sums.set(x, (sums.get(x) ?? 0) + y);
    for (const sum of sums.values()) expect(sum).toBeCloseTo(100, 6);
    const energies = results.find(({ experiment }) => experiment.id === 'table3')!.findings.rows.filter(({ what }) => what === 'energy per request');
    expect(chartOf('table3', 'energy').series[0]!.points.map(({ y, basis }) => [y, basis])).toEqual(energies.map(({ ours, basis }) => [ours!.mean, basis]));
  });

  it('call accuracies the behaviour’s word', () => {
    for (const { findings } of results)
      for (const { y, second, series: all } of findings.charts)
        for (const { basis, second: onSecond } of all) if ((onSecond ? second! : y).title.startsWith('accuracy')) expect(basis).toBe('behaviour');
  });

  it('come back whole from the file that the editor opens', () => {
    const settings = '10 requests a run.';
    const read = readResults(toResultsJson({ title: 'x', settings, results }), 'x.json');
    expect(read.results.map(({ findings }) => findings)).toEqual(results.map(({ findings }) => findings));
    expect(read.settings).toBe(settings);
  });
});

describe('a results file', () => {
  const whole = { kind: 'agent-cost-results', version: 1, title: '', settings: '', results: [] };
  it.each([
    ['{', /x\.json is not JSON/],
    ['[]', /x\.json holds no results/],
    [JSON.stringify({ ...whole, version: 2 }), /x\.json is of version 2.*Update/],
    [JSON.stringify({ ...whole, results: [{ experiment: { id: 'a', where: '', title: '' } }] }), /x\.json is damaged: results\.0\.findings/],
    [JSON.stringify({ ...whole, results: [{ experiment: { id: 'a', where: '', title: '' }, findings: { rows: [], directions: [], notes: [], charts: [{ ...twoBars, series: [series({ points: [at(7, 1)] })] }] } }] }), /a point lies at no category/],
  ])('that is none is refused in words: %s', (json, says) => {
    expect(() => readResults(json, 'x.json')).toThrow(says);
    expect(() => readResults(json, 'x.json')).toThrow(ResultsError);
  });
});
