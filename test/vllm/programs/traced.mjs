// Calls of which some run at once, streamed and whole; it ends when the server's spans of all of them have reached the run.
import OpenAI from 'openai';

const { MODEL: model, RELAY_URL: relay, OTEL_EXPORTER_OTLP_ENDPOINT: traces } = process.env;
const client = new OpenAI({ apiKey: 'none', maxRetries: 0 });
await fetch(`${relay}/target`, { method: 'POST', body: `${traces}/v1/traces` });

async function ask(index) {
  const messages = [{ role: 'user', content: `${index} ${'a river and a hill '.repeat(4 * (index + 1))}` }];
  const stream = index % 2 === 0;
  const answer = await client.chat.completions.create({ model, messages, max_tokens: 16 + 6 * index, stream, ignore_eos: true });
  if (stream) for await (const chunk of answer) void chunk;
}

const CALLS = 6;
await ask(0);
await ask(1);
await Promise.all([2, 3, 4, 5].map(ask));
while (Number(await (await fetch(`${relay}/spans`)).text()) < CALLS) await new Promise((resolve) => setTimeout(resolve, 100));
