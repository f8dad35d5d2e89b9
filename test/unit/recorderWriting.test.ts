/** The recording's file through bad times, and the recorder's other small parts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecordingLine } from '../../src/profile/recordingFormat.ts';
import { parseRequestHead } from '../../src/proxy/clientConnection.ts';
import { heldBytes } from '../../src/recorder/batch.ts';
import { RecorderLink } from '../../src/recorder/link.ts';
import type { RecorderBatch } from '../../src/recorder/messages.ts';
import { createRecordingFile } from '../../src/recorder/createRecordingFile.ts';
import { RecordingSink, type AppendTarget } from '../../src/recorder/recordingSink.ts';
import { MAX_WAITING_BYTES, RecordingWriter } from '../../src/recorder/recordingWriter.ts';
import { SourceMaps } from '../../src/recorder/sourceMaps.ts';

const folder = mkdtempSync(join(tmpdir(), 'recorder-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function note(message: string): RecordingLine {
  return { type: 'warning', t: 1, code: 'x', message };
}

function callEnd(id: string, text: string): RecordingLine {
  return {
    type: 'callEnd', t: 2, id, status: 'ok', httpStatus: 200, error: null, headersAt: 1, firstTokenAt: 1, chunkGaps: [0, 1], usage: { promptTokens: 1, cachedTokens: null, completionTokens: 2, reasoningTokens: null },
    usageEvidence: 'measured', finishReason: 'stop', toolCalls: [], server: null, model: 'm', responseBytes: 3, text,
  };
}

/** A disk that can be made to fail, and that takes few bytes at a time. */
class Disk implements AppendTarget {
  content = '';
  failure: string | null = null;
  room = Infinity;
  /** While it is there, writes wait for it. */
  stalled: Promise<void> = Promise.resolve();

