/**
 * Puts a probe into the functions of a file of the user's own: they tell the hook when they are entered and left.
 *
 * Nothing that has a place in the source is moved, so that stacks, the excerpts that Node prints of uncaught errors, and source maps
 * stay those of the program: text goes only to the ends of lines, and before braces that begin a line and have nothing but other
 * brackets behind them, or where an expression that is a function's whole body ends with such. Functions that are written otherwise (on one line) are left alone. Where the file carries its source map
 * and the process applies it (tsx), places are those of the map, which is moved along, and every function can have its probe.
 *
 * In a file of its own, with its parser, that is read when the first file of the user's is loaded.
 */
import { pathToFileURL } from 'node:url';
import { encode } from '@jridgewell/sourcemap-codec';
import { parse } from 'acorn';
import { catchInsertions, type Insertion } from './catchClauses.ts';
import { bundleOf } from './bundle.ts';
import type { Section } from './codeMap.ts';
import { insert, LINE_END, Lines, Shift } from './places.ts';
import { toolNamesOf } from './toolNames.ts';
import { children, isTree, type Tree } from './trees.ts';

export { packageSections } from './bundle.ts';

/** Whether `text` is run as an ES module or by `require`. */
export type ModuleKind = 'module' | 'commonjs';

/** The identifiers that are added begin with this; a file that has it already is left alone. */
export const MARK = '$agentCost';

/** As `enterOf` (functionRuns.ts) takes it: all functions of a file in order of their start. */
export type FunctionRow =
  /** One without a probe: first line and column, last line and column (1-based, of the text as it runs). */
  | [fromLine: number, fromColumn: number, toLine: number, toColumn: number]
  /** One with a probe, and where its name stands; `flags` as below; `tool`: the name of the tool whose work it is. */
  | [fromLine: number, fromColumn: number, toLine: number, toColumn: number, name: string, line: number, column: number, flags: number, tool?: string];

const ASYNC = 1;
/** It may return a promise that it does not wait for. */
const PASSES_ON = 2;
/** It may return an error that it made. */
const RETURNS_ERRORS = 4;

interface Found {
  node: Tree;
  /** A block, or the expression that an arrow leads to. */
  body: Tree;
  name: string;
  nameStart: number;
  isAsync: boolean;
}

