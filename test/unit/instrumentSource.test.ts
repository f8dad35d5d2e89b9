/** The probes in functions of the user's own: what they may not change, on real sources, generated ones and running programs. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Script, createContext } from 'node:vm';
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { Parser, tokenizer, type Options } from 'acorn';
import { transform } from 'esbuild';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hideProbes, PROBES } from '../../src/instrument/node/functionText.ts';
import { instrumentSource, type FunctionRow, type ModuleKind } from '../../src/instrument/node/transform/instrumentSource.ts';

const HOOK = Symbol.for('agent-cost.hook');
const options = (kind: ModuleKind): Options => ({ ecmaVersion: 'latest', sourceType: kind === 'module' ? 'module' : 'script', allowHashBang: true, allowReturnOutsideFunction: true, locations: true });
/** And what comes at the end of a file. */
const ADDED = new RegExp(`${PROBES.source}|\\n;function \\$agentCost\\(n\\).*\\n$`, 'gu');

/** Tokens that can be a place in a stack, an excerpt or a map, each with its place: all but brackets and what separates. */
function placesIn(text: string, kind: ModuleKind): string[] {
  const places: string[] = [];
  for (const token of tokenizer(text, options(kind))) {
    const { line, column } = token.loc!.start;
    if (!/^[)\]};,]$/.test(token.type.label)) places.push(`${line}:${column} ${text.slice(token.start, token.end)}`);
  }
  return places;
}

function rowsIn(text: string): FunctionRow[] {
  const [, rows = ''] = /enterOf\?\.\("[^"]*",(.*\])[^\]]*\)\?\?Object/.exec(text) ?? [];
  return JSON.parse(rows) as FunctionRow[];
}

