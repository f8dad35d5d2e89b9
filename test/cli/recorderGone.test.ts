/** What becomes of a program whose profiler is killed, stopped or out of room: nothing that it would notice. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionFile } from '../../src/protocol/hook.ts';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { agentCost, newFolder, onlyRecording, reportOf, runProcess, type Ended } from './agentCost.ts';
import { PATIENT } from '../fixtures/patient.ts';

let server: Server;
let served = 0;
let python = '';
const ANSWER = JSON.stringify({ id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 1 } });

beforeAll(async () => {
  ({ executable: python } = await newestEnvironment());
  server = createServer(PATIENT, (request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.method === 'POST') served++;
      response.setHeader('content-type', 'application/json');
      response.end(request.method === 'POST' ? ANSWER : JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] }));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
}, 600_000);
afterAll(() => server.close());

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;

/** Asks, runs a child, says where it stands, waits for a file, and does the same again. */
const NODE_AGENT = `
const { execFileSync } = require('node:child_process');
const { existsSync, writeFileSync } = require('node:fs');
const ask = async () => (await (await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] }) })).json()).choices[0].message.content;
(async () => {
  console.log(await ask(), execFileSync('echo', ['one']).toString().trim());
  writeFileSync('waiting', process.env.AGENT_COST_SESSION || 'none');
  while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20));
  for (let i = 0; i < 3; i++) console.log(process.env.ONLY_TOOLS ? 'hi' : await ask(), execFileSync('echo', ['two']).toString().trim());
  writeFileSync('done', '');
  while (!existsSync('end')) await new Promise((resolve) => setTimeout(resolve, 20));
  process.exitCode = 5;
})();
`;
const PYTHON_AGENT = `
import json, os, subprocess, sys, time
from openai import OpenAI
client = OpenAI(max_retries=0)
def ask():
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}]).choices[0].message.content
def echo(word):
    return subprocess.run(["echo", word], capture_output=True, text=True).stdout.strip()
print(ask(), echo("one"), flush=True)
with open("waiting", "w") as file:
    file.write(os.environ.get("AGENT_COST_SESSION") or "none")
while not os.path.exists("go"):
    time.sleep(0.02)
for i in range(3):
    print("hi" if os.environ.get("ONLY_TOOLS") else ask(), echo("two"), flush=True)
open("done", "w").close()
while not os.path.exists("end"):
    time.sleep(0.02)
sys.exit(5)
`;
const PRINTED = 'hi one\nhi two\nhi two\nhi two\n';

type Language = 'Node' | 'Python';
const LANGUAGES: Language[] = ['Node', 'Python'];

function agentIn(folder: string, language: Language): string[] {
  writeFileSync(join(folder, language === 'Node' ? 'agent.cjs' : 'agent.py'), language === 'Node' ? NODE_AGENT : PYTHON_AGENT);
  return language === 'Node' ? [process.execPath, 'agent.cjs'] : [python, 'agent.py'];
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !condition(); ) {
    if (Date.now() > deadline) throw new Error('waited for a minute');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs an agent; `act` happens while it waits, and is told the profiler's process. `last`: once it has done the rest. */
async function during(language: Language, act: (profiler: number) => void, last: (profiler: number) => void = () => undefined, env: NodeJS.ProcessEnv = {}): Promise<{ run: Ended; folder: string }> {
  const folder = newFolder();
  const there = (name: string) => existsSync(join(folder, name));
  const running = agentCost(['run', '--backend', url(), '--', ...agentIn(folder, language)], { cwd: folder, env: { ...env, OPENAI_API_KEY: 'k' } });
  await until(() => there('waiting') && readFileSync(join(folder, 'waiting'), 'utf8') !== '');
  const session = JSON.parse(readFileSync(readFileSync(join(folder, 'waiting'), 'utf8'), 'utf8')) as SessionFile;
  await until(() => readFileSync(onlyRecording(folder), 'utf8').includes('"callEnd"'));
  act(session.profilerPid);
  writeFileSync(join(folder, 'go'), '');
  await until(() => there('done'));
  last(session.profilerPid);
  writeFileSync(join(folder, 'end'), '');
  return { run: await running, folder };
}

describe.each(LANGUAGES)('%s', (language) => {
  it('goes on with its calls, by itself, when the profiler is killed', async () => {
    const before = served;
    const { run, folder } = await during(language, (profiler) => process.kill(profiler, 'SIGKILL'));
    expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: PRINTED, code: 5 });
    expect(served - before).toBe(4);
    const report = await reportOf(onlyRecording(folder));
    expect(report.run.complete).toBe(false);
    expect(report.totals.llmCalls).toBe(1);
  });

  it('does not wait for a profiler that stands still', async () => {
    const { run, folder } = await during(language, (profiler) => process.kill(profiler, 'SIGSTOP'), (profiler) => process.kill(profiler, 'SIGCONT'), { ONLY_TOOLS: '1' });
    expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: PRINTED, code: 5 });
    // What happened meanwhile is read afterwards.
    expect((await reportOf(onlyRecording(folder))).tools).toMatchObject([{ name: 'echo', calls: 4 }]);
  });

  it('runs on where its events find no room, and what was lost is counted and told', async () => {
    const folder = newFolder();
    const count = 40;
    const script = language === 'Node' ? `for (let i = 0; i < ${count}; i++) require('node:child_process').execFileSync('true'); console.log('ok')` : `import subprocess\nfor i in range(${count}): subprocess.run(["true"])\nprint("ok")`;
    const file = language === 'Node' ? 'many.cjs' : 'many.py';
    writeFileSync(join(folder, file), script);
    // A limit on the size of files acts as a full disk: writing fails beyond it. The shell counts in blocks of 512 bytes or of 1 KiB.
    const command = ['sh', '-c', 'ulimit -f 8; exec "$@"', 'sh', language === 'Node' ? process.execPath : python, file];
    const bare = await runProcess(command[0]!, command.slice(1), { cwd: folder });
    const run = await agentCost(['run', '--', ...command], { cwd: folder });
    expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: bare.stdout, code: 0 });
    const report = await reportOf(onlyRecording(folder));
    const [warning] = report.warnings.filter(({ code }) => code === 'hookEventsDropped');
    expect(warning?.message).toMatch(/could not write \d+ of its events: some tool calls are missing/);
    expect(run.stderr).toContain(warning?.message);
    const lost = Number(/write (\d+)/.exec(warning?.message ?? '')?.[1]);
    // Two events a tool; one that was torn in two may be among them.
    expect(2 * count - (2 * report.totals.toolCalls + lost)).toBeLessThanOrEqual(2);
    expect(report.totals.toolCalls).toBeLessThan(count);
  });
});
