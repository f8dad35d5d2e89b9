/**
 * Programs that do to Node's objects what mocks, tracers, polyfills and sandboxes do to them, in random mixtures: each prints and
 * ends as it does without the hook, and makes the same calls.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hookedSuite, bareEnvironment, runProgram } from './harness.ts';
import { NODE_MAJORS, type NodeMajor } from './nodes.ts';

const suite = hookedSuite();
const { runs, nodes } = suite;

/** Statements that a program may begin with, in any mixture and order. */
const CHANGES: Record<string, string> = {
  'fetch wrapped': `{ const original = globalThis.fetch; globalThis.fetch = function (...args) { return original.apply(this, args); }; }`,
  'fetch bound': `globalThis.fetch = globalThis.fetch.bind(globalThis);`,
  'fetch behind a proxy': `globalThis.fetch = new Proxy(globalThis.fetch, { apply: (target, self, args) => Reflect.apply(target, self, args) });`,
  'fetch by a getter': `{ const original = globalThis.fetch; Object.defineProperty(globalThis, 'fetch', { get: () => original, configurable: false }); }`,
  'fetch frozen': `Object.freeze(globalThis.fetch); Object.defineProperty(globalThis, 'fetch', { writable: false, configurable: false });`,
  'fetch mocked': `globalThis.fetch = async () => new Response('{"choices":[{"message":{"content":"mock"}}]}', { status: 200 });`,
  'Request and Headers subclassed': `globalThis.Request = class extends Request {}; globalThis.Headers = class extends Headers {};`,
  'http.request wrapped': `{ const original = http.request; http.request = function (...args) { return original.apply(this, args); }; }`,
  'http frozen': `Object.freeze(http); Object.freeze(https);`,
  'http.request behind a proxy': `http.request = new Proxy(http.request, {});`,
  'ClientRequest subclassed': `http.ClientRequest = class extends http.ClientRequest {};`,
  'Agent subclassed': `http.globalAgent = new (class extends http.Agent { addRequest(...args) { return super.addRequest(...args); } })();`,
  'prepareStackTrace set': `Error.prepareStackTrace = (error, sites) => sites.length > 0 ? 'own ' + error.message : 'none';`,
  // Only for the program's own errors: by what Node's own `fetch` does with one that always throws, programs end at one point or another.
  'prepareStackTrace that throws': `Error.prepareStackTrace = (error, sites) => { if (sites[0]?.getFileName() === '[eval]') throw new Error('mine'); return String(error); };`,
  'stackTraceLimit 0': `Error.stackTraceLimit = 0;`,
  'stackTraceLimit fixed': `Object.defineProperty(Error, 'stackTraceLimit', { value: 5, writable: false });`,
  'Error frozen': `Object.freeze(Error);`,
  'captureStackTrace gone': `delete Error.captureStackTrace;`,
  'then wrapped': `{ const original = Promise.prototype.then; Promise.prototype.then = function (...args) { return original.apply(this, args); }; }`,
  'Promise subclassed': `globalThis.Promise = class extends Promise {};`,
  'AsyncLocalStorage wrapped': `{ const { AsyncLocalStorage } = require('node:async_hooks'); const original = AsyncLocalStorage.prototype.run; AsyncLocalStorage.prototype.run = function (...args) { return original.apply(this, args); }; }`,
  'Object.prototype extended': `Object.prototype.extra = 1;`,
  'Array.prototype extended': `Array.prototype.extra = function () { return 1; };`,
  'primordials frozen': `for (const each of [Object, Array, Function, Map, Set, Promise]) Object.freeze(each.prototype);`,
  'JSON.stringify wrapped': `{ const original = JSON.stringify; JSON.stringify = (...args) => original(...args); }`,
  'Map.get counted': `{ const original = Map.prototype.get; Map.prototype.get = function (key) { return original.call(this, key); }; }`,
  'time stopped': `Date.now = () => 0; performance.now = () => 0; process.hrtime.bigint = () => 0n;`,
  'timers faked': `{ const original = globalThis.setTimeout; globalThis.setTimeout = (run, ms, ...args) => original(run, 0, ...args); }`,
  '_load wrapped': `{ const Module = require('node:module'); const original = Module._load; Module._load = function (...args) { return original.apply(this, args); }; }`,
  '_compile wrapped': `{ const Module = require('node:module'); const original = Module.prototype._compile; Module.prototype._compile = function (...args) { return original.apply(this, args); }; }`,
  'cache emptied': `for (const key of Object.keys(require.cache)) delete require.cache[key];`,
  'spawn wrapped': `{ const child = require('node:child_process'); const original = child.spawnSync; child.spawnSync = function (...args) { return original.apply(this, args); }; }`,
  'emit wrapped': `{ const original = process.emit; process.emit = function (...args) { return original.apply(this, args); }; }`,
  'env frozen': `process.env = Object.freeze({ ...process.env });`,
  'writeSync fails': `{ const fs = require('node:fs'); const original = fs.writeSync; fs.writeSync = (fd, ...args) => { if (fd > 2) throw new Error('no room'); return original(fd, ...args); }; }`,
  'kill mocked': `process.kill = () => { throw Object.assign(new Error('no'), { code: 'EPERM' }); };`,
};

