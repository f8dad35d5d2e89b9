// An agent in a loop: a call, a little work on its answer, the next call. FIRST_CALLS, CALLS, MODEL, GAP_MS and GAP_WORK come from the environment.
import OpenAI from 'openai';

const { FIRST_CALLS, CALLS, MODEL, GAP_MS, GAP_WORK } = process.env;
const client = new OpenAI({ maxRetries: 0 });
const history = [{ role: 'user', content: 'begin' }];

async function think() {
  const answer = await client.chat.completions.create({ model: MODEL, messages: history.slice(-4) });
  return answer.choices[0].message.content;
}

function parse(text) {
  const found = /word(\d+)/.exec(text);
  return found === null ? 0 : Number(found[1]);
}

async function act(n) {
  const result = { n, squares: Array.from({ length: 20 }, (_, each) => each * n) };
  return JSON.stringify(result);
}

async function step() {
  const text = await think();
  const result = await act(parse(text));
  history.push({ role: 'assistant', content: text }, { role: 'user', content: result });
}

/** Work of a fixed size. */
function compute(rounds) {
  let sum = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (let n = 0; n < 1_000_000; n += 1) sum = (sum * 31 + n) % 1_000_003;
  }
  return sum;
}

await step();
await step();
const start = performance.now();
for (let call = 0; call < Number(FIRST_CALLS); call += 1) await step();
const began = performance.now();
const used = process.cpuUsage();
for (let call = 0; call < Number(CALLS); call += 1) await step();
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(used);
// A gap between an answer and the next request: idle, and at work. After one in which something was computed, so that all is at work that looks.
compute(Number(GAP_WORK) / 4);
await step();
const before = process.cpuUsage();
await new Promise((done) => setTimeout(done, Number(GAP_MS)));
const idle = process.cpuUsage(before);
const from = process.cpuUsage();
compute(Number(GAP_WORK));
const busy = process.cpuUsage(from);
await step();
const rss = process.memoryUsage.rss();
process.stdout.write(JSON.stringify({ firstMs: began - start, ms, cpuMs: (user + system) / 1000, idleMs: (idle.user + idle.system) / 1000, busyMs: (busy.user + busy.system) / 1000, rssMb: rss / 1e6 }));
