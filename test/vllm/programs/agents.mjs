// Agents at once, each asking several times, with more to read each time. All of their calls write answers of different lengths,
// by which a call can be found again in another run. Prompts are token numbers, so that every server counts them alike.
import OpenAI from 'openai';

const { MODEL: model, AGENTS: agents, CALLS: calls, ROUND: round } = process.env;
const client = new OpenAI({ apiKey: 'none', maxRetries: 0 });
const FIRST_PROMPT = 64;
const MORE = 32;
const SHORTEST_ANSWER = 16;
const TOOL_MS = 30;
const total = Number(agents) * Number(calls);

/** The same in each run of a round, and unlike those of other agents and rounds: none is in the server's cache before. */
const tokens = (agent, from, count) => Array.from({ length: count }, (_, index) => 1000 + ((Number(round) * 3571 + (agent + 1) * 7919 + (from + index) * 104_729) % 18_000));

async function act(agent) {
  let prompt = tokens(agent, 0, FIRST_PROMPT);
  for (let call = 0; call < Number(calls); call++) {
    // A permutation of all lengths: 29 has no factor in common with the number of calls.
    const length = SHORTEST_ANSWER + ((29 * (agent * Number(calls) + call)) % total);
    const stream = await client.completions.create({ model, prompt, max_tokens: length, min_tokens: length, ignore_eos: true, temperature: 0, stream: true });
    for await (const chunk of stream) void chunk;
    prompt = [...prompt, ...tokens(agent, prompt.length, MORE)];
    await new Promise((resolve) => setTimeout(resolve, TOOL_MS));
  }
}

await Promise.all(Array.from({ length: Number(agents) }, (_, agent) => act(agent)));