const PROGRAM = `
const http = require('node:http');
const https = require('node:https');
const url = process.env.OPENAI_BASE_URL + '/chat/completions';
/* CHANGES */
const body = (content) => '{"model":"m","messages":[{"role":"user","content":"' + content + '"}]}';
async function viaFetch() {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: body('fetch') });
  return (await response.json()).choices[0].message.content;
}
function viaHttp() {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => resolve(JSON.parse(text).choices[0].message.content));
    });
    request.on('error', reject);
    request.end(body('http'));
  });
}
function search(word) {
  return require('node:child_process').spawnSync(process.execPath, ['-e', 'console.log(1)'], { encoding: 'utf8', env: {} }).stdout.trim() + word;
}
(async () => {
  for (const step of [viaFetch, viaHttp, async () => search('x'), viaFetch]) {
    try {
      console.log(step.name, await step());
    } catch (error) {
      console.log(step.name, 'failed', error.name, error.message);
    }
  }
  const { stack } = new Error('last');
  console.log(typeof stack, String(stack).split('\\n')[0]);
})();
`;

async function same(major: NodeMajor, changes: readonly string[]): Promise<void> {
  const args = ['-e', PROGRAM.replace('/* CHANGES */', () => changes.map((name) => CHANGES[name]).join('\n'))];
  const node = nodes.get(major) ?? '';
  suite.server.seen.length = 0;
  const bare = await runProgram(node, args, { ...bareEnvironment(), OPENAI_BASE_URL: `${suite.server.url}/v1` });
  const made = suite.server.calls.length;
  suite.server.seen.length = 0;
  const hooked = await runProgram(node, args, runs.environment(`${suite.server.url}/TOKEN`));
  expect(hooked).toEqual(bare);
  // What a program that dies has sent gets there, or not.
  if (bare.code === 0) expect(suite.server.calls).toHaveLength(made);
  // The hook was there before the program: whatever that does, its calls are told apart, and each is told once: twice could not be read.
  for (const { tag } of suite.server.calls) expect(tag).not.toBeNull();
}

describe.each(NODE_MAJORS)('Node %i', (major) => {
  it.each(Object.keys(CHANGES))('%s', async (name) => {
    await same(major, [name]);
  });
});

it('any of these together', async () => {
  const mixture = fc.tuple(fc.constantFrom(...NODE_MAJORS), fc.shuffledSubarray(Object.keys(CHANGES), { minLength: 2, maxLength: 8 }));
  // The same mixtures each time: what fails here is to fail again.
  await fc.assert(fc.asyncProperty(mixture, ([major, names]) => same(major, names)), { numRuns: 25, seed: 20261127 });
}, 240_000);
