// Anthropic's SDK: messages, plain and streamed, the stream helper, tools called by hand and by the SDK's runner.
import { setTimeout as pause } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const client = new Anthropic();
const model = { model: 'claude-sonnet-4-5', max_tokens: 1024 };
const ask = (content) => [{ role: 'user', content }];
const textOf = (message) => message.content.flatMap((block) => (block.type === 'text' ? block.text : [])).join('');

async function findFerries({ city }) { // tool: findFerries
  return timed('findFerries', async () => {
    await pause(80);
    return `two ferries to ${city}`;
  });
}

const getWeather = betaZodTool({
  name: 'getWeather',
  description: 'The weather of a city.',
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }) => // tool: getWeather
    timed('getWeather', async () => {
      await pause(120);
      return `light rain in ${city}`;
    }),
});

const findTrains = betaZodTool({
  name: 'findTrains',
  description: 'Trains to a city.',
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }) => // tool: findTrains
    timed('findTrains', async () => {
      await pause(60);
      throw new Error(`no trains to ${city} today`);
    }),
});

async function sail(question) {
  const messages = ask(question);
  const tools = [{ name: 'findFerries', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];
  for (;;) {
    const answer = await client.messages.create({ ...model, messages, tools }); // llm
    if (answer.stop_reason !== 'tool_use') return textOf(answer);
    messages.push({ role: 'assistant', content: answer.content });
    const calls = answer.content.filter((block) => block.type === 'tool_use');
    messages.push({ role: 'user', content: await Promise.all(calls.map(async (call) => ({ type: 'tool_result', tool_use_id: call.id, content: await findFerries(call.input) }))) });
  }
}

console.log(await sail('How do I get there by sea?'));

// Two at once, one by its callback.
const later = client.messages.create({ ...model, messages: ask('What is Oslo known for?') }).then(textOf); // llm
console.log(textOf(await client.messages.create({ ...model, messages: ask('And Bergen?') })), await later); // llm

const stream = await client.messages.create({ ...model, messages: ask('Tell me more.'), stream: true }); // llm
for await (const event of stream) if (event.type === 'content_block_delta') process.stdout.write(event.delta.text ?? '');

const helper = client.messages.stream({ ...model, messages: ask('And more.') }); // llm
helper.on('text', (text) => process.stdout.write(text));
console.log(textOf(await helper.finalMessage()));

const runner = client.beta.messages.toolRunner({ ...model, messages: ask('Plan a day in Bergen.'), tools: [getWeather, findTrains] }); // llm
console.log(textOf(await runner));
for await (const message of client.beta.messages.toolRunner({ ...model, messages: ask('And another.'), tools: [getWeather] })) console.log(message.stop_reason); // llm
