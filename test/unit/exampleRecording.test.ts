/** The example that the extension brings along: complete, simulated, of the agent beside it, and nothing of the machine that recorded it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { readRecording } from '../../src/profile/readRecording.ts';

const file = (name: string) => readFileSync(new URL(`../../media/example/${name}`, import.meta.url));
const text = file('example.agentcost').toString('utf8');
const profile = readRecording(text);
const { report } = analyze(profile);

it('is a whole, simulated run with calls and tools on lines', () => {
  expect(report.run).toMatchObject({ complete: true, exitCode: 0, name: 'example' });
  expect(report.backend.simulated).toBe(true);
  expect(report.totals).toMatchObject({ requests: 2, failedCalls: 0 });
  const calling = report.spans.filter(({ kind }) => kind === 'llm' || kind === 'tool');
  for (const { site } of calling) expect(site?.file).toBe('/agent-cost-example/agent.mjs');
  expect(calling.length).toBeGreaterThan(8);
});

it('is of the agent as it is there, else its lenses would say that it was edited', () => {
  expect(profile.sources.map(({ file: name, sha256 }) => [name, sha256])).toEqual([['/agent-cost-example/agent.mjs', createHash('sha256').update(file('agent.mjs')).digest('hex')]]);
});

it('is small, and names no place of the machine that recorded it', () => {
  expect(text.length).toBeLessThan(100_000);
  const paths = text.match(/"(?:file|cwd|root|argv)":(?:"[^"]*"|\[[^\]]*\])/g) ?? [];
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) expect(path).toMatch(/agent-cost-example|\["node","[^"]*"\]/);
});
