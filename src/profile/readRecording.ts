/** Reads a recording's lines into a `Profile`, in one pass and in whatever pieces the text arrives. */
import * as l10n from '@vscode/l10n';
import { localNumber } from './language.ts';
import { Damage } from './damage.ts';
import { LineDecoder } from './decodeLine.ts';
import { ProfileFolder, type OnEnded } from './foldRecording.ts';
import { formatCount } from './formatCount.ts';
import { formatBytes } from './formatValue.ts';
import { HeldStacks } from './heldStacks.ts';
import { HeldTexts, type TextsElsewhere, type TextsHeld } from './heldTexts.ts';
import { hasRightChecksum, plainCrc32, type Crc32 } from './lineChecksum.ts';
import type { Profile } from './model.ts';
import { RECORDING_FORMAT, RECORDING_VERSION, RecordingError, headerLineSchema, recordingLineSchema, type CallLine, type HeaderLine, type RecordingLine, type WarningLine } from './recordingFormat.ts';
import { upgradeLine, UPGRADES } from './upgradeRecording.ts';
import { UsualLines } from './usualLines.ts';

/** A header longer than this is not ours; says so instead of buffering gigabytes of a file without line ends. */
const LONGEST_HEADER = 4 * 1024 * 1024;
/** A prompt of a million tokens, kept in full, is about 8 MB of JSON; longer lines are taken for damage. */
const LONGEST_LINE = 128 * 1024 * 1024;
/** More than fits beside its own analysis in the memory that Node gives a process by default. */
const MOST_HELD_CHARS = 1024 * 1024 * 1024;
/** Texts that a report is made with: with its figures less than the longest string that Node can write (2²⁹ chars). */
const MOST_REPORT_TEXT_CHARS = 128 * 1024 * 1024;
/** Texts that a page has beside those: written as JSON, both are less than that. */
const MOST_PAGE_TEXT_CHARS = 96 * 1024 * 1024;
/** Texts that are held where further ones can be put elsewhere. */
const MOST_CHARS_BEFORE_ELSEWHERE = 256 * 1024 * 1024;

/** About what is held of a call and of a span beside texts, of the end of one, and of each chunk's time. Their frames are held once. */
const CALL_CHARS = 600;
const SPAN_CHARS = 300;
const END_CHARS = 100;
const NUMBER_CHARS = 8;

const TOO_LONG = l10n.t('it is longer than any line of a recording');

const LINE_TYPES = new Set<unknown>(recordingLineSchema.options.map((option) => option.shape.type.value));

export interface ReadingOptions {
  /** All by default. */
  texts?: TextsHeld;
  /** A faster one than ours. */
  crc32?: Crc32;
  /** Chars of lines held at most, less what of prompts is held already or not held; others are refused. */
  mostHeldChars?: number;
  /** With `texts` of `report` and `page`; with `all` where there is `elsewhere`. */
  mostTextChars?: number;
  /** With `texts: 'page'`: beside those. */
  mostOtherTextChars?: number;
  /** Takes texts of prompts that are too many to be held (`all`), or is told which those are (`page`). */
  elsewhere?: TextsElsewhere;
  onEnded?: OnEnded;
  /** Told of each call as it is read, with all its texts, which must not be kept. */
  onPrompt?: (line: CallLine) => void;
}

/**
 * Reads a recording as it arrives: whole, in pieces of any size, or line by line while it is being written.
 *
 * `push` throws a `RecordingError` when the first line shows that this is no recording, one of a newer version, or
 * when what it says exceeds what can be held. Its message says what and what to do; the caller adds the file's name.
 */
