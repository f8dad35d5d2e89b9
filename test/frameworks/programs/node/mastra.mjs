// Mastra: agents with tools, one of which fails and one that asks another agent, generated and streamed; and a workflow with another one in it.
import { setTimeout as pause } from 'node:timers/promises';
import { Mastra } from '@mastra/core';
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const inputSchema = z.object({ city: z.string() });

const getWeather = createTool({ // tool: getWeather
  id: 'get-weather',
  description: 'The weather of a city.',
  inputSchema,
  outputSchema: z.object({ city: z.string(), sky: z.string() }),
  execute: async ({ city }) =>
    timed('getWeather', async () => {
      await pause(120);
      return { city, sky: 'light rain' };
    }),
});

const findTrains = createTool({ // tool: findTrains
  id: 'find-trains',
  description: 'Trains to a city.',
  inputSchema,
  execute: async ({ city }) =>
    timed('findTrains', async () => {
      await pause(60);
      throw new Error(`no trains to ${city} today`);
    }),
});

const findMuseums = createTool({ // tool: findMuseums
  id: 'find-museums',
  description: 'The museums of a city.',
  inputSchema,
  execute: async ({ city }) => timed('findMuseums', () => pause(160, { found: `three museums in ${city}` })),
});

const guide = new Agent({
  id: 'guide',
  name: 'Guide',
  instructions: 'You know museums.',
  model: 'openai/gpt-4.1',
  tools: { findMuseums },
});

const askGuide = createTool({ // tool: askGuide
  id: 'ask-guide',
  description: 'Ask the guide.',
  inputSchema: z.object({ question: z.string() }),
  execute: async ({ question }) =>
    timed('askGuide', async () => {
      const answer = await guide.generate(question); // llm
      return { answer: answer.text };
    }),
});

const planner = new Agent({
  id: 'planner',
  name: 'Planner',
  instructions: 'You plan day trips.',
  model: 'openai/gpt-4.1',
  tools: { getWeather, findTrains },
});
const host = new Agent({ id: 'host', name: 'Host', instructions: 'You know people who know.', model: 'openai/gpt-4.1', tools: { askGuide } });
const mastra = new Mastra({ agents: { planner, host }, logger: false });

const agent = mastra.getAgentById('planner');
const response = await agent.generate('Plan a day in Bergen.'); // llm
console.log(response.text);

const stream = await agent.stream('And one in Oslo?'); // llm
for await (const text of stream.textStream) process.stdout.write(text);
console.log();

const [museums, weather] = await Promise.all([
  host.generate('Which museums are there?'), // llm
  agent.generate('How will the weather be?', { maxSteps: 3 }), // llm
]);
console.log(museums.text, weather.text);

const text = z.object({ text: z.string() });
const plan = createStep({
  id: 'plan',
  inputSchema,
  outputSchema: text,
  execute: async ({ inputData }) => {
    const { text } = await planner.generate(`Plan a day in ${inputData.city}.`); // llm
    return { text };
  },
});
const write = createStep({
  id: 'write',
  inputSchema: text,
  outputSchema: text,
  execute: async ({ inputData }) => {
    const { text } = await guide.generate(`Write a letter about: ${inputData.text}`); // llm
    return { text };
  },
});
let attempts = 0;
const send = createStep({
  id: 'send',
  inputSchema: text,
  outputSchema: text,
  retries: 1,
  execute: async ({ inputData }) => {
    await pause(20);
    attempts += 1;
    if (attempts === 1) throw new Error('the post office is closed');
    return inputData;
  },
});
const letters = createWorkflow({ id: 'letters', inputSchema: text, outputSchema: text }).then(write).then(send).commit();
const trip = createWorkflow({ id: 'trip', inputSchema, outputSchema: text }).then(plan).map(async ({ inputData }) => inputData).then(letters).commit();
const run = await trip.createRun();
const outcome = await run.start({ inputData: { city: 'Voss' } });
console.log(outcome.status, attempts);
