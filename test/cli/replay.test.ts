/** A run's own answers, given again by the simulated server. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentCost, newFolder, onlyRecording, runProcess } from './agentCost.ts';
import { PATIENT } from '../fixtures/patient.ts';

/** Asks twice, calls the tool that the model wants, hands over what it found, and prints all that it was answered. */
const AGENT = `
const messages = [{ role: 'user', content: 'Who wrote Dune?' }];
const tools = [{ type: 'function', function: { name: 'search', parameters: { type: 'object', properties: { query: { type: 'string' } } } } }];
async function ask(stream) {
  const response = await fetch(process.env.OPENAI_BASE_URL + '/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'any', messages, tools, stream }),
  });
  if (!stream) return (await response.json()).choices[0].message;
  const events = (await response.text()).split('\\n\\n').filter((event) => event.startsWith('data: {')).map((event) => JSON.parse(event.slice(6)));
  return { role: 'assistant', content: events.map(({ choices }) => choices[0]?.delta.content ?? '').join('') };
}
const first = await ask(false);
const call = first.tool_calls[0];
console.log(first.content, call.function.name, call.function.arguments);
messages.push(first, { role: 'tool', tool_call_id: call.id, content: 'Frank Herbert wrote it.' });
console.log((await ask(true)).content);
if (process.env.ONE_MORE) {
  messages.push({ role: 'user', content: process.env.ONE_MORE });
  console.log((await ask(true)).content.slice(0, 16));
}
`;

const ANSWERS = [
  { content: 'I look it up.', tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'search', arguments: '{"query": "Dune, author"}' } }] },
  { content: 'Frank Herbert, in “1965”.' },
];

/** A model that says one thing after the other. */
async function scripted(): Promise<{ url: string; close: () => void }> {
  let asked = 0;
  const server = createServer(PATIENT, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.writeHead(request.url === '/v1/models' ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data: [{ id: 'any', object: 'model' }] }));
        return;
      }
      const stream = Buffer.concat(parts).includes('"stream":true');
      const message = { role: 'assistant', ...ANSWERS[asked++] };
      const usage = { prompt_tokens: 20, completion_tokens: 11, total_tokens: 31 };
      response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
      if (stream) response.end(`data: ${JSON.stringify({ id: '1', choices: [{ index: 0, delta: message, finish_reason: 'stop' }], usage })}\n\ndata: [DONE]\n\n`);
      else response.end(JSON.stringify({ id: '1', choices: [{ index: 0, message, finish_reason: 'tool_calls' }], usage }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, close: () => server.close() };
}

async function record(folder: string, ...more: string[]): Promise<string> {
  writeFileSync(join(folder, 'asker.mjs'), AGENT);
  const model = await scripted();
  try {
    const { code, stdout, stderr } = await agentCost(['run', '--backend', model.url, ...more, '--', process.execPath, 'asker.mjs'], { cwd: folder });
    expect(code, stderr).toBe(0);
    return stdout;
  } finally {
    model.close();
  }
}

/** The agent's output on a server that replays, and what that server says. */
async function again(folder: string, env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; told: string }> {
  let stdout = '';
  let child: { kill(signal: NodeJS.Signals): boolean } | null = null;
  let isAsked = false;
  const { code, stderr } = await agentCost(['simulate', '--port', '0', '--gpu', 'h100', '--replay', onlyRecording(folder)], {
    cwd: folder,
    onStart: (started) => (child = started),
    onStdout: (sofar) => {
      if (isAsked || !sofar.endsWith('\n')) return;
      isAsked = true;
      void runProcess(process.execPath, ['asker.mjs'], { cwd: folder, env: { ...env, OPENAI_BASE_URL: sofar.trim() } })
        .then((ended) => (stdout = ended.stdout))
        .finally(() => child?.kill('SIGINT'));
    },
  });
  expect(code, stderr).toBe(0);
  return { stdout, told: stderr };
}

describe('simulate --replay', () => {
  it('gives a run the answers that it got, at the speed of another GPU, and says what it had to make up', async () => {
    const folder = newFolder();
    const recorded = await record(folder);
    expect(recorded).toBe('I look it up. search {"query": "Dune, author"}\nFrank Herbert, in “1965”.\n');
    const same = await again(folder);
    expect(same.stdout).toBe(recorded);
    expect(same.told).toMatch(/^answers: 2 of .*\.agentcost$/m);
    expect(same.told).toContain('answered from the recording: 2 as the same conversation was, 0 in its order; with filler: 0');
    const more = await again(folder, { ONE_MORE: 'And when?' });
    expect(more.stdout).toBe(`${recorded}Simulated answer\n`);
    expect(more.told).toContain('2 as the same conversation was, 0 in its order; with filler: 1');
  });

  it('gives answers of their length and calls of their tools where the words were not recorded', async () => {
    const folder = newFolder();
    await record(folder, '--capture', 'hashes');
    const { stdout, told } = await again(folder);
    expect(stdout).toMatch(/^null search \{"query": "Who wrote Dune\?"\}\nSimulated answer: .*\n$/);
    expect(told).toContain('of 2 the words were not recorded, so these are filler of their length, and calls of their tools');
    expect(told).toContain('0 as the same conversation was, 2 in its order; with filler: 0');
  });

  it('is run\'s, too, on the embedded server alone', async () => {
    const folder = newFolder();
    const recorded = await record(folder);
    const recording = onlyRecording(folder);
    const rerun = await agentCost(['run', '--backend', 'sim:h100', '--replay', recording, '--', process.execPath, 'asker.mjs'], { cwd: folder });
    expect([rerun.code, rerun.stdout], rerun.stderr).toEqual([0, recorded]);
    expect(rerun.stderr).toContain('answered from the recording: 2 as the same conversation was, 0 in its order; with filler: 0');
    const more = await agentCost(['run', '--backend', 'sim:h100', '--replay', recording, '--', process.execPath, 'asker.mjs'], { cwd: folder, env: { ONE_MORE: 'And when?' } });
    expect(more.stderr).toContain('2 as the same conversation was, 0 in its order; with filler: 1');
    for (const [args, why] of [[['--backend', 'http://127.0.0.1:9/v1', '--replay', 'x'], '--replay is for the embedded server'], [['--replay', 'gone.agentcost'], 'gone.agentcost: there is no such file']] as const) {
      const { code, stderr } = await agentCost(['run', ...args, '--', process.execPath, 'asker.mjs'], { cwd: folder });
      expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
    }
  });

  it('refuses what is no recording, or one without answers', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'no.agentcost'), 'no');
    for (const [file, why] of [['no.agentcost', /--replay: no\.agentcost: /], ['gone.agentcost', /--replay: gone\.agentcost: there is no such file/]] as const) {
      const { code, stderr } = await agentCost(['simulate', '--port', '0', '--replay', file], { cwd: folder });
      expect([code, stderr]).toEqual([2, expect.stringMatching(why)]);
    }
  });
});
