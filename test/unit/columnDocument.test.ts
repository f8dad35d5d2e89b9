/** A document in columns says what it says in objects: in all of its fields, looked up, and in what the views make of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { callersOf, spansThrough } from '../../src/analysis/callers.ts';
import { ColumnDocument } from '../../src/analysis/columnDocument.ts';
import { compareRuns } from '../../src/analysis/comparison/compareRuns.ts';
import { spanOf, spanTableOf } from '../../src/analysis/spanTable.ts';
import { readRecording } from '../../src/profile/readRecording.ts';
import type { Report } from '../../src/profile/report.ts';
import { buffersOf, packDocument } from '../../src/protocol/packDocument.ts';
import { SpanPacker } from '../../src/protocol/packSpans.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';
import { hoverText } from '../../src/views/hoverText.ts';
import { SpanTree } from '../../src/views/treeModel.ts';
import { groupedRun } from '../fixtures/groupedRun.ts';
import { arbitraryRecording } from './arbitraryRecording.ts';

/** As it comes from another thread. */
function inColumns(document: TimelineDocument): ColumnDocument {
  const packer = new SpanPacker();
  const messages = [...packDocument(document, packer)].flatMap((message) => (message === null ? [] : structuredClone(message, { transfer: buffersOf(message) })));
  const numbersOf = ({ spans }: { spans: readonly string[] }): Int32Array => Int32Array.from(spans, (id) => packer.numberOf(id));
  return new ColumnDocument(messages, { lines: document.report.lines.map(numbersOf), functions: document.report.functions.map(numbersOf) });
}

/** The tree's rows, indented, children in their order. */
function rowsOf(tree: SpanTree, parent: string | null = null, depth = 0): string[] {
  return tree.childrenOf(parent).flatMap((span) => {
    expect(tree.parentOf(span)?.id ?? null).toBe(parent);
    const inside = rowsOf(tree, span.id, depth + 1);
    expect(tree.hasChildren(span.id)).toBe(inside.length > 0);
    return [' '.repeat(depth) + span.id, ...inside];
  });
}

function figuresOf(report: Report): object {
  const table = spanTableOf(report);
  return Object.fromEntries(report.spans.map(({ id }) => [id, table.figuresOf(table.numberOf(id))]));
}

const recordings = { numRuns: 150 };

describe('a document in columns', () => {
  it('is the document that was packed', () => {
    fc.assert(fc.property(arbitraryRecording, (text) => void expect(inColumns(analyze(readRecording(text)))).toEqual(analyze(readRecording(text)))), recordings);
    expect(inColumns(groupedRun()).parts?.length).toBeGreaterThan(1);
    expect(inColumns(groupedRun())).toEqual(groupedRun());
  });

  it('is looked up in as one of objects is', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        const whole = analyze(readRecording(text)).report;
        const { report } = inColumns(analyze(readRecording(text)));
        expect(figuresOf(report)).toEqual(figuresOf(whole));
        for (const span of whole.spans) expect(spanOf(report, span.id)).toEqual(span);
        expect(spanOf(report, 'no span')).toBeUndefined();
        whole.lines.forEach((line, k) => {
          const same = report.lines[k]!;
          const [table, columns] = [spanTableOf(whole), spanTableOf(report)];
          expect(Array.from(columns.numbersOf(same), (number) => columns.idOf(number))).toEqual(Array.from(table.numbersOf(line), (number) => table.idOf(number)));
          expect(callersOf(report, same)).toEqual(callersOf(whole, line));
          expect(new Set(spansThrough(report, line.file, line.line))).toEqual(new Set(spansThrough(whole, line.file, line.line)));
          const reference = { run: 'r', file: line.file, line: line.line };
          expect(hoverText(report, same, null, reference)).toBe(hoverText(whole, line, null, reference));
        });
      }),
      recordings,
    );
  });

  it('is ready in pieces, and whole for who looks something up in between', () => {
    const whole = groupedRun();
    const [early, late] = [inColumns(whole), inColumns(whole)];
    const pieces = early.prepare();
    expect(pieces.next().done).toBe(false);
    expect(early.report.spans).toEqual(whole.report.spans);
    expect(pieces.next().done).toBe(true);
    expect([...late.prepare()].length).toBe(late.messages.length);
    expect(late.report.spans).toEqual(whole.report.spans);
  });

  it('is the same tree, and compared with the document it was made of nothing has changed', () => {
    fc.assert(
      fc.property(arbitraryRecording, (text) => {
        const whole = analyze(readRecording(text)).report;
        const { report } = inColumns(analyze(readRecording(text)));
        const rows = rowsOf(new SpanTree(report));
        expect(rows).toEqual(rowsOf(new SpanTree(whole)));
        expect(rows).toHaveLength(whole.spans.filter(({ kind }) => kind !== 'step').length);
        expect(compareRuns([report], [whole])).toEqual(compareRuns([whole], [whole]));
      }),
      recordings,
    );
  });
});
