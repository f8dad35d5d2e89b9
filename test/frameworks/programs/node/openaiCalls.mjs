// OpenAI's SDK: chat and responses, plain and streamed, the stream helper, and the tool runner, whose tools run at once.
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI from 'openai';
import { zodFunction } from 'openai/helpers/zod';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const client = new OpenAI();
const model = 'gpt-4.1';

async function getWeather({ city }) { // tool: getWeather
  return timed('getWeather', async () => {
    await pause(120);
    return { city, sky: 'light rain' };
  });
}

async function findMuseums({ city }) { // tool: findMuseums
  return timed('findMuseums', async () => {
    await pause(160);
    return `three museums in ${city}`;
  });
}

const place = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [
  { type: 'function', function: { function: getWeather, parse: JSON.parse, description: 'The weather of a city.', parameters: place } },
  { type: 'function', function: { name: 'findMuseums', function: findMuseums, parse: JSON.parse, description: 'The museums of a city.', parameters: place } },
];

const findTrains = zodFunction({
  name: 'findTrains',
  description: 'Trains to a city.',
  parameters: z.object({ city: z.string() }),
  function: ({ city }) => // tool: findTrains
    timed('findTrains', async () => {
      await pause(60);
      throw new Error(`no trains to ${city} today`);
    }),
});

const ask = (content) => [{ role: 'user', content }];

// Two at once.
const answers = await Promise.all(
  ['Bergen', 'Oslo'].map((city) =>
    client.chat.completions.create({ model, messages: ask(`What is ${city} known for?`) }), // llm
  ),
);
for (const answer of answers) console.log(answer.choices[0].message.content);

const stream = await client.chat.completions.create({ model, messages: ask('Tell me more.'), stream: true }); // llm
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '');

const helper = client.chat.completions.stream({ model, messages: ask('And more.') }); // llm
helper.on('content', (delta) => process.stdout.write(delta));
console.log(await helper.finalContent());

const runner = client.chat.completions
  .runTools({ model, messages: ask('Plan a day in Bergen.'), tools }) // llm
  .on('message', (message) => console.log(message.role));
console.log(await runner.finalContent());

const streamed = client.chat.completions.runTools({ model, messages: ask('Plan another day in Bergen.'), tools, stream: true }); // llm
for await (const chunk of streamed) process.stdout.write(chunk.choices[0]?.delta?.content ?? '');

try {
  await client.chat.completions.runTools({ model, messages: ask('How do I get there?'), tools: [findTrains] }).done(); // llm
} catch (error) {
  console.log(`failed: ${error.message}`);
}

const response = await client.responses.create({ model, input: 'What is Bergen known for?' }); // llm
console.log(response.output_text);
for await (const event of client.responses.stream({ model, input: 'Once more.' })) if (event.type === 'response.output_text.delta') process.stdout.write(event.delta); // llm

const { data } = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'Bergen' }); // llm
console.log(data[0].embedding.length);
