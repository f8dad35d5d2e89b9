// Calls one after the other, streamed and whole; after each it prints what the server's own page says that it took, in ms.
import OpenAI from 'openai';
import { fetchOnce } from '../fetchOnce.ts';

const { MODEL: model, METRICS_URL: page, READ_URL: profilersReading } = process.env;
const client = new OpenAI({ apiKey: 'none', maxRetries: 0 });
const sums = { queueMs: 'request_queue_time_seconds_sum', prefillMs: 'request_prefill_time_seconds_sum', decodeMs: 'request_decode_time_seconds_sum', finished: 'request_decode_time_seconds_count' };

async function read() {
  const lines = (await (await fetchOnce(page)).text()).split('\n');
  return Object.fromEntries(Object.entries(sums).map(([key, name]) => [key, Number(lines.find((line) => line.startsWith(`vllm:${name}{`))?.split(' ').at(-1) ?? 0)]));
}

for (let index = 0; index < 6; index++) {
  const before = await read();
  const messages = [{ role: 'user', content: `${index} ${'a river and a hill '.repeat(4 * (index + 1))}` }];
  const stream = index % 2 === 0;
  const answer = await client.chat.completions.create({ model, messages, max_tokens: 16 + 6 * index, stream, ignore_eos: true });
  if (stream) for await (const chunk of answer) void chunk;
  // A request is counted a little before or after its client has the last of it.
  let after = await read();
  while (after.finished === before.finished) after = await read();
  process.stdout.write(`${JSON.stringify(Object.fromEntries(['queueMs', 'prefillMs', 'decodeMs'].map((key) => [key, 1000 * (after[key] - before[key])])))}\n`);
  // The profiler, too, is to read the server's counters between two calls.
  await (await fetchOnce(profilersReading)).text();
}
// It reads once at a time: when it has read again, what it read before is recorded, however soon this program ends.
await (await fetchOnce(profilersReading)).text();
