/**
 * Which texts of prompts and answers are held while a recording is read. Contexts grow: each prompt repeats the ones before, so
 * that a message is held once however many prompts hold it. Pure.
 */
import type { CallEndLine, CallLine, MessageDigest } from './recordingFormat.ts';

/**
 * `all`: every text. `report`: what an analysis looks into, which is answers, the last two messages of each prompt and its last
 * one by the user; the others stay on disk.
 */
export type TextsHeld = 'all' | 'report';

const LAST_MESSAGES = 2;
/** About what an object with a digest takes beside its text, in chars of one byte. */
const DIGEST_CHARS = 120;
/** What a reference to it takes. */
const REFERENCE_CHARS = 8;

export class HeldTexts {
  readonly held: TextsHeld;
  readonly #mostChars: number;
  readonly #digests = new Map<string, MessageDigest>();
  #chars = 0;
  #leftOut = 0;

  /** @param mostChars of texts, with `report`; what comes after is left on disk */
  constructor(held: TextsHeld, mostChars: number) {
    this.held = held;
    this.#mostChars = mostChars;
  }

  /** Calls and answers whose text should have been held, and was too much. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /**
   * Takes away the texts that are not held, and what is held already.
   * @returns about how many chars the prompt takes in memory
   */
  takePrompt(line: CallLine): number {
    const { messages } = line.request;
    const needed = new Set<MessageDigest | undefined>(this.held === 'all' ? messages : [...messages.slice(-LAST_MESSAGES), messages.findLast(({ role }) => role === 'user')]);
    let chars = messages.length * REFERENCE_CHARS;
    let isCut = false;
    const take = (message: MessageDigest): MessageDigest => {
      const text = needed.has(message) ? message.text : null;
      const known = this.#known(message, text);
      if (known !== undefined && (text === null || known.text !== null)) return known;
      const digest = known ?? { ...message, text: null };
      if (known === undefined) chars += DIGEST_CHARS;
      if (text !== null && this.#fits(text)) {
        digest.text = text;
        chars += text.length;
      } else if (text !== null) isCut = true;
      return digest;
    };
    line.request.messages = messages.map((message) => {
      const digest = take(message);
      const key = keyOf(digest);
      // What has no hash can't be told from others, unless it has no text either.
      if ((digest.hash !== null || message.text === null) && !this.#digests.has(key)) this.#digests.set(key, digest);
      return digest;
    });
    if (isCut) this.#leftOut++;
    return chars;
  }

  /** @returns about how many chars of texts stay in the line */
  takeAnswer(line: CallEndLine): number {
    const texts = [line.text, ...line.toolCalls.map((call) => call.arguments)].filter((text) => text !== null);
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    if (chars === 0) return 0;
    if (this.held === 'report' && this.#chars + chars > this.#mostChars) {
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

  #fits(text: string): boolean {
    if (this.held === 'report' && this.#chars + text.length > this.#mostChars) return false;
    this.#chars += text.length;
    return true;
  }
}

function keyOf({ role, hash, chars }: MessageDigest): string {
  return `${hash ?? ''} ${chars} ${role}`;
}
