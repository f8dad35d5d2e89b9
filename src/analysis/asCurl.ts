/** A recorded call as a command for a shell that sends it again, as far as it was recorded. Pure. */
import type { Backend } from '../profile/recordingFormat.ts';
import type { CallContent } from '../protocol/content.ts';
import { parseUnixUrl } from '../protocol/unixUrl.ts';

/** Keys stay with the reader: the command names the variables that programs take them from. */
const KEYS = {
  openai: ['-H "authorization: Bearer $OPENAI_API_KEY"'],
  anthropic: ['-H "x-api-key: $ANTHROPIC_API_KEY"', "-H 'anthropic-version: 2023-06-01'"],
} as const;

type Body = Record<string, unknown>;

/**
 * The command, for a POSIX shell; null where the messages' texts were not kept, or the request is of a kind whose body is not
 * told by its messages. What a recording does not hold (tools' descriptions, sampling settings, pictures) is not in it, and a
 * comment in its first line says so.
 * @param backend where the run's calls went. Where that is not known or no longer there (the embedded server), the command has
 *   `$OPENAI_BASE_URL`
 */
export function asCurl(content: CallContent, backend: Pick<Backend, 'url' | 'simulated'>): string | null {
  if (content.messages.length === 0 || content.messages.some(({ text }) => text === null)) return null;
  const body = bodyOf(content);
  if (body === null) return null;
  const keys = content.call.endpoint === 'messages' ? KEYS.anthropic : KEYS.openai;
  const lines = [`curl ${address(content.call, backend)}`, "-H 'content-type: application/json'", ...keys, `-d ${quoted(safeJson(body))}`];
  const lacks = content.tools.length > 0 ? 'sampling settings and the descriptions of its tools' : 'sampling settings';
  return `# As recorded; without ${lacks}, which are not in recordings.\n${lines.join(' \\\n  ')}`;
}

function address({ path, server }: CallContent['call'], { url, simulated }: Pick<Backend, 'url' | 'simulated'>): string {
  const versionless = path.replace(/^\/v1(?=\/)/, '');
  if (!simulated && url !== null) {
    const whole = (base: string): string => (base.endsWith('/v1') ? base + versionless : base + path);
    const unix = parseUnixUrl(url);
    if (unix !== null) return `--unix-socket ${quoted(unix.socketPath)} ${quoted(whole(`http://localhost${unix.path}`))}`;
    const base = url.replace(/\/+$/, '');
    return base.startsWith('h2c:') ? `--http2-prior-knowledge ${quoted(whole(base.replace(/^h2c:/, 'http:')))}` : quoted(whole(base));
  }
  if (!simulated && server !== null) return quoted(`${/^(localhost|127\.|\[::1\])/.test(server) ? 'http' : 'https'}://${server}${path}`);
  return `"$OPENAI_BASE_URL"${quoted(versionless)}`;
}

function bodyOf(content: CallContent): Body | null {
  const { endpoint, model, stream, maxTokens } = content.call;
  const common: Body = { model, ...(stream ? { stream } : {}) };
  const limit: Body = maxTokens === null ? {} : { max_tokens: maxTokens };
  const texts = content.messages.map(({ text }) => text ?? '');
  const bare = texts.length === 1 ? texts[0] : texts;
  switch (endpoint) {
    case 'chat':
      return { ...common, ...limit, messages: chatMessages(content) };
    case 'messages':
      return { ...common, max_tokens: maxTokens ?? 1024, ...system(content), messages: plainMessages(content.messages.filter(({ role }) => role !== 'system')) };
    case 'ollama':
      return { ...common, ...(maxTokens === null ? {} : { options: { num_predict: maxTokens } }), messages: plainMessages(content.messages) };
    case 'responses':
      return { ...common, ...(maxTokens === null ? {} : { max_output_tokens: maxTokens }), input: plainMessages(content.messages) };
    case 'completions':
      return { ...common, ...limit, prompt: bare };
    case 'llamacpp':
      return { ...(stream ? { stream } : {}), ...(maxTokens === null ? {} : { n_predict: maxTokens }), prompt: bare };
    case 'embeddings':
      return { model, input: bare };
    case 'models':
    case 'opaque':
      return null;
  }
}

/** Tools' results as tools' messages only where it is known which call each answers; servers refuse them otherwise. */
function chatMessages(content: CallContent): Body[] {
  return content.messages.map(({ role, text, answersTool }, index) => {
    const next = content.messages.slice(index + 1);
    const results = next.slice(0, next.findIndex((message) => message.role !== 'tool') >>> 0).flatMap((message) => message.answersTool ?? []);
    const isAsking = role === 'assistant' && results.length > 0 && results.every(({ name }) => name !== null);
    if (isAsking) return { role, content: null, tool_calls: results.map(({ callId, name, arguments: given }) => ({ id: callId, type: 'function', function: { name, arguments: given ?? '{}' } })) };
    if (role === 'tool') return answersTool?.name ? { role, tool_call_id: answersTool.callId, content: text } : { role: 'user', content: text };
    return { role, content: text };
  });
}

function plainMessages(messages: CallContent['messages']): Body[] {
  return messages.map(({ role, text }) => ({ role: role === 'tool' ? 'user' : role, content: text }));
}

function system({ messages }: CallContent): Body {
  const texts = messages.flatMap(({ role, text }) => (role === 'system' ? [text ?? ''] : []));
  return texts.length === 0 ? {} : { system: texts.join('\n') };
}

/** JSON in one line with nothing in it that a terminal would obey, hide or turn round. */
function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
