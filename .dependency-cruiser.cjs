// Who may import whom: an allow-list. What stands nowhere here is forbidden (`npm run imports`).
// The picture behind it is in CONTRIBUTING.md.

/** Node's own modules. */
const BUILT_IN = { dependencyTypes: ['core'] };
/** Paths of npm packages, by name. */
const packages = (...names) => ({ path: `^node_modules/(${names.join('|')})(/|$)` });
const folders = (...names) => ({ path: `^(${names.join('|')})(/|$)` });
const VSCODE = { path: '^vscode$' };

/** What each part may import, besides itself. The key is a folder or a file. */
const allowed = {
  // Pure: no I/O, no Node, no VS Code, so that they run in the editor, the webview, the terminal and tests alike. Of @vscode/l10n only what looks a text up.
  'src/profile': [folders('src/protocol'), packages('zod', '@vscode/l10n')],
  'src/profile/exportParquet\\.ts$': [packages('hyparquet-writer')],
  'src/protocol': [folders('src/profile'), packages('zod')],
  'src/analysis': [folders('src/profile', 'src/protocol'), packages('@vscode/l10n')],

  // Ships into other people's processes.
  'src/instrument/node': [BUILT_IN],
  // In a file of its own, which the hook reads when it needs it.
  'src/instrument/node/transform': [BUILT_IN, packages('acorn', '@jridgewell/sourcemap-codec')],
  'src/instrument/[^/]+\\.ts$': [BUILT_IN, folders('src/profile', 'src/protocol')],

  // The profiler process.
  'src/simulator': [BUILT_IN, folders('src/profile', 'src/protocol', 'profiles'), packages('zod', '@huggingface/tokenizers', '@huggingface/jinja')],
  'src/telemetry': [BUILT_IN, folders('src/profile', 'src/protocol', 'src/profiler/clock.ts', 'src/proxy/(json|askServer|trust|upstreamPool).ts'), packages('zod', 'undici')],
  'src/proxy': [BUILT_IN, folders('src/profile', 'src/protocol', 'src/profiler/clock.ts', 'src/recorder/(link|messages).ts'), packages('zod', 'undici', 'socks', '@bufbuild/protobuf')],
  // Loads a server, to learn what its steps take.
  'src/calibration': [BUILT_IN, folders('src/profile', 'src/protocol', 'src/analysis/statistics.ts', 'src/telemetry', 'src/profiler/(clock|backendCheck|telemetry).ts', 'src/proxy/(json|sse).ts')],
  // Starts a vLLM for who asks for one; knows nothing of what is recorded.
  'src/serving': [BUILT_IN, folders('src/profile', 'src/protocol/ssh.ts', 'src/instrument/findExecutable.ts')],
  // Reads what passed through the proxy, in a thread of its own, with the proxy's parsers.
  'src/recorder': [
    BUILT_IN,
    folders('src/profile', 'src/protocol', 'src/telemetry', 'src/profiler/(clock|processes).ts', 'src/proxy/(json|jsonLines|sse|chunkedDecoder|usage).ts'),
    packages('zod', '@jridgewell/trace-mapping', '@bufbuild/protobuf'),
  ],
  'src/recorder/redaction': [BUILT_IN, folders('src/profile'), packages('re2js')],
  'src/profiler': [
    BUILT_IN,
    folders('src/profile', 'src/protocol', 'src/proxy', 'src/recorder', 'src/simulator', 'src/telemetry', 'src/instrument', 'package.json'),
    packages('zod', 'undici'),
  ],

  // Agents like anybody's: they know nothing of the profiler.
  'src/agents': [BUILT_IN, folders('src/benchmarks'), packages('openai', 'zod')],
  // The agents' interface only: benchmarks know no agent.
  'src/benchmarks': [BUILT_IN, folders('src/agents/agent.ts', 'profiles/workload'), packages('zod', '@cortex-js/compute-engine')],

  // The paper's figures on the simulator, in virtual time; pure.
  'src/experiments': [folders('src/profile', 'src/simulator', 'profiles'), packages('zod', 'chart\\.js', 'chartjs-chart-error-bars', 'hyparquet', 'hyparquet-writer')],
  // Charts as SVG and PNG, without a browser.
  'src/drawing': [BUILT_IN, folders('src/experiments/charts'), packages('chart\\.js', 'opentype\\.js', '@resvg/resvg-wasm')],

  // The terminal.
  'src/cli': [
    BUILT_IN,
    folders('src/profile', 'src/protocol', 'src/analysis', 'src/profiler', 'src/proxy', 'src/recorder', 'src/instrument', 'src/simulator', 'src/calibration', 'src/serving', 'src/telemetry', 'src/experiments', 'src/drawing', 'package.json'),
    // The agents themselves run in a program of their own: only what it writes is read here.
    folders('src/agents/results.ts'),
    // Answers of a user's own agent are compared as HotpotQA compares them.
    folders('src/benchmarks/hotpotqa/score.ts'),
    packages('commander', 'zod'),
  ],

  // The editor.
  'src/contributions.ts': [],
  'src/host': [
    VSCODE,
    BUILT_IN,
    folders('src/contributions.ts', 'src/views', 'src/profile', 'src/protocol', 'src/analysis', 'src/profiler', 'src/recorder', 'src/instrument', 'src/serving', 'src/simulator', 'src/experiments', 'package.json'),
    packages('zod', '@vscode/l10n'),
  ],
  'src/views': [VSCODE, BUILT_IN, folders('src/contributions.ts', 'src/host', 'src/profile', 'src/protocol', 'src/analysis', 'src/experiments/results.ts'), packages('zod', '@vscode/l10n')],
  'src/extension.ts': [VSCODE, BUILT_IN, packages('@vscode/l10n'), folders('src/contributions.ts', 'src/host', 'src/views', 'src/profile', 'src/protocol')],

  // The webviews: no Node, no VS Code.
  // Of experiments what they say, not what runs them.
  webview: [folders('src/profile', 'src/protocol', 'src/analysis', 'src/experiments/(charts|report|rows.ts|results.ts|statistics.ts)'), packages('chart\\.js', 'zod', '@vscode/webview-ui-toolkit', '@vscode/l10n')],
};

/** Types vanish when compiled: the hooks may name those of the protocol. */
const typesOnly = {
  'src/protocol': folders('src/experiments/(report|rows.ts|results.ts)'),
  'src/instrument/node': folders('src/profile', 'src/protocol'),
};

const part = (key) => (/\.ts\$?$/.test(key) ? `^${key}${key.endsWith('$') ? '' : '$'}` : `^${key}/`);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'parser-apart-from-hook', severity: 'error', from: { path: '^src/instrument/node/', pathNot: '/transform/' }, to: { path: '/instrument/node/transform/', dependencyTypesNot: ['type-only'] } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^vscode$' } },
  ],
  allowed: [
    ...Object.keys(allowed).map((key) => ({ from: { path: part(key) }, to: { path: part(key) } })),
    ...Object.entries(allowed).flatMap(([key, targets]) => targets.map((to) => ({ from: { path: part(key) }, to }))),
    ...Object.entries(typesOnly).map(([key, to]) => ({ from: { path: part(key) }, to: { ...to, dependencyTypes: ['type-only'] } })),
  ],
  allowedSeverity: 'error',
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