export class RecordingReader {
  /** Pieces of the line that has no end yet. Joined once, so that a long line in small pieces costs no more. */
  #pending: string[] = [];
  #pendingLength = 0;
  /** The pending line is over the limit: of it only the beginning is held. */
  #isTooLong = false;
  #part = 1;
  #line = 0;
  #held = 0;
  readonly #damage = new Damage();
  readonly #usual: UsualLines;
  readonly #decoder: LineDecoder;
  #version = RECORDING_VERSION;
  #folder: ProfileFolder | null = null;
  readonly #crc32: Crc32;
  readonly #texts: HeldTexts;
  readonly #mostHeldChars: number;
  readonly #onEnded: OnEnded | null;
  readonly #onPrompt: ((line: CallLine) => void) | null;

  constructor({ texts = 'all', crc32 = plainCrc32, mostHeldChars = MOST_HELD_CHARS, mostTextChars, mostOtherTextChars = MOST_PAGE_TEXT_CHARS, elsewhere, onEnded, onPrompt }: ReadingOptions = {}) {
    const stacks = new HeldStacks();
    this.#usual = new UsualLines(stacks, (id) => this.#folder?.heldId(id));
    this.#decoder = new LineDecoder(stacks);
    this.#onEnded = onEnded ?? null;
    this.#onPrompt = onPrompt ?? null;
    this.#crc32 = crc32;
    this.#texts = new HeldTexts(texts, mostTextChars ?? (texts === 'all' ? MOST_CHARS_BEFORE_ELSEWHERE : MOST_REPORT_TEXT_CHARS), { mostOtherChars: mostOtherTextChars, elsewhere });
    this.#mostHeldChars = mostHeldChars;
  }

  push(chunk: string): void {
    let from = 0;
    for (let newline = chunk.indexOf('\n'); newline !== -1; newline = chunk.indexOf('\n', from)) {
      this.#keep(chunk.slice(from, newline));
      this.#endLine();
      from = newline + 1;
    }
    if (from < chunk.length) this.#keep(chunk.slice(from));
  }

