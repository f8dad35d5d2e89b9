/** What is kept of a request: who wrote how much of the prompt, the tools offered, the tools' results. */
import * as crypto from 'node:crypto';
import type { CallLine, Capture, Endpoint, MessageDigest } from '../profile/recordingFormat.ts';
import { asArray, asCount, asObject, asString, type JsonObject } from '../proxy/json.ts';
import type { PromptMessage } from './apis/api.ts';
import { apis } from './apis/index.ts';

export type RequestDigest = Pick<CallLine, 'model'> & { request: CallLine['request'] };

const HASH_DIGITS = 16;
/** In one go where Node can (from 20.12 on): for a message of some sentences half as long. */
const hashAtOnce = (crypto as { hash?: (algorithm: string, data: string, encoding: 'hex') => string }).hash;

function sha256(text: string): string {
  return hashAtOnce === undefined ? crypto.createHash('sha256').update(text).digest('hex') : hashAtOnce('sha256', text, 'hex');
}

function digest({ role, text, whole }: PromptMessage, capture: Capture): MessageDigest {
  return {
    role,
    hash: capture === 'none' ? null : sha256(JSON.stringify(whole)).slice(0, HASH_DIGITS),
    chars: text.length,
    text: capture === 'full' ? text : null,
  };
}

function toolName(tool: unknown): string {
  const object = asObject(tool);
  return asString(asObject(object?.['function'])?.['name']) ?? asString(object?.['name']) ?? asString(object?.['type']) ?? 'unnamed';
}

/** The most tokens that may be answered, in all the ways to say it. */
function maxTokensOf(body: JsonObject): number | null {
  for (const name of ['max_completion_tokens', 'max_tokens', 'max_output_tokens', 'n_predict']) {
    const count = asCount(body[name]);
    if (count !== null) return count;
  }
  return asCount(asObject(body['options'])?.['num_predict']);
}

/**
 * Digests a request's JSON; a body that is none (`null` included) leaves everything but its length unknown.
 * @param bytes length of the body as the client sent it
 */
export function digestRequest(endpoint: Endpoint, body: JsonObject | null, bytes: number, capture: Capture): RequestDigest {
  if (body === null) return { model: null, request: { bytes, messages: [], tools: [], toolsChars: 0, toolResults: [], maxTokens: null } };
  const api = apis[endpoint];
  const tools = asArray(body['tools']);
  return {
    model: asString(body['model']),
    request: {
      bytes,
      messages: api.messages(body).map((message) => digest(message, capture)),
      tools: tools.map(toolName),
      toolsChars: tools.length === 0 ? 0 : JSON.stringify(tools).length,
      toolResults: api.toolResults(body),
      maxTokens: maxTokensOf(body),
    },
  };
}
