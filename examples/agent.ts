// Plans a day out: asks the model, runs the tools that it calls, and asks again until it answers.
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:8000/v1',
  apiKey: process.env.OPENAI_API_KEY ?? 'none',
});

const tools: OpenAI.Chat.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'weather',
      description: 'The weather in a town tomorrow',
      parameters: { type: 'object', properties: { town: { type: 'string' } }, required: ['town'] },
    },
  },
  {
    type: 'function',
    function: {
      name: 'museums',
      description: 'Museums in a town that are open tomorrow',
      parameters: { type: 'object', properties: { town: { type: 'string' } }, required: ['town'] },
    },
  },
];

/** Stands for a slow service: what the GPU does meanwhile is on the timeline. */
const answerAfter = (ms: number, answer: unknown) => new Promise<string>((resolve) => setTimeout(() => resolve(JSON.stringify(answer)), ms));

const run: Record<string, (town: string) => Promise<string>> = {
  weather: (town) => answerAfter(400, { town, sky: 'light rain until noon, then sun', high: 17 }),
  museums: (town) => answerAfter(900, { town, open: ['City Museum', 'Museum of Printing', 'Maritime Museum'] }),
};

async function think(messages: OpenAI.Chat.ChatCompletionMessageParam[]) {
  const completion = await client.chat.completions.create({
    model: process.env.MODEL ?? 'meta-llama/Llama-3.1-8B-Instruct',
    messages,
    tools,
    max_tokens: 200,
  });
  return completion.choices[0]!.message;
}

const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
  { role: 'system', content: 'You plan day trips. Look things up before you answer.' },
  { role: 'user', content: 'What should I do in Bergen tomorrow?' },
];

for (let step = 1; step <= 5; step++) {
  const message = await think(messages);
  messages.push(message);
  if (!message.tool_calls?.length) {
    console.log(message.content);
    break;
  }
  for (const call of message.tool_calls) {
    if (call.type !== 'function') continue;
    const { town } = JSON.parse(call.function.arguments) as { town: string };
    console.log(`${step}. ${call.function.name}(${town})`);
    messages.push({ role: 'tool', tool_call_id: call.id, content: await run[call.function.name]!(town) });
  }
}
