/**
 * `Function.prototype.toString` without our probes, and of what we replaced as it was: programs show the text of functions, compare
 * it, and run it elsewhere.
 */
import { originalOf, replaceMethod } from './wrapping.ts';

/** What `transform/instrumentSource.ts` adds to a function: around its statements, or around the expression that it is; and to catch clauses. */
const RUN = String.raw`\$agentCostRun=\$agentCost\.off\?\.\[\d+\]\?void 0:\$agentCost\(\d+\);try\{`;
const END = String.raw`\}(?:catch\(\$agentCostError\)\{\$agentCostRun\?\.failed\(\$agentCostError\);throw \$agentCostError\})?finally\{\$agentCostRun\?\.end\(\)`;
export const PROBES = new RegExp(String.raw`;?const ${RUN}|${END}\}|\{let ${RUN}return\(|\)${END};\}\}|\(\$agentCostError\)(?=\{)|;?\$agentCost\.caught\?\.\([^)]*\);`, 'g');

export function hideProbes(): void {
  replaceMethod(Function.prototype, 'toString', (original) => {
    // A method, which cannot be called with `new` either.
    const holder = {
      toString(this: unknown): string {
        const text = Reflect.apply(original, originalOf(this), []) as string;
        return text.includes('$agentCost') ? text.replace(PROBES, '') : text;
      },
    };
    return Reflect.get(holder, 'toString');
  });
}
