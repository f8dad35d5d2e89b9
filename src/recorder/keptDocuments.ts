/**
 * Analysed recordings in the columns that a timeline takes, kept so that one which was opened before, or recorded here, is there at
 * once. They lie in a folder of the user's, never beside a recording: who hands one on could put another document there, which
 * is taken unread. They can be read by who has the recording alone: they are sealed with a key that is made of its contents.
 *
 * A file: the path of the recording, with how long it is before it; the parts of the document, each as V8 writes values, with how
 * long it is before it, all of them sealed (AES-256-GCM); and the seal. One that is damaged, or of a recording, a program or
 * settings that are others by now, is as good as none.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, type CipherGCM } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, readdir, readFile, realpath, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Bytes, Milliseconds } from '../profile/units.ts';
import type { KeptPlace, SpansOfRows } from '../protocol/analysisThread.ts';
import { packDocument, rowsOf } from '../protocol/packDocument.ts';
import { SpanPacker } from '../protocol/packSpans.ts';
import type { DocumentPart, TimelineDocument } from '../protocol/webview.ts';
import { makeKeptDocumentsFolder } from './keptDocumentsFolder.ts';
import { partsOf, recordingOf } from './recordingParts.ts';

/** A million spans take about 200 MB. */
const MOST_BYTES: Bytes = 512 * 1024 * 1024;
const ENDING = '.columns';
const UNFINISHED = '.part';
/** Whoever wrote one for so long is no more. */
const ABANDONED_MS: Milliseconds = 3_600_000;
/** Of the beginning and of the end of a recording, which are compared besides size and time. */
const COMPARED_BYTES: Bytes = 64 * 1024;
const LENGTH_BYTES: Bytes = 4;
/** Longer paths there are none. */
const LONGEST_PATH: Bytes = 64 * 1024;
const CIPHER = 'aes-256-gcm';
/** As GCM wants it. */
const NONCE_BYTES: Bytes = 12;
const SEAL_BYTES: Bytes = 16;

/** A kept document. */
export interface KeptDocument {
  /** Made one by one. */
  messages: Iterable<DocumentPart>;
  rows: SpansOfRows;
}

const makers = new Map<string, Promise<string>>();

/**
 * What tells one build of the analysis from another, whose figures may differ.
 * @param analysis `dist/analysis.cjs` of the build that analyses, which is the same in all bundles of it
 */
export function makerOf(analysis: string): Promise<string> {
  let maker = makers.get(analysis);
  if (maker === undefined) makers.set(analysis, (maker = readFile(analysis).then((bytes) => createHash('sha256').update(bytes).digest('hex'))));
  return maker;
}

/** A recording's path as it is the same for all, whoever names it: an editor may write a drive in small letters, or come by a link. */
async function commonPath(recording: string): Promise<string> {
  try {
    return join(await realpath(dirname(recording)), basename(recording));
  } catch {
    // The folder went, with the recording.
    return recording;
  }
}

function ofRecording(recording: string): string {
  return createHash('sha256').update(recording).digest('hex').slice(0, 24);
}

/** A recording as it is now, under certain circumstances: how a file of it is called, and the key to it. */
interface Identity {
  name: string;
  key: Buffer;
}

/**
 * @param circumstances whatever changes a document besides the recording
 * @throws the error of looking at the recording's files
 */
async function identityOf(recording: string, circumstances: unknown): Promise<Identity> {
  const contents = createHash('sha256');
  const hash = createHash('sha256').update(JSON.stringify(circumstances));
  const parts = await partsOf(recording);
  for (const [k, part] of parts.entries()) {
    const handle = await open(part, 'r');
    try {
      const { size, mtimeMs } = await handle.stat();
      hash.update(JSON.stringify([part, size, mtimeMs]));
      if (k === 0) contents.update(await pieceOf(handle, 0));
      if (k === parts.length - 1) contents.update(await pieceOf(handle, Math.max(0, size - COMPARED_BYTES)));
    } finally {
      await handle.close();
    }
  }
  const key = contents.digest();
  // Not the key, but what nobody finds it from.
  const name = hash.update(createHash('sha256').update(key).digest()).digest('hex').slice(0, 32);
  return { name: `${ofRecording(recording)}-${name}${ENDING}`, key };
}

async function pieceOf(handle: FileHandle, at: Bytes): Promise<Buffer> {
  const piece = Buffer.alloc(COMPARED_BYTES);
  const { bytesRead } = await handle.read(piece, 0, COMPARED_BYTES, at);
  return piece.subarray(0, bytesRead);
}

