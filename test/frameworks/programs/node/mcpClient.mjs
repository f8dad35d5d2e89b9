// MCP: an agent whose tools are a server's: one started by it over stdio, and one reached over HTTP.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ask } from './mcpAsk.mjs';

const script = fileURLToPath(new URL('mcpServer.mjs', import.meta.url));

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
