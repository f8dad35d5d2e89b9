/**
 * `Function.prototype.toString` without our probes, and of what we replaced as it was: programs show the text of functions, compare
 * it, and run it elsewhere.
 */
import { originalOf, replaceMethod } from './wrapping.ts';

/** What `transform/instrumentSource.ts` puts in front of what a block does, or an expression, and a catch clause. */
const RUN = String.raw`const \$agentCostRun=\$agentCost\.off\?\.\[\d+\]\?void 0:\$agentCost\(\d+\);try\{`;
const HEAD = String.raw`(?:\{/\*\*/${RUN}return\(|;?${RUN})`;
const FAILED = String.raw`(?:catch\(\$agentCostError\)\{\$agentCostRun\?\.failed\(\$agentCostError\);throw \$agentCostError\})?`;
const CAUGHT = String.raw`\$agentCost\.caught\?\.\(\$agentCostError\);`;
const END = String.raw`\$agentCostRun\?\.end\(\)`;
/** A head on the line before its own, where a comment keeps its place: all of it, or where a function's text begins in it. */
const MOVED = new RegExp(String.raw`/\*\$agentCost\*/;?([^]*?)(?:${HEAD}|${CAUGHT})/\*\$agentCost:([^]*?)[^\n\r\u2028\u2029]*?\*/`, 'g');
const BEGINS_MOVED = new RegExp(String.raw`${HEAD}/\*\$agentCost:[^]*?([^\n\r\u2028\u2029]*?)\*/`);
const PROBES = new RegExp(String.raw`${HEAD}|\)\}${FAILED}finally\{${END};\}\}|\}${FAILED}finally\{${END}\}|\(\$agentCostError\)(?=\{)|;?\$agentCost\.caught\?\.\([^)]*\);`, 'g');

export function hideProbes(): void {
  replaceMethod(Function.prototype, 'toString', (original) => {
    // A method, which cannot be called with `new` either.
    const holder = {
      toString(this: unknown): string {
        const text = Reflect.apply(original, originalOf(this), []) as string;
        return text.includes('$agentCost') ? withoutProbes(text) : text;
      },
    };
    return Reflect.get(holder, 'toString');
  });
}

/** The text of a file, or of a part that begins where something does, as it was. */
export function withoutProbes(text: string): string {
  return text.replace(MOVED, '$2$1').replace(BEGINS_MOVED, '').replace(PROBES, '');
}

/** Where a function's text begins on its own line (0-based column) if its head was moved to the line before it; null for any other. */
export function columnOfMoved(text: string): number | null {
  const found = BEGINS_MOVED.exec(text);
  return found === null || text.slice(0, found.index).includes('$agentCost') ? null : found[1]!.length + 2 - found.index;
}
