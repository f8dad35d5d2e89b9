/** Programs that use the openai package in the ordinary way, through the command line on the embedded server. */
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { agentCost, newFolder, onlyRecording, reportOf, repository } from './agentCost.ts';

/** The fixture agents' calls: planned, streamed, three at once; stdout and exit code are what the programs themselves give. */
async function expectProfiled(command: string[], folder: string, file: string, lines: number[], stdout: string): Promise<void> {
  const run = await agentCost(['run', '--', ...command], { cwd: folder });
  expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout, code: 3 });
  const report = await reportOf(onlyRecording(folder));
  const calls = report.spans.filter(({ kind }) => kind === 'llm');
  expect(calls.map(({ site }) => `${site?.file}:${site?.line}`)).toEqual(lines.map((line) => `${file}:${line}`));
  expect(calls.map(({ status }) => status)).toEqual(calls.map(() => 'ok'));
  for (const { llm } of calls) {
    expect(llm!.promptTokens).toBeGreaterThan(100);
    expect(llm!.completionTokens).toBeGreaterThan(0);
    expect(llm!.energyWh.active).toBeGreaterThan(0);
  }
}

it('Python', async () => {
  const folder = newFolder();
  const file = join(folder, 'my_agent.py');
  copyFileSync(join(repository, 'test/fixtures/agents/my_agent.py'), file);
  const { executable } = await newestEnvironment();
  await expectProfiled([executable, 'my_agent.py'], folder, file, [14, 22, 35, 35, 35], 'plan: True\ntext: True\nchecks: 3\n');
});

it('TypeScript under npx tsx', async () => {
  const folder = newFolder();
  const file = join(folder, 'my_agent.ts');
  copyFileSync(join(repository, 'test/fixtures/agents/my_agent.ts'), file);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await expectProfiled(['npx', 'tsx', 'my_agent.ts'], folder, file, [18, 24, 31, 31, 31], 'plan: true\ntext: true\nchecks: 3\n');
});

it('says of python -I that its calls are seen on the wire only', async () => {
  const folder = newFolder();
  const file = join(folder, 'my_agent.py');
  copyFileSync(join(repository, 'test/fixtures/agents/my_agent.py'), file);
  const { executable } = await newestEnvironment();
  const run = await agentCost(['run', '--', executable, '-I', 'my_agent.py'], { cwd: folder });
  expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: 'plan: True\ntext: True\nchecks: 3\n', code: 3 });
  expect(run.stderr).toMatch(/5 of 5 model calls .*seen on the wire only/);
  expect((await reportOf(onlyRecording(folder))).totals.llmCalls).toBe(5);
});