/** Nothing with a place of its own: blanks, comments. */
const REST_OF_HEAD = /^\s*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
/** As before, and brackets. */
const REST_OF_TAIL = /^[\s)\]};,]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
const BEFORE_TAIL = /^[\s)\]};,]*$/;
const SOURCE_MAP = /^\s*\/\/[#@] ?sourceMappingURL=/m;

/** Who reads source maps: nobody, the process, or the editor's debugger. */
export type MapReader = 'nobody' | 'process' | 'debugger';

export interface Source {
  text: string;
  /** Its name as V8 has it: a path or a `file:` URL. */
  file: string;
  kind: ModuleKind;
  reader: MapReader;
  /** The text as it will run where `text` has types in it that are blanked out later (same places, other letters). */
  running?: string;
  /** Whose lines are whose, as a bundle's headings tell; empty where it has none. */
  sections?: readonly Section[];
}

/**
 * The text with its probes, or null where there is nothing to probe, or that cannot be done. Of a bundle with packages in it, the
 * program's own functions have probes, as far as its map or its headings tell them. For a debugger, which compares what runs with the
 * file on disk, it says by a map that it is that file.
 */
export function instrumentSource({ text, file, kind, reader, running = text, sections = [] }: Source): string | null {
  if (text.includes(MARK) || running.length !== text.length) return null;
  const lines = new Lines(text);
  const bundle = bundleOf({ text, file, lines, headed: sections, isApplied: reader === 'process' });
  if (bundle === null) return null;
  const map = bundle.moved;
  const program = bundle.parsed(running, (code) => programOf(code, kind));
  const all: Tree[] = [];
  const probed = new Map<Tree, Found>();
  collect(program, null, null, (node) => bundle.isForeign(node), (node, found) => {
    if (!bundle.isOwn(node.start) || !bundle.isOwn(firstIn(node))) return;
    all.push(node);
    if (found !== null && (map !== null || keepsPlaces(text, lines, seamsOf(found, running))) && !losesMeaning(found.body)) probed.set(node, found);
  });
  if (probed.size === 0) return null;
  all.sort((a, b) => a.start - b.start || b.end - a.end);
  const insertions: Insertion[] = [];
  const tails: Insertion[] = [];
  for (const [index, node] of all.entries()) {
    const found = probed.get(node);
    if (found === undefined) continue;
    const [head, tail] = probe(found, index, seamsOf(found, running));
    insertions.push(head);
    tails.push(tail);
  }
  // Of functions that end at one place, the inner one is closed first.
  insertions.push(...tails.reverse());
  insertions.push(...catchInsertions(program, (at) => text.slice(at, lines.endOf(at)), map !== null, (node) => bundle.isForeign(node)));
  insertions.sort((a, b) => a.at - b.at);
  const shift = new Shift(lines, insertions);
  const rows = all.map((node): FunctionRow => {
    const from = shift.place(node.start);
    const to = shift.place(node.end);
    const range = [from.line, from.column, to.line, to.column] as const;
    const found = probed.get(node);
    if (found === undefined) return [...range];
    const name = shift.place(found.nameStart);
    return [...range, bundle.nameAt(found.nameStart) ?? found.name, name.line, name.column, (found.isAsync ? ASYNC : 0) | (passesOn(found.body) ? PASSES_ON : 0) | (returnsErrors(found.body) ? RETURNS_ERRORS : 0)];
  });
  const tools = bundle.hasPackages ? new Map<Tree, string>() : toolNamesOf(program, text);
  for (const [index, node] of all.entries()) {
    const row = rows[index];
    const tool = tools.get(node);
    if (tool !== undefined && row?.length === 8) row.push(tool);
  }
  const changed = insert(text, insertions);
  const result = map === null ? changed : withReference(changed, map.moved((line, segments) => shift.move(line, segments)));
  const hasMap = SOURCE_MAP.test(text);
  const identity = reader === 'debugger' && !hasMap ? `//# sourceMappingURL=data:application/json;base64,${identityMap(text, file, shift)}\n` : '';
  return `${result}\n${enter(file, rows, bundle.hasPackages, hasMap)}\n${identity}`;
}

/** Where what a function does begins: what wraps a module has no place of its own. */
function firstIn(node: Tree): number {
  const body = node['body'] as Tree;
  return body.type === 'BlockStatement' ? ((body['body'] as Tree[])[0]?.start ?? body.start) : body.start;
}

/** Raises an error for what is none. */
function programOf(code: string, kind: ModuleKind): Tree {
  const isModule = kind === 'module';
  const options = { ecmaVersion: 'latest', sourceType: isModule ? 'module' : 'script', allowHashBang: true, allowReturnOutsideFunction: !isModule, allowSuperOutsideMethod: true, checkPrivateFields: false } as const;
  return parse(code, options) as unknown as Tree;
}

/** The text with another map than the one that its last comment names. */
function withReference(text: string, reference: string): string {
  const at = text.lastIndexOf('sourceMappingURL=') + 'sourceMappingURL='.length;
  return text.slice(0, at) + reference + text.slice(at).replace(/^\S+/, '');
}

/** A declaration, which is there before all else in the file runs. */
function enter(file: string, rows: readonly FunctionRow[], isBundle: boolean, hasMap: boolean): string {
  const flags = hasMap ? `,${isBundle},true` : isBundle ? ',true' : '';
  const of = `globalThis[Symbol.for("agent-cost.hook")]?.enterOf?.(${JSON.stringify(file)},${JSON.stringify(rows)}${flags})`;
  // Where there is no hook (a file that was changed in another thread), nothing is asked again.
  return `;function ${MARK}(n){const e=${of}??Object.assign(()=>{},{off:${JSON.stringify(rows.map(() => 1))}});${MARK}.off=e.off;return(${MARK}=e)(n)}`;
}

/** Where a probe's two pieces go. */
interface Seams {
  head: number;
  tail: number;
}

function seamsOf({ node, body }: Found, running: string): Seams {
  if (isBlock(body)) return { head: directivesOf(body).at(-1)?.end ?? body.start + 1, tail: body.end - 1 };
  const after = (node['params'] as Tree[]).at(-1)?.end ?? node.start;
  return { head: arrowEnd(running, after), tail: node.end };
}

/** Behind the arrow that follows an arrow function's parameters. */
function arrowEnd(text: string, from: number): number {
  const comments = /\/\*[^]*?\*\/|\/\/.*|=>/g;
  comments.lastIndex = from;
  for (let found = comments.exec(text); found !== null; found = comments.exec(text)) if (found[0] === '=>') return comments.lastIndex;
  throw new SyntaxError('an arrow function without an arrow');
}

/** What `functionText.ts` takes out again: the pieces in a block and those around an expression differ, so that it can. */
function probe({ body, isAsync }: Found, index: number, { head, tail }: Seams): [head: Insertion, tail: Insertion] {
  const run = `${MARK}Run=${MARK}.off?.[${index}]?void 0:${MARK}(${index});try{`;
  // To throw again what a synchronous function threw would move the place that Node prints of it; a rejection has none. Whoever catches it tells.
  const failed = isAsync ? `catch(${MARK}Error){${MARK}Run?.failed(${MARK}Error);throw ${MARK}Error}` : '';
  if (!isBlock(body)) return [{ at: head, text: `{let ${run}return(` }, { at: tail, text: `)}${failed}finally{${MARK}Run?.end();}}` }];
  return [{ at: head, text: `${directivesOf(body).length > 0 ? ';' : ''}const ${run}` }, { at: tail, text: `}${failed}finally{${MARK}Run?.end()}` }];
}

function isBlock({ type }: Tree): boolean {
  return type === 'BlockStatement';
}

function directivesOf(body: Tree): Tree[] {
  const statements = body['body'] as Tree[];
  const first = statements.findIndex((statement) => typeof statement['directive'] !== 'string');
  return first === -1 ? statements : statements.slice(0, first);
}

/** Takes every function outside of what is `isForeign` to `visit`, with what is known of those that may have a probe. */
function collect(node: Tree, parent: Tree | null, above: Tree | null, isForeign: (node: Tree) => boolean, visit: (node: Tree, found: Found | null) => void): void {
  if (isForeign(node)) return;
  if (/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) visit(node, candidate(node, parent, above));
  for (const child of children(node)) collect(child, node, parent, isForeign, visit);
}

/** Named functions that do something, but for generators, whose consumer's code runs before they end, constructors and accessors. */
function candidate(node: Tree, parent: Tree | null, above: Tree | null): Found | null {
  const body = node['body'] as Tree;
  if (node['generator'] === true || (isBlock(body) ? (body['body'] as Tree[]).length === 0 : !callsSomething(body))) return null;
  if (isBlock(body) && directivesOf(body).some((each) => each['directive'] === 'use asm')) return null;
  const named = nameOf(node, parent, above);
  // What esbuild puts into a file itself is an expression with such a name.
  if (named !== null && !isBlock(body) && named.name.startsWith('__')) return null;
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

/** Whether an expression may take time: it calls something, or waits. */
function callsSomething(node: Tree): boolean {
  if (/Function/.test(node.type)) return false;
  if (/^(?:CallExpression|NewExpression|AwaitExpression|ImportExpression|TaggedTemplateExpression)$/.test(node.type)) return true;
  for (const child of children(node)) if (callsSomething(child)) return true;
  return false;
}

/** Whether the probe's two pieces move nothing that has a place. */
function keepsPlaces(text: string, lines: Lines, { head, tail }: Seams): boolean {
  return REST_OF_HEAD.test(text.slice(head, lines.endOf(head))) && BEFORE_TAIL.test(text.slice(lines.startOf(tail), tail)) && REST_OF_TAIL.test(text.slice(tail, lines.endOf(tail)));
}

/** Functions declared in a body are declared in a block then, where the same name may not be declared twice. */
function losesMeaning(body: Tree): boolean {
  if (!isBlock(body)) return false;
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
function passesOn(body: Tree): boolean {
  return returns(body, ({ type }) => !/^(?:AwaitExpression|Literal|TemplateLiteral|ObjectExpression|ArrayExpression|BinaryExpression|UnaryExpression|UpdateExpression|.*FunctionExpression)$/.test(type));
}

/** Whether a body returns an error that it may have made itself, as far as names tell. */
function returnsErrors(body: Tree): boolean {
  return returns(body, namesError);
}

/** Whether a body returns such a value: an arrow's expression itself. */
function returns(body: Tree, isSuch: (value: Tree) => boolean): boolean {
  return isBlock(body) ? someReturn(body, isSuch) : isSuch(body);
}

function someReturn(node: Tree, isSuch: (value: Tree) => boolean): boolean {
  if (/Function/.test(node.type)) return false;
  const value = node.type === 'ReturnStatement' ? node['argument'] : null;
  if (isTree(value) && isSuch(value)) return true;
  for (const child of children(node)) if (someReturn(child, isSuch)) return true;
  return false;
}

function namesError(node: Tree): boolean {
  if (node.type === 'Identifier' && /^e(?:rr)?$|err(?:or)?$|exception$/i.test(String(node['name']))) return true;
  for (const child of children(node)) if (namesError(child)) return true;
  return false;
}

/** Maps each word of the text with its probes to where it stands in the file, in base64. */
function identityMap(text: string, file: string, shift: Shift): string {
  const mappings = text.split(LINE_END).map((line, index) => [...line.matchAll(/\w+|[^\w\s]/g)].map(({ index: column }): [number, number, number, number] => [shift.column(index, column), 0, index, column]));
  const source = file.startsWith('file:') ? file : pathToFileURL(file).href;
  return Buffer.from(JSON.stringify({ version: 3, sources: [source], names: [], mappings: encode(mappings) })).toString('base64');
}
