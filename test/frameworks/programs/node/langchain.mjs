// LangChain: the model alone, in a batch and streamed, an agent that asks another one as its tool, and tools that fail.
import { setTimeout as pause } from 'node:timers/promises';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { StructuredTool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { createAgent, tool } from 'langchain';
import { z } from 'zod';
import { timed } from './toolLog.mjs';

const model = new ChatOpenAI({ model: 'gpt-4.1' });
const schema = z.object({ city: z.string() });

const findMuseums = tool(({ city }) => timed('find_museums', () => pause(150, `three museums in ${city}`)), { // tool: find_museums
  name: 'find_museums',
  description: 'Find the museums of a city.',
  schema,
});

class FindTrains extends StructuredTool {
  name = 'find_trains';
  description = 'Find the trains to a city.';
  schema = schema;

  async _call() { // tool: find_trains
    return timed('find_trains', async () => {
      await pause(90);
      throw new Error('the railway does not answer');
    });
  }
}

const getWeather = tool( // tool: get_weather
  async ({ city }) =>
    timed('get_weather', async () => {
      await pause(120);
      return `light rain in ${city}`;
    }),
  { name: 'get_weather', description: 'Get the weather for a city.', schema },
);

const guide = createAgent({ model, tools: [findMuseums, getWeather], systemPrompt: 'You know museums.', name: 'guide' });

const askGuide = tool( // tool: ask_guide
  async ({ question }) =>
    timed('ask_guide', async () => {
      const answer = await guide.invoke({ messages: [{ role: 'user', content: question }] }); // llm
      return answer.messages.at(-1).text;
    }),
  { name: 'ask_guide', description: 'Ask the guide of a city.', schema: z.object({ question: z.string() }) },
);

const planner = createAgent({ model, tools: [getWeather, new FindTrains()], systemPrompt: 'You plan day trips.', name: 'planner' });
const host = createAgent({ model, tools: [askGuide, getWeather], systemPrompt: 'You are a host.', name: 'host' });
const chain = ChatPromptTemplate.fromMessages([['user', 'Say something about {city}.']]).pipe(model).pipe(new StringOutputParser());
const ask = (content) => ({ messages: [{ role: 'user', content }] });

console.log((await model.invoke('Say something.')).text); // llm
console.log(await chain.invoke({ city: 'Bergen' })); // llm
console.log(await chain.batch([{ city: 'Oslo' }, { city: 'Voss' }])); // llm
for await (const text of await chain.stream({ city: 'Oslo' })) process.stdout.write(text); // llm
const answers = await Promise.all(['Oslo', 'Bodø'].map((city) => chain.invoke({ city }))); // llm
console.log(answers);

console.log((await planner.invoke(ask('What should I do in Bergen tomorrow?'))).messages.at(-1).text); // llm
for await (const [message] of await planner.stream(ask('And the day after?'), { streamMode: 'messages' })) process.stdout.write(message.text); // llm
console.log((await host.invoke(ask('What should I see?'))).messages.at(-1).text); // llm

const vectors = await new OpenAIEmbeddings({ model: 'text-embedding-3-small' }).embedDocuments(['Bergen', 'Oslo']); // llm
console.log(vectors.length);
