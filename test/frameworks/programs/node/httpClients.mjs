// HTTP clients that people use without an SDK: axios with each of its adapters, got, and ky; plain and streamed.
import axios from 'axios';
import got from 'got';
import ky from 'ky';

const url = `${process.env.OPENAI_BASE_URL}/chat/completions`;
const headers = { authorization: `Bearer ${process.env.OPENAI_API_KEY}` };
const body = (content, more = {}) => ({ model: 'gpt-4.1', messages: [{ role: 'user', content }], ...more });
const said = (answer) => answer.choices[0].message.content;

async function withAxios(adapter) {
  const { data } = await axios.post(url, body(`axios ${adapter}`), { headers, adapter }); // llm
  return said(data);
}

const client = axios.create({ baseURL: process.env.OPENAI_BASE_URL, headers });
client.interceptors.request.use(async (config) => config);

console.log(await withAxios('http'), await withAxios('fetch'));
console.log(said((await client.post('/chat/completions', body('an instance'))).data)); // llm
const streamed = await client.post('/chat/completions', body('a stream', { stream: true }), { responseType: 'stream' }); // llm
let length = 0;
for await (const chunk of streamed.data) length += chunk.length;
console.log(length > 0);

console.log(said(await got.post(url, { headers, json: body('got') }).json())); // llm
const extended = got.extend({ prefixUrl: process.env.OPENAI_BASE_URL, headers, hooks: { beforeRequest: [async () => undefined] } });
console.log(said((await extended.post('chat/completions', { json: body('got, extended'), responseType: 'json' })).body)); // llm
let chunks = 0;
for await (const chunk of got.stream.post(url, { headers, json: body('got, streamed', { stream: true }) })) chunks += chunk.length; // llm
console.log(chunks > 0);

console.log(said(await ky.post(url, { headers, json: body('ky') }).json())); // llm
const api = ky.create({ headers, retry: 0, timeout: 60_000, hooks: { beforeRequest: [async () => undefined] } });
const answers = await Promise.all([
  api.post(url, { json: body('ky, one of two') }).json(), // llm
  api(url, { method: 'post', json: body('ky, the other') }).json(), // llm
]);
console.log(answers.map(said).join(' '));
