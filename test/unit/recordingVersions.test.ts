/**
 * Recordings made by the code of every format version that ever landed, and of commits in between that added to one: each has
 * to be read by today's code, and to say what it said then. `expected.json` is frozen: a change of the code never changes it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import type { Profile } from '../../src/profile/model.ts';
import { RECORDING_VERSION } from '../../src/profile/recordingFormat.ts';
import { reportSchema } from '../../src/profile/report.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';

const folder = new URL('../fixtures/recordings/versions/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.agentcost'));

/** The version that stands in the file. */
function versionOf(file: string): number {
  const bytes = readFileSync(new URL(file, folder));
  const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString();
  return (JSON.parse(text.slice(0, text.indexOf('\n'))) as { version: number }).version;
}

/** What the recording itself says: nothing that an analysis judges. */
function factsOf(profile: Profile): object {
  const { report } = analyze(profile);
  return {
    command: report.run.command,
    capture: report.run.capture,
    exitCode: report.run.exitCode,
    wallMs: report.totals.wallMs,
    gpuMs: report.totals.gpuMs,
    calls: report.spans
      .filter(({ kind }) => kind === 'llm')
      .map(({ id, startMs, endMs, status, site, llm }) => ({ id, startMs, endMs, status, site, ttftMs: llm?.ttftMs, tokens: [llm?.promptTokens, llm?.cachedTokens, llm?.completionTokens], stream: llm?.stream, prompt: llm?.promptText, answer: llm?.answerText })),
  };
}

const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<string, object>;

describe('a recording of every version', () => {
  it('is kept', () => {
    const versions = new Set(files.map((file) => Number(/^v(\d+)-/.exec(file)?.[1])));
    expect([...versions].sort()).toEqual(Array.from({ length: RECORDING_VERSION }, (_, index) => index + 1));
    expect(Object.keys(expected).sort()).toEqual(files.map((file) => file.replace('.agentcost', '')).sort());
  });

  it.each(files)('%s is read without damage, and says what it said', async (file) => {
    expect(versionOf(file)).toBe(Number(/^v(\d+)-/.exec(file)?.[1]));
    const profile = await readRecordingFile(fileURLToPath(new URL(file, folder)));
    expect(profile.warnings.filter(({ code }) => code === 'damagedLines')).toEqual([]);
    expect(factsOf(profile)).toEqual(expected[file.replace('.agentcost', '')]);
    expect(reportSchema.safeParse(analyze(profile).report).success).toBe(true);
  });
});
