/**
 * Puts a probe into the functions of a file of the user's own: they tell the hook when they are entered and left.
 *
 * Nothing that has a place in the source is moved, so that stacks, the excerpts that Node prints of uncaught errors, and source maps
 * stay those of the program: text goes only to the ends of lines, and before braces that begin a line and have nothing but other
 * brackets behind them. Functions that are written otherwise (on one line) are left alone. Where the file carries its source map
 * and the process applies it (tsx), places are those of the map, which is moved along, and every function can have its probe.
 *
 * In a file of its own, with its parser, that is read when the first file of the user's is loaded.
 */
import { pathToFileURL } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { parse } from 'acorn';
import { catchInsertions, type Insertion } from './catchClauses.ts';
import { children, isTree, type Tree } from './trees.ts';

/** Whether `text` is run as an ES module or by `require`. */
export type ModuleKind = 'module' | 'commonjs';

/** The identifiers that are added begin with this; a file that has it already is left alone. */
export const MARK = '$agentCost';

/** As `enterOf` (functionRuns.ts) takes it: all functions of a file in order of their start. */
export type FunctionRow =
  /** One without a probe: first line and column, last line and column (1-based, of the text as it runs). */
  | [fromLine: number, fromColumn: number, toLine: number, toColumn: number]
  /** One with a probe, and where its name stands; `flags` as below. */
  | [fromLine: number, fromColumn: number, toLine: number, toColumn: number, name: string, line: number, column: number, flags: number];

const ASYNC = 1;
/** It may return a promise that it does not wait for. */
const PASSES_ON = 2;
/** It may return an error that it made. */
const RETURNS_ERRORS = 4;

interface Found {
  node: Tree;
  body: Tree;
  name: string;
  nameStart: number;
  isAsync: boolean;
}