/** What is kept of one recording, under certain circumstances. */
export class KeptRecording {
  private readonly folder: string;
  private readonly recording: string;
  private readonly circumstances: unknown;
  private readonly identity: Identity;

  private constructor(folder: string, recording: string, circumstances: unknown, identity: Identity) {
    this.folder = folder;
    this.recording = recording;
    this.circumstances = circumstances;
    this.identity = identity;
  }

  /**
   * Of the recording as it is now.
   * @param settings whatever changes a document besides the recording
   * @throws the error of looking at the recording's files
   */
  static async of(file: string, { folder, maker }: KeptPlace, settings: unknown): Promise<KeptRecording> {
    const recording = await commonPath(await recordingOf(file));
    const circumstances = [maker, settings];
    return new KeptRecording(folder, recording, circumstances, await identityOf(recording, circumstances));
  }

  /** The document; null where none is kept, or none that is sound. */
  async read(): Promise<KeptDocument | null> {
    const file = join(this.folder, this.identity.name);
    try {
      const kept = documentIn(await readFile(file), this.identity.key);
      // Of what is kept the one that was used longest ago goes first.
      await utimes(file, new Date(), new Date());
      return kept;
    } catch {
      // Not there, or damaged: the recording itself says all of it.
      return null;
    }
  }

  /** @throws where the folder can't be written to */
  begin(): KeptWriter {
    makeKeptDocumentsFolder(this.folder);
    return new KeptWriter(join(this.folder, this.identity.name), this.recording, this.identity.key);
  }

  /** Puts what was written in its place, unless the recording was written to meanwhile, and makes room. */
  async finish(writer: KeptWriter, rows: SpansOfRows): Promise<void> {
    if ((await identityOf(this.recording, this.circumstances)).name !== this.identity.name) return writer.abandon();
    writer.end(rows);
    await sweep(this.folder, this.identity.name);
  }
}

/** Writes a document as it is handed over, a message after the other. */
class KeptWriter {
  private readonly file: string;
  private readonly unfinished: string;
  private readonly descriptor: number;
  private readonly cipher: CipherGCM;
  private isOpen = true;

  /** @throws where it can't be written */
  constructor(file: string, recording: string, key: Buffer) {
    this.file = file;
    const nonce = randomBytes(NONCE_BYTES);
    this.unfinished = `${file}.${nonce.toString('hex')}${UNFINISHED}`;
    this.cipher = createCipheriv(CIPHER, key, nonce);
    this.descriptor = openSync(this.unfinished, 'wx', 0o600);
    const path = Buffer.from(recording);
    this.write(lengthOf(path), path, nonce);
  }

  /** @throws where it can't be written */
  add(message: DocumentPart | SpansOfRows): void {
    const bytes = serialize(message);
    this.write(this.cipher.update(lengthOf(bytes)), this.cipher.update(bytes));
  }

  /** @throws where it can't be written */
  end(rows: SpansOfRows): void {
    this.add(rows);
    this.write(this.cipher.final(), this.cipher.getAuthTag());
    this.close();
    renameSync(this.unfinished, this.file);
  }

  /** Leaves nothing of it behind. */
  abandon(): void {
    this.close();
    rmSync(this.unfinished, { force: true });
  }

  private close(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }

  private write(...pieces: Buffer[]): void {
    for (const bytes of pieces) for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
  }
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return length;
}

/** Keeps a document for a next time as far as that can be done: who wants it now gets it all the same. */
export class Keeper {
  private readonly kept: KeptRecording | null;
  private writer: KeptWriter | null = null;
  private isGivenUp = false;

  /** @param kept null: nothing is kept */
  constructor(kept: KeptRecording | null) {
    this.kept = kept;
  }

  /** The document's messages, one after the other. */
  add(message: DocumentPart): void {
    if (this.kept === null || this.isGivenUp) return;
    try {
      this.writer ??= this.kept.begin();
      this.writer.add(message);
    } catch {
      // No room on the disk, or no folder that may be written to.
      this.giveUp();
    }
  }

  /** All messages have been added. */
  async finish(rows: SpansOfRows): Promise<void> {
    if (this.kept === null || this.writer === null || this.isGivenUp) return;
    try {
      await this.kept.finish(this.writer, rows);
    } catch {
      // As above, or the recording went away meanwhile.
      this.giveUp();
    }
  }

