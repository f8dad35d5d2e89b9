/**
 * The modules that something is watched in: whose they are, their files, and what is declared at the top of them. A file that
 * declares none of the names, in another version or under another build, is left alone.
 */

export interface ModulesOfInterest {
  /** Who is told: an SDK or a framework by its short name. */
  watcher: 'openai' | 'anthropic' | 'aiSdk' | 'openaiAgents' | 'langchain' | 'langgraph' | 'mastra' | 'mcp' | 'undici' | 'httpClient';
  /** The package; an alias of it (`openai-v6`) is as good. */
  package: string;
  /** Files, below the package's folder. */
  files: RegExp;
  names: readonly string[];
}

/** Gets what a module declares by its name, and says what is to stand in its place; undefined leaves it. */
export type Watcher = (name: string, value: unknown) => unknown;

/** What a loaded file turned out to be. */
export interface FileOfInterest {
  modules: ModulesOfInterest;
  /** Of the package; a path or, for an imported file, a URL. */
  folder: string;
}

const ENDING = String.raw`\.[cm]?js$`;
const files = (pattern: string): RegExp => new RegExp(`^(?:${pattern})${ENDING}`);

const MODULES: readonly ModulesOfInterest[] = [
  // The files in which versions 4 and later define their client.
  { watcher: 'openai', package: 'openai', files: files('client|index'), names: ['OpenAI'] },
  { watcher: 'anthropic', package: '@anthropic-ai/sdk', files: files('client|index'), names: ['BaseAnthropic', 'Anthropic'] },
  {
    watcher: 'aiSdk',
    package: 'ai',
    files: files('dist/index'),
    names: 'generateText streamText generateObject streamObject embed embedMany rerank generateImage generateSpeech transcribe executeToolCall ToolLoopAgent'.split(' '),
  },
  { watcher: 'aiSdk', package: '@ai-sdk/provider-utils', files: files('dist/index'), names: ['tool', 'dynamicTool'] },
  {
    watcher: 'openaiAgents',
    package: '@openai/agents-core',
    files: files('dist/(?:run|tool|runImplementation|runner/toolExecution|tracing/spans)'),
    names: ['Runner', 'tool', 'executeHandoffCalls', 'Span', 'NoopSpan'],
  },
  {
    watcher: 'langchain',
    package: '@langchain/core',
    files: files('dist/(?:runnables/(?:base|branch|router|history)|language_models/(?:chat_models|llms)|retrievers/index|vectorstores|utils/async_caller|tools/index)'),
    names: (
      'Runnable RunnableBinding RunnableEach RunnableRetry RunnableSequence RunnableMap RunnableLambda RunnableWithFallbacks RunnableAssign RunnablePick ' +
      'RunnableBranch RouterRunnable RunnableWithMessageHistory BaseChatModel BaseLLM BaseRetriever VectorStore AsyncCaller StructuredTool DynamicTool DynamicStructuredTool'
    ).split(' '),
  },
  { watcher: 'langchain', package: 'langchain', files: files('dist/agents/ReactAgent'), names: ['ReactAgent'] },
  { watcher: 'langgraph', package: '@langchain/langgraph', files: files('dist/pregel/(?:index|retry)'), names: ['Pregel', '_runWithRetry'] },
  // Bundled into files whose names tell nothing.
  { watcher: 'mastra', package: '@mastra/core', files: files('dist/[^/]+'), names: ['Agent', 'CoreToolBuilder', 'createTool', 'Run', 'DefaultExecutionEngine'] },
  { watcher: 'mcp', package: '@modelcontextprotocol/sdk', files: files('dist/(?:esm/|cjs/)?(?:client/index|server/mcp)'), names: ['Client', 'McpServer'] },
  { watcher: 'mcp', package: '@modelcontextprotocol/client', files: files('dist/[^/]+'), names: ['Client'] },
  { watcher: 'mcp', package: '@modelcontextprotocol/server', files: files('dist/[^/]+'), names: ['McpServer'] },
  { watcher: 'httpClient', package: 'got', files: files('dist/source/core/index'), names: ['Request'] },
  { watcher: 'httpClient', package: 'ky', files: files('distribution/core/Ky'), names: ['Ky'] },
  { watcher: 'undici', package: 'undici', files: files('lib/(?:dispatcher/dispatcher-base|mock/mock-agent)'), names: ['DispatcherBase', 'MockAgent'] },
];

const byPackage = new Map<string, ModulesOfInterest[]>();
for (const modules of MODULES) byPackage.set(modules.package, [...(byPackage.get(modules.package) ?? []), modules]);

const FOLDER = '/node_modules/';
/** Under other names than their own: `openai-v6`, `ai-v5`, `undici6`. */
const ALIAS = /^(?:(openai).*|(ai)-?v?\d.*|(undici)-?v?\d.*)$/;

/** `file` is a path or a `file:` URL. Asked of every module that is loaded: most are dismissed after a look at their package. */
export function fileOfInterest(file: string): FileOfInterest | null {
  const path = file.includes('\\') ? file.replaceAll('\\', '/') : file;
  const start = path.lastIndexOf(FOLDER);
  if (start === -1) return null;
  const below = path.slice(start + FOLDER.length);
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(below)?.[0] ?? '';
  const known = byPackage.get(name) ?? byPackage.get(ALIAS.exec(name)?.slice(1).join('') ?? '');
  if (known === undefined) return null;
  const inside = below.slice(name.length + 1).replace(/[?#].*$/, '');
  const modules = known.find((each) => each.files.test(inside));
  return modules === undefined ? null : { modules, folder: file.slice(0, start + FOLDER.length + name.length) };
}
