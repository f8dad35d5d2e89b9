/** Exports of traces in both encodings, the names that instrumentations give to things, and what is no export. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { traceSpanLineSchema } from '../../src/profile/recordingFormat.ts';
import { readExport, type OtlpExport } from '../../src/recorder/otlp/intake.ts';
import { meaningOf, sinceEpochMs } from '../../src/recorder/otlp/meaning.ts';
import { OtlpError, type Attributes, type OtlpSpan } from '../../src/recorder/otlp/otlpModel.ts';
import { readTracesJson } from '../../src/recorder/otlp/readJson.ts';
import { readTracesProtobuf } from '../../src/recorder/otlp/readProtobuf.ts';

const fixture = (name: string) => Buffer.from(readFileSync(join(import.meta.dirname, '../fixtures/otlp', `${name}.b64`), 'utf8'), 'base64');
const clock = { startedAtEpoch: 1_700_000_000_000, cwd: '/work' };
const PROTOBUF = 'application/x-protobuf';
const read = (over: Partial<OtlpExport>) => readExport({ signal: 'traces', contentType: PROTOBUF, contentEncoding: null, body: fixture('traces'), ...over }, clock);

describe('an export of OpenTelemetry’s own exporter', () => {
  it('is read whole', () => {
    const { lines, outcome } = read({});
    expect(outcome).toEqual({ taken: true, rejected: 0, message: '' });
    expect(lines.map(({ name }) => name).sort()).toEqual(['chat m', 'researcher', 'search']);
    const line = (name: string) => lines.find((each) => each.name === name);
    const agent = line('researcher')!;
    expect(agent).toMatchObject({ kind: 'agent', t: 0, end: 1300, pid: 4242, resource: 'box/4242/agent', scope: 'my.agent 1.0', parentSpanId: null, traceId: '2'.repeat(32), site: { file: '/p/agent.py', line: 12, column: null, function: 'main' } });
    expect(line('chat m')).toMatchObject({ kind: 'llm', t: 5, end: 900.25, parentSpanId: agent.spanId, llm: { model: 'm', responseId: 'r1', usage: { promptTokens: 10, cachedTokens: null, completionTokens: 5, reasoningTokens: null }, stream: false } });
    expect(line('search')).toMatchObject({ kind: 'tool', status: 'error', error: 'no such page', callId: 'call_1', argumentBytes: 10 });
    for (const each of lines) traceSpanLineSchema.parse(each);
  });

  it('is the same compressed', () => {
    expect(read({ contentEncoding: 'gzip', body: fixture('traces-gzip') }).lines).toHaveLength(3);
    expect(read({ contentEncoding: 'gzip', body: gzipSync(fixture('traces')) }).lines).toEqual(read({}).lines);
  });
});

/** As the example in OTLP's specification writes JSON, with what some exporters do otherwise. */
const json = (span: object) => JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'agent' } }] }, scopeSpans: [{ scope: { name: 's' }, spans: [span] }], unknown: 1 }] });
const jsonSpan = { traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'EEE19B7EC3C1B174', parentSpanId: '', name: 'x', kind: 3, startTimeUnixNano: '1700000000000500000', endTimeUnixNano: 1_700_000_001_000_000_000, attributes: [] as object[] };

describe('JSON', () => {
  it('has hex ids, numbers as text, and every sort of value', () => {
    const values = [
      { key: 'text', value: { stringValue: 'a' } },
      { key: 'int', value: { intValue: '12' } },
      { key: 'number', value: { intValue: 7 } },
      { key: 'double', value: { doubleValue: 0.5 } },
      { key: 'flag', value: { boolValue: true } },
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'x' }, { intValue: 1 }] } } },
      { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { stringValue: 'v' } }] } } },
      { key: '__proto__', value: { stringValue: 'bad' } },
    ];
    const [span] = readTracesJson(json({ ...jsonSpan, attributes: values, status: { code: 'STATUS_CODE_ERROR', message: 'no' } }));
    expect(span).toMatchObject({ traceId: '5b8efff798038103d269b633813fc60c', parentSpanId: null, kind: 3, startNs: 1_700_000_000_000_500_000n, statusCode: 2, statusMessage: 'no' });
    expect(span!.attributes).toEqual({ text: 'a', int: 12, number: 7, double: 0.5, flag: true, list: ['x', 1], map: { k: 'v' } });
  });

  it('may be in snake_case', () => {
    const spans = readTracesJson(JSON.stringify({ resource_spans: [{ scope_spans: [{ spans: [{ trace_id: 'a', span_id: 'b', name: 'n', start_time_unix_nano: '1', end_time_unix_nano: '2' }] }] }] }));
    expect(spans).toMatchObject([{ traceId: 'a', spanId: 'b', name: 'n', startNs: 1n, endNs: 2n }]);
  });

  it('says what it is by its type, parameters aside', () => {
    expect(read({ contentType: 'application/json; charset=utf-8', body: Buffer.from(json(jsonSpan)) }).lines).toMatchObject([{ t: 0.5, end: 1000, name: 'x' }]);
  });
});

