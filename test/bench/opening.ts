/** A recording opened from the disk, as the extension host does it: read and analysed in a thread, which hands over what a page takes. */
import { execFile } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ColumnDocument } from '../../src/analysis/columnDocument.ts';
import { analyzeInThread } from '../../src/host/recordingAnalysis.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { withChecksum } from '../../src/profile/lineChecksum.ts';
import { crc32 } from '../../src/recorder/crc32.ts';
import { bigRecording } from '../fixtures/bigRecording.ts';
import { root } from '../../scripts/lib/paths.mjs';
import type { EndOfRun } from './endOfRun.ts';

/** A step of `bigRecording` is a call, a tool and the step itself, and every tenth a request more. */
const SPANS_PER_STEP = 3.1;
const LINES_AT_ONCE = 2000;
const TICK_MS = 5;
const THREAD = join(root, 'dist/analysis.cjs');

/** A recording that is opened. */
export interface OpeningFigures {
  bytes: number;
  spans: number;
  /** For the first time, one that `agent-cost run` recorded here, and so analysed for its summary and kept. */
  recordedHere: OpeningTimes;
  endOfRun: EndOfRun;
  /** For the first time, one from elsewhere. */
  first: OpeningTimes;
  /** What the first time kept, with what lies in the system's own memory of files by then. */
  again: OpeningTimes;
  keptBytes: number;
}

/** From the wish to open it on; in ms. */
export interface OpeningTimes {
  /** The first spans are there for the page. */
  firstMs: number;
  /** All of the file is read; NaN where it is not. */
  readMs: number;
  /** The last of the document is there for the page. */
  fullMs: number;
  /** The longest time for which the host could do nothing else. */
  blockedMs: number;
}

/** @param spans about how many the timeline shows */
export async function measureOpening(folder: string, spans: number): Promise<OpeningFigures> {
  const file = join(folder, `${spans}.agentcost`);
  const keptIn = join(folder, `${spans}-kept`);
  writeRecording(file, Math.round(spans / SPANS_PER_STEP));
  try {
    const endOfRun = await runEnds(file, keptIn);
    const { times: recordedHere } = await openOnce(file, keptIn);
    rmSync(keptIn, { recursive: true });
    const { document, times: first } = await openOnce(file, keptIn);
    const [begin] = document.messages;
    const kept = await keptFile(keptIn);
    const { times: again } = await openOnce(file, keptIn);
    return { bytes: statSync(file).size, spans: begin?.type === 'begin' ? begin.spans : NaN, recordedHere, endOfRun, first, again, keptBytes: statSync(kept).size };
  } finally {
    rmSync(file);
    rmSync(keptIn, { recursive: true, force: true });
  }
}

const execFileOf = promisify(execFile);

/** Reads, analyses and keeps it as the command line does, by Node as it comes. */
async function runEnds(file: string, keptIn: string): Promise<EndOfRun> {
  const { stdout } = await execFileOf(process.execPath, [join(root, 'test/bench/endOfRun.ts'), file, keptIn, THREAD]);
  return JSON.parse(stdout) as EndOfRun;
}

/** The file that a document is kept in, once it is whole. */
async function keptFile(keptIn: string): Promise<string> {
  for (;;) {
    const name = readdirSync(keptIn).find((each) => each.endsWith('.columns'));
    if (name !== undefined) return join(keptIn, name);
    await setTimeout(20);
  }
}

async function openOnce(file: string, keptIn: string): Promise<{ document: ColumnDocument; times: OpeningTimes }> {
  const begun = performance.now();
  const since = (): number => performance.now() - begun;
  let [firstMs, readMs, blockedMs, tickedAt] = [NaN, NaN, 0, since()];
  const ticks = setInterval(() => {
    blockedMs = Math.max(blockedMs, since() - tickedAt - TICK_MS);
    tickedAt = since();
  }, TICK_MS);
  try {
    const document = await analyzeInThread(THREAD, file, DEFAULT_ACCOUNTING, {
      keptIn,
      onRead: ({ share, spans: slices }) => {
        if (Number.isNaN(firstMs) && slices.length > 0) firstMs = since();
        if (share === null) readMs = since();
      },
    });
    const fullMs = since();
    return { document, times: { firstMs: Number.isNaN(firstMs) ? fullMs : firstMs, readMs, fullMs, blockedMs } };
  } finally {
    clearInterval(ticks);
  }
}

function writeRecording(file: string, steps: number): void {
  const descriptor = openSync(file, 'wx', 0o600);
  let lines: string[] = [];
  const write = (): void => {
    writeSync(descriptor, lines.join(''));
    lines = [];
  };
  for (const line of bigRecording(steps)) {
    lines.push(`${withChecksum(JSON.stringify(line), crc32)}\n`);
    if (lines.length === LINES_AT_ONCE) write();
  }
  write();
  closeSync(descriptor);
}
