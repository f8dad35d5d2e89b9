/** Takes out of texts what the rules find. */
import { createHmac, randomBytes } from 'node:crypto';
import type { RedactionRule } from './rules.ts';

const HASH_DIGITS = 16;
/** Messages that came before: prompts repeat what they began with in each call. What is kept of one is a few words, or its text where that was changed. */
const MAX_REMEMBERED_CHARS = 16 * 1024 * 1024;

export interface RedactedMessage {
  hash: string | null;
  text: string;
}

/** What a redactor has done, in words for the user; nothing where it found nothing. */
export function toldOf(redactor: Redactor): string[] {
  const counts = redactor.counts.map(({ name, count }) => `${name} ${count === 1 ? 'once' : `${count} times`}`);
  return counts.length === 0 ? [] : [`Redacted in recorded texts: ${counts.join(', ')}. Lengths and tokens are those of the whole texts. Rules are chosen with \`--redact\`.`];
}

export class Redactor {
  readonly #rules: readonly RedactionRule[];
  /** Of this recording alone and written nowhere: a digest of words that few others could be would say which they are. */
  readonly #key = randomBytes(32);
  readonly #counts = new Map<string, number>();
  readonly #messages = new Map<string, RedactedMessage | 'unchanged'>();
  #rememberedChars = 0;

  constructor(rules: readonly RedactionRule[]) {
    this.#rules = rules;
  }

  /** How often each rule found something, in the rules' order; a message that was sent again counts once. */
  get counts(): { name: string; count: number }[] {
    return this.#rules.flatMap(({ name }) => {
      const count = this.#counts.get(name);
      return count === undefined ? [] : [{ name, count }];
    });
  }

  text(text: string): string {
    return this.#rules.reduce((rest, rule) => this.#without(rest, rule), text);
  }

  /**
   * A message of a prompt. Its digest is made anew where something was taken out of it: the same for the same message in this
   * recording, and no help in guessing what it was.
   */
  message(hash: string | null, text: string): RedactedMessage {
    const key = hash === null ? null : `${hash} ${text.length}`;
    const known = key === null ? undefined : this.#messages.get(key);
    if (known !== undefined) return known === 'unchanged' ? { hash, text } : known;
    const redacted = this.text(text);
    const message = redacted === text ? { hash, text } : { hash: hash === null ? null : createHmac('sha256', this.#key).update(hash).digest('hex').slice(0, HASH_DIGITS), text: redacted };
    if (key !== null) this.#remember(key, message.text === text ? 'unchanged' : message);
    return message;
  }

  #remember(key: string, message: RedactedMessage | 'unchanged'): void {
    this.#rememberedChars += key.length + (message === 'unchanged' ? 0 : message.text.length);
    if (this.#rememberedChars > MAX_REMEMBERED_CHARS) {
      this.#messages.clear();
      this.#rememberedChars = 0;
    }
    this.#messages.set(key, message);
  }

  #without(text: string, { name, pattern, accepts, hint }: RedactionRule): string {
    if (hint !== null && !hint.test(text)) return text;
    const matcher = pattern.matcher(text);
    let kept = '';
    let from = 0;
    let count = 0;
    while (matcher.find()) {
      if (accepts !== null && !accepts(text.slice(matcher.start(), matcher.end()))) continue;
      const group = this.#group(matcher);
      const [start, end] = [matcher.start(group), matcher.end(group)];
      if (start === end || start < from) continue;
      kept += `${text.slice(from, start)}[redacted: ${name}]`;
      from = end;
      count++;
    }
    if (count === 0) return text;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
    return kept + text.slice(from);
  }

  #group(matcher: ReturnType<RedactionRule['pattern']['matcher']>): number {
    for (let group = 1; group <= matcher.groupCount(); group++) if (matcher.start(group) >= 0) return group;
    return 0;
  }
}
