import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentCost, newFolder, onlyRecording, reportOf, runProcess, sum } from './agentCost.ts';

/** An ordinary agent without packages: two model calls on two lines, stdout, stderr, input and an exit code of its own. */
const AGENT = `
const base = process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:9/v1';
async function ask(content) {
  const response = await fetch(base + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'any-model', max_tokens: 5, messages: [{ role: 'user', content }] }),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()).choices[0].message.content;
}
let input = '';
for await (const chunk of process.stdin) input += chunk;
if (process.env.OPENAI_BASE_URL) {
  await ask('What is the capital of France?');
  await ask('And of Peru?');
}
console.log('read', input);
console.error('to stderr');
process.exitCode = 7;
`;

function agentFolder(): string {
  const folder = newFolder();
  writeFileSync(join(folder, 'my_agent.mjs'), AGENT);
  return folder;
}

describe('agent-cost run', () => {
  it("leaves the program's input, output and exit code alone, and records its calls on their line", async () => {
    const folder = agentFolder();
    const bare = await runProcess(process.execPath, ['my_agent.mjs'], { cwd: folder, input: 'hello', env: { OPENAI_BASE_URL: '' } });
    const run = await agentCost(['run', '--', process.execPath, 'my_agent.mjs'], { cwd: folder, input: 'hello' });
    expect(run.stdout).toBe(bare.stdout);
    expect(run.stdout).toBe('read hello\n');
    expect(run.code).toBe(7);
    expect(run.stderr.startsWith('to stderr\n')).toBe(true);
    expect(run.stderr).toContain('my_agent.mjs:4');

    const report = await reportOf(onlyRecording(folder));
    expect(report.run).toMatchObject({ name: 'my_agent', exitCode: 7, complete: true });
    expect(report.backend).toMatchObject({ kind: 'sim', simulated: true });
    expect(report.totals.llmCalls).toBe(2);
    for (const span of report.spans.filter(({ kind }) => kind === 'llm'))
      expect(span.site).toMatchObject({ file: join(folder, 'my_agent.mjs'), line: 4, function: 'ask' });
    expect(sum(report.totals.agentMs)).toBeCloseTo(report.totals.wallMs, 3);
    expect(sum(report.totals.gpuMs)).toBeCloseTo(report.totals.wallMs, 3);
    expect(report.totals.energyWh.grade).toBe('simulated');
    // What the file held is kept, so that its lines are found again after edits.
    const [source, ...others] = report.run.sources;
    expect(others).toEqual([]);
    expect(source?.file).toBe(join(folder, 'my_agent.mjs'));
    expect(readFileSync(join(folder, '.agent-cost', 'sources', source?.sha256 ?? ''), 'utf8')).toBe(AGENT);
  });

  it('prints nothing but JSON on stdout with --json', async () => {
    const folder = agentFolder();
    const run = await agentCost(['run', '--json', '--name', 'as named', '--', process.execPath, 'my_agent.mjs'], { cwd: folder });
    const report = JSON.parse(run.stdout) as { schema: string; run: { name: string } };
    expect(report.schema).toBe('agent-cost/report@1');
    expect(report.run.name).toBe('as named');
    expect(run.stderr).toContain('read');
  });

  it('writes where it is told, and never over a file', async () => {
    const folder = agentFolder();
    const out = join(folder, 'kept.agentcost');
    const first = await agentCost(['run', '--out', out, '--', process.execPath, 'my_agent.mjs'], { cwd: folder });
    expect(first.code).toBe(7);
    const second = await agentCost(['run', '--out', out, '--', process.execPath, 'my_agent.mjs'], { cwd: folder });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(out);
    expect(second.stdout).toBe('');
  });

  it('keeps no text with --capture hashes', async () => {
    const folder = agentFolder();
    await agentCost(['run', '--capture', 'hashes', '--', process.execPath, 'my_agent.mjs'], { cwd: folder });
    expect(readFileSync(onlyRecording(folder), 'utf8')).not.toContain('capital of France');
  });

  it('sees calls on the wire only with --no-hooks, and says so', async () => {
    const folder = agentFolder();
    const run = await agentCost(['run', '--no-hooks', '--', process.execPath, 'my_agent.mjs'], { cwd: folder });
    const report = await reportOf(onlyRecording(folder));
    expect(report.totals.llmCalls).toBe(2);
    for (const span of report.spans.filter(({ kind }) => kind === 'llm')) {
      expect(span.site).toBeNull();
      expect(span.unattributed).toMatch(/wire/);
    }
    expect(run.stderr).toMatch(/wire/);
  });

  it("exits as a program that a signal ended did", async () => {
    const folder = newFolder();
    const run = await agentCost(['run', '--', 'sh', '-c', 'kill -TERM $$'], { cwd: folder });
    expect(run.code).toBe(143);
    expect((await reportOf(onlyRecording(folder))).run.signal).toBe('SIGTERM');
  });

  it('says what to do when no LLM call was seen', async () => {
    const run = await agentCost(['run', '--', 'true'], { cwd: newFolder() });
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('No LLM call was seen');
    expect(run.stderr).toMatch(/^recording {3}\.agent-cost\/true-/m);
  });
});

