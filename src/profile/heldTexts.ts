/**
 * Which texts of prompts and answers are held while a recording is read. Contexts grow: each prompt repeats the ones before, so
 * that a message is held once however many prompts hold it. Pure.
 */
import type { CallEndLine, CallLine, MessageDigest } from './recordingFormat.ts';

/**
 * `all`: every text. `report`: what an analysis looks into, which is answers, the last two messages of each prompt and its last
 * one by the user; the others stay on disk. `page`: these first, and of the others as many as a page can hold. `answers`: no prompt's.
 */
export type TextsHeld = 'all' | 'report' | 'page' | 'answers';

/** Told of the texts of prompts that are not held because they are too many. */
export interface TextsElsewhere {
  put(message: MessageDigest, text: string): void;
  has(message: MessageDigest): boolean;
}

/** Which messages' texts were too many to be held, and are nowhere else. */
export class MessagesLeftOut implements TextsElsewhere {
  readonly #messages = new Set<MessageDigest>();

  put(message: MessageDigest): void {
    this.#messages.add(message);
  }

  /** Whether its text is in the recording, and was not read. */
  has(message: MessageDigest): boolean {
    return message.text === null && this.#messages.has(message);
  }
}

const LAST_MESSAGES = 2;
/** About what an object with a digest takes beside its text, in chars of one byte. */
const DIGEST_CHARS = 120;
/** What a reference to it takes. */
const REFERENCE_CHARS = 8;

export class HeldTexts {
  readonly held: TextsHeld;
  readonly #mostChars: number;
  readonly #digests = new Map<string, MessageDigest>();
  readonly #mostOtherChars: number;
  readonly #elsewhere: TextsElsewhere | null;
  #chars = 0;
  /** With `page`: of texts that a report is not made with. */
  #otherChars = 0;
  #leftOut = 0;
  #shortened = 0;

  /**
   * @param mostChars of texts with `report` and `page`, where what comes after is left on disk, and with `all` where the others are put elsewhere
   * @param mostOtherChars with `page`: of texts that a report is not made with
   */
  constructor(held: TextsHeld, mostChars: number, { mostOtherChars = Infinity, elsewhere = null }: { mostOtherChars?: number; elsewhere?: TextsElsewhere | null } = {}) {
    this.held = held;
    this.#mostChars = held === 'answers' || (held === 'all' && elsewhere === null) ? Infinity : mostChars;
    this.#mostOtherChars = mostOtherChars;
    this.#elsewhere = elsewhere;
  }

  /** Calls and answers whose text should have been held, and was too much. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** With `page`: prompts of which not every text is held. */
  get shortened(): number {
    return this.#shortened;
  }

  /**
   * Takes away the texts that are not held, and what is held already.
   * @returns about how many chars the prompt takes in memory
   */
  takePrompt(line: CallLine): number {
    const { messages } = line.request;
    const needed = this.#neededOf(messages);
    let chars = messages.length * REFERENCE_CHARS;
    let isCut = false;
    let isShort = false;
    const take = (message: MessageDigest): MessageDigest => {
      const isNeeded = needed.has(message);
      const text = isNeeded || this.held === 'page' ? message.text : null;
      const known = this.#known(message, text);
      if (known !== undefined && (text === null || known.text !== null || ((this.held === 'all' || !isNeeded) && this.#elsewhere?.has(known) === true))) {
        if (text !== null && known.text === null) isShort = true;
        return known;
      }
      const digest = known ?? { ...message, text: null };
      if (known === undefined) chars += DIGEST_CHARS;
      if (text !== null && this.#fits(text, isNeeded)) {
        digest.text = text;
        chars += text.length;
      } else if (text !== null) {
        this.#elsewhere?.put(digest, text);
        if (isNeeded) isCut = true;
        else isShort = true;
      }
      return digest;
    };
    line.request.messages = messages.map((message) => {
      const digest = take(message);
      const key = keyOf(digest);
      // What has no hash can't be told from others, unless it has no text either.
      if ((digest.hash !== null || message.text === null) && !this.#digests.has(key)) this.#digests.set(key, digest);
      return digest;
    });
    if (isCut && this.held !== 'all') this.#leftOut++;
    if (isShort) this.#shortened++;
    return chars;
  }

  #neededOf(messages: readonly MessageDigest[]): ReadonlySet<MessageDigest | undefined> {
    if (this.held === 'answers') return new Set();
    return new Set(this.held === 'all' ? messages : [...messages.slice(-LAST_MESSAGES), messages.findLast(({ role }) => role === 'user')]);
  }

  /** @returns about how many chars of texts stay in the line */
  takeAnswer(line: CallEndLine): number {
    const texts = [line.text, ...line.toolCalls.map((call) => call.arguments)].filter((text) => text !== null);
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    if (chars === 0) return 0;
    if (this.held !== 'all' && this.#chars + chars > this.#mostChars) {
      line.text = null;
      for (const call of line.toolCalls) call.arguments = null;
      this.#leftOut++;
      return 0;
    }
    this.#chars += chars;
    return chars;
  }

  /** The same message of an earlier prompt. */
  #known(message: MessageDigest, text: string | null): MessageDigest | undefined {
    const known = this.#digests.get(keyOf(message));
    if (known === undefined || (message.hash === null && message.text !== null)) return undefined;
    return text === null || known.text === null || known.text === text ? known : undefined;
  }

  #fits(text: string, isNeeded: boolean): boolean {
    if (isNeeded) {
      if (this.#chars + text.length > this.#mostChars) return false;
      this.#chars += text.length;
      return true;
    }
    if (this.#otherChars + text.length > this.#mostOtherChars) return false;
    this.#otherChars += text.length;
    return true;
  }
}

function keyOf({ role, hash, chars }: MessageDigest): string {
  return `${hash ?? ''} ${chars} ${role}`;
}
