/**
 * A load as a script for k6 (https://grafana.com/docs/k6): each request of the recording is one iteration, which begins when it came
 * and sends its calls in their order, those at once at once, with the gaps that tools and the program made.
 */
import type { MessageDigest } from '../../profile/recordingFormat.ts';
import type { RecordedLoad } from './recordedLoad.ts';

/** Each iteration waits for its time in a virtual user: so many at most, since each holds memory. */
const MOST_USERS = 1000;

/** The script, in pieces: prompts repeat the ones before, so that each message stands in it once. */
export function* toK6Script({ sessions, model, url, hasTexts, messageOf, left }: RecordedLoad, { name, version }: { name: string; version: string }): Generator<string> {
  const users = Math.max(1, Math.min(sessions.length, MOST_USERS));
  const lastMs = Math.max(0, ...sessions.flatMap(({ calls }) => calls.map(({ atMs }) => atMs)));
  const numbers = new Map<MessageDigest, number>();
  for (const { calls } of sessions) for (const { prompt } of calls) for (const message of prompt) if (!numbers.has(message)) numbers.set(message, numbers.size);
  yield `// ${sessions.length} requests with ${sessions.reduce((sum, { calls }) => sum + calls.length, 0)} calls of a model, as ${comment(name)} made them; written by agent-cost ${version}.
// Needs k6 0.52 or newer: BASE_URL=http://gpu-box:8000/v1 k6 run FILE
//
// BASE_URL, MODEL, API_KEY   the server, its model, its key
// SPEED=2                    requests come twice as fast; the gaps within them stay
// IGNORE_EOS=0               let answers end early (default: as long as they were, which vLLM and SGLang take)
//
${hasTexts ? "// Prompts are those of the recording, and what tools had found is sent as the user's words." : '// The recording has no prompts: made-up ones of the same lengths, that share what the others shared.'}${left === 0 ? '' : `\n// ${left} calls that failed, or wrote nothing, are left out.`}
import exec from 'k6/execution';
import http from 'k6/http';
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import { Counter, Trend } from 'k6/metrics';

const BASE_URL = __ENV.BASE_URL || ${JSON.stringify(url ?? 'http://localhost:8000/v1')};
const MODEL = __ENV.MODEL || ${JSON.stringify(model ?? '')};
const SPEED = Number(__ENV.SPEED || 1);
const LONGEST_S = 3600;

const sessions = new SharedArray('sessions', recorded);
const said = new SharedArray('messages', messages);
const requestMs = new Trend('request_duration', true);
const lateMs = new Trend('request_started_late', true);
const completionTokens = new Counter('completion_tokens');

export const options = {
  scenarios: {
    recording: { executor: 'shared-iterations', vus: ${users}, iterations: ${Math.max(1, sessions.length)}, maxDuration: \`\${Math.ceil(${Math.ceil(lastMs / 1000)} / SPEED) + LONGEST_S}s\` },
  },
};

const until = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

async function send({ prompt, tokens }) {
  const exact = __ENV.IGNORE_EOS === '0' ? {} : { ignore_eos: true };
  const body = JSON.stringify({ model: MODEL, messages: prompt.map((number) => said[number]), max_tokens: tokens, ...exact });
  const headers = { 'Content-Type': 'application/json', ...(__ENV.API_KEY ? { Authorization: \`Bearer \${__ENV.API_KEY}\` } : {}) };
  const response = await http.asyncRequest('POST', \`\${BASE_URL}/chat/completions\`, body, { headers, timeout: \`\${LONGEST_S}s\` });
  const answered = check(response, { answered: ({ status }) => status === 200 });
  if (answered) completionTokens.add(response.json('usage.completion_tokens') || 0);
}

export default async function () {
  const { atMs, calls } = sessions[exec.scenario.iterationInTest];
  const due = exec.scenario.startTime + atMs / SPEED;
  await until(due - Date.now());
  lateMs.add(Math.max(0, Date.now() - due));
  const done = [];
  for (const call of calls) {
    const before = call.after === null ? Promise.resolve() : done[call.after];
    done.push(before.then(() => until(call.gapMs)).then(() => send(call)));
  }
  await Promise.all(done);
  // From when it was due: what it waited for a free user is part of it.
  requestMs.add(Date.now() - due);
}

function recorded() {
  return [
`;
  for (const { atMs, calls } of sessions)
    yield `${JSON.stringify({ atMs: round(atMs), calls: calls.map(({ after, gapMs, prompt, completionTokens }) => ({ after, gapMs: round(gapMs), tokens: completionTokens, prompt: prompt.map((message) => numbers.get(message)!) })) })},\n`;
  yield `  ];
}

function messages() {
  return [
`;
  for (const message of numbers.keys()) yield `${JSON.stringify(messageOf(message))},\n`;
  yield `  ];
}
`;
}

/** To the microsecond. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** On one line, and never the end of a comment. */
function comment(text: string): string {
  return text.replace(/[\r\n\u2028\u2029]+/g, ' ').slice(0, 100);
}
