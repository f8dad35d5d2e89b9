/** All findings as one page of HTML that needs nothing beside it. */
import { sha256Base64 } from '../../profile/sha256.ts';
import type { Chart } from '../charts/chart.ts';
import { pageThemeCss } from '../charts/theme.ts';
import { errorOf, type Direction } from '../rows.ts';
import { percentOff, withMargin, digits } from './format.ts';
import { basisTitle, groupedByBasis, type PlacedRow, type Result } from './grouped.ts';

const STYLE = `
${pageThemeCss()}
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 66rem; margin: 2rem auto; padding: 0 1rem; background: var(--chart-background); color: var(--chart-foreground); }
a { color: var(--chart-0); }
figure { margin: 1rem 0; overflow-x: auto; }
figure svg { display: block; max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.5rem; }
th, td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.fails { font-weight: 600; }
`;

/** Of the page. */
export interface Heading {
  title: string;
  /** What stands beside the paper's figures. */
  ours: string;
  settings: string;
}

const PAPER = 'https://arxiv.org/abs/2506.04301';

/**
 * Light or dark as the reader's system has it; its policy lets no script run and nothing be fetched.
 * @param heading what they are, how they came about, and how much was run, in words
 * @param draw a chart as an `<svg>` element in the page's colours; `prefix` keeps ids in it apart from others'
 */
export function toHtml(results: readonly Result[], { title, ours, settings }: Heading, draw: (chart: Chart, prefix: string) => string): string {
  const groups = groupedByBasis(results).filter(({ rows }) => rows.length > 0);
  const summary = groups.map(
    ({ title, rows, medianError }) => `<h3>${escape(title)}</h3>\n<p>${rows.length} figures, off by ${medianError === null ? '–' : `${(100 * medianError).toFixed(1)} %`} in the median.</p>\n${table(rows, true)}`,
  );
  const each = results.map(
    ({ experiment: { id, where, title }, findings: { rows, directions, notes, charts } }) =>
      `<h2 id="${escape(id)}">${escape(where)}: ${escape(title)}</h2>\n${charts.map((chart) => `<figure>${draw(chart, `${id}-${chart.id}`)}</figure>`).join('\n')}\n${table(
        rows.map((row) => ({ ...row, where })),
        false,
      )}\n${list(directions.map(direction))}\n${list(notes.map(escape))}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${sha256Base64(STYLE)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>“The Cost of Dynamic Reasoning” (<a href="${PAPER}">${PAPER}</a>) beside ${escape(ours)} ${escape(settings)}</p>
${summary.join('\n')}
${each.join('\n')}
</body>
</html>
`;
}

function direction({ says, holds }: Direction): string {
  return `${escape(says)}: ${holds ? 'yes' : '<span class="fails">no</span>'}`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}

function table(rows: readonly PlacedRow[], isPlaced: boolean): string {
  const head = `<tr>${isPlaced ? '<th>in</th>' : ''}<th>of</th><th>figure</th><th class="number">ours</th><th class="number">published</th><th></th><th class="number">error</th>${isPlaced ? '' : '<th>ours is</th>'}</tr>`;
  const body = rows.map(
    (row) =>
      `<tr>${isPlaced ? `<td>${escape(row.where)}</td>` : ''}<td>${escape(row.series)}</td><td>${escape(row.what)}</td><td class="number">${withMargin(row.ours)}</td><td class="number">${digits(row.published)}</td><td>${escape(row.unit)}</td><td class="number">${percentOff(errorOf(row))}</td>${isPlaced ? '' : `<td title="${escape(basisTitle(row.basis))}">${row.basis}</td>`}</tr>`,
  );
  return `<table>\n${head}\n${body.join('\n')}\n</table>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
