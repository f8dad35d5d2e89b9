import { describe, expect, it } from 'vitest';
import { isBystander } from '../../src/instrument/node/bystanders.ts';
import * as contract from '../../src/instrument/node/contract.ts';
import { hasHttp2Channels } from '../../src/instrument/node/http2Hook.ts';
import { llmAddress } from '../../src/instrument/node/llmRequests.ts';
import { describeProcess, describeRequest, splitCommand } from '../../src/instrument/node/safeText.ts';
import * as protocol from '../../src/protocol/hook.ts';

it('uses the protocol’s names', () => {
  expect(contract).toMatchObject({ SESSION_ENV: protocol.SESSION_ENV, CALL_HEADER: protocol.CALL_HEADER, ORIGIN_HEADER: protocol.ORIGIN_HEADER, CALL_TAG_LIMIT: protocol.CALL_TAG_LIMIT });
});

it('knows which Nodes tell of HTTP/2', () => {
  const versions = ['18.20.0', '20.20.2', '22.16.0', '22.17.0', '23.11.1', '24.1.0', '24.2.0', '26.0.0'];
  expect(versions.filter(hasHttp2Channels)).toEqual(['22.17.0', '24.2.0', '26.0.0']);
});

describe('llmAddress', () => {
  const address = (method: string, url: string, trusted = false, body: string | null = null, hints: { passesAll?: boolean; ollamaHost?: string } = {}) => {
    const found = llmAddress(new URL(url), method, { trusted, body, passesAll: false, ollamaHost: undefined, ...hints });
    return found === null ? null : [found.base, found.suffix, ...(found.root ? ['root'] : [])];
  };

  it.each([
    ['POST', 'https://api.openai.com/v1/chat/completions', 'https://api.openai.com/v1', '/chat/completions'],
    ['POST', 'https://api.openai.com/v1/responses', 'https://api.openai.com/v1', '/responses'],
    ['GET', 'https://api.openai.com/v1/models', 'https://api.openai.com/v1', '/models'],
    ['GET', 'https://api.openai.com/v1/models/a/b', 'https://api.openai.com/v1', '/models/a/b'],
    ['GET', 'https://api.openai.com/v1/files/f-1?x=1', 'https://api.openai.com/v1', '/files/f-1?x=1'],
    ['POST', 'http://localhost:8000/v1/completions', 'http://localhost:8000/v1', '/completions'],
    ['GET', 'http://10.0.0.7:8000/v1/models', 'http://10.0.0.7:8000/v1', '/models'],
    ['POST', 'https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=1', 'https://r.openai.azure.com/openai/deployments/d', '/chat/completions?api-version=1'],
    ['POST', 'https://generativelanguage.googleapis.com/v1beta/openai/embeddings', 'https://generativelanguage.googleapis.com/v1beta/openai', '/embeddings'],
    ['POST', 'https://api.perplexity.ai/chat/completions', 'https://api.perplexity.ai', '/chat/completions'],
    ['post', 'http://gateway.corp:9000/llm/prod/chat/completions', 'http://gateway.corp:9000/llm/prod', '/chat/completions'],
    ['POST', 'https://openrouter.ai/api/v1/chat/completions', 'https://openrouter.ai/api/v1', '/chat/completions'],
    ['POST', 'https://api.z.ai/api/paas/v4/chat/completions', 'https://api.z.ai/api/paas/v4', '/chat/completions'],
  ])('%s %s', (method, url, base, suffix) => {
    expect(address(method, url)).toEqual([base, suffix]);
  });

  it.each([
    ['GET', 'https://example.org/v1/chat/completions'],
    ['GET', 'https://cars.example/v1/models'],
    ['GET', 'https://cars.example/models'],
    ['POST', 'https://forms.example/responses'],
    ['POST', 'https://en.wikipedia.org/w/api.php'],
    ['GET', 'http://localhost:3000/models'],
    ['POST', 'http://localhost:3000/v1/tools/search'],
  ])('leaves %s %s alone', (method, url) => {
    expect(address(method, url)).toBeNull();
  });

  it('looks at the body where the path could be anything’s', () => {
    expect(address('POST', 'https://forms.example/v1/responses', false, '{"answer":4}')).toBeNull();
    expect(address('POST', 'https://gateway.example/v1/responses', false, '{"model":"m"}')).toEqual(['https://gateway.example/v1', '/responses']);
  });

  it('knows the routes of Anthropic, Ollama and llama.cpp', () => {
    const messages = '{"model":"m","max_tokens":9,"messages":[]}';
    expect(address('POST', 'https://api.anthropic.com/v1/messages?beta=true')).toEqual(['https://api.anthropic.com/v1', '/messages?beta=true']);
    expect(address('POST', 'http://localhost:8000/v1/messages', false, messages)).toEqual(['http://localhost:8000/v1', '/messages']);
    expect(address('POST', 'https://chat.example/v1/messages', false, '{"text":"hello"}')).toBeNull();
    expect(address('POST', 'http://localhost:11434/api/chat', false, '{"model":"m"}')).toEqual(['http://localhost:11434', '/api/chat', 'root']);
    expect(address('POST', 'http://gpu:9999/api/generate', false, '{"model":"m"}', { ollamaHost: 'http://gpu:9999/' })).toEqual(['http://gpu:9999', '/api/generate', 'root']);
    expect(address('POST', 'http://gpu:11434/api/embed', false, null, { ollamaHost: 'gpu' })).toEqual(['http://gpu:11434', '/api/embed', 'root']);
    // A web application of the user's own.
    expect(address('POST', 'http://localhost:3000/api/chat', false, '{"model":"m","messages":[]}')).toBeNull();
    expect(address('POST', 'http://localhost:8080/completion', false, '{"prompt":"Once"}')).toEqual(['http://localhost:8080', '/completion', 'root']);
    expect(address('POST', 'http://localhost:8080/completion', false, '{"task":4}')).toBeNull();
    expect(address('POST', 'https://course.example/completion', false, '{"prompt":"Once"}')).toBeNull();
  });

  it('lets other protocols pass where each call goes where it was sent, and only there', () => {
    const direct = { passesAll: true };
    expect(address('POST', 'https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse?x=1', false, null, direct)).toEqual(['https://bedrock-runtime.eu-west-1.amazonaws.com', '/model/m/converse?x=1', 'root']);
    expect(address('GET', 'https://api.anthropic.com/v1/models', false, null, direct)).toEqual(['https://api.anthropic.com', '/v1/models', 'root']);
    expect(address('POST', 'https://api.cohere.com/v2/chat', false, null)).toBeNull();
  });

  it('believes an SDK', () => {
    expect(address('POST', 'https://gateway.example/llm/responses', true)).toEqual(['https://gateway.example/llm', '/responses']);
    expect(address('GET', 'https://gateway.example/v1/models', true)).toEqual(['https://gateway.example/v1', '/models']);
    expect(address('POST', 'https://login.example/v1/token', true)).toBeNull();
  });
});

