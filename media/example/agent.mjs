// Answers questions with an encyclopedia: thinks, looks something up, thinks again. Nothing in it knows of the profiler.
const MODEL = process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:8000/v1';
const ENCYCLOPEDIA = process.env.WIKI_API_URL ?? 'https://en.wikipedia.org/w/api.php';

const text = { type: 'string' };
const tools = [
  { name: 'search', description: 'Find articles of the encyclopedia by words.', parameters: { type: 'object', properties: { query: text }, required: ['query'] } },
  { name: 'lookup', description: 'Open an article of the encyclopedia by its title.', parameters: { type: 'object', properties: { title: text }, required: ['title'] } },
].map((tool) => ({ type: 'function', function: tool }));

async function think(messages) {
  const response = await fetch(`${MODEL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'meta-llama/Llama-3.1-8B-Instruct', messages, tools, max_tokens: 256 }),
  });
  return (await response.json()).choices[0].message;
}

async function ask(parameters) {
  const query = new URLSearchParams({ action: 'query', format: 'json', formatversion: '2', ...parameters });
  return (await (await fetch(`${ENCYCLOPEDIA}?${query}`)).json()).query;
}

const run = {
  search: async ({ query }) => (await ask({ list: 'search', srsearch: query })).search.map(({ title, snippet }) => `${title}: ${snippet}`).join('\n'),
  lookup: async ({ title }) => (await ask({ prop: 'extracts', explaintext: '1', redirects: '1', titles: title })).pages[0].extract ?? 'There is no such article.',
};

async function answer(question) {
  const messages = [
    { role: 'system', content: 'Answer the question with the encyclopedia. Write a "Thought:", then call one tool; when you know the answer, write a line that begins with "Answer:".' },
    { role: 'user', content: `Question: ${question}` },
  ];
  for (let step = 1; step <= 8; step++) {
    const message = await think(messages);
    messages.push(message);
    if (!message.tool_calls?.length) return message.content;
    for (const { id, function: call } of message.tool_calls) {
      const found = await run[call.name](JSON.parse(call.arguments));
      messages.push({ role: 'tool', tool_call_id: id, content: found.slice(0, 1200) });
    }
  }
  return 'No answer after 8 steps.';
}

for (const question of [
  'In which city was the architect who designed the Sydney Opera House born?',
  'Which bridge has the longer main span, the Golden Gate Bridge or the Akashi Kaikyō Bridge?',
])
  console.log(`${question}\n${await answer(question)}\n`);
