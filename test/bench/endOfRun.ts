/** What `agent-cost run` does with a recording when the program has ended, in a process of its own: reads and analyses it, and keeps it for the editor. Prints how long that takes. */
import { analyze } from '../../src/analysis/analyze.ts';
import { DEFAULT_ACCOUNTING } from '../../src/profile/accounting.ts';
import { ENGLISH } from '../../src/profile/language.ts';
import { keepDocument, KeptRecording, makerOf } from '../../src/recorder/keptDocuments.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';

/** In ms. */
export interface EndOfRun {
  /** Until the summary can be printed. */
  summaryMs: number;
  /** From then on until the document is kept. */
  keptMs: number;
}

const [file = '', folder = '', thread = ''] = process.argv.slice(2);
const begun = performance.now();
const kept = await KeptRecording.of(file, { folder, maker: await makerOf(thread) }, [DEFAULT_ACCOUNTING, ENGLISH]);
const document = analyze(await readRecordingFile(file, 'report'), { accounting: DEFAULT_ACCOUNTING });
const summaryMs = performance.now() - begun;
await keepDocument(kept, document);
console.log(JSON.stringify({ summaryMs, keptMs: performance.now() - begun - summaryMs } satisfies EndOfRun));
