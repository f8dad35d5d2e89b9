import { describe, expect, it } from 'vitest';
import { bundledPackage, isMixed, noteBundle } from '../../src/instrument/node/bundles.ts';

/** The package of each line. */
function packagesOf(text: string, file = 'bundle.js'): (string | null)[] {
  noteBundle(text, file, null);
  return text.split('\n').map((_, index) => bundledPackage(file, index + 1));
}

describe('lines of a bundle', () => {
  it('are told by esbuild’s headings', () => {
    const text = ['#!/usr/bin/env node', '// node_modules/openai/core/error.mjs', 'a();', '// node_modules/.pnpm/@x+y@1.0.0/node_modules/@x/y/dist/index.js', 'b();', '// src/agent.ts', 'c();', '// says nothing of node_modules/', 'd();'];
    expect(packagesOf(text.join('\n'))).toEqual([null, 'openai', 'openai', '@x/y', '@x/y', null, null, null, null]);
  });

  it('are told where modules were CommonJS', () => {
    const text = ['var require_ms = __commonJS({', '  "../node_modules/ms/index.js"(exports, module) {', '    a();', '  }', '});', 'var require_own = __commonJS({', '  "src/own.cjs"(exports) {', '    b();'];
    expect(packagesOf(text.join('\n'))).toEqual([null, 'ms', 'ms', 'ms', 'ms', 'ms', null, null]);
  });

  it('are told by webpack’s', () => {
    const text = ['/***/ "./node_modules/openai/client.mjs":', 'a();', '/***/ "./src/agent.js":', 'b();', ';// ./node_modules/@x/y/index.js', 'c();', ';// CONCATENATED MODULE: ./src/ask.mjs', 'd();'];
    expect(packagesOf(text.join('\r\n'))).toEqual(['openai', 'openai', null, null, '@x/y', '@x/y', null, null]);
  });

  it('are told by those of webpack 5.113 and Rolldown, and modules without a name are not taken for the package before', () => {
    const text = ['/***/ "./node_modules/openai/client.mjs"', 'a();', '/***/ },', '/***/ "./src/agent.js"', 'b();', ';// ./node_modules/@x/y/index.js', 'c();', '/***/ 441', 'd();', '//#region node_modules/ms/index.js', 'e();', '/************************************************************************/', 'f();'];
    expect(packagesOf(text.join('\n'), 'new.js')).toEqual(['openai', 'openai', 'openai', null, null, '@x/y', '@x/y', null, null, 'ms', 'ms', null, null]);
  });

  it('are told by the map where there are no headings, which is read when it is asked for', () => {
    let reads = 0;
    const readMap = (reference: string) => {
      reads += 1;
      expect(reference).toBe('//# sourceMappingURL=small.js.map\n');
      return [{ line: 1, column: 1, package: 'openai', isOwn: false }, { line: 1, column: 20, package: null, isOwn: true }];
    };
    noteBundle('var X=class{};X.OpenAIError=Y;\n//# sourceMappingURL=small.js.map\n', 'small.js', readMap);
    expect(reads).toBe(0);
    expect([bundledPackage('small.js', 1, 19), bundledPackage('small.js', 1, 20), isMixed('small.js')]).toEqual(['openai', null, false]);
    expect(reads).toBe(1);
  });

  it('cannot be told without', () => {
    expect(noteBundle('var X=class{};X.OpenAIError=Y;X.Chat=Z;', 'minified.js', null).hasSdk).toBe(true);
    expect([isMixed('minified.js'), bundledPackage('minified.js', 1)]).toEqual([true, null]);
  });

  it('are the program’s own in what is none', () => {
    expect(noteBundle('if (error.OpenAIError === x) throw error; // see node_modules/openai', 'own.js', null).hasSdk).toBe(false);
    expect(noteBundle('// src/agent.ts\nrun();', 'plain.js', null).hasSdk).toBe(false);
    expect([isMixed('own.js'), isMixed('plain.js'), isMixed('never seen')]).toEqual([false, false, false]);
  });
});