describe('isBystander', () => {
  it.each([
    '/usr/lib/node_modules/npm/bin/npm-cli.js', '/usr/bin/npx', '/home/u/.yarn/releases/yarn-4.1.0.cjs', '/x/node_modules/corepack/dist/pnpm.js',
    'C:\\Users\\u\\AppData\\node_modules\\npm\\bin\\npx-cli.js', '/x/node_modules/typescript/lib/tsserver.js', '/x/node_modules/yaml-language-server/bin/yaml-language-server',
    '/home/u/.vscode/extensions/dbaeumer.vscode-eslint-3/server/out/eslintServer.js', '/x/node_modules/node-gyp/bin/node-gyp.js', '/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js',
  ])('%s', (script) => expect(isBystander(['node', script], {})).toBe(true));
  it.each(['/home/u/agent.js', '/x/node_modules/.bin/tsx', '/home/u/npm-agent/main.js', '/home/u/npm/main.js'])('not %s', (script) => expect(isBystander(['node', script], {})).toBe(false));
  it('Electron', () => expect(isBystander(['code'], { electron: '30' })).toBe(true));
});

describe('texts that are kept', () => {
  it('say what was done without what may be secret', () => {
    expect(describeRequest('GET', new URL('https://u:p@en.wikipedia.org/w/api.php?titles=x#y'))).toBe('GET en.wikipedia.org/w/api.php');
    expect(describeRequest('POST', new URL('https://api.telegram.org/bot123456:AAF0aBcDeFgHiJkLmNoPqRsTuVwXyZ/sendMessage'))).toBe('POST api.telegram.org/…/sendMessage');
    expect(describeProcess('/usr/bin/git', 'status')).toBe('git status');
    expect(describeProcess('curl', '-HAuthorization:x')).toBe('curl');
    expect(describeProcess('login', 'sk-abcdef')).toBe('login');
    expect(describeProcess('mysql', 'mysql://u:p@host')).toBe('mysql');
    expect(splitCommand('TOKEN=abc  "git" status | wc')).toEqual(['git', 'status']);
  });
});
