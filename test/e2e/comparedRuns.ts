/** Five runs of one program, the last of them slower, with a function of its own between the calls: written, not run, so that the numbers are known. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepSourceText, sha256Hex } from '../../src/recorder/sourceTexts.ts';
import { call, callEnd, end, header, recordingText, site, span, spanEnd } from '../unit/recordingLines.ts';

export const COMPARED_FILE = 'compared.py';
const SOURCE = `import model


def parse_results(page):
    return [row.split() for row in page.splitlines()]


for turn in range(3):
    page = model.ask("Which magazine was started first?")
    print(parse_results(page))
`;
/** As lenses count, from 1. */
export const COMPARED_LINES = { call: SOURCE.split('\n').findIndex((line) => line.includes('model.ask')) + 1, parse: SOURCE.split('\n').findIndex((line) => line.startsWith('def')) + 1 };
const CALL_MS = [1600, 1700, 1550, 1620, 2500];

/** Puts the program and its recordings into a folder. */
export async function writeComparedRuns(folder: string): Promise<void> {
  const file = join(folder, COMPARED_FILE);
  writeFileSync(file, SOURCE);
  mkdirSync(join(folder, '.agent-cost'), { recursive: true });
  const sha256 = sha256Hex(Buffer.from(SOURCE));
  for (const [run, callMs] of CALL_MS.entries()) {
    const recording = join(folder, '.agent-cost', `compared-2026010${run + 1}-1000.agentcost`);
    const startedAt = `2026-01-0${run + 1}T10:00:00.000Z`;
    const turns = [0, 1, 2].flatMap((turn) => {
      const from = turn * 5000;
      const until = from + callMs + turn * 20;
      return [
        call(`c${turn}`, from, { frames: [site(file, COMPARED_LINES.call, '<module>')] }),
        callEnd(`c${turn}`, until, { firstTokenAt: from + 90, usage: { promptTokens: 900, cachedTokens: 640, completionTokens: 120, reasoningTokens: null } }),
        span(`p${turn}`, until, { kind: 'other', source: 'function', name: 'parse_results', frames: [site(file, COMPARED_LINES.parse, 'parse_results'), site(file, COMPARED_LINES.call + 1, '<module>')], activity: 'cpu' }),
        spanEnd(`p${turn}`, until + 120 + turn * 10),
      ];
    });
    writeFileSync(recording, recordingText(header({ id: `compared-${run}`, name: 'compared', command: ['python3', COMPARED_FILE], cwd: folder, startedAt }), { type: 'source', t: 0, file, sha256 }, ...turns, end(13_000)));
    await keepSourceText(recording, sha256, Buffer.from(SOURCE));
    utimesSync(recording, new Date(startedAt), new Date(startedAt));
  }
}
