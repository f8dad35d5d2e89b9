// Calls of which some run at once, streamed and whole; it ends when the server's spans of all of them have reached the run.
import OpenAI from 'openai';
import { fetchOnce } from '../fetchOnce.ts';

const { MODEL: model, RELAY_URL: relay, OTEL_EXPORTER_OTLP_ENDPOINT: traces } = process.env;
const client = new OpenAI({ apiKey: 'none', maxRetries: 0 });
await fetchOnce(`${relay}/target`, { method: 'POST', body: `${traces}/v1/traces` });

/** @returns the answer's id, by which its span is known */
async function ask(index) {
  const messages = [{ role: 'user', content: `${index} ${'a river and a hill '.repeat(4 * (index + 1))}` }];
  const stream = index % 2 === 0;
  const answer = await client.chat.completions.create({ model, messages, max_tokens: 16 + 6 * index, stream, ignore_eos: true });
  if (!stream) return answer.id;
  let id;
  for await (const chunk of answer) id = chunk.id;
  return id;
}

const ids = [await ask(0), await ask(1), ...(await Promise.all([2, 3, 4, 5].map(ask)))];
while (Number(await (await fetchOnce(`${relay}/spans?of=${ids.join(',')}`)).text()) < ids.length) await new Promise((resolve) => setTimeout(resolve, 100));
