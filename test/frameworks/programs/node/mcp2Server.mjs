// The same with version 2 of the packages: tools of all kinds, one of which asks a model itself.
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import OpenAI from 'openai';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const text = (said) => ({ content: [{ type: 'text', text: said }] });

function makeServer() {
  const server = new McpServer({ name: 'travel', version: '1.0.0' });
  server.registerTool('get_weather', { description: 'Get the weather for a city.', inputSchema: z.object({ city: z.string() }) }, async ({ city }) => // tool: get_weather
    timed('get_weather', async () => {
      await pause(120);
      return text(`light rain in ${city}`);
    }),
  );
  server.registerTool('find_trains', { description: 'Find the trains to a city.', inputSchema: z.object({ city: z.string() }) }, () => // tool: find_trains
    timed('find_trains', async () => {
      await pause(90);
      throw new Error('the railway does not answer');
    }),
  );
  server.registerTool('ask_guide', { description: 'Ask the guide of a city.', inputSchema: z.object({ question: z.string() }) }, ({ question }) => // tool: ask_guide
    timed('ask_guide', async () => {
      const answer = await new OpenAI().chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: question }] }); // llm
      return text(answer.choices[0].message.content);
    }),
  );
  return server;
}

if (process.send === undefined) serveStdio(makeServer);
else {
  const http = createServer(async (request, response) => {
    const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await makeServer().connect(transport);
    await transport.handleRequest(request, response);
  });
  http.listen(0, '127.0.0.1', () => process.send(http.address().port));
  process.on('disconnect', () => process.exit(0));
}
