/** A chat server whose answers a test writes, streamed in small pieces, with what was asked and when. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI from 'openai';
import type { AgentSetup, Budget, Model } from '../../src/agents/agent.ts';
import { PATIENT } from '../fixtures/patient.ts';

export interface AskedMessage {
  role: string;
  content: string | null;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export interface AskedRequest {
  messages: AskedMessage[];
  tools?: unknown[];
  temperature?: number;
  seed?: number;
  stop?: string[];
}

export interface ModelAnswer {
  text?: string;
  toolCalls?: { name: string; arguments: string }[];
  /** Instead of an answer. */
  refusal?: { status: number; message: string };
  /** Between the pieces of the stream. */
  pieceMs?: number;
  /** Waited for before the piece is sent with which these words are there. */
  pause?: { at: string; until: Promise<unknown> };
}

export interface ScriptedModel {
  client: OpenAI;
  requests: AskedRequest[];
  /** The most that were being answered at once. */
  mostAtOnce(): number;
  close(): Promise<void>;
}

const PIECE_LENGTH = 12;

/** @param answer gives the answer to a request; its text alone will do */
export async function startScriptedModel(answer: (request: AskedRequest, index: number) => ModelAnswer | string): Promise<ScriptedModel> {
  const requests: AskedRequest[] = [];
  let atOnce = 0;
  let most = 0;
  const server = createServer(PATIENT, (incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const request = JSON.parse(Buffer.concat(parts).toString('utf8')) as AskedRequest;
      const given = answer(request, requests.push(request) - 1);
      atOnce += 1;
      most = Math.max(most, atOnce);
      void write(typeof given === 'string' ? { text: given } : given).finally(() => {
        atOnce -= 1;
        outgoing.end();
      });
    });
    const write = async ({ text = '', toolCalls = [], refusal, pieceMs = 1, pause }: ModelAnswer) => {
      if (refusal !== undefined) {
        outgoing.writeHead(refusal.status, { 'content-type': 'application/json' });
        outgoing.write(JSON.stringify({ error: { message: refusal.message, type: 'BadRequestError', code: refusal.status } }));
        return;
      }
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = async (delta: unknown, finish: string | null = null) => {
        outgoing.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`);
        await delay(pieceMs);
      };
      const pieces = async (whole: string, delta: (piece: string) => unknown) => {
        for (let at = 0; at < whole.length; at += PIECE_LENGTH) {
          const end = at + PIECE_LENGTH;
          if (pause !== undefined && whole.slice(0, end).includes(pause.at) && !whole.slice(0, at).includes(pause.at)) await pause.until;
          await send(delta(whole.slice(at, end)));
        }
      };
      await pieces(text, (content) => ({ content }));
      for (const [index, call] of toolCalls.entries()) {
        await send({ tool_calls: [{ index, id: `id_${requests.length}_${index}`, type: 'function', function: { name: call.name, arguments: '' } }] });
        await pieces(call.arguments, (piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] }));
      }
      await send({}, toolCalls.length > 0 ? 'tool_calls' : 'stop');
      outgoing.write('data: [DONE]\n\n');
    };
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return {
    client: new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 }),
    requests,
    mostAtOnce: () => most,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function setupFor(client: OpenAI, toolCalling: Model['toolCalling'], budget: Budget, signal: AbortSignal = new AbortController().signal): AgentSetup & { lines: string[] } {
  const lines: string[] = [];
  return { model: { client, name: 'm', toolCalling }, budget, log: (line) => lines.push(line), signal, lines };
}

/** The instructions, and the last thing that was said, of a request. */
export function partsOf({ messages }: AskedRequest): { system: string; last: string; assistants: number } {
  // What went before the last question is an example.
  const asked = messages.findLastIndex(({ role, content }) => role === 'user' && /(^|\n)(Question|Task|Q):/.test(content ?? ''));
  return { system: messages[0]?.content ?? '', last: messages.at(-1)?.content ?? '', assistants: messages.slice(asked + 1).filter(({ role }) => role === 'assistant').length };
}
