// Vercel's AI SDK 7: text generated and streamed with tools that run at once, one of which fails, and an agent that asks another.
import { setTimeout as pause } from 'node:timers/promises';
import { openai } from '@ai-sdk/openai';
import { generateObject, generateText, isStepCount, streamText, tool, ToolLoopAgent } from 'ai';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

interface Place {
  city: string;
}

const model = openai('gpt-4.1');
const inputSchema = z.object({ city: z.string() });

const getWeather = tool({ // tool: getWeather
  description: 'The weather of a city.',
  inputSchema,
  execute: async ({ city }: Place) =>
    timed('getWeather', async () => {
      await pause(120);
      return { city, sky: 'light rain' };
    }),
});

const findTrains = tool({ // tool: findTrains
  description: 'Trains to a city.',
  inputSchema,
  execute: async ({ city }: Place) =>
    timed('findTrains', async () => {
      await pause(60);
      throw new Error(`no trains to ${city} today`);
    }),
});

// Not made with `tool()`, and with results on the way.
const findMuseums = {
  description: 'The museums of a city.',
  inputSchema,
  async *execute({ city }: Place) { // tool: findMuseums
    yield 'searching';
    const found = await timed('findMuseums', async () => {
      await pause(160);
      return `three museums in ${city}`;
    });
    yield found;
  },
};

async function plan(city: string): Promise<string> {
  const { text, steps } = await generateText({ model, tools: { getWeather, findTrains, findMuseums }, stopWhen: isStepCount(5), prompt: `Plan a day in ${city}.` }); // llm
  return `${text} (${steps.length} steps)`;
}

console.log(await plan('Bergen'));

const streamed = streamText({ // llm
  model,
  tools: { getWeather, findMuseums },
  stopWhen: isStepCount(5),
  prompt: 'Plan a day in Oslo.',
});
for await (const delta of streamed.textStream) process.stdout.write(delta);

const guide = new ToolLoopAgent({ id: 'guide', model, instructions: 'You know museums.', tools: { findMuseums } });
const askGuide = tool({ // tool: askGuide
  description: 'Ask the guide.',
  inputSchema: z.object({ question: z.string() }),
  execute: async ({ question }: { question: string }) =>
    timed('askGuide', async () => {
      const { text } = await guide.generate({ prompt: question }); // llm
      return text;
    }),
});
const planner = new ToolLoopAgent({ id: 'planner', model, instructions: 'You plan day trips.', tools: { askGuide, getWeather } });

const { text } = await planner.generate({ prompt: 'What should I do tomorrow?' }); // llm
console.log(text);
const stream = await planner.stream({ prompt: 'And the day after?' }); // llm
for await (const delta of stream.textStream) process.stdout.write(delta);

const { text: poem } = await generateText({ model: openai.chat('gpt-4.1'), prompt: 'Write a poem.' }).then((result) => result); // llm
console.log(poem);

try {
  await generateObject({ model, schema: z.object({ city: z.string() }), prompt: 'Which city?', maxRetries: 0 }); // llm
} catch (error) {
  console.log((error as Error).name);
}
