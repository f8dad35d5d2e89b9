// Vercel's AI SDK 6: text generated and streamed with tools that run at once, one of which fails, and an agent that asks another.
import { setTimeout as pause } from 'node:timers/promises';
import { createOpenAI } from '@ai-sdk/openai';
import { dynamicTool, embed, generateText, Output, stepCountIs, streamText, tool, ToolLoopAgent } from 'ai';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const openai = createOpenAI({ apiKey: process.env.OPENAI_API_KEY });
const inputSchema = z.object({ city: z.string() });

const getWeather = tool({ // tool: getWeather
  description: 'The weather of a city.',
  inputSchema,
  execute: async ({ city }) =>
    timed('getWeather', async () => {
      await pause(120);
      return { city, sky: 'light rain' };
    }),
});

const findMuseums = dynamicTool({ // tool: findMuseums
  description: 'The museums of a city.',
  inputSchema,
  execute: ({ city }) => timed('findMuseums', () => pause(160, `three museums in ${city}`)),
});

const tools = {
  getWeather,
  findTrains: {
    description: 'Trains to a city.',
    inputSchema,
    execute: ({ city }) => // tool: findTrains
      timed('findTrains', async () => {
        await pause(60);
        throw new Error(`no trains to ${city} today`);
      }),
  },
  findMuseums,
};

const { text, toolResults } = await generateText({ // llm
  model: openai.chat('gpt-4.1'),
  tools,
  prompt: 'Plan a day in Bergen.',
});
console.log(text, toolResults.length);

const streamed = streamText({ model: openai('gpt-4.1'), tools, stopWhen: stepCountIs(5), prompt: 'Plan a day in Oslo.' }); // llm
for await (const part of streamed.fullStream) if (part.type === 'text-delta' || part.type === 'tool-error') process.stdout.write(part.text ?? `${part.error}\n`);

const guide = new ToolLoopAgent({ id: 'guide', model: openai('gpt-4.1'), instructions: 'You know museums.', tools: { findMuseums } });
const planner = new ToolLoopAgent({
  id: 'planner',
  model: openai('gpt-4.1'),
  instructions: 'You plan day trips.',
  tools: {
    askGuide: tool({ // tool: askGuide
      description: 'Ask the guide.',
      inputSchema: z.object({ question: z.string() }),
      execute: async ({ question }) =>
        timed('askGuide', async () => {
          const answer = await guide.generate({ prompt: question }); // llm
          return answer.text;
        }),
    }),
    getWeather,
  },
});
console.log((await planner.generate({ prompt: 'What should I do tomorrow?' })).text); // llm
const stream = await planner.stream({ prompt: 'And the day after?' }); // llm
console.log(await stream.text);

const { output } = await generateText({ model: openai('gpt-4.1'), output: Output.text(), prompt: 'Which city?' }); // llm
console.log(output);
const { embedding } = await embed({ model: openai.embedding('text-embedding-3-small'), value: 'Bergen' }); // llm
console.log(embedding.length);
