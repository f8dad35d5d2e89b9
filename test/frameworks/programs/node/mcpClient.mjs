// MCP: an agent whose tools are a server's: one started by it over stdio, and one reached over HTTP.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import OpenAI from 'openai';

const openai = new OpenAI();
const script = fileURLToPath(new URL('mcpServer.mjs', import.meta.url));

async function ask(server, question) {
  const { tools: offered } = await server.listTools();
  const tools = offered.map(({ name, description, inputSchema }) => ({ type: 'function', function: { name, description, parameters: inputSchema } }));
  const messages = [{ role: 'user', content: question }];
  for (;;) {
    const { message } = (await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools })).choices[0]; // llm
    if (!message.tool_calls?.length) return message.content;
    messages.push(message);
    const results = await Promise.all(message.tool_calls.map((call) =>
      server.callTool({ name: call.function.name, arguments: JSON.parse(call.function.arguments) }), // asks
    ));
    for (const [index, call] of message.tool_calls.entries()) messages.push({ role: 'tool', tool_call_id: call.id, content: results[index].content[0].text });
  }
}

// What the server is to have of the environment, besides the little that it gets by itself.
const { OPENAI_API_KEY, OPENAI_BASE_URL, TOOL_LOG = '' } = process.env;
const local = new Client({ name: 'planner', version: '1.0.0' });
await local.connect(new StdioClientTransport({ command: process.execPath, args: [script], env: { OPENAI_API_KEY, OPENAI_BASE_URL, TOOL_LOG } }));
console.log(await ask(local, 'What should I do in Bergen tomorrow?'));
await local.close();

const remoteProcess = fork(script);
const [port] = await once(remoteProcess, 'message');
const remote = new Client({ name: 'planner', version: '1.0.0' });
await remote.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)));
console.log(await ask(remote, 'What should I do in Voss tomorrow?'));
const result = await remote.callTool({ name: 'get_weather', arguments: { city: 'Oslo' } }); // asks
console.log(result.content[0].text);
await remote.close();
remoteProcess.disconnect();
await once(remoteProcess, 'exit');
