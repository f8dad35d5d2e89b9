/** Functions whose tool's name stands beside them. */
import { expect, it } from 'vitest';
import { instrumentSource } from '../../src/instrument/node/transform/instrumentSource.ts';

/** Names of the functions with a probe, and of their tools. */
function named(text: string): [string | undefined, string | undefined][] {
  const changed = instrumentSource({ text, file: '/a/file.js', kind: 'module', reader: 'nobody' }) ?? '';
  const [, rows = '[]'] = /enterOf\?\.\("[^"]*",(.*\])[^\]]*\)\?\?Object/.exec(changed) ?? [];
  return (JSON.parse(rows) as [number, number, number, number, string?, number?, number?, number?, string?][]).filter((row) => row.length > 4).map((row) => [row[4], row[8]]);
}

it('are those of objects and classes with a name, and of descriptions for models', () => {
  expect(named(`const tools = [{ name: 'search', async run(q) {\n  return q;\n}\n}, { 'name': "look-up", execute: async () => {\n  await null;\n} }];\n`)).toEqual([['run', 'search'], ['execute', 'look-up']]);
  expect(named(`class Tool {\n  name = 'weather';\n  async _call() {\n    return 1;\n  }\n  describe() {\n    return this.name;\n  }\n}\n`)).toEqual([['_call', 'weather'], ['describe', undefined]]);
  expect(named(`const tool = { type: 'function', function: { name: 'clock', parameters: {} }, handler: () => {\n  return 1;\n} };\n`)).toEqual([['handler', 'clock']]);
  expect(named(`const tool = { name: 'kept', run: __name(async () => {\n  await null;\n},\n"run") };\n`)).toEqual([['run', 'kept']]);
});

it('are none of others', () => {
  expect(named(`const o = { name: other, run() {\n  return 1;\n} };\nconst p = { name: 'x', parse() {\n  return 1;\n} };\nconst q = { name: 'y', options: { run() {\n  return 1;\n} } };\n`)).toEqual([['run', undefined], ['parse', undefined], ['run', undefined]]);
});
