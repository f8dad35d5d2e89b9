/** Writes what `agent-cost paper` found: tables, charts as SVG and PNG, one page, one file of all. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DrawingError, FONT_FILES, measureWith, readPart } from '../drawing/fonts.ts';
import { drawChart } from '../drawing/drawChart.ts';
import { toPng } from '../drawing/png.ts';
import { LIGHT_THEME, PAGE_THEME } from '../experiments/charts/theme.ts';
import { toCsv } from '../experiments/report/csv.ts';
import type { Result } from '../experiments/report/grouped.ts';
import { toHtml, type Heading } from '../experiments/report/html.ts';
import { installation } from './installation.ts';
import { UsageError } from './usageError.ts';

/** What charts are drawn with, beside the bundle. */
function drawingParts(): { regular: Buffer; strong: Buffer; wasmFile: string } {
  const { drawing } = installation();
  return { regular: readPart(join(drawing, FONT_FILES.regular)), strong: readPart(join(drawing, FONT_FILES.strong)), wasmFile: join(drawing, 'resvg.wasm') };
}

/** @throws UsageError where a part of the drawing is missing */
async function drawing<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DrawingError ? new UsageError(error.message) : error;
  }
}

/**
 * Each experiment's table and charts, in a folder: `fig11.csv`, `fig11-p95.svg`, `fig11-p95.png`.
 * @returns how many files
 * @throws UsageError
 */
export async function writeFolder(folder: string, results: readonly Result[]): Promise<number> {
  return drawing(async () => {
    const { regular, strong, wasmFile } = drawingParts();
    const wasm = readPart(wasmFile);
    const measure = measureWith(regular, strong);
    let written = 0;
    const write = (name: string, content: string | Uint8Array) => {
      writeOrSay(join(folder, name), content, true);
      written += 1;
    };
    for (const result of results) {
      const { id } = result.experiment;
      write(`${id}.csv`, toCsv([result]));
      for (const chart of result.findings.charts) {
        const svg = drawChart(chart, LIGHT_THEME, measure, `${id}-${chart.id}`);
        write(`${id}-${chart.id}.svg`, svg);
        write(`${id}-${chart.id}.png`, await toPng(svg, wasm, [regular, strong]));
      }
    }
    return written;
  });
}

/** @throws UsageError */
export async function writePage(file: string, results: readonly Result[], heading: Heading): Promise<void> {
  await drawing(() => {
    const { regular, strong } = drawingParts();
    const measure = measureWith(regular, strong);
    writeOrSay(file, toHtml(results, heading, (chart, prefix) => drawChart(chart, PAGE_THEME, measure, prefix)));
  });
}

/** @throws UsageError where it cannot be written */
export function writeOrSay(file: string, content: string | Uint8Array, makesFolder = false): void {
  try {
    if (makesFolder) mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
