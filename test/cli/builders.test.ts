/** TypeScript by way of bundlers and transpilers: calls are on the lines that were written. */
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { agentCost, newFolder, reportOf, repository } from './agentCost.ts';

let folder = '';
let file = '';
beforeAll(() => {
  folder = newFolder();
  file = join(folder, 'src/built.ts');
  mkdirSync(join(folder, 'src'));
  copyFileSync(join(repository, 'test/fixtures/agents/built.ts'), file);
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
});

function lineOf(marker: string): number {
  return readFileSync(file, 'utf8').split('\n').findIndex((line) => line.endsWith(`// site: ${marker}`)) + 1;
}

async function sitesOf(args: string[], run: string): Promise<(string | null)[]> {
  const out = join(folder, `${run}.agentcost`);
  const { stdout, code } = await agentCost(['run', '--out', out, '--', process.execPath, ...args], { cwd: folder });
  expect({ stdout, code }).toEqual({ stdout: '1 1\n', code: 0 });
  const report = await reportOf(out);
  const calls = report.spans.filter(({ kind }) => kind === 'llm');
  for (const { frames } of calls) for (const frame of frames) expect(frame.file).not.toMatch(/node_modules|dist/);
  return calls.map(({ site, unattributed }) => (site === null ? unattributed : String(site.line)));
}

const written = () => ['plain', 'chained', 'streamed'].map((marker) => String(lineOf(marker)));

describe('a bundle with its SDK inside', () => {
  it.each(['external', 'inline'] as const)('of esbuild, with an %s map', async (sourcemap) => {
    const outfile = join(folder, 'dist', sourcemap, 'agent.cjs');
    await build({ entryPoints: [file], bundle: true, platform: 'node', format: 'cjs', minify: sourcemap === 'external', sourcemap: sourcemap === 'external' ? 'linked' : 'inline', outfile, logLevel: 'error' });
    expect(await sitesOf([outfile], `esbuild-${sourcemap}`)).toEqual(written());
  });
});

describe('code that comes with its map', () => {
  const transpile = `
    const { readFileSync } = require('node:fs');
    const { transpileModule } = require('typescript');
    const transpile = (file) => transpileModule(readFileSync(file, 'utf8'), { fileName: file, compilerOptions: { module: 'commonjs', target: 'es2022', esModuleInterop: true, inlineSourceMap: true } }).outputText;`;

  it('from a loader for require, as ts-node, SWC and Babel are', async () => {
    writeFileSync(join(folder, 'register.cjs'), `${transpile}\nrequire.extensions['.ts'] = (module, file) => module._compile(transpile(file), file);`);
    expect(await sitesOf(['-r', './register.cjs', file], 'require')).toEqual(written());
  });

  it('from vm, as vite-node runs it', async () => {
    const start = `${transpile}
      const { runInThisContext } = require('node:vm');
      const head = '(function (require, exports) {';
      const file = ${JSON.stringify(file)};
      runInThisContext(head + transpile(file).replace(/\\n\\/\\/# sourceMappingURL/, '\\n})\\n//# sourceMappingURL'), { filename: file, columnOffset: -head.length })(require, {});`;
    writeFileSync(join(folder, 'start.cjs'), start);
    expect(await sitesOf(['start.cjs'], 'vm')).toEqual(written());
  });
});
