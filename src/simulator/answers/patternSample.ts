/** Writes a short text that matches a regular expression, for the `pattern` of a JSON schema. */

const CLASSES: Record<string, string> = { d: '7', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' };
/** Tried in a class like `[^"]`, in this order. */
const CANDIDATES = 'aA0-_ .,:/@#+xyz';

/**
 * Understands literals, classes, groups, alternatives, quantifiers and anchors; look-arounds and back references not.
 * @returns null when what it wrote does not match after all, or the pattern is not valid
 */
export function sampleOfPattern(pattern: string): string | null {
  try {
    const sample = new PatternReader(pattern).alternatives();
    return new RegExp(pattern).test(sample) ? sample : null;
  } catch {
    // An invalid or unsupported pattern is the caller's cue to fall back to any text.
    return null;
  }
}

class PatternReader {
  readonly #pattern: string;
  #position = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** The first alternative; the others are read over. */
  alternatives(): string {
    const first = this.#sequence();
    while (this.#take('|')) this.#sequence();
    return first;
  }

  #sequence(): string {
    let text = '';
    while (this.#position < this.#pattern.length && !'|)'.includes(this.#peek())) {
      const atom = this.#atom();
      text += atom.repeat(this.#times());
    }
    return text;
  }

  #atom(): string {
    if (this.#take('(')) {
      if (this.#take('?')) {
        if (this.#take('<')) while (!this.#take('>')) this.#next();
        else if (!this.#take(':')) throw new SyntaxError('look-around');
      }
      const inner = this.alternatives();
      if (!this.#take(')')) throw new SyntaxError('unclosed group');
      return inner;
    }
    if (this.#take('[')) return this.#class();
    const character = this.#next();
    if (character === '^' || character === '$') return '';
    if (character === '.') return 'a';
    return character === '\\' ? this.#escape() : character;
  }

  #escape(): string {
    const character = this.#next();
    if (character === 'b' || character === 'B') return '';
    if (/[1-9pPk]/.test(character)) throw new SyntaxError('not supported');
    return CLASSES[character] ?? { n: '\n', t: '\t', r: '\r' }[character] ?? character;
  }

  #class(): string {
    const start = this.#position - 1;
    const negated = this.#take('^');
    let first: string | null = null;
    while (!this.#take(']')) {
      const character = this.#next();
      const member = character === '\\' ? this.#escape() : character;
      first ??= member;
    }
    if (!negated && first !== null) return first;
    const whole = new RegExp(`^${this.#pattern.slice(start, this.#position)}$`);
    const fitting = [...CANDIDATES].find((candidate) => whole.test(candidate));
    if (fitting === undefined) throw new SyntaxError('no candidate');
    return fitting;
  }

  #times(): number {
    let times = 1;
    if (this.#take('*') || this.#take('+')) times = 1;
    else if (this.#take('?')) times = 0;
    else {
      const counted = /^\{(\d+)(?:,\d*)?\}/.exec(this.#pattern.slice(this.#position));
      if (counted === null) return 1;
      this.#position += counted[0].length;
      times = Math.min(1000, Number(counted[1]));
    }
    this.#take('?');
    return times;
  }

  #peek(): string {
    return this.#pattern[this.#position] ?? '';
  }

  #next(): string {
    const character = this.#pattern[this.#position];
    if (character === undefined) throw new SyntaxError('unexpected end');
    this.#position += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#position += 1;
    return true;
  }
}
