/** A long run that `agent-cost run` recorded opens at once in the editor, which finds it analysed. */
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { analyzeInThread } from '../../src/host/recordingAnalysis.ts';
import { ENGLISH } from '../../src/profile/language.ts';
import { accountingOf } from '../../src/profiler/accountingChoice.ts';
import { keptDocumentsFolder } from '../../src/recorder/keptDocumentsFolder.ts';
import { readRecordingFile } from '../../src/recorder/recordingFile.ts';
import { agentCost, newFolder, onlyRecording, repository } from './agentCost.ts';
import { PATIENT } from '../fixtures/patient.ts';

const SHORT = 100;
const LONG = 700_000;

/** Four calls of a model, with prompts that can't be compressed by much. */
const agent = (bytes: number): string => `
import { randomBytes } from 'node:crypto';
const ask = async () => {
  const response = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'any-model', messages: [{ role: 'user', content: randomBytes(${bytes}).toString('base64') }] }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.json();
};
for (let k = 0; k < 4; k++) await ask();
`;

/** Answers at once, whatever is asked. */
const model = createServer(PATIENT, (request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(request.method === 'GET' ? { object: 'list', data: [{ id: 'any-model', object: 'model' }] } : { id: 'answer', model: 'any-model', choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }], usage: { prompt_tokens: 9, completion_tokens: 1 } }));
  });
});
let backend: string;
beforeAll(async () => {
  await new Promise<void>((done) => model.listen(0, '127.0.0.1', done));
  backend = `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`;
});
afterAll(() => model.close());

interface Recorded {
  folder: string;
  env: NodeJS.ProcessEnv;
  documents: string;
  recording: string;
}

async function record(bytes: number, { isEditorHere = true, flags = [] as string[] } = {}): Promise<Recorded> {
  const folder = newFolder();
  const env = { XDG_CACHE_HOME: join(folder, 'caches') };
  const documents = keptDocumentsFolder(env);
  if (isEditorHere) mkdirSync(documents, { recursive: true });
  writeFileSync(join(folder, 'agent.mjs'), agent(bytes));
  const run = await agentCost(['run', '--backend', backend, ...flags, '--', process.execPath, 'agent.mjs'], { cwd: folder, env });
  expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('4 LLM')]);
  return { folder, env, documents, recording: flags.includes('--out') ? join(folder, 'parts.agentcost') : onlyRecording(folder) };
}

it.each([
  ['in one file', []],
  ['with a page of it', ['--html']],
  ['in parts, compressed', ['--compress', '--part-size', '1MB', '--out', 'parts.agentcost']],
])('is kept for the editor as it would analyse it, %s', async (_, flags) => {
  const { folder, env, documents, recording } = await record(LONG, { flags });
  const accounting = accountingOf({ policy: 'proportional', hostEnergy: '', pue: '', grid: '' });
  expect(existsSync(join(folder, 'parts.2.agentcost'))).toBe(flags.includes('--part-size'));
  let isRead = false;
  const opened = await analyzeInThread(join(repository, 'dist', 'analysis.cjs'), recording, accounting, { keptIn: documents, language: { ...ENGLISH, locale: 'en' }, onRead: () => (isRead = true) });
  expect(isRead).toBe(false);
  expect(opened).toEqual(structuredClone(analyze(await readRecordingFile(recording, 'report'), { accounting })));
  const [name = ''] = readdirSync(documents);
  /** As it was kept, and read anew where nothing is. */
  const shown = async (args: string[]) => {
    utimesSync(join(documents, name), 1, 1);
    const [known, anew] = [await agentCost(args, { cwd: folder, env }), await agentCost(args, { cwd: folder, env: { XDG_CACHE_HOME: join(folder, 'nothing') } })];
    expect(known.code).toBe(0);
    expect(known).toEqual(anew);
    expect(statSync(join(documents, name)).mtimeMs, 'what was kept is used').toBeGreaterThan(1000);
  };
  await shown(['report', recording]);
  await shown(['diff', recording, recording, '--json']);
  await agentCost(['delete', recording], { cwd: folder, env });
  expect(readdirSync(documents)).toEqual([]);
});

it('is kept neither where no editor has looked for recordings nor where it is short', async () => {
  const { documents } = await record(LONG, { isEditorHere: false });
  expect(existsSync(documents)).toBe(false);
  expect(readdirSync((await record(SHORT)).documents)).toEqual([]);
});
