/** A scripted server that stands in for the proxy, for a model's server, and for the web that tools ask. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CALL_HEADER, ORIGIN_HEADER, readCallTag, type CallTag } from '../../../src/protocol/hook.ts';
import { PATIENT } from '../../fixtures/patient.ts';

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** Text of the last user message: by it the test knows which line of the program this is. */
  prompt: string;
  tag: CallTag | null;
  origin: string | null;
}

interface ChatBody {
  model?: string;
  stream?: boolean;
  messages?: { role: string; content?: string | null }[];
  tools?: { function: { name: string } }[];
}

export class ModelServer {
  readonly seen: SeenRequest[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
  }

  static async start(): Promise<ModelServer> {
    const server = createServer(PATIENT);
    const started = new ModelServer(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Model calls alone, in the order in which they came. */
  get calls(): SeenRequest[] {
    return this.seen.filter((request) => /\/v1\//.test(request.url));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = parse(text);
    const header = request.headers[CALL_HEADER];
    this.seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      prompt: body.messages?.findLast(({ role }) => role === 'user')?.content ?? '',
      tag: typeof header === 'string' ? readCallTag(header) : null,
      origin: (request.headers[ORIGIN_HEADER] as string | undefined) ?? null,
    });
    if (request.url?.startsWith('/wiki')) this.#page(request.url, response);
    else if (body.model === 'forbidden') json(response, 401, { error: { message: 'no' } });
    else if (body.model === 'busy' && request.headers['x-stainless-retry-count'] === '0') {
      response.setHeader('retry-after-ms', '5');
      json(response, 429, { error: { message: 'later' } });
    } else if (body.stream) stream(response);
    else json(response, 200, completion(body));
  }

  #page(url: string, response: ServerResponse): void {
    if (url.startsWith('/wiki/missing')) json(response, 404, { error: 'missing' });
    else if (url.startsWith('/wiki/moved')) response.writeHead(302, { location: '/wiki/page' }).end();
    else if (url.startsWith('/wiki/slow')) {
      // In two halves, so that the head of the response is long there before its end.
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345');
      setTimeout(() => response.end('67890'), 150);
    } else json(response, 200, { text: 'a page' });
  }
}

function parse(text: string): ChatBody {
  try {
    return JSON.parse(text) as ChatBody;
  } catch {
    return {};
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

function completion(body: ChatBody): unknown {
  const answered = body.messages?.some(({ role }) => role === 'tool');
  const calls = answered ? [] : (body.tools ?? []);
  const message =
    calls.length === 0
      ? { role: 'assistant', content: 'hello' }
      : {
          role: 'assistant',
          content: null,
          tool_calls: calls.map((tool, index) => ({ id: `call_${index}`, type: 'function', function: { name: tool.function.name, arguments: '{"q":1}' } })),
        };
  return {
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: calls.length === 0 ? 'stop' : 'tool_calls' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
  };
}

function stream(response: ServerResponse): void {
  const chunk = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk({ role: 'assistant', content: 'hel' }, null));
  response.write(chunk({ content: 'lo' }, null));
  response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
}
