/**
 * How the timeline does with very many spans, beside flame-chart-js, speedscope's data path and a bare canvas, on one trace in
 * one browser. `--sizes 1000,100000`, `--rounds N`, `--ratios 1,2` (device pixels), `--all` (speedscope with a million, too).
 *
 * And how long a recording of so many spans takes from the disk on, in the extension host's way: `--opening` measures that alone.
 *
 * Chromium draws by software with the frame cap off: what is compared is the time of a frame, absolute figures are this machine's.
 */
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { installOnce, isComplete } from '../../scripts/lib/cached.mjs';
import { cacheFolder, root } from '../../scripts/lib/paths.mjs';
import { npm } from '../../scripts/lib/process.mjs';
import { webviewHtml } from '../../src/profile/webviewHtml.ts';
import { launchBrowser } from '../e2e/browser.ts';
import { measureOpening, type OpeningFigures } from './opening.ts';
import { gates, type Figures, type SubjectName } from './timelineGates.ts';
import { makeTrace } from './timelinePages/trace.ts';
import type { FrameFigures, LoadFigures } from './timelinePages/figures.ts';

const PEERS = { 'flame-chart-js': '3.3.0', speedscope: '1.25.0' };
const WIDTH = 1280;
const HEIGHT = 720;
const HOVERS = 120;
const APPENDS = 60;
/** Speedscope takes most of a minute to read a million, flame-chart-js a second for each append: so often is enough. */
const SLOW_APPENDS = 5;
/** Fewer spans are there at once. */
const SMALLEST_OPENED = 100_000;

const { values: options } = parseArgs({ options: { sizes: { type: 'string', default: '1000,10000,100000,1000000' }, rounds: { type: 'string', default: '3' }, ratios: { type: 'string', default: '1,2' }, all: { type: 'boolean', default: false }, opening: { type: 'boolean', default: false } } });
const sizes = options.sizes.split(',').map(Number);
const ratios = options.ratios.split(',').map(Number);
const rounds = Number(options.rounds);

/** The other timelines, of these very versions, installed once. */
async function installPeers(): Promise<string> {
  const wanted = Object.entries(PEERS).map(([name, version]) => `${name}@${version}`);
  const folder = join(cacheFolder, 'bench-timeline', wanted.join('-'));
  if (!isComplete(folder))
    await installOnce(folder, async (temporary) => {
      writeFileSync(join(temporary, 'package.json'), '{}');
      const { code, output } = await npm(['install', '--no-audit', '--no-fund', '--ignore-scripts', ...wanted], { cwd: temporary });
      if (code !== 0) throw new Error(`npm could not install ${wanted.join(' and ')}:\n${output}`);
    });
  return join(folder, 'node_modules');
}

async function bundle(entry: string, modules: string): Promise<string> {
  const result = await build({ absWorkingDir: root, entryPoints: [entry], bundle: true, write: false, minify: true, format: 'iife', platform: 'browser', target: 'es2022', tsconfig: 'webview/tsconfig.json', nodePaths: [modules] });
  return result.outputFiles[0]?.text ?? '';
}

/** The trace as speedscope reads it: the agents one after the other, for it shows one flame at a time. */
function speedscopeProfile(count: number): string {
  const trace = makeTrace(count);
  const frames = Array.from({ length: 40 }, (_, k) => ({ name: `function${k}` }));
  const events: string[] = [];
  for (let agent = 0; agent < 8; agent++) {
    const open: number[] = [];
    // Whole microseconds, as it takes no time that goes back by a rounding.
    const at = (timeMs: number): number => Math.round((agent * trace.wallMs + timeMs) * 1000);
    const close = (number: number): void => void events.push(`{"type":"C","frame":${trace.name[number]},"at":${at(trace.end[number] as number)}}`);
    for (let i = 0; i < trace.length; i++) {
      if (trace.agent[i] !== agent) continue;
      while (open.length > 0 && open.at(-1) !== trace.parent[i]) close(open.pop() as number);
      events.push(`{"type":"O","frame":${trace.name[i]},"at":${at(trace.start[i] as number)}}`);
      open.push(i);
    }
    while (open.length > 0) close(open.pop() as number);
  }
  return `{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":${JSON.stringify(frames)}},"profiles":[{"type":"evented","name":"trace","unit":"microseconds","startValue":0,"endValue":${Math.ceil(trace.wallMs * 8000)},"events":[${events.join(',')}]}]}`;
}

const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', json: 'application/json' };

