import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/experiments/lab.ts';
import { EXPERIMENTS } from '../../src/experiments/registry.ts';
import { toCsv } from '../../src/experiments/report/csv.ts';
import { digits, percentOff, withMargin } from '../../src/experiments/report/format.ts';
import { groupedByBasis, type Result } from '../../src/experiments/report/grouped.ts';
import { toHtml } from '../../src/experiments/report/html.ts';
import { errorOf, type Row } from '../../src/experiments/rows.ts';

const row = (over: Partial<Row>): Row => ({ series: 'ReAct', what: 'latency', unit: 's', ours: { mean: 12, margin: 1 }, published: 10, basis: 'predicted', ...over });
const result = (rows: Row[]): Result => ({ experiment: { id: 'fig0', where: 'Fig 0', title: 'a & b' }, findings: { rows, directions: [{ says: 'it rises', holds: false }], notes: ['<b>'], charts: [] } });

describe('the paper’s figures of one request at a time, simulated', () => {
  let results: Map<string, Result>;
  beforeAll(() => {
    const lab = new Lab({ requests: 40, repeats: 2 });
    // A 95th percentile of few is uncertain.
    const larger = new Lab({ requests: 150, repeats: 2 });
    results = new Map(EXPERIMENTS.filter(({ id }) => ['fig4', 'fig5', 'fig6', 'fig7', 'fig8', 'fig9', 'kv'].includes(id)).map((experiment) => [experiment.id, { experiment, findings: experiment.run(experiment.id === 'fig7' ? larger : lab) }]));
  }, 120_000);

  const published = (id: string) => results.get(id)!.findings.rows.filter((each) => each.published !== null);

  it('come out as they were fitted, but for what few requests are uncertain by', () => {
    const fitted = ['fig4', 'fig5', 'fig7', 'fig8'].flatMap(published);
    expect(fitted.length).toBeGreaterThanOrEqual(11);
    for (const each of fitted) {
      expect(each.basis).toBe('fitted');
      expect(Math.abs(errorOf(each)!), `${each.series} ${each.what}`).toBeLessThan(0.12);
    }
  });

  it('are predictions where nothing was fitted on them, of the right order', () => {
    for (const each of ['fig6', 'fig9', 'kv'].flatMap(published)) {
      expect(each.basis).toBe('predicted');
      expect(Math.abs(errorOf(each)!), `${each.series} ${each.what}`).toBeLessThan(1);
    }
    const kvOfLats = published('kv').find(({ series }) => series === 'LATS, mean')!;
    expect(Math.abs(errorOf(kvOfLats)!)).toBeLessThan(0.1);
    for (const id of ['fig4', 'fig5', 'fig6', 'fig7', 'fig9']) for (const direction of results.get(id)!.findings.directions) expect(direction).toMatchObject({ holds: true });
  });

  it('hold their parts together: the GPU’s shares sum to all of its time', () => {
    const shares = published('fig6').slice(0, 3).map(({ ours }) => ours!.mean);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 6);
  });
});

describe('a lab', () => {
  it('runs each workload once for each seed and setting, and the same requests whatever the server', () => {
    const lab = new Lab({ requests: 20, repeats: 2 });
    const runs = lab.runs('chat');
    expect(lab.runs('chat')).toEqual(runs);
    expect(lab.runs('chat')[0]).toBe(runs[0]);
    const answers = (outcomes: typeof runs) => outcomes.map(({ requests }) => requests.map(({ calls }) => calls[0]!.outputTokens));
    expect(answers(lab.runs('chat', { prefixCaching: false }))).toEqual(answers(runs));
    expect(answers(runs)[0]).not.toEqual(answers(runs)[1]);
  });

  it('finds the rate at which a latency is no longer kept: lower for less patience', () => {
    const lab = new Lab({ requests: 20, repeats: 1 });
    const peak = (most: number) => lab.peaks('chat', { requests: 150 }, most, 20)[0]!;
    expect(peak(6)).toBeGreaterThan(0.5);
    expect(peak(6)).toBeLessThan(peak(9));
    expect(peak(9)).toBeLessThan(15);
  });
});

describe('findings', () => {
  it('are grouped by what they rest on, those that the paper prints, with the median error', () => {
    const groups = groupedByBasis([result([row({}), row({ ours: { mean: 9, margin: null } }), row({ published: null }), row({ ours: null }), row({ basis: 'fitted' })])]);
    expect(groups.map(({ basis, rows, medianError }) => [basis, rows.length, medianError])).toEqual([
      ['fitted', 1, 0.2],
      ['predicted', 3, expect.closeTo(0.15, 9)],
      ['open', 0, null],
      ['behaviour', 0, null],
      ['measured', 0, null],
    ]);
  });

  it('become a table of which every cell is known or empty', () => {
    expect(toCsv([result([row({ series: 'ReAct, "HotpotQA"' }), row({ ours: null, published: null })])]).split('\r\n')).toEqual([
      'experiment,in,series,figure,unit,ours,margin_95,published,error,basis',
      'fig0,Fig 0,"ReAct, ""HotpotQA""",latency,s,12,1,10,0.2,predicted',
      'fig0,Fig 0,ReAct,latency,s,,,,,predicted',
      '',
    ]);
  });

  it('become a page that asks for nothing else and says what does not hold', () => {
    const page = toHtml([result([row({})])], { title: 'Figures', ours: 'a server <x>.', settings: '5 requests.' }, () => '');
    expect(page).toContain('Fig 0: a &amp; b');
    expect(page).toContain('&lt;b&gt;');
    expect(page).toContain('beside a server &lt;x&gt;. 5 requests.');
    expect(page).toContain('it rises: <span class="fails">no</span>');
    expect(page).not.toMatch(/<script|<link|src=|@import| style=/);
    const [, style] = /<style>([^<]*)<\/style>/.exec(page)!;
    expect(page).toContain(`style-src 'sha256-${createHash('sha256').update(style!).digest('base64')}'`);
  });

  it('are written with their margins, and what is not known as a dash', () => {
    expect([digits(12_345.6), digits(1.23456), digits(null)]).toEqual(['12,346', '1.235', '–']);
    expect([withMargin({ mean: 2, margin: 0.123 }), withMargin({ mean: 2, margin: null }), withMargin(null)]).toEqual(['2 ±0.12', '2', '–']);
    expect([percentOff(0.2), percentOff(-0.031), percentOff(null)]).toEqual(['+20 %', '-3.1 %', '–']);
    expect(errorOf(row({ published: 0 }))).toBeNull();
  });
});
