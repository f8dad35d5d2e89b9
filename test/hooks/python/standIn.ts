/** A stand-in for the LLM server, for the profiler's route to it, and for the server behind the tools. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CALL_HEADER, ORIGIN_HEADER, readCallTag, type CallTag } from '../../../src/protocol/hook.ts';
import { PATIENT } from '../../fixtures/patient.ts';

/** One request as it arrived. */
export interface Arrived {
  method: string;
  /** With the query. */
  path: string;
  host: string;
  /** The message that the program sent, which names the call; the model for requests without one. */
  label: string;
  /** Null when the request had no tag. */
  tag: CallTag | null;
  origin: string | null;
  body: string;
  headers: IncomingMessage['headers'];
  /** Milliseconds of the system's monotonic clock, which on Linux is that of the hook's events as well. */
  at: number;
}

/** The path that stands for the session's token. */
export const TOKEN = '/t0ken';

/** Answers as an OpenAI server under `/v1` and under the route, with pages under `/tool`. */
export class StandIn {
  readonly arrived: Arrived[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer(PATIENT, (request, response) => this.receive(request, response));
  }

  static async start(): Promise<StandIn> {
    const standIn = new StandIn();
    await new Promise<void>((resolve) => standIn.server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get routeUrl(): string {
    return this.address + TOKEN;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The arrived request with this label. */
  call(label: string): Arrived {
    const found = this.arrived.filter((one) => one.label === label);
    const [first] = found;
    if (first === undefined || found.length > 1)
      throw new Error(`${found.length} requests with the label ${label}; arrived: ${this.arrived.map((one) => one.label).join(', ')}`);
    return first;
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const at = Number(process.hrtime.bigint()) / 1e6;
      const body = Buffer.concat(chunks).toString('utf8');
      const path = request.url ?? '';
      if (path.startsWith('/tool')) {
        page(path, response);
        return;
      }
      const call = request.headers[CALL_HEADER];
      const sent = body === '' ? {} : (JSON.parse(body) as SentBody);
      this.arrived.push({
        method: request.method ?? '',
        path,
        host: request.headers.host ?? '',
        label: sent.messages?.[0]?.content ?? (typeof sent.input === 'string' ? sent.input : path),
        tag: typeof call === 'string' ? readCallTag(call) : null,
        origin: (request.headers[ORIGIN_HEADER] as string | undefined) ?? null,
        body,
        headers: request.headers,
        at,
      });
      answer(path, sent, response);
    });
  }
}

interface SentBody {
  model?: string;
  stream?: boolean;
  messages?: { content: string }[];
  input?: unknown;
}

function page(path: string, response: ServerResponse): void {
  const text = path.startsWith('/tool/missing') ? 'nothing here' : `page ${path}`;
  response.writeHead(path.startsWith('/tool/missing') ? 404 : 200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function answer(path: string, sent: SentBody, response: ServerResponse): void {
  if (sent.model === 'no-such-model') {
    json(response, 404, { error: { message: 'the model does not exist', type: 'invalid_request_error', param: null, code: 'model_not_found' } });
  } else if (path.includes('/models')) {
    json(response, 200, { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'test' }] });
  } else if (path.includes('/responses')) {
    json(response, 200, responseFor(sent));
  } else if (sent.stream === true) {
    stream(response, `answer to ${sent.messages?.[0]?.content}`);
  } else {
    json(response, 200, {
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: `answer to ${sent.messages?.[0]?.content}` } }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
  }
}

/** The Responses API: first a call of the tool, then, once its result is in the input, text. */
function responseFor(sent: SentBody): unknown {
  const finished = JSON.stringify(sent.input).includes('function_call_output');
  const output = finished
    ? { type: 'message', id: 'msg1', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: 'done', annotations: [] }] }
    : { type: 'function_call', id: 'fc1', call_id: 'call1', name: 'lookup', arguments: '{"term":"x"}', status: 'completed' };
  return {
    id: finished ? 'r2' : 'r1',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model: 'm',
    output: [output],
    parallel_tool_calls: false,
    tool_choice: 'auto',
    tools: [],
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function stream(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  response.write(chunk({ role: 'assistant', content: '' }, null));
  for (const word of text.split(' ')) response.write(chunk({ content: `${word} ` }, null));
  response.write(chunk({}, 'stop'));
  response.end('data: [DONE]\n\n');
}
