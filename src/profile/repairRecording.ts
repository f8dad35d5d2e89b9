/** Takes what can be read out of a damaged recording, line by line and in bounded memory. Pure. */
import { Damage, type LeftOut } from './damage.ts';
import { withChecksum, type Crc32 } from './lineChecksum.ts';
import { isUnknownType, isUnlikeItsChecksum } from './readRecording.ts';
import { headerLineSchema, RECORDING_FORMAT, RECORDING_VERSION, recordingLineSchema, RecordingError, type HeaderLine } from './recordingFormat.ts';
import { UPGRADES, upgradeLine } from './upgradeRecording.ts';

export class RecordingRepairer {
  #line = 0;
  #part = 1;
  #version = RECORDING_VERSION;
  #hasHeader = false;
  #kept = 0;
  #headerMade = false;
  readonly #damage = new Damage();
  readonly #calls = new Set<string>();
  readonly #spans = new Set<string>();
  #id: string | null = null;
  readonly #substitute: HeaderLine;
  readonly #crc32: Crc32;

  /** @param substitute stands in for a header that cannot be read */
  constructor(substitute: HeaderLine, crc32: Crc32) {
    this.#substitute = substitute;
    this.#crc32 = crc32;
  }

  get kept(): number {
    return this.#kept;
  }

  get leftOutCount(): number {
    return this.#damage.count;
  }

  /** The first of those that were left out. */
  get leftOut(): readonly LeftOut[] {
    return this.#damage.named;
  }

  /** Whether the header is the substitute. */
  get headerMade(): boolean {
    return this.#headerMade;
  }

  /** The next file of the same recording begins. */
  beginPart(): void {
    this.#part++;
    this.#line = 0;
  }

  /** A stretch of the file could not be read. */
  lose(why: string): void {
    this.#damage.add({ line: this.#line + 1, part: this.#part }, why, '');
  }

  /** The next line has this number in its file: behind a stretch that could not be read. */
  resumeAt(line: number): void {
    this.#line = line - 1;
  }

  /**
   * The lines to write for the next line of the file: none where it cannot be used.
   * @throws RecordingError for the first line of a newer format version
   */
  push(text: string): string[] {
    this.#line++;
    // A power cut leaves zero bytes where a line was being written.
    const whole = text.replaceAll('\0', '').replace(/^\uFEFF/, '').trim();
    if (whole === '') {
      if (text.trim() !== '') this.#leave('it holds nothing but zero bytes', '');
      return [];
    }
    let value: unknown;
    try {
      value = JSON.parse(whole);
    } catch {
      this.#leave('it is no whole JSON', whole);
      return this.#hasHeader ? [] : this.#makeHeader();
    }
    return this.#hasHeader ? this.#take(value, whole) : this.#begin(value, whole);
  }

  #begin(value: unknown, text: string): string[] {
    if (isHeader(value)) {
      const { version } = value;
      if (typeof version === 'number' && version > RECORDING_VERSION) throw new RecordingError('newerVersion', `The recording has format version ${version}, and this Agent Cost Profiler knows versions up to ${RECORDING_VERSION}. Update Agent Cost Profiler to repair it.`);
      const from = typeof version === 'number' && Number.isInteger(version) && version > 0 ? version : RECORDING_VERSION;
      const header = headerLineSchema.safeParse(upgradeLine(value, from, RECORDING_VERSION, UPGRADES));
      if (header.success) {
        this.#version = from;
        this.#hasHeader = true;
        this.#id = header.data.id;
        if (isUnlikeItsChecksum(text, value, this.#crc32)) this.#leave('the header does not match its checksum, and is kept all the same', '');
        return [this.#keep(upgradeLine(value, from, RECORDING_VERSION, UPGRADES))];
      }
      this.#leave(`its header is damaged (field ${header.error.issues[0]?.path.join('.') ?? 'unknown'})`, '');
      return this.#makeHeader();
    }
    return [...this.#makeHeader(), ...this.#take(value, text)];
  }

  #makeHeader(): string[] {
    this.#headerMade = true;
    this.#hasHeader = true;
    return [this.#written(this.#substitute)];
  }

  #take(value: unknown, text: string): string[] {
    if (isHeader(value)) {
      // In one file there are no parts any more.
      if (this.#line > 1 || value.part !== this.#part || (this.#id !== null && value.id !== this.#id)) this.#leave('it is a second header', '');
      return [];
    }
    if (isUnlikeItsChecksum(text, value, this.#crc32)) {
      this.#leave('it does not match its checksum', text);
      return [];
    }
    const upgraded = upgradeLine(value, this.#version, RECORDING_VERSION, UPGRADES);
    if (upgraded === null) return [];
    // What later releases add to the format is not this one's to take away: lines of other types, and other fields.
    if (isUnknownType(upgraded)) return [this.#keep(upgraded)];
    const parsed = recordingLineSchema.safeParse(upgraded);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      this.#leave(issue === undefined || issue.path.length === 0 ? 'it is no line of a recording' : `its field ${issue.path.join('.')} is not valid`, text);
      return [];
    }
    const { data } = parsed;
    const known = data.type === 'call' ? this.#calls : data.type === 'span' ? this.#spans : null;
    if (known !== null && 'id' in data) {
      if (known.has(data.id)) {
        this.#leave(`its id ${data.id.slice(0, 40)} stands in an earlier line`, text);
        return [];
      }
      known.add(data.id);
    }
    return [this.#keep(upgraded)];
  }

  #keep(line: unknown): string {
    this.#kept++;
    return this.#written(line);
  }

  #written(line: unknown): string {
    return `${withChecksum(JSON.stringify({ ...(line as object), crc: undefined }), this.#crc32)}\n`;
  }

  #leave(why: string, text: string): void {
    this.#damage.add({ line: this.#line, part: this.#part }, why, text);
  }
}

function isHeader(value: unknown): value is { version: unknown; part?: unknown; id?: unknown } {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === RECORDING_FORMAT;
}
