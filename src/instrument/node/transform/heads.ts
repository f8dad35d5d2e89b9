/**
 * Where the two pieces of a function's probe go. What has a place that somebody may see (in a stack, in the excerpt of an uncaught error) is
 * not to move by them: the first goes behind a head with nothing after it on its line, or, where the body begins on that line, the head
 * itself goes up to the end of the line before it, as far as nothing in it can fail, and stays where it was as a comment.
 */
import type { Insertion, Lines } from './places.ts';
import type { Tree } from './trees.ts';

/** Begins the comment that it is where it was. */
const COMMENT = '/*$agentCost:';
/** Ends it, in the place of the last letters before the body. */
const COMMENT_END = '*/';
/** Begins a head that was moved, so that it can be put back for who asks for a function's text (`functionText.ts`). */
const MOVED = '/*$agentCost*/';

/** Nothing with a place of its own: blanks, comments. */
const REST_OF_HEAD = /^\s*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
/** The same of the head of an expression, which may begin with brackets. */
const REST_OF_ARROW = /^[\s([{]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
/** As before, and brackets. */
const REST_OF_TAIL = /^[\s)\]};,]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(?:\/\/.*)?$/;
const BEFORE_EXPRESSION = /^(?:[\s(]|\/\/.*|\/\*(?:[^*]|\*(?!\/))*\*\/)*$/;
const BEFORE_TAIL = /^[\s)\]};,]*$/;

/** A function that may have a probe. */
export interface Found {
  node: Tree;
  /** A block, or the expression that an arrow function returns. */
  body: Tree;
  name: string;
  nameStart: number;
  isAsync: boolean;
  /** What is around it, outermost first. */
  around: readonly Tree[];
}

/** Where its probe goes. */
export interface Seam {
  /** Behind the head's brace, or arrow. */
  head: number;
  tail: number;
  /** Where its head is to go up. */
  moved: MovedHead | null;
}

/** The beginning of a line that goes up to the end of the line before. */
export interface MovedHead {
  /** Of the line, and where the body begins. */
  from: number;
  to: number;
  /** Where it goes. */
  at: number;
  /** What must stand before it there. */
  lead: string;
}

/** The text that is looked into. */
export interface Looked {
  text: string;
  /** With blanks for its types. */
  running: string;
  lines: Lines;
  /** By line (0-based), where a comment begins that lasts to its end. */
  comments: ReadonlyMap<number, number>;
}

/** Null where an arrow's expression cannot be found again in the text. `mayMove`: places are those of a map that is moved along. */
export function seamOf(found: Found, looked: Looked, mayMove: boolean): Seam | null {
  const { node, body } = found;
  const { text, lines } = looked;
  const isExpression = body.type !== 'BlockStatement';
  const head = isExpression ? arrowEnd(node, body, looked.running) : (directivesOf(body).at(-1)?.end ?? body.start + 1);
  if (head === null) return null;
  const tail = isExpression ? node.end : body.end - 1;
  if (mayMove) return { head, tail, moved: null };
  if (!REST_OF_TAIL.test(text.slice(isExpression ? tail : tail + 1, lines.endOf(tail)))) return null;
  // The lines of the probe are shown with it in Node's excerpts: the first, and the last of what has no braces.
  if (!isExpression && lines.lineOf(tail) !== lines.lineOf(body.start) && !BEFORE_TAIL.test(text.slice(lines.startOf(tail), tail))) return null;
  if ((isExpression ? REST_OF_ARROW : REST_OF_HEAD).test(text.slice(head, lines.endOf(head)))) return { head, tail, moved: null };
  const moved = movedHead(found, head, looked);
  return moved === null ? null : { head, tail, moved };
}

export function directivesOf(body: Tree): Tree[] {
  const statements = body['body'] as Tree[];
  const first = statements.findIndex((statement) => typeof statement['directive'] !== 'string');
  return first === -1 ? statements : statements.slice(0, first);
}

/** Behind the arrow, where nothing but comments and brackets stands between it and the expression. */
function arrowEnd(node: Tree, body: Tree, running: string): number | null {
  const from = (node['params'] as Tree[]).at(-1)?.end ?? node.start;
  const at = running.indexOf('=>', from) + 2;
  return at >= 2 && BEFORE_EXPRESSION.test(running.slice(at, body.start)) ? at : null;
}

