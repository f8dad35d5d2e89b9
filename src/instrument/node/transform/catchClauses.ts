/**
 * Where the program catches something, the hook is told of it. What follows on the same line is moved by that: it may only be what can
 * neither throw nor call, and so has no place that anybody sees.
 */
import { movedUp, moving, type Looked } from './heads.ts';
import type { Insertion } from './places.ts';
import { children, isTree, type Tree } from './trees.ts';

/** What a clause that has no name for what it catches is given. */
const NAME = '$agentCostError';

/**
 * @param mayMove whether places are those of a map that is moved along
 * @param isForeign whether all of a part is somebody else's
 */
export function catchInsertions(program: Tree, looked: Looked, mayMove: boolean, isForeign: (node: Tree) => boolean = () => false): Insertion[] {
  const { text, lines } = looked;
  const restOfLine = (at: number): string => text.slice(at, lines.endOf(at));
  const insertions: Insertion[] = [];
  for (const { clause, tried } of catchClauses(program, isForeign)) {
    const body = clause['body'] as Tree;
    const param = clause['param'];
    if (isTree(param) && param.type !== 'Identifier') continue;
    const isNamed = isTree(param);
    const at = mayMove ? body.start + 1 : tellingPlace(body, restOfLine);
    // A name is put before all of it.
    if (at === null || (!isNamed && !mayMove && at !== body.start + 1)) {
      if (!isNamed) insertions.push(...namedAbove(tried, body, looked));
      continue;
    }
    if (!isNamed) insertions.push({ at: body.start, text: `(${NAME})` });
    // The statement before may lack its semicolon.
    insertions.push({ at, text: `${at === body.start + 1 ? '' : ';'}$agentCost.caught?.(${isNamed ? String(param['name']) : NAME});` });
  }
  return insertions;
}

/** A clause without a name whose line begins with the brace before it (`} catch { retry(); }`) is given one at the end of the line before. */
function namedAbove(tried: Tree, body: Tree, looked: Looked): Insertion[] {
  const moved = movedUp({ at: tried.end - 1, lead: '' }, body.start + 1, looked);
  if (moved === null) return [];
  const { text } = looked;
  return moving(moved, `${text.slice(moved.from, body.start)}(${NAME})${text.slice(body.start, moved.to)}$agentCost.caught?.(${NAME});`);
}

/** Each clause, with the block whose errors it catches. */
function* catchClauses(node: Tree, isForeign: (node: Tree) => boolean): Generator<{ clause: Tree; tried: Tree }> {
  if (isForeign(node)) return;
  if (node.type === 'TryStatement' && isTree(node['handler'])) yield { clause: node['handler'], tried: node['block'] as Tree };
  for (const child of children(node)) yield* catchClauses(child, isForeign);
}

/** Nothing with a place of its own: blanks, brackets, comments. */
const REST = /^[\s)\]};,]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;

/** The first place in a clause's body behind which nothing on the line has a place; null where there is none. */
function tellingPlace(body: Tree, restOfLine: (at: number) => string): number | null {
  const statements = body['body'] as Tree[];
  for (const [index, at] of [body.start + 1, ...statements.slice(1).map(({ start }) => start), body.end - 1].entries()) {
    if (isFree(at, statements.slice(index), restOfLine)) return at;
  }
  return null;
}

/** Whether from an offset on nothing on the line has a place but what `statements`, if they are plain, do. */
function isFree(at: number, statements: readonly Tree[], restOfLine: (at: number) => string): boolean {
  const rest = restOfLine(at);
  const lineEnd = at + rest.length;
  let from = at;
  for (const statement of statements) {
    if (statement.start >= lineEnd) break;
    if (!isPlain(statement) || statement.end > lineEnd) return false;
    from = statement.end;
  }
  return REST.test(restOfLine(from));
}

/** Whether a statement can neither throw nor call anything. */
function isPlain(node: Tree): boolean {
  switch (node.type) {
    case 'EmptyStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return true;
    case 'ReturnStatement':
      return node['argument'] === null || isConstant(node['argument'] as Tree);
    default:
      return false;
  }
}

function isConstant(node: Tree): boolean {
  switch (node.type) {
    case 'Literal':
      return true;
    case 'Identifier':
      return node['name'] === 'undefined';
    case 'UnaryExpression':
      return /^(?:[-+!]|void)$/.test(String(node['operator'])) && (node['argument'] as Tree).type === 'Literal';
    case 'TemplateLiteral':
      return (node['expressions'] as Tree[]).length === 0;
    case 'ArrayExpression':
      return (node['elements'] as (Tree | null)[]).every((each) => each === null || isConstant(each));
    case 'ObjectExpression':
      return (node['properties'] as Tree[]).every((each) => each.type === 'Property' && each['computed'] === false && each['kind'] === 'init' && isConstant(each['value'] as Tree));
    default:
      return false;
  }
}
