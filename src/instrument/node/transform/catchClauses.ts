/**
 * Where the program catches something, the hook is told of it. What follows on the same line is moved by that: it may only be what can
 * neither throw nor call, and so has no place that anybody sees.
 */
import { children, isTree, type Tree } from './trees.ts';

export interface Insertion {
  at: number;
  text: string;
}

/** What a clause that has no name for what it catches is given. */
const NAME = '$agentCostError';

/**
 * @param restOfLine the text from an offset to the end of its line
 * @param mayMove whether places are those of a map that is moved along
 * @param isForeign whether all of a part is somebody else's
 */
export function catchInsertions(program: Tree, restOfLine: (at: number) => string, mayMove: boolean, isForeign: (node: Tree) => boolean = () => false): Insertion[] {
  const insertions: Insertion[] = [];
  for (const clause of catchClauses(program, isForeign)) {
    const body = clause['body'] as Tree;
    const param = clause['param'];
    if (isTree(param) && param.type !== 'Identifier') continue;
    const isNamed = isTree(param);
    const at = mayMove ? body.start + 1 : tellingPlace(body, restOfLine);
    // A name is put before all of it.
    if (at === null || (!isNamed && !mayMove && at !== body.start + 1)) continue;
    if (!isNamed) insertions.push({ at: body.start, text: `(${NAME})` });
    // The statement before may lack its semicolon.
    insertions.push({ at, text: `${at === body.start + 1 ? '' : ';'}$agentCost.caught?.(${isNamed ? String(param['name']) : NAME});` });
  }
  return insertions;
}

function* catchClauses(node: Tree, isForeign: (node: Tree) => boolean): Generator<Tree> {
  if (isForeign(node)) return;
  if (node.type === 'CatchClause') yield node;
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
