// Bundles everything that runs: extension, command line, profiler process, hooks, webview. `--watch`, `--production`, `--clean`, `--out FOLDER`.
import { build, context } from 'esbuild';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const production = process.argv.includes('--production');
const out = process.argv.includes('--out') ? process.argv[process.argv.indexOf('--out') + 1] : join(root, 'dist');
const common = { absWorkingDir: root, bundle: true, logLevel: 'warning', sourcemap: !production, minify: production, legalComments: 'none' };
const node = { ...common, platform: 'node', target: 'node20', format: 'cjs' };
const page = { ...common, platform: 'browser', target: 'es2022', format: 'iife', tsconfig: 'webview/tsconfig.json', sourcemap: false, minify: true };

const bundles = [
  { ...node, entryPoints: ['src/extension.ts'], outfile: join(out, 'extension.cjs'), external: ['vscode'] },
  { ...node, entryPoints: ['src/cli/main.ts'], outfile: join(out, 'cli.cjs'), banner: { js: '#!/usr/bin/env node' } },
  { ...node, entryPoints: ['src/host/experimentThread.ts'], outfile: join(out, 'experiments.cjs') },
  // The same in a clone as in the packaged extension, so that what either has analysed is known by it (`makerOf`).
  { ...node, entryPoints: ['src/host/analysisThread.ts'], outfile: join(out, 'analysis.cjs'), sourcemap: false, minify: true },
  { ...node, entryPoints: ['src/host/contentsThread.ts'], outfile: join(out, 'contents.cjs') },
  { ...node, entryPoints: ['src/profiler/main.ts'], outfile: join(out, 'profiler.cjs') },
  { ...node, entryPoints: ['src/instrument/node/hook.ts'], outfile: join(out, 'instrument/node/hook.cjs'), sourcemap: false },
  // Beside the hook, which reads it when the first of the user's files is loaded.
  { ...node, entryPoints: ['src/instrument/node/transform/instrumentSource.ts'], outfile: join(out, 'instrument/node/transform.cjs'), sourcemap: false, minify: true },
  // Minified always: the HTML export carries the timeline's bundle.
  { ...page, entryPoints: ['webview/timeline/main.ts'], outfile: join(out, 'webview/timeline.js') },
  { ...page, entryPoints: ['webview/experiment/main.ts'], outfile: join(out, 'webview/experiment.js') },
  ...(existsSync(join(root, 'test/host/index.ts'))
    ? [{ ...node, entryPoints: ['test/host/index.ts'], outfile: join(out, 'test/host/index.cjs'), external: ['vscode', 'mocha'] }]
    : []),
].filter((bundle) => existsSync(join(root, bundle.entryPoints[0])));

// Not by default: programs that run from dist/ right now keep their files.
if (process.argv.includes('--clean')) rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
// What the command line draws charts with. The editor draws them itself: none of it is packed.
const drawing = {
  'resvg.wasm': '@resvg/resvg-wasm/index_bg.wasm',
  'Inter_400Regular.ttf': '@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf',
  'Inter_600SemiBold.ttf': '@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf',
};
for (const [name, path] of Object.entries(drawing)) cpSync(join(root, 'node_modules', path), join(out, 'drawing', name));
const pythonHook = join(root, 'src/instrument/python');
if (existsSync(pythonHook))
  cpSync(pythonHook, join(out, 'instrument/python'), { recursive: true, filter: (file) => !file.includes('__pycache__') && !file.endsWith('README.md') });

if (process.argv.includes('--watch')) {
  for (const bundle of bundles) await (await context(bundle)).watch();
  console.log('watching');
} else {
  await Promise.all(bundles.map((bundle) => build(bundle)));
}