describe('wrong usage and bad input exit with 2 and one clear line', () => {
  const cases: [what: string, args: string[], says: RegExp][] = [
    ['command not found', ['run', '--', 'no-such-program-here'], /no-such-program-here: command not found/],
    ['backend not understood', ['run', '--backend', 'vllm', '--', 'true'], /--backend: backend "vllm".*Use sim/],
    ['backend not reachable', ['run', '--backend', 'http://127.0.0.1:9/v1', '--', 'true'], /127\.0\.0\.1:9/],
    ['unknown GPU profile', ['run', '--backend', 'sim:abacus', '--', 'true'], /abacus.*a100-40gb/s],
    ['unknown model profile', ['run', '--backend', 'sim:a100-40gb/eliza', '--', 'true'], /eliza.*llama-3\.1-8b/s],
    ['unknown setting', ['run', '--capture', 'everything', '--', 'true'], /everything/],
    ['no command', ['run'], /command/],
    ['unknown verb', ['profile'], /profile/],
    ['unknown option', ['run', '--speed', '--', 'true'], /--speed/],
    ['an option in the place of a value', ['run', '--backend', '--telemetry', 'off', '--', 'true'], /--backend needs a value: --backend <backend>\. What comes after it is --telemetry/],
    ['the end of the options in the place of a value', ['run', '--model', '--', 'true'], /--model needs a value/],
    ['port out of range', ['serve', '--port', '70000'], /--port.*70000/],
    ['no such recording', ['report', 'missing.agentcost'], /missing\.agentcost: there is no such file/],
    ['unknown format', ['export', 'x.agentcost', '--format', 'docx'], /docx/],
  ];
  it.each(cases)('%s', async (_what, args, says) => {
    const folder = newFolder();
    const { code, stdout, stderr } = await agentCost(args, { cwd: folder });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(existsSync(join(folder, '.agent-cost'))).toBe(false);
  });

  it.each([
    ['empty', '', /empty/],
    ['not a recording', 'hello world\n', /not a recording/i],
    ['another JSON', '{"type":"module"}\n', /not a recording/i],
    ['newer', '{"type":"header","format":"agent-cost/recording","version":999}\n', /version 999.*Update/],
  ])('a recording that is %s', async (_what, content, says) => {
    const folder = newFolder();
    const file = join(folder, 'bad.agentcost');
    writeFileSync(file, content);
    for (const args of [['report', file], ['export', file, '--format', 'html']]) {
      const { code, stdout, stderr } = await agentCost(args, { cwd: folder });
      expect(stderr).toContain(file);
      expect(stderr).toMatch(says);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  });

  it('2 GB that are no recording', async () => {
    const folder = newFolder();
    const file = join(folder, 'huge.agentcost');
    writeFileSync(file, '');
    truncateSync(file, 2_000_000_000);
    const { code, stderr } = await agentCost(['report', file], { cwd: folder });
    expect(stderr).toMatch(/huge\.agentcost: This is not a recording/);
    expect(code).toBe(2);
  });
});
