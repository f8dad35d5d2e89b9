/** Programs with tracing of their own, through the command line: their spans are taken in, and nothing is there twice. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newestEnvironment } from '../hooks/python/pythons.ts';
import { agentCost, newFolder, onlyRecording, reportOf, repository, runProcess } from './agentCost.ts';

it('Python, with OpenTelemetry, an instrumentation of the SDK and one of its HTTP client', async () => {
  const folder = newFolder();
  const file = join(folder, 'traced.py');
  copyFileSync(join(repository, 'test/fixtures/python-programs/traced.py'), file);
  const { executable } = await newestEnvironment('tracing');
  const run = await agentCost(['run', '--', executable, 'traced.py'], { cwd: folder });
  expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: 'True\n', code: 0 });
  const report = await reportOf(onlyRecording(folder));
  expect(report.warnings.map(({ code }) => code)).not.toContain('tracedCallsUnseen');
  expect(report.totals).toMatchObject({ llmCalls: 3, toolCalls: 1, requests: 2, requestsEvidence: 'measured' });
  const named = (name: string) => report.spans.find((span) => span.name === name)!;
  const [researcher, writer, search] = [named('researcher'), named('writer'), named('search')];
  expect(report.spans.filter(({ kind }) => kind === 'llm').map(({ parent, site }) => [parent, site?.line])).toEqual([
    [researcher.id, 32],
    [researcher.id, 32],
    [writer.id, 32],
  ]);
  expect(search).toMatchObject({ kind: 'tool', source: 'otlp', evidence: 'measured', parent: researcher.id, site: { file }, tool: { argumentBytes: 1, resultBytes: 5 } });
  expect(report.spans.filter(({ source }) => source === 'http')).toEqual([]);
});

/** Exports one span by hand, as an exporter without any hook in its process would, and says where to. */
const EXPORTER = `
const now = BigInt(Date.now()) * 1000000n;
const id = (n) => require('node:crypto').randomBytes(n).toString('hex');
const span = { traceId: id(16), spanId: id(8), name: 'invoke_agent mine', kind: 1, startTimeUnixNano: String(now), endTimeUnixNano: String(now + 5000000n), attributes: [{ key: 'gen_ai.operation.name', value: { stringValue: 'invoke_agent' } }] };
const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'mine' }, spans: [span] }] }] });
(async () => {
  const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const answer = await fetch(endpoint + '/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  console.log(answer.status, await answer.text());
})();
`;

it('Node, exporting with fetch: the export is no tool', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'exporter.cjs'), EXPORTER);
  const run = await agentCost(['run', '--', process.execPath, 'exporter.cjs'], { cwd: folder });
  expect({ stdout: run.stdout, code: run.code }).toEqual({ stdout: '200 {}\n', code: 0 });
  const report = await reportOf(onlyRecording(folder));
  expect(report.spans).toMatchObject([{ kind: 'agent', name: 'mine', source: 'otlp' }]);
  expect(report.totals.toolCalls).toBe(0);
});

it('an exporter that the user has pointed elsewhere stays there, and is no tool either', async () => {
  const bodies: string[] = [];
  const collector = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.on('end', () => response.end('mine'));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => collector.once('listening', resolve));
  const folder = newFolder();
  writeFileSync(join(folder, 'exporter.cjs'), EXPORTER);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` };
  const run = await agentCost(['run', '--', process.execPath, 'exporter.cjs'], { cwd: folder, env });
  collector.close();
  expect(run.stdout).toBe('200 mine\n');
  expect(bodies.join('')).toContain('invoke_agent mine');
  expect((await reportOf(onlyRecording(folder))).spans).toEqual([]);
});

it('serve prints what programs in other languages need, and records them by name', async () => {
  const folder = newFolder();
  let environment: Record<string, string> = {};
  let asked: Promise<unknown> | null = null;
  let serving: { kill(signal: NodeJS.Signals): boolean } | null = null;
  const serve = await agentCost(['serve', '--name', 'billing', '--listen', '0.0.0.0', '--json'], {
    cwd: folder,
    onStart: (child) => {
      serving = child;
    },
    onStdout: (sofar) => {
      if (asked !== null || !sofar.trimEnd().endsWith('}')) return;
      environment = JSON.parse(sofar) as Record<string, string>;
      const { OPENAI_BASE_URL, OPENAI_CUSTOM_HEADERS, OPENAI_API_KEY } = environment;
      // As curl or a Go program would: nothing of ours in the process but these variables.
      const script = `fetch(${JSON.stringify(`${OPENAI_BASE_URL}/chat/completions`)}, { method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer ${OPENAI_API_KEY}', [${JSON.stringify(OPENAI_CUSTOM_HEADERS!.split(': ')[0])}]: ${JSON.stringify(OPENAI_CUSTOM_HEADERS!.split(': ')[1])} }, body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 }) }).then((r) => r.text())`;
      asked = runProcess(process.execPath, ['-e', script], { cwd: folder }).then(() => serving?.kill('SIGINT'));
    },
  });
  expect(serve.code).toBe(0);
  expect(environment).toMatchObject({ OPENAI_CUSTOM_HEADERS: 'x-agent-cost-program: billing', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_ENDPOINT: environment['OPENAI_BASE_URL']!.replace(/\/v1$/, '/otlp') });
  expect(serve.stderr).toMatch(/listening on 0\.0\.0\.0: whoever knows the address above.*host\.docker\.internal/);
  const report = await reportOf(onlyRecording(folder));
  expect(report.spans.filter(({ kind }) => kind === 'llm')).toMatchObject([{ site: null, unattributed: expect.stringMatching(/“billing”/) as unknown }]);
});
