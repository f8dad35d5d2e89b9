// OpenAI Agents: an agent whose tools run at once, one of which fails, with a handoff, plain and streamed, and an agent as a tool.
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, run, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

setTracingDisabled(true);

const getWeather = tool({ // tool: get_weather
  name: 'get_weather',
  description: 'Get the weather for a given city',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) =>
    timed('get_weather', async () => {
      await pause(120);
      return `The weather in ${city} is light rain`;
    }),
});

const findTrains = tool({ // tool: find_trains
  name: 'find_trains',
  description: 'Find trains to a city',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) =>
    timed('find_trains', async () => {
      await pause(60);
      throw new Error(`no trains to ${city} today`);
    }),
});

const findMuseums = tool({ // tool: find_museums
  name: 'find_museums',
  description: 'Find the museums of a city',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => timed('find_museums', () => pause(150, { museums: 3, city })),
});

const guide = new Agent({ name: 'Guide', instructions: 'You know museums.', handoffDescription: 'Knows museums', tools: [findMuseums] });
const planner = Agent.create({ name: 'Planner', instructions: 'You plan day trips.', tools: [getWeather, findTrains], handoffs: [guide] });

const result = await run(planner, 'What should I do in Bergen tomorrow?'); // llm
console.log(result.finalOutput, result.lastAgent.name);

async function ask(question) {
  const stream = await run(guide, question, { stream: true }); // llm
  stream.toTextStream({ compatibleWithNodeStreams: true }).pipe(process.stdout, { end: false });
  await stream.completed;
}
await ask('Which museum?');

const host = new Agent({
  name: 'Host',
  instructions: 'You ask those who know.',
  tools: [guide.asTool({ toolName: 'ask_guide', toolDescription: 'Ask the guide.' }), getWeather], // llm
});
console.log((await run(host, 'What about a museum?')).finalOutput); // llm