function check(text: string, kind: ModuleKind): number {
  const changed = instrumentSource({ text, file: '/a/file.js', kind, reader: 'nobody' });
  if (changed === null) return 0;
  Parser.parse(changed, options(kind));
  expect(changed.replace(ADDED, '')).toBe(text);
  const head = changed.slice(0, changed.lastIndexOf('\n;function $agentCost'));
  expect(head.split('\n').length).toBe(text.split('\n').length);
  const added = new Set(placesIn(head, kind));
  const lost = placesIn(text, kind).filter((place) => !added.has(place));
  // What a catch clause does that can neither throw nor call.
  expect(lost.filter((place) => !/^\d+:\d+ (?:[{:,`[]|[-+!]|return|break|continue|null|undefined|true|false|[\d.]+|"[^"]*"|'[^']*'|)$/.test(place))).toEqual([]);
  const textLines = text.split('\n');
  expect(lost.filter((place) => !/catch\b/.test(textLines[Number(place.split(':')[0]) - 1] ?? ''))).toEqual([]);
  const rows = rowsIn(changed);
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/);
  for (const [, , , , name, line = 0, column = 0] of rows) if (name !== undefined && name !== 'default') expect(lines[line - 1]?.slice(column - 1).replace(/^["']/, '')).toMatch(new RegExp(`^${name.replace(/[$*+?.()|[\]{}\\^]/g, '\\$&')}`));
  return rows.filter((row) => row.length > 4).length;
}

function* sources(folder: string, depth = 0): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const file = join(folder, name);
    if (name === 'node_modules' || depth > 4) continue;
    const stats = statSync(file);
    if (stats.isDirectory()) yield* sources(file, depth + 1);
    else if (/\.[cm]?js$/.test(name) && stats.size < 300_000) yield file;
  }
}

describe('of real sources', () => {
  it.each(['acorn', 'undici', 'mocha', 'commander', 'chart.js', 'zod', 'openai', 'playwright-core', 'vitest'])('moves nothing that has a place in those of %s', (name) => {
    let probes = 0;
    let files = 0;
    for (const file of sources(join(import.meta.dirname, '../../node_modules', name))) {
      if (files >= 120) break;
      const text = readFileSync(file, 'utf8');
      const kind = (['commonjs', 'module'] as const).find((each) => {
        try {
          Parser.parse(text, options(each));
          return true;
        } catch {
          return false;
        }
      });
      if (kind === undefined) continue;
      files += 1;
      try {
        probes += check(text, kind);
      } catch (error) {
        throw new Error(file, { cause: error });
      }
    }
    expect(probes).toBeGreaterThan(20);
  });
});

interface Run {
  name: string;
  failed: unknown[];
  ended: number;
}

/** What a program says with its `say`, bare or with probes, and what its probes told. */
async function run(text: string): Promise<{ said: string[]; runs: Run[] }> {
  const said: string[] = [];
  const runs: Run[] = [];
  const enterOf = (_file: string, rows: readonly FunctionRow[]) => {
    const enter = (index: number) => {
      const made: Run = { name: rows[index]?.[4] ?? '?', failed: [], ended: 0 };
      runs.push(made);
      return { failed: (error: unknown) => void made.failed.push(error), end: () => void (made.ended += 1) };
    };
    return Object.assign(enter, { off: new Uint8Array(rows.length) });
  };
  const context = createContext({ say: (...words: unknown[]) => void said.push(words.map(String).join(' ')), setTimeout, queueMicrotask });
  new Script(`globalThis[Symbol.for('agent-cost.hook')] = hook; (${hideProbesIn})();`).runInContext(Object.assign(context, { hook: { enterOf } }));
  try {
    const program = new Script(`(function(){${text}\n})`, { filename: '/a/file.js' }).runInContext(context) as () => unknown;
    await program();
  } catch (error) {
    said.push(String((error as Error).stack ?? error));
  }
  // What calls the program is of no interest.
  return { said: said.map((text) => text.replace(/\n +at (?!.*\/a\/file\.js).*/g, '')), runs };
}

/** As `functionText.ts` does it, for the functions of another realm. */
const hideProbesIn = `() => { const { toString } = Function.prototype; Object.defineProperty(Function.prototype, 'toString', { value() { return toString.call(this).replace(${ADDED}, ''); } }); }`;

async function compare(text: string): Promise<Run[]> {
  const bare = await run(text);
  const changed = instrumentSource({ text, file: '/a/file.js', kind: 'commonjs', reader: 'nobody' });
  expect(changed).not.toBeNull();
  const hooked = await run(changed ?? '');
  expect(hooked.said).toEqual(bare.said);
  expect(hooked.runs.filter(({ ended }) => ended !== 1)).toEqual([]);
  return hooked.runs;
}

const names = (runs: readonly Run[]): string[] => runs.map(({ name }) => name);

describe('of running programs', () => {
  it('tells each run of named functions, once', async () => {
    const runs = await compare(`
      function declared(a, b = 2) {
        return a + b;
      }
      const arrow = async (x) => {
        await null;
        return x;
      };
      const object = {
        async method() {
          return this === object;
        },
        'quoted name': function () {
          return arguments.length;
        },
      };
      class Base {
        #hidden() {
          return 'hidden';
        }
        field = () => {
          return this.#hidden();
        };
        static make() {
          return new this();
        }
        get value() {
          return 1;
        }
        constructor() {
          this.made = new.target.name;
        }
      }
      class Derived extends Base {
        constructor() {
          super();
          this.more = true;
        }
        toText() {
          return super.toString() + this.made;
        }
      }
      const anonymous = [1, 2].map((each) => {
        return each + 1;
      });
      return (async () => {
        say(declared(1), await arrow(3), await object.method(), object['quoted name'](1, 2, 3), anonymous);
        const made = Derived.make();
        say(made.field(), made.value, made.toText(), made.more);
        for (const each of [declared, arrow, object.method, Base]) say(each.name, each.length, each.toString());
      })();`);
    expect(names(runs)).toEqual(['declared', 'arrow', 'method', 'quoted name', 'make', 'field', '#hidden', 'toText']);
  });

  it('leaves to functions their directives, hoisting, labels, arguments and what they return', async () => {
    const runs = await compare(`
      function strict() {
        'use strict';
        return this === undefined;
      }
      function sloppy(a) {
        arguments[0] = 5;
        say(later(), typeof this, a);
        function later() {
          return 'hoisted';
        }
        outer: for (const i of [1, 2]) {
          for (;;) {
            if (i === 2) break outer;
            continue outer;
          }
        }
        try {
          return 'one';
        } finally {
          say('finally');
        }
      }
      function twice() {
        say(same());
        function same() {
          return 1;
        }
        function same() {
          return 2;
        }
      }
      function shadowed() {
        var same = 1;
        function same() {
          return 2;
        }
        return same;
      }
      function Made() {
        this.made = true;
      }
      say(strict(), sloppy.call(null, 1), twice(), shadowed(), new Made().made, new Made() instanceof Made);
      const recurse = (n) => {
        // A comment at the end of a line.
        return n === 0 ? 0 : recurse(n - 1) + 1; // and one more
      };
      say(recurse(50));`);
    // Where two declarations would meet in one block, nothing is changed.
    expect(names(runs)).not.toContain('twice');
    expect(names(runs)).not.toContain('shadowed');
    expect(names(runs).filter((name) => name === 'recurse').length).toBe(51);
  });

  it('tells of arrows that lead to an expression, on lines of its own', async () => {
    const runs = await compare(`
      const twice = (x) => // => here
        double(
          x,
        );
      const double = /* => */ (x, { by = () => 2 } = {}) => x * by();
      const find = async (a, b = (c) => c) =>
        [
          await b(a),
          this === undefined,
          a in {},
        ];
      const nothing = (x) => ({
        x,
      });
      const made = (x) => (y) =>
        double(
          x + y,
        );
      const fails = async () =>
        Promise.reject(
          new RangeError('later'),
        );
      const throws = () =>
        JSON.parse(
          '{',
        );
      return (async () => {
        say(twice(4), await find('z'), nothing(1).x, made(1)(2));
        for (const each of [twice, double, find, made, fails]) say(each.name, each.length, each.toString());
        for (const each of [fails, throws]) await new Promise((done) => done(each())).catch((error) => say(error.stack));
      })();`);
    expect(names(runs)).toEqual(['twice', 'find', 'fails', 'throws']);
  });

  it('keeps errors, where they are from, and when promises settle', async () => {
    const runs = await compare(`
      const order = [];
      function thrower(kind) {
        if (kind === 'sync') throw new TypeError('sync');
        return null.property;
      }
      async function rejects() {
        await null;
        order.push('rejects');
        throw new RangeError('async');
      }
      async function passes() {
        return rejects();
      }
      async function waits() {
        await 1;
        order.push('waits');
        return 7;
      }
      function later() {
        return waits();
      }
      async function* pieces() {
        try {
          yield 1;
          yield 2;
        } finally {
          order.push('pieces');
        }
      }
      return (async () => {
        for (const attempt of [() => thrower('sync'), () => thrower('null')]) {
          try {
            attempt();
          } catch (error) {
            say(error.stack);
          }
        }
        queueMicrotask(() => order.push('micro 1'));
        const promise = later();
        promise.then(() => order.push('then'));
        queueMicrotask(() => order.push('micro 2'));
        await passes().catch((error) => say(error.stack));
        await promise;
        for await (const piece of pieces()) {
          order.push(piece);
          break;
        }
        say(order);
        await rejects();
      })();`);
    expect(runs.filter(({ failed }) => failed.length > 0).map(({ name }) => name)).toEqual(['rejects', 'rejects']);
  });

  it('leaves alone what it would have to move, and files that cannot be read', () => {
    const kept = [
      'const one = async (q) => { await q; };',
      'const f = async () => {\n  await 1; };',
      '(async function main() {\n  await 1;\n})().then(say);',
      'function* gen() {\n  yield 1;\n}',
      'class A {\n  constructor() {\n    this.a = 1;\n  }\n}',
      '// node_modules/left-pad/index.js\nfunction leftPad() {\n  return 1;\n}',
      'const $agentCost = 1;\nfunction f() {\n  return 1;\n}',
    ];
    for (const text of kept) expect(instrumentSource({ text, file: '/a.js', kind: 'commonjs', reader: 'nobody' }), text).toBeNull();
    expect(() => instrumentSource({ text: 'const a: string = 1;', file: '/a.js', kind: 'commonjs', reader: 'nobody' })).toThrow(SyntaxError);
    expect(instrumentSource({ text: '#!/usr/bin/env node\n"use strict";\nfunction f() {\n  return 1;\n}\n', file: '/a.js', kind: 'commonjs', reader: 'nobody' })).toMatch(/^#!.*\n"use strict";\nfunction f\(\) \{const/);
  });

  it('takes types that are blanked out for what they are', () => {
    const typed = 'async function f(a: string): Promise<string> {\n  return a;\n}\n';
    const running = typed.replace(': string', ' '.repeat(8)).replace(': Promise<string>', ' '.repeat(17));
    const changed = instrumentSource({ text: typed, file: '/a.ts', kind: 'module', reader: 'nobody', running });
    expect(changed).toContain('async function f(a: string): Promise<string> {const $agentCostRun');
  });
});

describe('of a file with its source map in it', () => {
  let bundled: { code: string };
  const source = `export async function search(q: string) { await null; return q; }\nexport const parse = (text: string) => { const all = text.split(','); return all.length; };\nexport class Tools { async run(n: number) { return n * 2; } }\nexport const ask = async ({ q }: { q: string }): Promise<string> => (search(q)), later = (a: string) => (b: string) => ask({ q: a + b });\nexport const tools = { length: (text: string) => parse(text), half: (n: number) => n / 2 };\n`;
  beforeAll(async () => {
    bundled = await transform(source, { loader: 'ts', sourcefile: '/a/tools.ts', sourcemap: 'inline', minifyWhitespace: true, keepNames: true });
  });

  it('moves the map along', () => {
    const changed = instrumentSource({ text: bundled.code, file: '/a/tools.ts', kind: 'module', reader: 'process' }) ?? '';
    expect(rowsIn(changed).flatMap((row) => (row.length > 4 ? [row[4]] : []))).toEqual(['search', 'parse', 'run', 'ask', 'length']);
    expect(changed.replace(ADDED, '').replace(/base64,\S+/, '')).toBe(bundled.code.replace(/base64,\S+/, ''));
    const mapOf = (text: string) => new TraceMap(Buffer.from(/base64,(\S+)/.exec(text)?.[1] ?? '', 'base64').toString());
    const before = mapOf(bundled.code);
    const after = mapOf(changed);
    const at = (text: string, needle: string) => {
      const lines = text.slice(0, text.indexOf(needle)).split('\n');
      return { line: lines.length, column: lines.at(-1)?.length ?? 0 };
    };
    for (const needle of ['await null', 'return q', 'text.split', 'all.length', 'return n*2', 'class Tools', 'search(q)', 'tools=', 'parse(text)', 'n/2'])
      expect(originalPositionFor(after, at(changed, needle)), needle).toEqual(originalPositionFor(before, at(bundled.code, needle)));
    for (const [, , , , name, line = 0, column = 0] of rowsIn(changed)) if (name !== undefined) expect(originalPositionFor(after, { line, column: column - 1 }).line).toBe({ search: 1, parse: 2, run: 3, ask: 4, length: 5 }[name]);
  });

  it('is left alone, written on one line, where nobody applies the map', () => {
    expect(instrumentSource({ text: bundled.code, file: '/a/tools.ts', kind: 'module', reader: 'nobody' })).toBeNull();
  });
});

describe('for a debugger', () => {
  const text = 'export async function search(query) { // first\n  const found = await find(query);\n  return found;\n} // last\nconst list = [\n  function each() {\n    return list;\n  }].map((made) => made());\n';

  it('says by a map that it is the file on disk, word for word', () => {
    for (const [file, url] of [['/a/b c.mjs', 'file:///a/b%20c.mjs'], ['file:///a/b%20c.mjs', 'file:///a/b%20c.mjs']] as const) {
      const changed = instrumentSource({ text, file, kind: 'module', reader: 'debugger' }) ?? '';
      expect(changed.replace(/\/\/# sourceMappingURL=.*\n$/, '')).toBe(instrumentSource({ text, file, kind: 'module', reader: 'nobody' }));
      const map = new TraceMap(Buffer.from(/base64,(\S+)\n$/.exec(changed)?.[1] ?? '', 'base64').toString());
      const placeOf = (whole: string, at: number) => ({ line: whole.slice(0, at).split('\n').length, column: at - (whole.lastIndexOf('\n', at - 1) + 1) });
      for (const word of ['export', 'search', 'found', 'return', 'find(', '} // last', 'list', '].map', 'made())']) {
        const { source, line, column } = originalPositionFor(map, placeOf(changed, changed.indexOf(word)));
        expect({ source, line, column }, word).toEqual({ source: url, ...placeOf(text, text.indexOf(word)) });
      }
    }
  });

  it('leaves the file’s own map as it is', () => {
    const compiled = `${text}//# sourceMappingURL=search.js.map\n`;
    expect(instrumentSource({ text: compiled, file: '/a/search.js', kind: 'module', reader: 'debugger' })?.match(/sourceMappingURL=\S+/g)).toEqual(['sourceMappingURL=search.js.map']);
  });
});

describe('of generated sources', () => {
  const identifier = fc.constantFrom('a', 'b', 'fn', 'x$', 'ünï');
  const statement = fc.letrec((tie) => ({
    statement: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('return a;', 'a = b + 1;', 'if (a) return;', 'for (const x of []) say(x);', '// } { try', '`${a} } {`;', '/[{}]/.test(a);', 'const o = { a, get b() { return 1; } };', 'throw new Error(`x`)', 'say(() => ({}))', '/* { */'),
      fc.tuple(identifier, fc.array(tie('statement') as fc.Arbitrary<string>, { maxLength: 3 }), fc.constantFrom('\n', '\r\n', ' ')).map(([name, body, end]) => `async function ${name}(a, { b = 1 } = {}) {${end}${body.join(end)}${end}}`),
      fc.tuple(identifier, fc.array(tie('statement') as fc.Arbitrary<string>, { maxLength: 3 })).map(([name, body]) => `class C { static ${name}(a, b) { // {\n${body.join('\n')}\n} }`),
      fc.tuple(identifier, fc.array(tie('statement') as fc.Arbitrary<string>, { maxLength: 3 })).map(([name, body]) => `{ const ${name} = async (a, b) => {\n${body.join('\n')}\n}, other = 1; }`),
      fc.tuple(identifier, fc.array(tie('statement') as fc.Arbitrary<string>, { maxLength: 3 }), fc.constantFrom('\n', ' ')).map(([name, body, end]) => `{ const ${name} = (a, b) =>${end}say(async () => {\n${body.join('\n')}\n}${end}), other = 1; }`),
    ),
  })).statement;

  it('moves nothing either', () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.join('\n');
        try {
          Parser.parse(text, options('commonjs'));
        } catch {
          return;
        }
        check(text, 'commonjs');
      }),
      { numRuns: 500 },
    );
  });
});

it('hides the probes from those who ask for the text of a function', () => {
  const descriptor = Object.getOwnPropertyDescriptor(Function.prototype, 'toString')!;
  const native = String(descriptor.value);
  Object.assign(globalThis, { [HOOK]: {} });
  try {
    hideProbes();
    const text = 'async function f() {\n  return 1;\n}';
    const changed = instrumentSource({ text, file: '/a.js', kind: 'commonjs', reader: 'nobody' }) ?? '';
    const made = new Script(`${changed};f`).runInThisContext() as () => unknown;
    expect(String(made)).toBe(text);
    const replacement = Object.getOwnPropertyDescriptor(Function.prototype, 'toString')?.value as () => string;
    expect(String(replacement)).toBe(native);
    expect([replacement.name, replacement.length]).toEqual(['toString', 0]);
    expect(() => replacement.call({})).toThrow(TypeError);
    expect(() => {
      Reflect.construct(replacement, []);
    }).toThrow(TypeError);
  } finally {
    Object.defineProperty(Function.prototype, 'toString', descriptor);
    Reflect.deleteProperty(globalThis, HOOK);
  }
});