  private giveUp(): void {
    this.isGivenUp = true;
    this.writer?.abandon();
  }
}

/** Keeps a whole document for a next time, as far as that can be done. */
export async function keepDocument(kept: KeptRecording, document: TimelineDocument): Promise<void> {
  const packer = new SpanPacker();
  const keeper = new Keeper(kept);
  for (const message of packDocument(document, packer)) if (message !== null) keeper.add(message);
  await keeper.finish(rowsOf(document.report, packer));
}

/** @throws where it is damaged, or of another recording */
function documentIn(bytes: Buffer, key: Buffer): KeptDocument {
  const begin = LENGTH_BYTES + bytes.readUInt32LE(0);
  const sealed = begin + NONCE_BYTES;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(begin, sealed), { authTagLength: SEAL_BYTES });
  decipher.setAuthTag(bytes.subarray(-SEAL_BYTES));
  const plain = decipher.update(bytes.subarray(sealed, -SEAL_BYTES));
  // Throws where a single bit is another.
  decipher.final();
  const parts: Buffer[] = [];
  for (let at = 0; at < plain.length; ) {
    const from = at + LENGTH_BYTES;
    at = from + plain.readUInt32LE(at);
    parts.push(plain.subarray(from, at));
  }
  const rows = deserialize(parts.pop()!) as SpansOfRows;
  return {
    rows: withOwnColumns(rows),
    messages: (function* () {
      for (const part of parts) yield withOwnColumns(deserialize(part) as DocumentPart);
    })(),
  };
}

/** With columns of numbers in memory of their own, which can be given away: what V8 reads lies in what it was read from. */
function withOwnColumns<Value>(value: Value): Value {
  if (ArrayBuffer.isView(value)) return (value as unknown as Float64Array).slice() as unknown as Value;
  if (Array.isArray(value)) return value.some((each) => ArrayBuffer.isView(each)) ? (value.map(withOwnColumns) as unknown as Value) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withOwnColumns(each)])) as Value;
}

/** Deletes what is kept of a recording. */
export async function forgetKept(folder: string, file: string): Promise<void> {
  const begins = ofRecording(await commonPath(file));
  for (const name of await namesIn(folder)) if (name.startsWith(begins)) await rm(join(folder, name), { force: true });
}

/** Deletes what is kept of recordings that are gone, however they went. */
export async function forgetGone(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(ENDING)) continue;
    const file = join(folder, name);
    try {
      if (!(await isOfSome(file))) await rm(file, { force: true });
    } catch {
      // Another window deleted it.
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    // Nothing was ever kept.
    return [];
  }
}

/**
 * Deletes what is of no use any more, and then what was used longest ago, until no more is kept than may be.
 * @param newest the name of what was written last
 */
export async function sweep(folder: string, newest: string, mostBytes: Bytes = MOST_BYTES): Promise<void> {
  const kept: { file: string; size: Bytes; usedMs: Milliseconds }[] = [];
  for (const name of await namesIn(folder)) {
    const file = join(folder, name);
    try {
      const { size, mtimeMs } = await stat(file);
      const isOutdated = name !== newest && name.endsWith(ENDING) && name.startsWith(newest.slice(0, newest.indexOf('-')));
      const isAbandoned = name.endsWith(UNFINISHED) && Date.now() - mtimeMs > ABANDONED_MS;
      if (isOutdated || isAbandoned || (name.endsWith(ENDING) && !(await isOfSome(file)))) await rm(file, { force: true });
      else if (name.endsWith(ENDING)) kept.push({ file, size, usedMs: name === newest ? Infinity : mtimeMs });
    } catch {
      // Another window deleted it.
    }
  }
  let sum = kept.reduce((bytes, { size }) => bytes + size, 0);
  for (const { file, size } of kept.sort((a, b) => a.usedMs - b.usedMs)) {
    if (sum <= mostBytes) return;
    await rm(file, { force: true });
    sum -= size;
  }
}

/** Whether the recording that a file is of is still there. */
async function isOfSome(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const length = Buffer.alloc(LENGTH_BYTES);
    await handle.read(length, 0, LENGTH_BYTES, 0);
    const path = Buffer.alloc(Math.min(length.readUInt32LE(), LONGEST_PATH));
    await handle.read(path, 0, path.length, LENGTH_BYTES);
    return (await stat(path.toString())).isFile();
  } catch {
    // It is gone, or what is kept of it is damaged.
    return false;
  } finally {
    await handle.close();
  }
}