  /** The next file of the same recording begins. */
  beginPart(): void {
    if (this.#pendingLength > 0 || this.#isTooLong) this.#endLine();
    this.#part++;
    this.#line = 0;
  }

  /** A stretch of the file could not be read: the line that it began in is lost, and any in it; what comes next may be the rest of one. */
  lose(why: string): void {
    const begun = this.#takePending();
    this.#damage.add({ line: this.#line + 1, part: this.#part }, why, begun);
    this.#isTooLong = false;
  }

  /** What comes next begins with the line of this number in its file: behind a stretch that could not be read. */
  resumeAt(line: number): void {
    this.#line = line - 1;
  }

  /**
   * Says that no more text comes. A last line without its line end counts when it is whole, and is left out when it
   * is torn. Throws a `RecordingError` when there was no header.
   */
  finish(): void {
    const last = this.#takePending();
    this.#line++;
    if (this.#folder === null) {
      if (last.trim() === '') {
        throw new RecordingError('empty', l10n.t('The recording is empty: it ended before anything was recorded. Profile the program again.'));
      }
      this.#readHeader(last);
    } else if (this.#isTooLong) {
      this.#isTooLong = false;
      this.#leaveOut(TOO_LONG, last);
    } else if (last.trim() !== '') {
      const line = parseJson(last);
      // A torn last line is what a killed profiler leaves; it is expected, and no damage.
      if (line !== undefined) this.#readLine(last, line);
    }
  }

  /**
   * What has been read so far. The same object grows with each `push`. Throws a `RecordingError` before the header
   * is there.
   */
  get profile(): Profile {
    if (this.#folder === null) throw new RecordingError('empty', l10n.t('Nothing has been recorded yet.'));
    const { profile } = this.#folder;
    const warnings = this.#warnings(profile);
    return warnings.length === 0 ? profile : { ...profile, warnings: [...profile.warnings, ...warnings] };
  }

  /** The header is there, so `profile` can be asked for. */
  get started(): boolean {
    return this.#folder !== null;
  }

  /** Lines that could not be read. */
  get damaged(): number {
    return this.#damage.count;
  }

  #warnings({ lastT }: Profile): WarningLine[] {
    const warnings: WarningLine[] = [];
    if (this.#damage.count > 0) warnings.push({ type: 'warning', t: lastT, code: 'damagedLines', message: this.#damage.message });
    const { leftOut, shortened } = this.#texts;
    if (leftOut > 0)
      warnings.push({
        type: 'warning',
        t: lastT,
        code: 'textsNotRead',
        message: l10n.t`The recording holds more text than a report is made with: that of ${localNumber(leftOut)} later prompts and answers was not read. Their figures are exact; tools and tasks that only a text tells of are missing among them.`,
      });
    if (shortened > 0 && this.#texts.held === 'page')
      warnings.push({
        type: 'warning',
        t: lastT,
        code: 'promptsNotWhole',
        message: l10n.t`The recording holds more text than a page can: of ${formatCount(shortened, 'prompt')} the earlier messages are not all here. Figures, the ends of prompts and answers are; the recording has the rest.`,
      });
    return warnings;
  }

  #keep(piece: string): void {
    if (this.#isTooLong || piece === '') return;
    this.#pending.push(piece);
    this.#pendingLength += piece.length;
    const limit = this.#folder === null ? LONGEST_HEADER : LONGEST_LINE;
    if (this.#pendingLength <= limit) return;
    if (this.#folder === null) throw notARecording();
    this.#pending = [this.#takePending().slice(0, 200)];
    this.#isTooLong = true;
  }

  #takePending(): string {
    const text = this.#pending.length === 1 ? (this.#pending[0] ?? '') : this.#pending.join('');
    this.#pending = [];
    this.#pendingLength = 0;
    return text;
  }

  #endLine(): void {
    const text = this.#takePending();
    this.#line++;
    if (this.#isTooLong) {
      this.#isTooLong = false;
      this.#leaveOut(TOO_LONG, text);
      return;
    }
    if (this.#folder === null) this.#readHeader(text);
    else if (!this.#readUsual(text) && text.trim() !== '') {
      const line = parseJson(text);
      if (line === undefined) this.#leaveOut(l10n.t('it is no whole JSON'), text);
      else this.#readLine(text, line);
    }
  }

  #leaveOut(why: string, text: string): void {
    this.#damage.add({ line: this.#line, part: this.#part }, why, text);
  }

  #readHeader(text: string): void {
    const bare = text.startsWith('\uFEFF') ? text.slice(1) : text;
    const line = parseJson(bare);
    if (typeof line !== 'object' || line === null || !('format' in line) || line.format !== RECORDING_FORMAT || !('version' in line)) {
      if (bare.startsWith('{"type":"header"')) {
        throw new RecordingError('damaged', l10n.t('The recording was cut off or damaged within its first line, so nothing of it can be read. Profile the program again.'));
      }
      throw notARecording();
    }
    const version = line.version;
    if (typeof version !== 'number' || !Number.isInteger(version)) throw notARecording();
    if (version > RECORDING_VERSION) {
      throw new RecordingError(
        'newerVersion',
        l10n.t`The recording has format version ${version}, and this Agent Cost Profiler reads versions up to ${RECORDING_VERSION}. Update Agent Cost Profiler to open it.`,
      );
    }
    this.#version = version;
    const header = headerLineSchema.safeParse(upgradeLine(line, version, RECORDING_VERSION, UPGRADES));
    if (!header.success) {
      const where = header.error.issues[0]?.path.join('.') ?? 'unknown';
      throw new RecordingError('damaged', l10n.t`The recording's first line is damaged (field ${where}), so it cannot be read. Profile the program again.`);
    }
    if (isUnlikeItsChecksum(bare, line, this.#crc32)) this.#leaveOut(l10n.t('the header does not match its checksum, and is used all the same'), '');
    this.#folder = new ProfileFolder(header.data, this.#onEnded);
    this.#hold(text.length);
  }

  /** @returns whether the line is one of those that can be read without parsing it, and is as it was written */
  #readUsual(text: string): boolean {
    if (this.#version !== RECORDING_VERSION) return false;
    const line = this.#usual.read(text);
    if (line === null || hasRightChecksum(text, this.#crc32) === false) return false;
    this.#fold(line, text);
    return true;
  }

  #readLine(text: string, raw: unknown): void {
    if (isUnlikeItsChecksum(text, raw, this.#crc32)) {
      this.#leaveOut(l10n.t('it does not match its checksum'), text);
      return;
    }
    const upgraded = upgradeLine(raw, this.#version, RECORDING_VERSION, UPGRADES);
    if (upgraded === null) return;
    const line = this.#decoder.decode(upgraded);
    if (line !== null) {
      this.#fold(line, text);
      return;
    }
    const parsed = recordingLineSchema.safeParse(upgraded);
    if (!parsed.success) {
      if (!isUnknownType(upgraded)) this.#leaveOut(l10n.t`its field ${parsed.error.issues[0]?.path.join('.') || 'type'} is not valid`, text);
    } else if (parsed.data.type !== 'header') this.#fold(parsed.data, text);
    else if (!this.#opensPart(parsed.data)) this.#leaveOut(l10n.t('it is a second header'), text);
  }

  #opensPart({ id, part }: HeaderLine): boolean {
    return this.#line === 1 && part === this.#part && id === this.#folder?.profile.header.id;
  }

  #fold(line: Exclude<RecordingLine, HeaderLine>, text: string): void {
    this.#hold(this.#charsOf(line, text));
    if (this.#folder?.fold(line) === false) this.#leaveOut(l10n.t('its id stands in an earlier line'), text);
  }

  /** About how many chars a line takes in memory. Takes out of it what is not held, or is held already. */
  #charsOf(line: Exclude<RecordingLine, HeaderLine>, text: string): number {
    switch (line.type) {
      case 'call':
        this.#onPrompt?.(line);
        return CALL_CHARS + this.#texts.takePrompt(line);
      case 'callEnd':
        return CALL_CHARS + line.chunkGaps.length * NUMBER_CHARS + this.#texts.takeAnswer(line);
      case 'span':
        return SPAN_CHARS + line.name.length + (line.detail?.length ?? 0);
      case 'spanEnd':
        return END_CHARS + (line.error?.length ?? 0);
      default:
        return text.length;
    }
  }

  #hold(chars: number): void {
    this.#held += chars;
    if (this.#held <= this.#mostHeldChars) return;
    throw new RecordingError(
      'tooLarge',
      [
        l10n.t`What the recording says takes more than ${formatBytes(this.#mostHeldChars)}, more than can be held at once.`,
        ...(this.#texts.held === 'all' ? [l10n.t('agent-cost report has its figures.')] : []),
        l10n.t('Record a shorter run, or one with --capture hashes.'),
      ].join(' '),
    );
  }
}

/** Reads a whole recording. Throws a `RecordingError` for text that is none. */
export function readRecording(text: string): Profile {
  const reader = new RecordingReader();
  reader.push(text);
  reader.finish();
  return reader.profile;
}

function notARecording(): RecordingError {
  return new RecordingError('notARecording', l10n.t('This is not a recording of Agent Cost Profiler. Open an .agentcost file that `agent-cost run` has written.'));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the caller decides whether that is damage, a torn end or another kind of file.
    return undefined;
  }
}

/** A later release may add types of lines without a new version; those are for others to read, and no damage. */
export function isUnknownType(line: unknown): boolean {
  return typeof line === 'object' && line !== null && 'type' in line && typeof line.type === 'string' && !LINE_TYPES.has(line.type);
}

/** One that has a checksum, where it stands or elsewhere, which is not its own. */
export function isUnlikeItsChecksum(text: string, line: unknown, crc32: Crc32): boolean {
  const isRight = hasRightChecksum(text, crc32);
  return isRight === null ? typeof line === 'object' && line !== null && 'crc' in line : !isRight;
}
