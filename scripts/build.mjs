// Bundles everything that runs: extension, command line, profiler process, hooks, webview. `--watch`, `--production`, `--clean`.
import { build, context } from 'esbuild';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const production = process.argv.includes('--production');
const common = { absWorkingDir: root, bundle: true, logLevel: 'warning', sourcemap: !production, minify: production, legalComments: 'none' };
const node = { ...common, platform: 'node', target: 'node20', format: 'cjs' };

const bundles = [
  { ...node, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.cjs', external: ['vscode'] },
  { ...node, entryPoints: ['src/cli/main.ts'], outfile: 'dist/cli.cjs', banner: { js: '#!/usr/bin/env node' } },
  { ...node, entryPoints: ['src/profiler/main.ts'], outfile: 'dist/profiler.cjs' },
  { ...node, entryPoints: ['src/instrument/node/hook.ts'], outfile: 'dist/instrument/node/hook.cjs', sourcemap: false },
  {
    ...common,
    entryPoints: ['webview/timeline/main.ts'],
    outfile: 'dist/webview/timeline.js',
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    tsconfig: 'webview/tsconfig.json',
    sourcemap: false,
    // Minified always: the HTML export carries this bundle.
    minify: true,
  },
  ...(existsSync(join(root, 'test/host/index.ts'))
    ? [{ ...node, entryPoints: ['test/host/index.ts'], outfile: 'dist/test/host/index.cjs', external: ['vscode', 'mocha'] }]
    : []),
].filter((bundle) => existsSync(join(root, bundle.entryPoints[0])));

// Not by default: programs that run from dist/ right now keep their files.
if (process.argv.includes('--clean')) rmSync(join(root, 'dist'), { recursive: true, force: true });
mkdirSync(join(root, 'dist'), { recursive: true });
const pythonHook = join(root, 'src/instrument/python');
if (existsSync(pythonHook))
  cpSync(pythonHook, join(root, 'dist/instrument/python'), { recursive: true, filter: (file) => !file.includes('__pycache__') && !file.endsWith('README.md') });

if (process.argv.includes('--watch')) {
  for (const bundle of bundles) await (await context(bundle)).watch();
  console.log('watching');
} else {
  await Promise.all(bundles.map((bundle) => build(bundle)));
}
