/** Takes what can be read out of a damaged recording, line by line and in bounded memory. Pure. */
import { isUnknownType, UPGRADES, upgradeLine } from './readRecording.ts';
import { headerLineSchema, RECORDING_FORMAT, RECORDING_VERSION, recordingLineSchema, RecordingError, type HeaderLine } from './recordingFormat.ts';

/** A line that is left out: its number in the file, from 1, and why. */
export interface LeftOut {
  line: number;
  why: string;
}

/** More of them are only counted. */
const MOST_NAMED = 20;

export class RecordingRepairer {
  #line = 0;
  #version = RECORDING_VERSION;
  #hasHeader = false;
  #kept = 0;
  #leftOutCount = 0;
  #headerMade = false;
  readonly #leftOut: LeftOut[] = [];
  readonly #calls = new Set<string>();
  readonly #spans = new Set<string>();
  readonly #substitute: HeaderLine;

  /** @param substitute stands in for a header that cannot be read */
  constructor(substitute: HeaderLine) {
    this.#substitute = substitute;
  }

  get kept(): number {
    return this.#kept;
  }

  get leftOutCount(): number {
    return this.#leftOutCount;
  }

  /** The first of those that were left out. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /** Whether the header is the substitute. */
  get headerMade(): boolean {
    return this.#headerMade;
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
      if (text.trim() !== '') this.#leave('it holds nothing but zero bytes');
      return [];
    }
    let value: unknown;
    try {
      value = JSON.parse(whole);
    } catch {
      this.#leave('it is no whole JSON');
      return this.#hasHeader ? [] : this.#makeHeader();
    }
    return this.#hasHeader ? this.#take(value) : this.#begin(value);
  }

  #begin(value: unknown): string[] {
    if (isHeader(value)) {
      const { version } = value;
      if (typeof version === 'number' && version > RECORDING_VERSION) throw new RecordingError('newerVersion', `The recording has format version ${version}, and this Agent Cost Profiler knows versions up to ${RECORDING_VERSION}. Update Agent Cost Profiler to repair it.`);
      const from = typeof version === 'number' && Number.isInteger(version) && version > 0 ? version : RECORDING_VERSION;
      const header = headerLineSchema.safeParse(upgradeLine(value, from, RECORDING_VERSION, UPGRADES));
      if (header.success) {
        this.#version = from;
        this.#hasHeader = true;
        return [this.#keep(upgradeLine(value, from, RECORDING_VERSION, UPGRADES))];
      }
      this.#leave(`its header is damaged (field ${header.error.issues[0]?.path.join('.') ?? 'unknown'})`);
      return this.#makeHeader();
    }
    return [...this.#makeHeader(), ...this.#take(value)];
  }

  #makeHeader(): string[] {
    this.#headerMade = true;
    this.#hasHeader = true;
    return [`${JSON.stringify(this.#substitute)}\n`];
  }

  #take(value: unknown): string[] {
    if (isHeader(value)) {
      this.#leave('it is a second header');
      return [];
    }
    const upgraded = upgradeLine(value, this.#version, RECORDING_VERSION, UPGRADES);
    if (upgraded === null) return [];
    // What later releases add to the format is not this one's to take away: lines of other types, and other fields.
    if (isUnknownType(upgraded)) return [this.#keep(upgraded)];
    const parsed = recordingLineSchema.safeParse(upgraded);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      this.#leave(issue === undefined || issue.path.length === 0 ? 'it is no line of a recording' : `its field ${issue.path.join('.')} is not valid`);
      return [];
    }
    const { data } = parsed;
    const known = data.type === 'call' ? this.#calls : data.type === 'span' ? this.#spans : null;
    if (known !== null && 'id' in data) {
      if (known.has(data.id)) {
        this.#leave(`its id ${data.id.slice(0, 40)} stands in an earlier line`);
        return [];
      }
      known.add(data.id);
    }
    return [this.#keep(upgraded)];
  }

  #keep(line: unknown): string {
    this.#kept++;
    return `${JSON.stringify(line)}\n`;
  }

  #leave(why: string): void {
    this.#leftOutCount++;
    if (this.#leftOut.length < MOST_NAMED) this.#leftOut.push({ line: this.#line, why });
  }
}

function isHeader(value: unknown): value is { version: unknown } {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === RECORDING_FORMAT;
}
