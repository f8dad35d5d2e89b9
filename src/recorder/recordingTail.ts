/** A recording's files, read on as they grow. */
import { open } from 'node:fs/promises';
import type { OnEnded } from '../profile/foldRecording.ts';
import { RecordingReader } from '../profile/readRecording.ts';
import type { Bytes } from '../profile/units.ts';
import { crc32 } from './crc32.ts';
import { RecordedText, type TextListener } from './recordedText.ts';
import { LOST_STRETCH } from './recordingFile.ts';
import { existingPart, recordingOf } from './recordingParts.ts';

const PIECE_BYTES: Bytes = 1 << 20;

export interface TailListener extends TextListener {
  /** The recording goes on in its next file. */
  onPart?(): void;
  /** So much of the recording's files has been handed on. */
  onPiece?(bytes: Bytes): void;
}

/** Hands on the text of a recording that grows. */
export class FileTail {
  private readonly listener: TailListener;
  /** As it was named, until its first part is known. */
  private readonly named: string;
  private recording: string | null = null;
  private text: RecordedText;
  private part = 1;
  private path = '';
  /** How far this part is read, and how long those before it are. */
  private offset: Bytes = 0;
  private before: Bytes = 0;

  constructor(file: string, listener: TailListener) {
    this.named = file;
    this.listener = listener;
    this.text = new RecordedText(listener);
  }

  /**
   * Reads up to a place in the recording, whose files are counted as one, or to its end.
   * @throws what the listener throws, or the error of reading a file
   */
  async readTo(bytes: Bytes): Promise<void> {
    this.recording ??= this.path = await recordingOf(this.named);
    for (;;) {
      await this.readPart(bytes - this.before);
      if (this.before + this.offset >= bytes) return;
      const next = await existingPart(this.recording, this.part + 1);
      if (next === null) return;
      // What was written to this one after it had been read, and before the next began.
      await this.readPart(Infinity);
      await this.text.end();
      this.before += this.offset;
      this.part++;
      this.path = next;
      this.offset = 0;
      this.text = new RecordedText(this.listener);
      this.listener.onPart?.();
    }
  }

  /** Hands on what is left of the last letter. Nothing more comes. */
  end(): Promise<void> {
    return this.text.end();
  }

  private async readPart(bytes: Bytes): Promise<void> {
    if (this.offset >= bytes) return;
    const handle = await open(this.path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(PIECE_BYTES, bytes - this.offset)));
      while (this.offset < bytes) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - this.offset), this.offset);
        if (bytesRead === 0) return;
        this.offset += bytesRead;
        await this.text.write(buffer.subarray(0, bytesRead));
        this.listener.onPiece?.(this.before + this.offset);
      }
    } finally {
      await handle.close();
    }
  }
}

/** A recording as a report needs it, read as it grows. */
export class RecordingTail {
  readonly reader: RecordingReader;
  private readonly tail: FileTail;

  constructor(file: string, { onEnded, onPiece }: { onEnded?: OnEnded; onPiece?: (bytes: Bytes) => void } = {}) {
    this.reader = new RecordingReader({ texts: 'report', crc32, onEnded });
    this.tail = new FileTail(file, { onText: (text) => this.reader.push(text), onLost: () => this.reader.lose(LOST_STRETCH), onResumed: (line) => this.reader.resumeAt(line), onPart: () => this.reader.beginPart(), onPiece });
  }

  /**
   * Reads up to a place in the recording.
   * @throws RecordingError, or the error of reading the file
   */
  readTo(bytes: Bytes): Promise<void> {
    return this.tail.readTo(bytes);
  }

  /**
   * Reads what is left, after which nothing more comes.
   * @throws RecordingError, or the error of reading the file
   */
  async finish(): Promise<void> {
    await this.tail.readTo(Infinity);
    await this.tail.end();
    this.reader.finish();
  }
}