  async write(buffer: Buffer, offset: number, length: number): Promise<{ bytesWritten: number }> {
    await this.stalled;
    if (this.failure !== null) throw Object.assign(new Error(this.failure), { code: this.failure });
    const bytesWritten = Math.min(length, 1000, this.room);
    if (bytesWritten === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    this.room -= bytesWritten;
    this.content += buffer.toString('latin1', offset, offset + bytesWritten);
    return { bytesWritten };
  }

  async truncate(bytes: number): Promise<void> {
    this.content = this.content.slice(0, bytes);
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  lines(): RecordingLine[] {
    return this.content.split('\n').slice(0, -1).map((line) => JSON.parse(line) as RecordingLine);
  }
}

function writerOn(disk: Disk): { writer: RecordingWriter; losses: string[]; grown: number[] } {
  const losses: string[] = [];
  const grown: number[] = [];
  return { writer: new RecordingWriter(new RecordingSink(disk), { onGrew: (bytes) => grown.push(bytes), onLoss: (code, message) => losses.push(`${code}: ${message}`) }), losses, grown };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('writing', () => {
  it('keeps the order, and reports only whole lines', async () => {
    const disk = new Disk();
    const { writer, losses, grown } = writerOn(disk);
    for (let n = 0; n < 500; n++) writer.append(note(String(n)));
    writer.append(callEnd('c1', 'x'.repeat(5000)));
    const bytes = await writer.close();
    expect(disk.lines().map((line) => (line.type === 'warning' ? line.message : line.type))).toEqual([...Array.from({ length: 500 }, (_, n) => String(n)), 'callEnd']);
    expect([bytes, grown.at(-1), losses]).toEqual([disk.content.length, disk.content.length, []]);
  });

  it('goes on where it stopped when a full disk has room again, without a torn line', async () => {
    const disk = new Disk();
    const { writer, losses } = writerOn(disk);
    disk.room = 1500;
    for (let n = 0; n < 100; n++) writer.append(note(String(n)));
    await until(() => losses.length === 1);
    expect(losses[0]).toMatch(/^recordingStalled: .*the disk is full.*make room/);
    writer.append(note('later'));
    disk.room = Infinity;
    await until(() => disk.content.includes('later'));
    await writer.close();
    expect(disk.lines()).toHaveLength(101);
    expect(losses).toHaveLength(1);
  });

  it('loses nothing when there is room again as it ends', async () => {
    const disk = new Disk();
    const { writer, losses } = writerOn(disk);
    disk.room = 0;
    writer.append(callEnd('c1', 'first'));
    await until(() => losses.length === 1);
    writer.append(callEnd('c2', 'second'));
    disk.room = Infinity;
    await writer.close();
    expect(disk.lines().map((line) => line.type === 'callEnd' && line.text)).toEqual(['first', 'second']);
    expect(losses).toHaveLength(1);
  });

  it('bounds what waits: texts go first, totals last, and says what went', async () => {
    const disk = new Disk();
    disk.failure = 'EROFS';
    const { writer, losses } = writerOn(disk);
    const large = 'x'.repeat(1024 * 1024);
    const calls = (1.5 * MAX_WAITING_BYTES) / large.length;
    for (let n = 0; n < calls; n++) writer.append(callEnd(`c${n}`, large));
    await until(() => losses.length === 1);
    expect(losses[0]).toContain('the disk is read-only');
    disk.failure = null;
    await writer.close();
    const ends = disk.lines().filter((line) => line.type === 'callEnd');
    expect(ends).toHaveLength(calls);
    const thin = ends.filter(({ text }) => text === null);
    expect(thin.length).toBeGreaterThan(calls / 2);
    expect(thin[0]).toMatchObject({ chunkGaps: [], usage: { completionTokens: 2 } });
    expect(losses[1]).toMatch(/^recordingIncomplete: .*the texts and chunk times of \d+ lines was lost/);
  });

  it('says what a disk that stalled without failing cost, once it goes on', async () => {
    const disk = new Disk();
    const { writer, losses } = writerOn(disk);
    let goOn = () => undefined as void;
    disk.stalled = new Promise((resolve) => (goOn = resolve));
    const large = 'x'.repeat(1024 * 1024);
    const calls = (1.5 * MAX_WAITING_BYTES) / large.length;
    for (let n = 0; n < calls; n++) writer.append(callEnd(`c${n}`, large));
    expect(losses).toEqual([]);
    goOn();
    await writer.close();
    const ends = disk.lines().filter((line) => line.type === 'callEnd');
    expect(ends).toHaveLength(calls);
    const thin = ends.filter(({ text }) => text === null).length;
    expect(losses).toEqual([`recordingIncomplete: The recording is incomplete: while the disk did not keep up, the texts and chunk times of ${thin} lines was lost.`]);
  });

  it('ends, and says so, when nothing can be written any more', async () => {
    const disk = new Disk();
    disk.failure = 'EIO';
    const { writer, losses } = writerOn(disk);
    writer.append(note('a'));
    expect(await writer.close()).toBe(0);
    expect(losses.at(-1)).toMatch(/^recordingIncomplete/);
  });
});

describe('a new file', () => {
  it('is its owner’s alone, in folders made on the way, and never an existing one', async () => {
    const path = join(folder, 'a', 'b', '.agent-cost', 'r.agentcost');
    await (await createRecordingFile(path)).close();
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(readFileSync(join(folder, 'a', 'b', '.agent-cost', '.gitignore'), 'utf8')).toBe('*\n');
    await expect(createRecordingFile(path)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(createRecordingFile('/dev/null/x/r.agentcost')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(createRecordingFile('/proc/none/r.agentcost')).rejects.toThrow();
  });
});

describe('source maps', () => {
  const map = JSON.stringify({ version: 3, sources: ['src/in.ts'], names: [], mappings: 'AAIE;AACA' });
  const site = (file: string, line = 1) => ({ file, line, column: 1, function: 'f' });

  it('lead to the line that was written: beside the file, or in it', () => {
    const beside = join(folder, 'beside.js');
    writeFileSync(beside, 'a()\nb()\n//# sourceMappingURL=beside.js.map');
    writeFileSync(`${beside}.map`, map);
    const inside = join(folder, 'inside.mjs');
    writeFileSync(inside, `a()\nb()\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${Buffer.from(map).toString('base64')}\n`);
    const maps = new SourceMaps();
    for (const file of [beside, inside]) {
      expect(maps.original(site(file))).toEqual({ file: join(folder, 'src/in.ts'), line: 5, column: 3, function: 'f' });
      expect(maps.original(site(file, 2))?.line).toBe(6);
    }
  });

  it('of bundles lead to the project’s files, and drop what is a package’s or the bundler’s own', () => {
    const bundle = join(folder, 'out', 'deep', 'bundle.js');
    mkdirSync(dirname(bundle), { recursive: true });
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, 'src/app.ts'), '');
    const mapOf = (source: string) => JSON.stringify({ version: 3, sources: [source], names: [], mappings: 'AAAA' });
    const named = (source: string) => {
      writeFileSync(bundle, `a()\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(mapOf(source)).toString('base64')}\n`);
      return new SourceMaps().original(site(bundle));
    };
    for (const source of ['webpack://my-app/./src/app.ts', 'webpack:///./src/app.ts?1a2b', '../../src/app.ts']) expect(named(source)).toMatchObject({ file: join(folder, 'src/app.ts'), line: 1, function: 'f' });
    for (const source of ['webpack://my-app/./node_modules/openai/client.mjs', 'webpack://my-app/webpack/bootstrap', 'webpack://my-app/external commonjs "fs"', '../../node_modules/openai/client.mjs']) expect(named(source)).toBeNull();
  });

  it('that are missing, broken or not needed leave the site as it is', () => {
    const none = join(folder, 'none.js');
    writeFileSync(none, 'a()\n//# sourceMappingURL=gone.js.map\n');
    const broken = join(folder, 'broken.cjs');
    writeFileSync(broken, 'a()\n//# sourceMappingURL=data:application/json;base64,bm8=\n');
    const maps = new SourceMaps();
    for (const file of [none, broken, join(folder, 'absent.js'), '/x/y.py', 'relative.js', join(folder, 'a.ts')]) expect(maps.original(site(file))).toEqual(site(file));
  });
});

describe('the line to the recorder’s thread', () => {
  it('puts bytes and messages together in order', () => {
    const batches: RecorderBatch[] = [];
    const link = new RecorderLink((batch) => batches.push(batch));
    const begun = { type: 'begun', call: 1, at: 1, endpoint: 'chat', method: 'POST', path: '/', tag: null, program: null, traceparent: null, attempt: 1, upstream: '', stream: true, bytes: 4 } as const;
    link.begun(begun, Buffer.from('body'));
    link.read(1, 2, Buffer.from('ab'));
    link.begun({ ...begun, call: 2 }, null);
    link.read(1, 3, Buffer.from('cde'));
    link.read(2, 3, Buffer.from('f'));
    link.ended({ type: 'ended', call: 1, at: 4, status: 'ok', httpStatus: 200, error: null, bytes: 5 });
    link.flush();
    const [{ messages, reads, bytes } = { messages: [], reads: new Float64Array(), bytes: new Uint8Array() }] = batches;
    const text = Buffer.from(bytes).toString();
    expect(messages.map(({ type }) => type)).toEqual(['begun', 'reads', 'begun', 'reads', 'ended']);
    expect(messages[0]).toMatchObject({ call: 1, body: { start: 0, end: 4 } });
    expect(messages[1]).toMatchObject({ first: 0, count: 1, start: 4 });
    expect(messages[3]).toMatchObject({ first: 1, count: 2, start: 6 });
    expect([...reads]).toEqual([1, 2, 2, 1, 3, 3, 2, 3, 1]);
    expect(text).toBe('bodyabcdef');
  });

  it('takes batches of any size apart as they were put together', () => {
    const batches: RecorderBatch[] = [];
    const link = new RecorderLink((batch) => batches.push(batch));
    const sent = Array.from({ length: 1000 }, (_, n) => Buffer.alloc((n * 37) % 500, n));
    sent.forEach((bytes, n) => link.read(n % 7, n, bytes));
    link.flush();
    const [{ messages, reads, bytes }] = batches as [RecorderBatch];
    expect(messages).toEqual([{ type: 'reads', first: 0, count: 1000, start: 0 }]);
    let from = 0;
    sent.forEach((read, n) => {
      expect([...reads.subarray(n * 3, n * 3 + 3)]).toEqual([n % 7, n, read.length]);
      expect(read.equals(bytes.subarray(from, from + read.length))).toBe(true);
      from += read.length;
    });
  });

  it('leaves bodies out when the recorder does not keep up, and says how many once it does', () => {
    const batches: RecorderBatch[] = [];
    const link = new RecorderLink((batch) => batches.push(batch));
    const types = () => batches.splice(0).flatMap(({ messages }) => messages.map((message) => message.type));
    const begun = { type: 'begun', at: 1, endpoint: 'chat', method: 'POST', path: '/', tag: null, program: null, traceparent: null, attempt: 1, upstream: '', stream: true, bytes: 4 } as const;
    const most = Buffer.alloc(40_000_000);
    link.begun({ ...begun, call: 1 }, most);
    link.flush();
    link.begun({ ...begun, call: 2 }, most);
    link.read(1, 2, Buffer.alloc(30_000_000));
    link.read(1, 3, Buffer.from('too late'));
    link.read(2, 3, Buffer.from('short'));
    link.ended({ type: 'ended', call: 1, at: 4, status: 'ok', httpStatus: 200, error: null, bytes: 30_000_008 });
    link.flush();
    const held = heldBytes(batches[0]!);
    expect(batches[1]!.messages[0]).toMatchObject({ type: 'begun', call: 2, body: null });
    expect(types()).toEqual(['begun', 'begun', 'unread', 'reads', 'ended']);
    link.taken(held);
    link.flush();
    expect(batches[0]!.messages).toMatchObject([{ type: 'warning', code: 'recorderBehind', message: expect.stringContaining('2 prompts and answers (70.0 MB) were left out') as string }]);
    expect(types()).toEqual(['warning']);
    link.read(3, 5, Buffer.from('again'));
    link.flush();
    expect(types()).toEqual(['reads']);
  });
});

describe('a request’s head', () => {
  const head = (...lines: string[]) => parseRequestHead(`${lines.join('\r\n')}\r\n`);

  it('that is right is understood', () => {
    expect(head('POST /a?b HTTP/1.1', 'Host: x', 'Content-Length: 12', 'X-Empty:')).toEqual({ method: 'POST', target: '/a?b', minor: 1, headers: ['Host', 'x', 'Content-Length', '12', 'X-Empty', ''], body: 12, keepAlive: true, expectsContinue: false });
    expect(head('GET / HTTP/1.0', 'host: x')).toMatchObject({ keepAlive: false, body: null });
    expect(head('GET / HTTP/1.1', 'host: x', 'connection: close', 'expect: 100-continue', 'transfer-encoding: Chunked')).toMatchObject({ keepAlive: false, body: 'chunked', expectsContinue: true });
  });

  it.each([
    ['two lengths', ['POST / HTTP/1.1', 'host: x', 'content-length: 1', 'content-length: 1']],
    ['a length and chunks', ['POST / HTTP/1.1', 'host: x', 'content-length: 1', 'transfer-encoding: chunked']],
    ['another coding', ['POST / HTTP/1.1', 'host: x', 'transfer-encoding: gzip, chunked']],
    ['two codings', ['POST / HTTP/1.1', 'host: x', 'transfer-encoding: chunked', 'transfer-encoding: chunked']],
    ['chunks in HTTP/1.0', ['POST / HTTP/1.0', 'host: x', 'transfer-encoding: chunked']],
    ['a signed length', ['POST / HTTP/1.1', 'host: x', 'content-length: +1']],
    ['no host', ['GET / HTTP/1.1']],
    ['two hosts', ['GET / HTTP/1.1', 'host: a', 'host: b']],
    ['a folded header', ['GET / HTTP/1.1', 'host: x', ' y']],
    ['a space before the colon', ['GET / HTTP/1.1', 'host : x']],
    ['a bare line feed', ['GET / HTTP/1.1', 'host: x\nx-y: z']],
    ['a bare carriage return', ['GET / HTTP/1.1', 'host: x\ry']],
    ['a NUL', ['GET / HTTP/1.1', 'host: x\0']],
    ['another version', ['GET / HTTP/2.0', 'host: x']],
    ['spaces in the target', ['GET /a b HTTP/1.1', 'host: x']],
    ['nothing', ['']],
  ])('with %s is refused', (_name, lines) => {
    expect(head(...lines)).toBeNull();
  });
});
