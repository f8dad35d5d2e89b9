// LangGraph: a graph of the user's own with a node that calls the model, and the prebuilt agent, plain and streamed.
import { setTimeout as pause } from 'node:timers/promises';
import { tool } from '@langchain/core/tools';
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { createReactAgent, ToolNode } from '@langchain/langgraph/prebuilt';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const schema = z.object({ city: z.string() });

const getWeather = tool( // tool: get_weather
  async ({ city }) =>
    timed('get_weather', async () => {
      await pause(120);
      return `light rain in ${city}`;
    }),
  { name: 'get_weather', description: 'Get the weather for a city.', schema },
);

const findMuseums = tool(({ city }) => timed('find_museums', () => pause(150, `three museums in ${city}`)), { // tool: find_museums
  name: 'find_museums',
  description: 'Find the museums of a city.',
  schema,
});

const findTrains = tool( // tool: find_trains
  async () =>
    timed('find_trains', async () => {
      await pause(90);
      throw new Error('the railway does not answer');
    }),
  { name: 'find_trains', description: 'Find the trains to a city.', schema },
);

const model = new ChatOpenAI({ model: 'gpt-4.1' });
const bound = model.bindTools([getWeather, findTrains]);

async function callModel(state) {
  const response = await bound.invoke([{ role: 'system', content: 'You plan day trips.' }, ...state.messages]); // llm
  return { messages: [response] };
}

const planner = new StateGraph(MessagesAnnotation)
  .addNode('model', callModel)
  .addNode('tools', new ToolNode([getWeather, findTrains]))
  .addEdge(START, 'model')
  .addConditionalEdges('model', ({ messages }) => (messages.at(-1).tool_calls?.length ? 'tools' : END), ['tools', END])
  .addEdge('tools', 'model')
  .compile({ name: 'planner' });

const guide = createReactAgent({ llm: model, tools: [findMuseums, getWeather], name: 'guide' });
const ask = (content) => ({ messages: [{ role: 'user', content }] });

const result = await planner.invoke(ask('What should I do in Bergen tomorrow?'));
console.log(result.messages.at(-1).content);
for await (const update of await planner.stream(ask('And the day after?'), { streamMode: 'updates' })) console.log(Object.keys(update));

console.log((await guide.invoke(ask('Which museum?'))).messages.at(-1).content); // llm
for await (const [message] of await guide.stream(ask('Which other museum?'), { streamMode: 'messages' })) process.stdout.write(`${message.content}|`); // llm
for await (const { event } of guide.streamEvents(ask('And after that?'), { version: 'v2' })) if (event === 'on_tool_end') console.log(event); // llm