function serveFolder(folder: string, own: string): Promise<Server> {
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1).split(/[?#]/)[0] ?? '';
    const file = [join(own, name), join(folder, name)].find((candidate) => existsSync(candidate));
    if (file === undefined || name === '' || name.includes('..')) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[name.split('.').pop() ?? ''] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

/** Draws nothing: software would take longer for WebGL than any graphics card, and the data path is what is measured. */
const NO_GL = `for (const type of [WebGLRenderingContext, WebGL2RenderingContext]) for (const name of ['drawArrays', 'drawElements']) type.prototype[name] = () => undefined;`;
const EDITOR = 'globalThis.acquireVsCodeApi = () => ({ postMessage() {}, getState: () => null, setState() {} });';

interface Scripts {
  timeline: string;
  worker: string;
  ours: string;
  flameChart: string;
  bareCanvas: string;
  speedscope: string;
}

async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const usage = (await session.send('Runtime.getHeapUsage')) as { usedSize: number; backingStorageSize?: number };
  await session.detach();
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}

class Runner {
  private readonly browser: Browser;
  private readonly scripts: Scripts;
  private readonly folder: string;
  private readonly origin: string;

  constructor(browser: Browser, scripts: Scripts, folder: string, origin: string) {
    this.browser = browser;
    this.scripts = scripts;
    this.folder = folder;
    this.origin = origin;
  }

  async measure(name: SubjectName, size: number, ratio: number): Promise<Figures> {
    const context = await this.browser.newContext({ viewport: { width: WIDTH, height: HEIGHT }, deviceScaleFactor: ratio, bypassCSP: true });
    const page = await context.newPage();
    page.setDefaultTimeout(300_000);
    page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));

    try {
      await this.open(name, page, size);
      // Speedscope reads its data as its page comes.
      const before = name === 'speedscope' ? 0 : await heapBytes(page);
      const load = await page.evaluate<LoadFigures>(`bench.load(${size})`);
      const bytes = (await heapBytes(page)) - before;
      const move = await page.evaluate<FrameFigures>(`bench.move(${makeTrace(size).wallMs})`);
      const hover = await page.evaluate<FrameFigures>(`bench.hover(${HOVERS})`);
      const append = await page.evaluate<FrameFigures | null>(`bench.append(${name === 'flame-chart-js' ? SLOW_APPENDS : APPENDS})`);
      return { ...load, move, hover, append, bytes };
    } finally {
      await context.close();
    }
  }

  private async open(name: SubjectName, page: Page, size: number): Promise<void> {
    if (name === 'speedscope') {
      await page.addInitScript(NO_GL);
      await page.addInitScript(this.scripts.speedscope);
      await page.goto(`${this.origin}/index.html#profileURL=${this.origin}/trace-${size}.json`);
    } else if (name === 'ours') {
      await page.addInitScript(EDITOR);
      const file = join(this.folder, 'ours.html');
      writeFileSync(join(this.folder, 'timeline.js'), this.scripts.timeline);
      // The driver counts the page's frames, so that it has to be there first.
      writeFileSync(file, webviewHtml({ scriptUri: pathToFileURL(join(this.folder, 'timeline.js')).href, cspSource: 'file:', nonce: 'bench', placement: 'tab' }));
      await page.addInitScript(`globalThis.oursWorkerScript = ${JSON.stringify(this.scripts.worker)};`);
      await page.addInitScript(this.scripts.ours);
      await page.goto(pathToFileURL(file).href);
    } else {
      await page.setContent('<!DOCTYPE html><body style="margin:0;background:#1f1f1f"></body>');
      await page.evaluate(name === 'flame-chart-js' ? this.scripts.flameChart : this.scripts.bareCanvas);
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'bench-timeline-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const openings = new Map<number, OpeningFigures>();
for (const size of sizes.filter((each) => each >= SMALLEST_OPENED)) openings.set(size, await measureOpening(folder, size));
for (const line of gates.openings(openings)) console.log(line);
if (options.opening) process.exit();
const modules = await installPeers();
const pages = 'test/bench/timelinePages';
const [timeline, worker, ours, flameChart, bareCanvas, speedscope] = await Promise.all(['webview/timeline/main.ts', `${pages}/oursWorker.ts`, `${pages}/ours.ts`, `${pages}/flameChart.ts`, `${pages}/bareCanvas.ts`, `${pages}/speedscope.ts`].map((entry) => bundle(entry, modules)));
const scripts = { timeline, worker, ours, flameChart, bareCanvas, speedscope } as Scripts;
const server = await serveFolder(join(modules, 'speedscope/dist/release'), folder);
const browser = await launchBrowser(['--disable-frame-rate-limit', '--disable-gpu-vsync', '--js-flags=--expose-gc']);
try {
  const runner = new Runner(browser, scripts, folder, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  console.log(`Chromium ${browser.version()}, software raster, ${WIDTH} × ${HEIGHT}; medians of ${rounds} interleaved rounds`);
  const results = new Map<string, Figures[]>();
  for (const size of sizes) {
    const names: SubjectName[] = ['ours', 'flame-chart-js', 'bare canvas', ...(size <= 100_000 || options.all ? ['speedscope' as const] : [])];
    if (names.includes('speedscope')) writeFileSync(join(folder, `trace-${size}.json`), speedscopeProfile(size));
    for (let round = 0; round < rounds; round++)
      for (const ratio of ratios)
        for (const name of names) {
          // Its data path is the same at any ratio.
          if (name === 'speedscope' && ratio !== ratios[0]) continue;
          const key = `${name} ${size} ${ratio}`;
          const begun = performance.now();
          const figures = await runner.measure(name, size, ratio);
          if (process.stderr.isTTY || options.all) console.error(`${key}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
          results.set(key, [...(results.get(key) ?? []), figures]);
        }
    rmSync(join(folder, `trace-${size}.json`), { force: true });
    for (const line of gates.table(size, ratios, results)) console.log(line);
  }
  for (const line of gates.verdicts(sizes, ratios, results)) console.log(line);
} finally {
  await browser.close();
  server.close();
}