describe('what is no export', () => {
  it.each<[string, Partial<OtlpExport>, number, RegExp]>([
    ['torn protobuf', { body: fixture('traces').subarray(0, 500) }, 400, /not a protobuf/],
    ['text', { body: Buffer.from('hello') }, 400, /not a protobuf/],
    ['torn JSON', { contentType: 'application/json', body: Buffer.from('{"resourceSpans":[') }, 400, /not JSON/],
    ['a list', { contentType: 'application/json', body: Buffer.from('[]') }, 400, /not a JSON object/],
    ['torn gzip', { contentEncoding: 'gzip', body: fixture('traces-gzip').subarray(0, 100) }, 400, /not valid gzip/],
    ['another type', { contentType: 'text/plain' }, 415, /x-protobuf/],
    ['no type', { contentType: null }, 415, /x-protobuf/],
    ['another coding', { contentEncoding: 'zstd' }, 415, /gzip/],
    ['a bomb', { contentEncoding: 'gzip', body: gzipSync(Buffer.alloc(65 * 1024 * 1024)) }, 413, /larger than 64 MiB/],
    ['logs that are none', { signal: 'logs', body: Buffer.from('hello') }, 400, /not protobuf/],
  ])('%s is refused', (_, over, status, message) => {
    const { lines, outcome } = read(over);
    expect(lines).toEqual([]);
    expect(outcome).toMatchObject({ taken: false, status, message: expect.stringMatching(message) as unknown });
  });

  it('spans without ids or times are left out and counted', () => {
    for (const broken of [{ traceId: '0'.repeat(32) }, { spanId: 'xyz' }, { startTimeUnixNano: 0 }, { endTimeUnixNano: 1 }])
      expect(read({ contentType: 'application/json', body: Buffer.from(json({ ...jsonSpan, ...broken })) })).toMatchObject({ lines: [], outcome: { taken: true, rejected: 1 } });
  });

  it('nested without end is refused in both encodings', () => {
    let value: object = { stringValue: 'x' };
    for (let depth = 0; depth < 100; depth++) value = { arrayValue: { values: [value] } };
    expect(() => readTracesJson(json({ ...jsonSpan, attributes: [{ key: 'deep', value }] }))).toThrow(OtlpError);
    let bytes = new BinaryWriter().tag(1, WireType.LengthDelimited).string('x').finish();
    const wrap = (field: number, inner: Uint8Array) => new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(inner).finish();
    for (let depth = 0; depth < 100; depth++) bytes = wrap(5, wrap(1, bytes));
    const attribute = new BinaryWriter().tag(1, WireType.LengthDelimited).string('deep').tag(2, WireType.LengthDelimited).bytes(bytes).finish();
    expect(() => readTracesProtobuf(wrap(1, wrap(2, wrap(2, wrap(9, attribute)))))).toThrow(OtlpError);
  });

  it('never throws, whatever comes', () => {
    const good = fixture('traces');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(good.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 }), (noise, at, change) => {
        const changed = Buffer.from(good);
        changed.set(change.subarray(0, Math.min(change.length, good.length - at)), at);
        for (const body of [Buffer.from(noise), changed, good.subarray(0, at)]) for (const { line } of read({ body }).lines.map((each) => ({ line: each }))) traceSpanLineSchema.parse(line);
        read({ contentType: 'application/json', body: Buffer.from(noise) });
      }),
    );
  });

  it('any JSON is read or refused', () => {
    fc.assert(fc.property(fc.json(), (text) => void read({ contentType: 'application/json', body: Buffer.from(text) })));
    const odd = fc.anything({ maxDepth: 3 });
    fc.assert(fc.property(odd, odd, odd, (a, b, c) => void read({ contentType: 'application/json', body: Buffer.from(json({ ...jsonSpan, attributes: a, status: b, events: c }), 'utf8') })));
  });
});

