/**
 * Grammars of vLLM's `structured_outputs.grammar`: the EBNF of xgrammar, its default, much like llama.cpp's GBNF
 * (https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md). Rules `name ::= …` from `root` on; strings, classes,
 * groups, alternatives, `* + ? {m,n}`, comments after `#`.
 */

export type GrammarNode =
  | { kind: 'text'; text: string }
  /** One character out of ranges of code points, or one of none of them. */
  | { kind: 'class'; ranges: readonly (readonly [from: number, to: number])[]; negated: boolean }
  | { kind: 'rule'; name: string }
  | { kind: 'sequence'; parts: readonly GrammarNode[] }
  | { kind: 'choice'; options: readonly GrammarNode[] }
  /** `most` is Infinity where there is no end to it. */
  | { kind: 'repeat'; part: GrammarNode; least: number; most: number };

export interface Grammar {
  rules: ReadonlyMap<string, GrammarNode>;
}

/** Where everything begins. */
export const ROOT = 'root';

const NAME = /[A-Za-z_][\w.-]*/y;
const DEFINES = /\s*::=/y;
const SPACE = /(?:\s|#[^\n]*)*/y;
const TIMES = /\{\s*(\d+)\s*(?:(,)\s*(\d+)?\s*)?\}/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** @throws SyntaxError that says what is wrong, and where */
export function parseGrammar(source: string): Grammar {
  const rules = new GrammarReader(source).rules();
  if (!rules.has(ROOT)) throw new SyntaxError(`The grammar has no rule named "${ROOT}".`);
  for (const [name, node] of rules) {
    const unknown = namesIn(node).find((used) => !rules.has(used));
    if (unknown !== undefined) throw new SyntaxError(`Rule "${name}" uses "${unknown}", which is not defined.`);
  }
  return { rules };
}

function namesIn(node: GrammarNode): string[] {
  if (node.kind === 'rule') return [node.name];
  if (node.kind === 'repeat') return namesIn(node.part);
  const inner = node.kind === 'sequence' ? node.parts : node.kind === 'choice' ? node.options : [];
  return inner.flatMap(namesIn);
}

class GrammarReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  rules(): Map<string, GrammarNode> {
    const rules = new Map<string, GrammarNode>();
    for (this.#match(SPACE); this.#at < this.#source.length; this.#match(SPACE)) {
      const name = this.#match(NAME)?.[0];
      if (name === undefined || this.#match(DEFINES) === null) throw this.#wrong('a rule like `name ::= …` was expected');
      if (rules.has(name)) throw this.#wrong(`rule "${name}" is defined twice`);
      rules.set(name, this.#choice());
    }
    return rules;
  }

  #choice(): GrammarNode {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): GrammarNode {
    const parts: GrammarNode[] = [];
    for (let atom = this.#atom(); atom !== null; atom = this.#atom()) parts.push(this.#repeated(atom));
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  /** Null where the sequence is over: at an end, a `|` or `)`, or the next rule. */
  #atom(): GrammarNode | null {
    this.#match(SPACE);
    const next = this.#source[this.#at];
    if (next === undefined || next === '|' || next === ')') return null;
    if (this.#take('"')) return { kind: 'text', text: this.#text() };
    if (this.#take('[')) return this.#class();
    if (this.#take('(')) {
      const inner = this.#choice();
      if (!this.#take(')')) throw this.#wrong('a ")" is missing');
      return inner;
    }
    const before = this.#at;
    const name = this.#match(NAME)?.[0];
    if (name === undefined) throw this.#wrong(`${JSON.stringify(next)} is not understood`);
    if (this.#match(DEFINES) === null) return { kind: 'rule', name };
    this.#at = before;
    return null;
  }

  #repeated(part: GrammarNode): GrammarNode {
    const next = this.#source[this.#at];
    if (next === '*' || next === '+' || next === '?') {
      this.#at += 1;
      return this.#repeated({ kind: 'repeat', part, least: next === '+' ? 1 : 0, most: next === '?' ? 1 : Infinity });
    }
    const times = this.#match(TIMES);
    if (times === null) return part;
    const least = Number(times[1]);
    const most = times[2] === undefined ? least : times[3] === undefined ? Infinity : Number(times[3]);
    if (most < least) throw this.#wrong(`{${least},${most}} asks for less than it begins with`);
    return this.#repeated({ kind: 'repeat', part, least, most });
  }

  #text(): string {
    let text = '';
    while (!this.#take('"', false)) text += this.#character('a string');
    return text;
  }

  #class(): GrammarNode {
    const negated = this.#take('^', false);
    const ranges: [number, number][] = [];
    while (!this.#take(']', false)) {
      const from = this.#character('a class').codePointAt(0)!;
      const isRange = this.#source[this.#at] === '-' && this.#source[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      const to = isRange ? this.#character('a class').codePointAt(0)! : from;
      if (to < from) throw this.#wrong('a range of characters ends before it begins');
      ranges.push([from, to]);
    }
    if (ranges.length === 0) throw this.#wrong('a class of characters is empty');
    return { kind: 'class', ranges, negated };
  }

  #character(of: string): string {
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined || code === 10) throw this.#wrong(`the end of ${of} is missing`);
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    if (character !== '\\') return character;
    const hex = this.#match(/x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})/y);
    if (hex !== null) {
      const point = parseInt((hex[1] ?? hex[2] ?? hex[3])!, 16);
      if (point > 0x10ffff) throw this.#wrong('there is no such character');
      return String.fromCodePoint(point);
    }
    const escaped = this.#source[this.#at++];
    if (escaped === undefined) throw this.#wrong(`the end of ${of} is missing`);
    return ESCAPES[escaped] ?? escaped;
  }

  #take(character: string, skipsSpace = true): boolean {
    if (skipsSpace) this.#match(SPACE);
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #wrong(what: string): SyntaxError {
    const before = this.#source.slice(0, this.#at).split('\n');
    return new SyntaxError(`Line ${before.length}, column ${before.at(-1)!.length + 1}: ${what}.`);
  }
}
