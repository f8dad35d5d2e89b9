// An agent that asks what its plan says, in so many lanes at once, and notes of each call when it began and how it ended.
//
//     node agent.mjs PLAN LOG GO
//
// It begins when the file GO is there. No retries: each call is asked once, by `fetch`.
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [plan, log, go] = process.argv.slice(2);
const lanes = JSON.parse(readFileSync(plan, 'utf8'));
const file = openSync(log, 'a', 0o600);
const note = (line) => writeSync(file, `${JSON.stringify({ ...line, t: Number(process.hrtime.bigint()) / 1e6 })}\n`);
const url = `${process.env.OPENAI_BASE_URL}/chat/completions`;

async function ask({ id, text, stream }) {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: text }] }) });
  if (!response.ok) throw new Error(`status ${response.status}: ${(await response.text()).slice(0, 300)}`);
  if (!stream) return (await response.json()).choices[0].message.content;
  let said = '';
  let done = false;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    rest += decoder.decode(bytes, { stream: true });
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const data = rest.slice('data: '.length, end);
      rest = rest.slice(end + 2);
      if (data === '[DONE]') done = true;
      else said += JSON.parse(data).choices[0].delta.content;
    }
  }
  if (!done) throw new Error(`the stream of ${id} ended early`);
  return said;
}

async function lane(calls) {
  for (const call of calls) {
    if (call.pauseMs > 0) await sleep(call.pauseMs);
    note({ e: 'begin', id: call.id });
    try {
      const said = await ask(call);
      note(said === call.expected ? { e: 'end', id: call.id, ok: true } : { e: 'end', id: call.id, ok: false, error: `another answer: ${said.slice(0, 200)}` });
    } catch (error) {
      note({ e: 'end', id: call.id, ok: false, error: `${error.message} ${error.cause?.code ?? error.cause?.message ?? ''}`.trim() });
    }
  }
}

note({ e: 'up' });
while (!existsSync(go)) await sleep(5);
await Promise.all(lanes.map(lane));
note({ e: 'done' });