function movedHead(found: Found, head: number, looked: Looked): MovedHead | null {
  const { node, body } = found;
  const start = startOf(found, looked.running);
  if (start === null || !isPlainHead(node)) return null;
  if (body.type === 'BlockStatement' && directivesOf(body).length > 0) return null;
  return movedUp(start, head, looked);
}

/** The line up to `head`, and the blanks behind it, if `start` is all that is on it before; null where there is no place for it. */
export function movedUp(start: { at: number; lead: string }, head: number, { text, running, lines, comments }: Looked): MovedHead | null {
  const line = lines.lineOf(head);
  if (line === 0 || lines.lineOf(start.at) !== line) return null;
  const from = lines.start(line);
  const to = head + /^[^\S\r\n]*/.exec(running.slice(head))![0].length;
  const moved = text.slice(from, to);
  // A line's beginning is code where something begins with it.
  if (running.slice(from, start.at).trim() !== '' || /\*\/|\/[/*]/.test(moved)) return null;
  const end = lines.endOf(lines.start(line - 1));
  const at = comments.get(line - 1) ?? end;
  // Before the very first letter there may be no code: `#!/usr/bin/env node`.
  if (text.startsWith('#!', at) || text.slice(at, end).includes(COMMENT_END)) return null;
  return { from, to, at, lead: MOVED + start.lead };
}

/**
 * Where that begins of which a function is all that can do something, and what separates it from whatever is before it; null where it is
 * not known that nothing in it can fail.
 */
function startOf({ node, around }: Found, running: string): { at: number; lead: string } | null {
  const parent = around.at(-1)!;
  const above = around.at(-2);
  const top = around.at(-3);
  switch (parent.type) {
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock':
      return { at: node.start, lead: ';' };
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration':
      return { at: parent.start, lead: ';' };
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return { at: parent.start, lead: ';' };
    case 'Property':
      return { at: parent.start, lead: '' };
    case 'VariableDeclarator':
      if (above === undefined || top === undefined || (above['declarations'] as Tree[])[0] !== parent || (parent['id'] as Tree).type !== 'Identifier') return null;
      if (top.type === 'ExportNamedDeclaration') return { at: top.start, lead: ';' };
      return isList(top) ? { at: above.start, lead: ';' } : null;
    case 'AssignmentExpression':
      if (above?.type !== 'ExpressionStatement' || top === undefined || !isList(top)) return null;
      return /^(?:module\s*\.\s*)?exports\s*\.\s*[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(running.slice(parent.start, (parent['left'] as Tree).end)) ? { at: above.start, lead: ';' } : null;
    default:
      return null;
  }
}

/** Whether statements stand in it one after the other. */
function isList(node: Tree): boolean {
  return /^(?:Program|BlockStatement|StaticBlock)$/.test(node.type);
}

/** Whether nothing is done when a function is entered: to take values apart may fail. */
function isPlainHead(node: Tree): boolean {
  return (node['params'] as Tree[]).every((param) => {
    const name = param.type === 'AssignmentPattern' && (param['right'] as Tree).type === 'Literal' ? (param['left'] as Tree) : param.type === 'RestElement' ? (param['argument'] as Tree) : param;
    return name.type === 'Identifier';
  });
}

/**
 * The probe of one function: `run` begins it, as a statement, `failed` is what catches, or nothing, and `end` the expression that ends it.
 * What it adds to an expression is not what it adds to a block, so that it can be told from it afterwards.
 */
export function pieces({ body }: Found, { head, tail, moved }: Seam, text: string, { run, failed, end }: Record<'run' | 'failed' | 'end', string>): Insertion[] {
  const isExpression = body.type !== 'BlockStatement';
  const isBehindDirective = !isExpression && head !== body.start + 1;
  const before = isExpression ? `{/**/${run}try{return(` : `${isBehindDirective ? ';' : ''}${run}try{`;
  const after: Insertion = { at: tail, text: isExpression ? `)}${failed}finally{${end};}}` : `}${failed}finally{${end}}` };
  if (moved === null) return [{ at: head, text: before }, after];
  return [...moving(moved, `${text.slice(moved.from, moved.to)}${before}`), after];
}

/** Puts `text`, which begins with what it moves, where it goes, and a comment where that was. */
export function moving({ from, to, at, lead }: MovedHead, text: string): Insertion[] {
  return [
    { at, text: `${lead}${text}${COMMENT}`, moved: { from, to, lead: lead.length } },
    { at: to - COMMENT_END.length, text: COMMENT_END, over: COMMENT_END.length },
  ];
}
