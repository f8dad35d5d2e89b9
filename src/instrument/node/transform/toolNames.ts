/** Tools that are objects with a name and a function: `{ name: 'search_web', async run() { … } }`, or a class that is written so. */
import { children, isTree, type Tree } from './trees.ts';

/** What the function of a tool is called where the tool's own name stands beside it. */
const RUNS = /^_?(?:run|call|execute|exec|invoke|handle|handler|func|fn|action|callback|implementation)$/;
const MAY_HAVE_SOME = /\bname["']?\s*[:=]\s*["'`]/;

/** The tool's name for each function that does a tool's work, where it says so beside the tool's name. */
export function toolNamesOf(program: Tree, text: string): ReadonlyMap<Tree, string> {
  const found = new Map<Tree, string>();
  if (MAY_HAVE_SOME.test(text)) collect(program, found);
  return found;
}

function collect(node: Tree, found: Map<Tree, string>): void {
  const members = node.type === 'ObjectExpression' ? (node['properties'] as Tree[]) : node.type === 'ClassBody' ? (node['body'] as Tree[]) : [];
  const name = members.length < 2 ? null : nameAmong(members);
  if (name !== null) {
    for (const member of members) {
      const run = RUNS.test(keyOf(member) ?? '') ? functionIn(member['value']) : null;
      if (run !== null) found.set(run, name);
    }
  }
  for (const child of children(node)) collect(child, found);
}

/** That of the members themselves, or of the description that models are given: `function: { name: 'search_web', … }`. */
function nameAmong(members: readonly Tree[]): string | null {
  for (const member of members) {
    const key = keyOf(member);
    const value = member['value'];
    if (!isTree(value)) continue;
    if (key === 'name' && value.type === 'Literal' && typeof value['value'] === 'string' && value['value'] !== '') return value['value'];
    if (key === 'function' && value.type === 'ObjectExpression') return nameAmong(value['properties'] as Tree[]);
  }
  return null;
}

function keyOf(member: Tree): string | null {
  const key = member['key'];
  if (!isTree(key) || member['computed'] === true) return null;
  return key.type === 'Identifier' ? String(key['name']) : key.type === 'Literal' ? String(key['value']) : null;
}

/** A function, or one that esbuild keeps the name of: `__name(async()=>{…},"run")`. */
function functionIn(value: unknown): Tree | null {
  if (!isTree(value)) return null;
  if (/^(?:FunctionExpression|ArrowFunctionExpression)$/.test(value.type)) return value;
  if (value.type !== 'CallExpression' || (value['callee'] as { name?: unknown }).name !== '__name') return null;
  return functionIn((value['arguments'] as Tree[])[0]);
}
