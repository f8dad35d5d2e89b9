/** The embedded server's routes over node:http. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Bytes, Milliseconds } from '../../profile/units.ts';
import { chat } from './chat.ts';
import { complete } from './completions.ts';
import { embed, embeddingsRequestSchema } from './embeddings.ts';
import { ApiError, inAnthropicsForm, internalError, invalidBody, invalidJson, methodNotAllowed, notFound, tooLarge } from './errors.ts';
import { requestId, sendJson } from './generation.ts';
import { gpuPage } from './gpuPage.ts';
import { countTokens, countTokensRequestSchema, messages, messagesRequestSchema } from './messages.ts';
import { chatRequestSchema, completionRequestSchema } from './requests.ts';
import { respond, responsesRequestSchema } from './responses.ts';
import { SYSTEM_FINGERPRINT, type Service } from './service.ts';
import { detokenize, detokenizeRequestSchema, tokenize, tokenizeRequestSchema } from './tokenize.ts';

/** Larger bodies are refused before they are parsed. A full context of 128 k tokens is well below 1 MB. */
const LARGEST_BODY: Bytes = 64 * 1024 * 1024;

/** Longer than clients keep idle connections, lest one be closed just as a request is sent on it. */
const KEEP_ALIVE_MS: Milliseconds = 75_000;

type Handler = (service: Service, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

const routes: Record<string, Partial<Record<'GET' | 'POST', Handler>>> = {
  '/v1/chat/completions': { POST: async (service, request, response) => chat(service, request, response, await readBody(request, chatRequestSchema)) },
  '/v1/completions': { POST: async (service, request, response) => complete(service, request, response, await readBody(request, completionRequestSchema)) },
  '/v1/responses': { POST: async (service, request, response) => respond(service, request, response, await readBody(request, responsesRequestSchema)) },
  '/v1/messages': { POST: async (service, request, response) => messages(service, request, response, await readBody(request, messagesRequestSchema)) },
  '/v1/messages/count_tokens': { POST: async (service, request, response) => sendJson(response, 200, countTokens(service.tokenizer, await readBody(request, countTokensRequestSchema))) },
  '/v1/embeddings': { POST: async (service, request, response) => embed(service, request, response, await readBody(request, embeddingsRequestSchema)) },
  '/v1/models': { GET: (service, _request, response) => sendJson(response, 200, listModels(service)) },
  '/tokenize': { POST: async (service, request, response) => sendJson(response, 200, tokenize(service, await readBody(request, tokenizeRequestSchema))) },
  '/detokenize': { POST: async (service, request, response) => sendJson(response, 200, detokenize(service, await readBody(request, detokenizeRequestSchema))) },
  '/health': { GET: (_service, _request, response) => void response.writeHead(200, { 'content-length': 0 }).end() },
  '/version': { GET: (_service, _request, response) => sendJson(response, 200, { version: SYSTEM_FINGERPRINT, simulated: true }) },
  // vLLM has this one in its development mode.
  '/reset_prefix_cache': {
    POST(service, _request, response) {
      service.engine.engine.blocks.resetPrefixCache();
      response.writeHead(200, { 'content-length': 0 }).end();
    },
  },
  '/metrics': { GET: (service, _request, response) => sendPage(response, service.metrics.render(service.engine)) },
  // As a DCGM exporter beside the server has it, at its own address.
  '/dcgm/metrics': { GET: ({ gpus, engine }, _request, response) => sendPage(response, gpuPage(gpus, gpus.meter.read(engine.now(), engine.current))) },
};

/** A server that is not listening yet. */
export function createFront(service: Service): Server {
  const server = createServer((request, response) => {
    response.setHeader('x-request-id', requestId(request));
    handle(service, request, response).catch((error: unknown) => fail(request, response, error));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

async function handle(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) throw notFound();
  const handler = request.method === 'GET' || request.method === 'POST' ? route[request.method] : undefined;
  if (handler === undefined) {
    response.setHeader('allow', Object.keys(route).join(', '));
    throw methodNotAllowed();
  }
  await handler(service, request, response);
}

function sendPage(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=1.0.0; charset=utf-8' }).end(text);
}

function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = error instanceof ApiError ? error : internalError(error instanceof Error ? error.message : String(error));
  // Once a stream has begun, ending it without its [DONE] is the only way left to say so.
  if (response.headersSent) response.destroy();
  else sendJson(response, known.status, request.url?.startsWith('/v1/messages') === true ? inAnthropicsForm(known) : known.body);
}

async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY) throw tooLarge(LARGEST_BODY);
    chunks.push(chunk);
  }
  let json: unknown;
  try {
    json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw invalidJson(error instanceof Error ? error.message : String(error));
  }
  const result = schema.safeParse(json);
  if (!result.success) throw invalidBody(result.error);
  return result.data;
}

function listModels({ servedModel, maxModelTokens, created }: Service) {
  return { object: 'list', data: [{ id: servedModel, object: 'model', created, owned_by: SYSTEM_FINGERPRINT, root: servedModel, parent: null, max_model_len: maxModelTokens }] };
}
