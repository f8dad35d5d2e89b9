/** The paper's figures, as a user asks for them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readResults } from '../../src/experiments/results.ts';
import { findGpu, findModel } from '../../src/simulator/catalog.ts';
import { startEmbeddedServer } from '../../src/simulator/embeddedServer.ts';
import { agentCost, newFolder, reportOf } from './agentCost.ts';

const QUICK = ['--requests', '10', '--repeats', '2'];

describe('paper', () => {
  it('prints one figure beside the published one, and writes it as a table', async () => {
    const cwd = newFolder();
    const { code, stdout, stderr } = await agentCost(['paper', 'fig8', ...QUICK, '--csv', 'fig8.csv'], { cwd });
    expect(stderr).toContain('Fig 8 in ');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Fig 8: tokens\n/);
    expect(stdout).toMatch(/Fig 8 +tool-augmented, HotpotQA +tokens of the first prompt +986\.\d +1000 +tokens +-1\.\d % +fitted/);
    const lines = readFileSync(join(cwd, 'fig8.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^experiment,in,series/);
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.some((line) => line.startsWith('fig8,Fig 8,"tool-augmented, HotpotQA",tokens of the first prompt,tokens,986.'))).toBe(true);
  });

  it('draws it as SVG and PNG into a folder, and writes all of it for the editor', async () => {
    const cwd = newFolder();
    const { code, stderr } = await agentCost(['paper', 'fig8', ...QUICK, '--json', 'fig8.json'], { cwd });
    expect(stderr).toContain('wrote 3 files in paper');
    expect(code).toBe(0);
    expect(readdirSync(join(cwd, 'paper')).sort()).toEqual(['fig8-tokens.png', 'fig8-tokens.svg', 'fig8.csv']);
    expect(readFileSync(join(cwd, 'paper', 'fig8-tokens.png')).subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]));
    const svg = readFileSync(join(cwd, 'paper', 'fig8-tokens.svg'), 'utf8');
    expect(svg).toContain('>Tokens of a call of the model, mean over requests</text>');
    const { results } = readResults(readFileSync(join(cwd, 'fig8.json'), 'utf8'), 'fig8.json');
    expect(results[0]!.findings.charts[0]!.series.flatMap(({ points }) => points).length).toBeGreaterThan(60);
  });

  it('draws nothing where nothing is wanted', async () => {
    const cwd = newFolder();
    const { code } = await agentCost(['paper', 'fig8', ...QUICK, '--no-out'], { cwd });
    expect(code).toBe(0);
    expect(existsSync(join(cwd, 'paper'))).toBe(false);
  });

  it('groups several by what they rest on, in the paper’s order, and is the same each time', async () => {
    const cwd = newFolder();
    const [once, again] = await Promise.all([0, 1].map(() => agentCost(['paper', 'fig8', 'fig7', ...QUICK, '--html', 'paper.html'], { cwd })));
    expect(once!.stdout).toContain('Fitted: these figures were used to make the behaviour');
    expect(once!.stdout.indexOf('Fig 7')).toBeLessThan(once!.stdout.indexOf('Fig 8'));
    // Of ten requests the tail is chance.
    expect(once!.stdout).toMatch(/\n {2}(yes|NO) +ReAct’s latencies are broader[^\n]*\n[01] of 1 hold\n/);
    expect(again!.stdout).toBe(once!.stdout);
    const page = readFileSync(join(cwd, 'paper.html'), 'utf8');
    expect(page).toContain('<h2 id="fig7">Fig 7: ');
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).toContain('fill="var(--chart-background)"');
  });

  it.each([
    [['paper', 'fig99'], 'There is no experiment "fig99". There are all, fig4'],
    [['paper', 'fig8', '--requests', '3'], '--requests must be a whole number of at least 10, not "3"'],
    [['paper', 'fig8', ...QUICK, '--csv', 'nowhere/fig8.csv'], 'nowhere/fig8.csv cannot be written'],
    [['paper', 'fig8', ...QUICK, '--out', '/dev/null/charts'], 'cannot be written'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await agentCost(args, { cwd: newFolder() });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it('measures with the agents on a server, and leaves out what that cannot show', async () => {
    const cwd = newFolder();
    const server = await startEmbeddedServer({ gpu: findGpu('h100')!, model: findModel('smollm2-135m')! });
    const { code, stdout, stderr } = await agentCost(['paper', 'fig7', 'fig9', 'fig17', '--backend', server.url, '--telemetry', 'off', '--requests', '1', '--warm-up', '0', '--json', 'fig7.json'], { cwd });
    await server.close();
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('! Fig 9, what prefix caching saves, is left out: it needs --backend-uncached');
    expect(stderr).toContain('! Fig 17, size of the model, is left out: it needs --backend-large (a larger model).');
    expect(stderr).toMatch(/^run 3 of about 3: react on webshop, one at a time, 1 requests$/m);
    expect(stdout).toMatch(/Fig 7 +ReAct, HotpotQA +mean latency \(Section IV-C\) +[\d.]+ +9\.6 +s +-\d+ % +measured/);
    expect(stdout).toContain('Measured on HuggingFaceTB/SmolLM2-135M-Instruct');
    const recordings = readdirSync(join(cwd, '.agent-cost')).filter((name) => name.endsWith('.agentcost'));
    expect(recordings).toHaveLength(3);
    // What it says is what the recordings hold.
    const chats = await reportOf(join(cwd, '.agent-cost', recordings.find((name) => name.includes('chat'))!));
    expect(chats.totals.llmCalls).toBe(5);
    const slowest = Math.max(...chats.spans.flatMap(({ kind, startMs, endMs }) => (kind === 'llm' ? [endMs! - startMs] : []))) / 1000;
    const { results, title } = readResults(readFileSync(join(cwd, 'fig7.json'), 'utf8'), 'fig7.json');
    const row = results[0]!.findings.rows[0]!;
    expect(title).toBe('The paper’s figures, measured');
    expect(row).toMatchObject({ series: 'ShareGPT', basis: 'measured' });
    expect(row.ours!.mean).toBeGreaterThan(0.5 * slowest);
    expect(row.ours!.mean).toBeLessThan(slowest + 1);
  }, 180_000);

  it.each([
    [['fig4', '--backend', 'sim'], '--backend takes the URL of a server'],
    [['fig4', '--model', 'x'], '--model is for a server: name one by --backend URL, or leave it out.'],
    [['fig9', '--backend', 'http://127.0.0.1:9/v1'], 'None of these can be measured with what is there'],
    [['fig4', '--backend', 'http://127.0.0.1:9/v1', '--items', 'x'], '--items takes BENCHMARK=FILE'],
  ])('refuses %j with what is wrong', async (args, message) => {
    const { code, stdout, stderr } = await agentCost(['paper', ...args], { cwd: newFolder() });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