describe('what instrumentations call things', () => {
  const spanOf = (name: string, attributes: Attributes, kind = 1): OtlpSpan => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null, name, kind, startNs: 1n, endNs: 2n, attributes, events: [], statusCode: 0, statusMessage: '', scope: { name: 's', version: '' }, resource: {} });
  const means = (name: string, attributes: Attributes, kind?: number) => meaningOf(spanOf(name, attributes, kind), (path) => path)!;

  it.each<[string, string, Attributes, object, number?]>([
    ['GenAI, new', 'chat gpt', { 'gen_ai.operation.name': 'chat', 'gen_ai.response.model': 'gpt', 'gen_ai.usage.input_tokens': 9, 'gen_ai.usage.cache_read.input_tokens': 8, 'gen_ai.usage.output_tokens': 2 }, { kind: 'llm', llm: { model: 'gpt', usage: { promptTokens: 9, cachedTokens: 8, completionTokens: 2 } } }],
    ['GenAI, old', 'chat gpt', { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt', 'gen_ai.usage.prompt_tokens': 9, 'gen_ai.usage.completion_tokens': 2 }, { kind: 'llm', llm: { usage: { promptTokens: 9, completionTokens: 2 } } }],
    ['GenAI, an agent', 'invoke_agent planner', { 'gen_ai.operation.name': 'invoke_agent' }, { kind: 'agent', name: 'planner' }],
    ['GenAI, a tool', 'execute_tool f', { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_weather', 'gen_ai.tool.call.id': 'c1' }, { kind: 'tool', name: 'get_weather', callId: 'c1' }],
    ['OpenInference, a model', 'ChatCompletion', { 'openinference.span.kind': 'LLM', 'llm.model_name': 'm', 'llm.token_count.prompt': 3, 'llm.token_count.completion': 4, 'llm.token_count.prompt_details.cache_read': 1 }, { kind: 'llm', llm: { model: 'm', usage: { promptTokens: 3, cachedTokens: 1, completionTokens: 4 } } }],
    ['OpenInference, a tool', 'search', { 'openinference.span.kind': 'TOOL', 'tool.name': 'search', 'input.value': '{}', 'output.value': 'found' }, { kind: 'tool', name: 'search', argumentBytes: 2, resultBytes: 5 }],
    ['OpenInference, a chain', 'LangGraph', { 'openinference.span.kind': 'CHAIN' }, { kind: 'step', name: 'LangGraph' }],
    ['Traceloop, a workflow', 'joke.workflow', { 'traceloop.span.kind': 'workflow', 'traceloop.entity.name': 'joke' }, { kind: 'agent', name: 'joke' }],
    ['Traceloop, a tool', 'f.tool', { 'traceloop.span.kind': 'tool', 'traceloop.entity.name': 'f' }, { kind: 'tool', name: 'f' }],
    ['Traceloop, a model', 'openai.chat', { 'llm.request.type': 'chat', 'gen_ai.request.model': 'm' }, { kind: 'llm' }],
    ['Logfire', 'running tool: search', { 'gen_ai.tool.name': 'search', 'gen_ai.operation.name': 'execute_tool', 'logfire.msg': 'x' }, { kind: 'tool', name: 'search' }],
    ['AI SDK, a call', 'ai.generateText.doGenerate', { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.model.id': 'm', 'ai.usage.promptTokens': 5 }, { kind: 'llm', llm: { model: 'm', usage: { promptTokens: 5 } } }],
    ['AI SDK, all of it', 'ai.generateText', { 'ai.operationId': 'ai.generateText', 'ai.telemetry.functionId': 'answer' }, { kind: 'agent', name: 'answer' }],
    ['AI SDK, a tool', 'ai.toolCall', { 'ai.operationId': 'ai.toolCall', 'ai.toolCall.name': 'f', 'ai.toolCall.id': 'c', 'ai.toolCall.args': '{}' }, { kind: 'tool', name: 'f', callId: 'c', argumentBytes: 2 }],
    ['MCP, the client', 'tools/call lookup', { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'lookup' }, { kind: 'tool', name: 'lookup' }, 3],
    ['MCP, the server', 'tools/call lookup', { 'mcp.method.name': 'tools/call' }, { kind: 'other' }, 2],
    ['HTTP', 'GET', { 'http.request.method': 'GET', 'url.full': 'https://me:pw@box.example/a/b?key=secret' }, { kind: 'other', http: true, detail: 'GET box.example/a/b' }, 3],
    ['HTTP, old', 'GET', { 'http.method': 'GET', 'net.peer.name': 'box' }, { http: true, detail: 'GET box' }, 3],
    ['anything else', 'SELECT', { 'db.system': 'postgresql' }, { kind: 'other', http: false, llm: null }],
  ])('%s', (_, name, attributes, expected, kind) => {
    expect(means(name, attributes, kind)).toMatchObject(expected);
  });

  it('files of packages, and lines that are none, are no place', () => {
    const code = (path: string, line: number) => read({ contentType: 'application/json', body: Buffer.from(json({ ...jsonSpan, attributes: [{ key: 'code.filepath', value: { stringValue: path } }, { key: 'code.lineno', value: { intValue: line } }] })) }).lines[0]!.site;
    expect(code('agent.py', 3)).toMatchObject({ file: '/work/agent.py', line: 3 });
    expect(code('/venv/lib/site-packages/x.py', 3)).toBeNull();
    expect(code('agent.py', 0)).toBeNull();
    expect(code('<string>', 3)).toBeNull();
  });

  it('times keep their microseconds', () => {
    expect(sinceEpochMs(1_700_000_000_123_456_789n, 1_700_000_000_000)).toBeCloseTo(123.456789, 6);
    expect(sinceEpochMs(1_699_999_999_999_000_000n, 1_700_000_000_000)).toBeCloseTo(-1, 6);
  });
});
