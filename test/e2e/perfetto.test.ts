/** What is exported for Perfetto, read by Perfetto itself: its own page with its trace processor, in a browser. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { perfettoPage } from '../../scripts/lib/perfetto.mjs';
import { resultsFolder } from '../../scripts/lib/paths.mjs';
import { toPerfettoJson } from '../../src/profile/exportPerfetto.ts';
import type { TimelineDocument } from '../../src/protocol/webview.ts';
import { hostileRun, reactRun } from '../fixtures/timelineDocuments.ts';
import { launchBrowser } from './browser.ts';

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.json': 'application/json' };

let browser: Browser;
let server: Server;
/** What the page opens. */
let trace: string;

beforeAll(async () => {
  browser = await launchBrowser();
  server = createServer(({ url }, response) => {
    const path = normalize(new URL(url!, 'http://page').pathname);
    // This copy of the page asks whether its server has a trace for it.
    if (path === '/vizviewer_info' || path === '/file_info') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    if (path === '/localtrace') return void response.writeHead(200, { 'content-type': 'application/json' }).end(trace);
    const file = join(perfettoPage, path === '/' ? 'index.html' : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await browser.close();
  server.close();
});

type Value = string | number | null;

/** Opens a trace in Perfetto's page; `ask` asks its trace processor, a row a list. */
async function opened(text: string): Promise<{ page: Page; ask: (sql: string) => Promise<Value[][]> }> {
  trace = text;
  const page = await (await browser.newContext({ serviceWorkers: 'block', viewport: { width: 1400, height: 900 } })).newPage();
  await page.route(/^https:/, (route) => route.abort());
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction('window.app?.trace?.timeline !== undefined');
  const ask = (sql: string): Promise<Value[][]> =>
    page.evaluate(`(async () => {
      const result = await window.app.trace.engine.query(${JSON.stringify(sql)});
      const columns = result.columns();
      const rows = [];
      for (const row = result.iter({}); row.valid(); row.next()) rows.push(columns.map((name) => { const value = row.get(name); return typeof value === 'bigint' ? Number(value) : value; }));
      return rows;
    })()`);
  return { page, ask };
}

/** What the reader found wrong. */
const FAULTS = "select name from stats where severity in ('error', 'data_loss') and value > 0";
/** Slices of a lane, or of those that carry what runs at once: name, begin and end in nanoseconds, how deep. */
const slicesOf = (lane: string) => `select slice.name, ts, ts + dur, depth from slice join thread_track on track_id = thread_track.id join thread using (utid) where thread.name glob '${lane}' or thread.name glob '${lane} [0-9]*' order by ts, depth`;

const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6);

function spansOf({ report }: TimelineDocument, kind: string): Value[][] {
  const spans = report.spans.filter((span) => span.kind === kind).sort((a, b) => a.startMs - b.startMs);
  return spans.map(({ name, startMs, endMs }) => [name, nanoseconds(startMs), nanoseconds(endMs!), 0]);
}

it('is opened by Perfetto: lanes, the phases of calls, counters and flows', async () => {
  const run = reactRun();
  const text = toPerfettoJson(run);
  const { page, ask } = await opened(text);
  expect(await ask(FAULTS)).toEqual([]);
  for (const [lane, kind] of [['requests', 'agent'], ['steps', 'step'], ['tools', 'tool'], ['other', 'other']] as const) {
    expect(await ask(slicesOf(lane))).toEqual(spansOf(run, kind));
  }
  const calls = await ask(slicesOf('llm'));
  expect(calls.filter(([, , , depth]) => depth === 0)).toEqual(spansOf(run, 'llm'));
  expect(new Set(calls.filter(([, , , depth]) => depth === 1).map(([name]) => name))).toEqual(new Set(['queue', 'prefill', 'decode']));
  expect(await ask(slicesOf('state'))).toEqual(run.gpu.filter(({ state }) => state !== 'idle').map(({ state, startMs, endMs }) => [state, nanoseconds(startMs), nanoseconds(endMs), 0]));

  const highest = (of: (segment: (typeof run.gpu)[number]) => number | null) => Math.max(...run.gpu.map((segment) => of(segment) ?? 0));
  expect(await ask('select name, max(value) from counter join counter_track on track_id = counter_track.id group by name order by name')).toEqual([
    ['KV cache tokens', highest(({ kvTokens }) => kvTokens)],
    ['batch sequences', highest(({ batch }) => batch)],
    ['power (simulated) W', highest(({ watts }) => watts)],
  ]);
  // Each flow leads from one slice to another.
  const { traceEvents } = JSON.parse(text) as { traceEvents: { ph: string }[] };
  expect(await ask('select count(*) from flow join slice a on a.id = slice_out join slice b on b.id = slice_in')).toEqual([[traceEvents.filter(({ ph }) => ph === 's').length]]);
  const [[model, tokens] = []] = await ask("select extract_arg(arg_set_id, 'args.model'), extract_arg(arg_set_id, 'args.promptTokens') from slice where category = 'llm' order by ts limit 1");
  const { llm } = run.report.spans.find(({ kind }) => kind === 'llm')!;
  expect([model, tokens]).toEqual([llm!.model, llm!.promptTokens]);

  await page.getByText('Loading…').waitFor({ state: 'hidden' });
  await page.getByText(run.report.run.name, { exact: false }).first().waitFor();
  await page.screenshot({ path: join(resultsFolder, 'perfetto.png') });
  expect(await page.getByText('something went wrong').count()).toBe(0);
});

it('is opened by Perfetto with hostile names, and times that make no sense, as text', async () => {
  const { page, ask } = await opened(toPerfettoJson(hostileRun()));
  expect(await page.evaluate('window.pwned')).toBeUndefined();
  expect(await ask("select ts, dur, extract_arg(arg_set_id, 'args.recordedStartMs') from slice where name = 'its own parent'")).toEqual([[0, nanoseconds(40), -500]]);
  expect(await ask("select ts, dur, extract_arg(arg_set_id, 'args.recordedEndMs') from slice where name = 'ends before it starts'")).toEqual([[nanoseconds(700), 0, 100]]);
  const names = (await ask('select distinct name from slice')).flat();
  expect(names).toContain('never ended');
  expect(names.filter((name) => typeof name !== 'string' || name.length > 300)).toEqual([]);
  expect(await ask(FAULTS)).toEqual([]);
});
