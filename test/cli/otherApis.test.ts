/** Anthropic's, Ollama's and llama.cpp's own APIs, called by their clients where they meant to go. */
import { copyFileSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentCost, newFolder, onlyRecording, reportOf, repository, runProcess } from './agentCost.ts';
import { PATIENT } from '../fixtures/patient.ts';

let server: Server;
const asked: string[] = [];

/** Answers each API in its own words, on a path below which all of them lie, as behind a gateway. */
beforeAll(async () => {
  server = createServer(PATIENT, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as { stream?: boolean };
      asked.push(`${request.url}`);
      const json = (value: unknown) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      const usage = { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 3 };
      if (request.url === '/v1/messages' && body.stream !== true) json({ id: 'm', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'Scattering.' }], stop_reason: 'end_turn', stop_sequence: null, usage });
      else if (request.url === '/v1/messages') {
        const events = [
          { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 0 } } },
          { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
          { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Scattering.' } },
          { type: 'content_block_stop', index: 0 },
          { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } },
          { type: 'message_stop' },
        ];
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
      } else if (request.url === '/api/chat') json({ model: 'm', message: { role: 'assistant', content: 'Scattering.' }, done: true, done_reason: 'stop', prompt_eval_count: 14, eval_count: 3, prompt_eval_duration: 5e6, eval_duration: 9e6 });
      else if (request.url === '/api/generate') {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        response.end('{"model":"m","response":"Once","done":false}\n{"model":"m","response":"","done":true,"prompt_eval_count":14,"eval_count":3,"prompt_eval_duration":5000000,"eval_duration":9000000}\n');
      } else if (request.url === '/completion') json({ content: 'upon a time', stop: true, stop_type: 'limit', tokens_predicted: 3, tokens_evaluated: 14, timings: { cache_n: 4, prompt_ms: 5, predicted_ms: 9 } });
      else response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

it('are recorded with their lines, tokens and times, and the program sees nothing of it', async () => {
  const folder = newFolder();
  const file = join(folder, 'other_apis.mjs');
  copyFileSync(join(repository, 'test/fixtures/agents/other_apis.mjs'), file);
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const native = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Where Ollama listens: by its port, or by this variable.
  const env = { NATIVE_URL: native, OLLAMA_HOST: native };
  const bare = await runProcess(process.execPath, [file], { cwd: folder, env });
  expect(bare).toMatchObject({ code: 0, stdout: 'Scattering.\nstreamed\nScattering.\ngenerated\nupon a time\n' });
  const paths = ['/v1/messages', '/v1/messages', '/api/chat', '/api/generate', '/completion'];
  expect(asked.splice(0)).toEqual(paths);

  const run = await agentCost(['run', '--backend', 'direct', '--', process.execPath, file], { cwd: folder, env });
  expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: bare.stdout, code: 0 });
  expect(asked.splice(0)).toEqual(paths);
  const calls = (await reportOf(onlyRecording(folder))).spans.filter(({ kind }) => kind === 'llm');
  const lines = readFileSync(file, 'utf8').split('\n');
  const marked = ['anthropic', 'anthropicStream', 'ollama', 'ollamaStream', 'llamacpp'].map((mark) => lines.findIndex((line) => line.endsWith(`// ${mark}`)) + 1);
  expect(calls.map(({ site }) => site?.line)).toEqual(marked);
  expect(calls.map(({ llm }) => [llm!.endpoint, llm!.path, llm!.promptTokens, llm!.completionTokens, llm!.cachedTokens])).toEqual([
    ['messages', '/v1/messages', 14, 3, 4],
    ['messages', '/v1/messages', 14, 3, 4],
    ['ollama', '/api/chat', 14, 3, null],
    ['ollama', '/api/generate', 14, 3, null],
    ['llamacpp', '/completion', 14, 3, 4],
  ]);
  expect(calls.slice(2).map(({ llm }) => [llm!.prefillMs, llm!.decodeMs])).toEqual([[5, 9], [5, 9], [5, 9]]);
  expect(calls.map(({ llm }) => llm!.stream)).toEqual([false, true, false, true, false]);
});
