/** Texts of a grammar: one made by chance, and whether one is of it. */
import { ROOT, type Grammar, type GrammarNode } from './grammar.ts';
import type { Random } from './random.ts';

/** How many rules within each other a text may take more than the shortest does. */
const DEPTH_TO_SPARE = 4;
/** From so many characters on, whatever ends soonest is chosen. */
const ENOUGH_CHARACTERS = 400;
/** How often more than the least a part is repeated, at most. */
const MORE_TIMES = 3;
/** A grammar whose shortest text takes more steps than this is refused. */
const MOST_STEPS = 200_000;
/** Tried for a class like `[^"]`, in this order. */
const CANDIDATES = 'aA0-_ .,:/@#+xyz"\'\n\u00e9';

/**
 * A text of the grammar, not a long one.
 * @throws SyntaxError where no text ends, or none that is short enough to be made up
 */
export function sampleOfGrammar(grammar: Grammar, random: Random): string {
  return new Sampler(grammar, random).text();
}

class Sampler {
  readonly #rules: Grammar['rules'];
  readonly #random: Random;
  /** Rules within each other that the shortest text of each takes. */
  readonly #depths = new Map<string, number>();
  #written = '';
  #steps = 0;

  constructor({ rules }: Grammar, random: Random) {
    this.#rules = rules;
    this.#random = random;
    for (let changed = true; changed; ) {
      changed = false;
      for (const [name, node] of rules) {
        const depth = this.#depthOf(node);
        if (depth >= (this.#depths.get(name) ?? Infinity)) continue;
        this.#depths.set(name, depth);
        changed = true;
      }
    }
  }

  text(): string {
    const least = this.#depths.get(ROOT);
    if (least === undefined) throw new SyntaxError('No text of the grammar ever ends.');
    this.#write({ kind: 'rule', name: ROOT }, least + 1 + DEPTH_TO_SPARE);
    return this.#written;
  }

  #depthOf(node: GrammarNode): number {
    switch (node.kind) {
      case 'rule':
        return 1 + (this.#depths.get(node.name) ?? Infinity);
      case 'sequence':
        return Math.max(0, ...node.parts.map((part) => this.#depthOf(part)));
      case 'choice':
        return Math.min(...node.options.map((option) => this.#depthOf(option)));
      case 'repeat':
        return node.least === 0 ? 0 : this.#depthOf(node.part);
      default:
        return 0;
    }
  }

  #write(node: GrammarNode, depth: number): void {
    if (++this.#steps > MOST_STEPS) throw new SyntaxError('Its texts are too long to be made up.');
    const spare = this.#written.length < ENOUGH_CHARACTERS;
    switch (node.kind) {
      case 'text':
        this.#written += node.text;
        return;
      case 'class':
        this.#written += characterOf(node, this.#random);
        return;
      case 'rule':
        this.#write(this.#rules.get(node.name)!, depth - 1);
        return;
      case 'sequence':
        for (const part of node.parts) this.#write(part, depth);
        return;
      case 'choice': {
        const fitting = spare ? node.options.filter((option) => this.#depthOf(option) <= depth) : [];
        const soonest = node.options.reduce((least, option) => (this.#depthOf(option) < this.#depthOf(least) ? option : least));
        this.#write(fitting.length > 0 ? this.#random.pick(fitting) : soonest, depth);
        return;
      }
      case 'repeat': {
        const more = spare && this.#depthOf(node.part) <= depth ? Math.floor(this.#random.next() * (1 + Math.min(MORE_TIMES, node.most - node.least))) : 0;
        for (let time = 0; time < node.least + more; time++) this.#write(node.part, depth);
      }
    }
  }
}

function characterOf({ ranges, negated }: Extract<GrammarNode, { kind: 'class' }>, random: Random): string {
  if (!negated) {
    const [from, to] = random.pick(ranges);
    return String.fromCodePoint(from + Math.floor(random.next() * (to - from + 1)));
  }
  const fitting = [...CANDIDATES].find((candidate) => isIn({ kind: 'class', ranges, negated }, candidate.codePointAt(0)!));
  if (fitting === undefined) throw new SyntaxError('No character is known that a class of the grammar leaves.');
  return fitting;
}

function isIn({ ranges, negated }: Extract<GrammarNode, { kind: 'class' }>, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to) !== negated;
}

/** Whether a text is one of the grammar's. Rules that begin with themselves are not followed, and then it may say no. */
export function isOfGrammar({ rules }: Grammar, text: string): boolean {
  const known = new Map<string, ReadonlySet<number>>();
  const endsOf = (node: GrammarNode, at: number): ReadonlySet<number> => {
    switch (node.kind) {
      case 'text':
        return new Set(text.startsWith(node.text, at) ? [at + node.text.length] : []);
      case 'class': {
        const code = text.codePointAt(at);
        return new Set(code !== undefined && isIn(node, code) ? [at + String.fromCodePoint(code).length] : []);
      }
      case 'rule': {
        const key = `${node.name} ${at}`;
        const before = known.get(key);
        if (before !== undefined) return before;
        known.set(key, new Set());
        const ends = endsOf(rules.get(node.name)!, at);
        known.set(key, ends);
        return ends;
      }
      case 'sequence':
        return node.parts.reduce<ReadonlySet<number>>((starts, part) => new Set([...starts].flatMap((start) => [...endsOf(part, start)])), new Set([at]));
      case 'choice':
        return new Set(node.options.flatMap((option) => [...endsOf(option, at)]));
      case 'repeat':
        return repeatedEnds(node, at);
    }
  };
  const repeatedEnds = ({ part, least, most }: Extract<GrammarNode, { kind: 'repeat' }>, at: number): ReadonlySet<number> => {
    const ends = new Set<number>(least === 0 ? [at] : []);
    let starts: ReadonlySet<number> = new Set([at]);
    for (let time = 1; time <= most && starts.size > 0; time++) {
      const next = new Set([...starts].flatMap((start) => [...endsOf(part, start)]));
      // Once the least is had, what was reached before leads nowhere new.
      starts = time > least ? new Set([...next].filter((end) => !ends.has(end))) : next;
      if (time >= least) for (const end of starts) ends.add(end);
    }
    return ends;
  };
  return endsOf({ kind: 'rule', name: ROOT }, 0).has(text.length);
}