const LINE_END = /\r\n|[\n\r\u2028\u2029]/g;
/** Nothing with a place of its own: blanks, comments. */
const REST_OF_HEAD = /^\s*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
/** As before, and brackets. */
const REST_OF_TAIL = /^[\s)\]};,]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
const BEFORE_TAIL = /^[\s)\]};,]*$/;
const INLINE_MAP = /\/\/[#@] ?sourceMappingURL=data:application\/json[^,\s]*?;base64,([A-Za-z0-9+/=]+)\s*$/;
const SOURCE_MAP = /^\s*\/\/[#@] ?sourceMappingURL=/m;
/** How bundlers head the modules of packages that they put into one file. */
const BUNDLED_PACKAGE = /^\s*(?:\/\/|\/\*+!?|"|!\*\*\*) ?(?:\.{0,2}\/)*node_modules\//m;

/** Who reads source maps: nobody, the process, or the editor's debugger. */
export type MapReader = 'nobody' | 'process' | 'debugger';

/**
 * The text with its probes, or null where there is nothing to probe, or that cannot be done. For a debugger, which compares what
 * runs with the file on disk, it says by a map that it is that file. `running`: the text as it will run where `text` has types in
 * it that are blanked out later (same places, other letters).
 */
export function instrumentSource(text: string, file: string, kind: ModuleKind, reader: MapReader, running: string = text): string | null {
  if (text.includes(MARK) || running.length !== text.length || BUNDLED_PACKAGE.test(text)) return null;
  const isModule = kind === 'module';
  const program = parse(running, { ecmaVersion: 'latest', sourceType: kind === 'module' ? 'module' : 'script', allowHashBang: true, allowReturnOutsideFunction: !isModule, allowSuperOutsideMethod: true, checkPrivateFields: false });
  const lines = new Lines(text);
  const inline = reader === 'process' ? INLINE_MAP.exec(text) : null;
  const all: Tree[] = [];
  const probed = new Map<Tree, Found>();
  collect(program as unknown as Tree, null, null, (node, found) => {
    all.push(node);
    if (found !== null && (inline !== null || keepsPlaces(text, lines, found.body)) && !losesMeaning(found.body)) probed.set(node, found);
  });
  if (probed.size === 0) return null;
  all.sort((a, b) => a.start - b.start || b.end - a.end);
  const insertions: Insertion[] = [];
  for (const [index, node] of all.entries()) {
    const found = probed.get(node);
    if (found !== undefined) insertions.push(...probe(found, index));
  }
  insertions.push(...catchInsertions(program as unknown as Tree, (at) => text.slice(at, lines.endOf(at)), inline !== null));
  insertions.sort((a, b) => a.at - b.at);
  const shift = new Shift(lines, insertions);
  const rows = all.map((node): FunctionRow => {
    const from = shift.place(node.start);
    const to = shift.place(node.end);
    const range = [from.line, from.column, to.line, to.column] as const;
    const found = probed.get(node);
    if (found === undefined) return [...range];
    const name = shift.place(found.nameStart);
    return [...range, found.name, name.line, name.column, (found.isAsync ? ASYNC : 0) | (passesOn(found.body) ? PASSES_ON : 0) | (returnsErrors(found.body) ? RETURNS_ERRORS : 0)];
  });
  const result = inline === null ? insert(text, insertions) : moveMap(insert(text, insertions), inline, shift);
  if (result === null) return null;
  const map = reader === 'debugger' && !SOURCE_MAP.test(text) ? `//# sourceMappingURL=data:application/json;base64,${identityMap(text, file, shift)}\n` : '';
  return `${result}\n${enter(file, rows)}\n${map}`;
}

/** A declaration, which is there before all else in the file runs. */
function enter(file: string, rows: readonly FunctionRow[]): string {
  const of = `globalThis[Symbol.for("agent-cost.hook")]?.enterOf?.(${JSON.stringify(file)},${JSON.stringify(rows)})`;
  // Where there is no hook (a file that was changed in another thread), nothing is asked again.
  return `;function ${MARK}(n){const e=${of}??Object.assign(()=>{},{off:${JSON.stringify(rows.map(() => 1))}});${MARK}.off=e.off;return(${MARK}=e)(n)}`;
}

function probe({ body, isAsync }: Found, index: number): Insertion[] {
  const directives = directivesOf(body);
  const last = directives.at(-1);
  const head: Insertion = { at: last?.end ?? body.start + 1, text: `const ${MARK}Run=${MARK}.off?.[${index}]?void 0:${MARK}(${index});try{` };
  if (last !== undefined) head.text = `;${head.text}`;
  // To throw again what a synchronous function threw would move the place that Node prints of it; a rejection has none. Whoever catches it tells.
  const failed = isAsync ? `catch(${MARK}Error){${MARK}Run?.failed(${MARK}Error);throw ${MARK}Error}` : '';
  return [head, { at: body.end - 1, text: `}${failed}finally{${MARK}Run?.end()}` }];
}

function directivesOf(body: Tree): Tree[] {
  const statements = body['body'] as Tree[];
  const first = statements.findIndex((statement) => typeof statement['directive'] !== 'string');
  return first === -1 ? statements : statements.slice(0, first);
}

/** Takes every function to `visit`, with what is known of those that may have a probe. */
function collect(node: Tree, parent: Tree | null, above: Tree | null, visit: (node: Tree, found: Found | null) => void): void {
  if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) visit(node, candidate(node, parent, above));
  for (const child of children(node)) collect(child, node, parent, visit);
}

/** Named functions with a body, but for generators, whose consumer's code runs before they end, constructors and accessors. */
function candidate(node: Tree, parent: Tree | null, above: Tree | null): Found | null {
  const body = node['body'] as Tree;
  if (node['generator'] === true || body.type !== 'BlockStatement' || (body['body'] as Tree[]).length === 0) return null;
  if (directivesOf(body).some((each) => each['directive'] === 'use asm')) return null;
  const named = nameOf(node, parent, above);
  return named === null ? null : { node, body, ...named, isAsync: node['async'] === true };
}

function nameOf(node: Tree, parent: Tree | null, above: Tree | null): { name: string; nameStart: number } | null {
  const id = node['id'];
  if (isTree(id)) return { name: String(id['name']), nameStart: id.start };
  if (parent === null) return null;
  const key = keyOf(node, parent);
  if (key !== null) return key;
  // esbuild's way to keep a name: __name(async()=>{…},"search").
  const [, given] = parent.type === 'CallExpression' ? (parent['arguments'] as Tree[]) : [];
  if ((parent['callee'] as { name?: unknown } | undefined)?.name !== '__name' || typeof given?.['value'] !== 'string' || above === null) return null;
  const target = keyOf(parent, above);
  return { name: given['value'], nameStart: target?.nameStart ?? node.start };
}

function keyOf(value: Tree, parent: Tree): { name: string; nameStart: number } | null {
  switch (parent.type) {
    case 'VariableDeclarator':
      return parent['init'] === value ? plainName(parent['id']) : null;
    case 'AssignmentExpression':
      return parent['right'] === value && parent['operator'] === '=' ? plainName(parent['left']) : null;
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'Property':
      if (parent['value'] !== value || parent['computed'] === true || /^(?:constructor|get|set)$/.test(String(parent['kind']))) return null;
      return plainName(parent['key']);
    case 'ExportDefaultDeclaration':
      return { name: 'default', nameStart: value.start };
    default:
      return null;
  }
}

function plainName(key: unknown): { name: string; nameStart: number } | null {
  if (!isTree(key)) return null;
  if (key.type === 'Identifier') return { name: String(key['name']), nameStart: key.start };
  if (key.type === 'PrivateIdentifier') return { name: `#${String(key['name'])}`, nameStart: key.start };
  if (key.type === 'Literal' && typeof key['value'] === 'string') return { name: key['value'], nameStart: key.start };
  return key.type === 'MemberExpression' && key['computed'] !== true ? plainName(key['property']) : null;
}

/** Whether the probe's two pieces move nothing that has a place. */
function keepsPlaces(text: string, lines: Lines, body: Tree): boolean {
  const head = directivesOf(body).at(-1)?.end ?? body.start + 1;
  const tail = body.end - 1;
  return isRestOfHead(text, lines, head) && BEFORE_TAIL.test(text.slice(lines.startOf(tail), tail)) && REST_OF_TAIL.test(text.slice(tail + 1, lines.endOf(tail)));
}

function isRestOfHead(text: string, lines: Lines, at: number): boolean {
  return REST_OF_HEAD.test(text.slice(at, lines.endOf(at)));
}

/** Functions declared in a body are declared in a block then, where the same name may not be declared twice. */
function losesMeaning(body: Tree): boolean {
  const names = (body['body'] as Tree[]).filter(({ type }) => type === 'FunctionDeclaration').map((each) => String((each['id'] as Tree)['name']));
  if (names.length === 0) return false;
  const declared = new Set(names);
  if (declared.size < names.length) return true;
  for (const name of variablesOf(body)) if (declared.has(name)) return true;
  return false;
}

/** Names that `var` declares anywhere in a body. */
function* variablesOf(node: Tree): Generator<string> {
  if (/Function/.test(node.type)) return;
  if (node.type === 'VariableDeclaration' && node['kind'] === 'var') for (const { id } of node['declarations'] as { id: Tree }[]) yield* namesIn(id);
  for (const child of children(node)) yield* variablesOf(child);
}

function* namesIn(pattern: Tree): Generator<string> {
  if (pattern.type === 'Identifier') yield String(pattern['name']);
  else if (pattern.type === 'Property') yield* namesIn(pattern['value'] as Tree);
  else if (pattern.type === 'AssignmentPattern') yield* namesIn(pattern['left'] as Tree);
  else for (const child of children(pattern)) yield* namesIn(child);
}

/** Whether a body returns something that may be a promise, without waiting for it. */
function passesOn(node: Tree): boolean {
  if (/Function/.test(node.type)) return false;
  const value = node.type === 'ReturnStatement' ? node['argument'] : null;
  if (isTree(value) && !/^(?:AwaitExpression|Literal|TemplateLiteral|ObjectExpression|ArrayExpression|BinaryExpression|UnaryExpression|UpdateExpression|.*FunctionExpression)$/.test(value.type)) return true;
  for (const child of children(node)) if (passesOn(child)) return true;
  return false;
}

/** Whether a body returns an error that it may have made itself, as far as names tell. */
function returnsErrors(node: Tree): boolean {
  if (/Function/.test(node.type)) return false;
  if (node.type === 'ReturnStatement' && isTree(node['argument']) && namesError(node['argument'])) return true;
  for (const child of children(node)) if (returnsErrors(child)) return true;
  return false;
}

function namesError(node: Tree): boolean {
  if (node.type === 'Identifier' && /^e(?:rr)?$|err(?:or)?$|exception$/i.test(String(node['name']))) return true;
  for (const child of children(node)) if (namesError(child)) return true;
  return false;
}

/** Offsets as lines and columns. */
class Lines {
  readonly #starts = [0];
  readonly #ends: number[] = [];

  constructor(text: string) {
    for (const { index, 0: end } of text.matchAll(LINE_END)) {
      this.#ends.push(index);
      this.#starts.push(index + end.length);
    }
    this.#ends.push(text.length);
  }

  /** 0-based. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  startOf(offset: number): number {
    return this.#starts[this.lineOf(offset)] ?? 0;
  }

  endOf(offset: number): number {
    return this.#ends[this.lineOf(offset)] ?? 0;
  }
}

/** Where things are once the insertions are made. */
class Shift {
  readonly #lines: Lines;
  /** By line (0-based): column in the text before, and letters added there. */
  readonly #added = new Map<number, { column: number; length: number }[]>();

  constructor(lines: Lines, insertions: readonly Insertion[]) {
    this.#lines = lines;
    for (const { at, text } of insertions) {
      const line = lines.lineOf(at);
      const list = this.#added.get(line) ?? [];
      this.#added.set(line, list);
      list.push({ column: at - lines.startOf(at), length: text.length });
    }
  }

  /** 1-based. */
  place(offset: number): { line: number; column: number } {
    const line = this.#lines.lineOf(offset);
    return { line: line + 1, column: this.column(line, offset - this.#lines.startOf(offset)) + 1 };
  }

  /** 0-based, both. */
  column(line: number, column: number): number {
    let moved = column;
    for (const added of this.#added.get(line) ?? []) if (added.column <= column) moved += added.length;
    return moved;
  }
}

function insert(text: string, insertions: readonly Insertion[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const { at, text: added } of insertions) {
    parts.push(text.slice(from, at), added);
    from = at;
  }
  return parts.join('') + text.slice(from);
}

/** The same with the map that it carries moved along; null for a map that is not understood. */
function moveMap(text: string, inline: RegExpExecArray, shift: Shift): string | null {
  const { 0: comment, 1: encoded = '' } = inline;
  const map = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as { mappings?: unknown };
  if (typeof map.mappings !== 'string') return null;
  const mappings = decode(map.mappings);
  for (const [line, segments] of mappings.entries()) for (const segment of segments) segment[0] = shift.column(line, segment[0]);
  const moved = Buffer.from(JSON.stringify({ ...map, mappings: encode(mappings) })).toString('base64');
  const at = text.lastIndexOf(comment);
  return text.slice(0, at) + comment.replace(encoded, () => moved) + text.slice(at + comment.length);
}

/** Maps each word of the text with its probes to where it stands in the file, in base64. */
function identityMap(text: string, file: string, shift: Shift): string {
  const mappings = text.split(LINE_END).map((line, index) => [...line.matchAll(/\w+|[^\w\s]/g)].map(({ index: column }): [number, number, number, number] => [shift.column(index, column), 0, index, column]));
  const source = file.startsWith('file:') ? file : pathToFileURL(file).href;
  return Buffer.from(JSON.stringify({ version: 3, sources: [source], names: [], mappings: encode(mappings) })).toString('base64');
}
