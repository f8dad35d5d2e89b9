/** Evaluates an expression in a Python process of its own, in the sandbox. */
import type { Sandbox, SandboxedRun } from '../sandbox/sandbox.ts';

const LONGEST_RESULT = 500;
const MEMORY_BYTES = 256 * 1024 * 1024;

/** What is told to the model: the value, or what is wrong with the expression. @throws when the sandbox cannot be used */
export async function calculate(expression: string, sandbox: Sandbox, signal: AbortSignal): Promise<string> {
  const run = await sandbox.run(calculatorProgram(expression), { limits: { wallMs: 5000, cpuSeconds: 5, memoryBytes: MEMORY_BYTES }, signal });
  return describe(run);
}

/** Python's own arithmetic with the functions of `math`, fractions, and sums, products, minima and maxima of lists. */
function calculatorProgram(expression: string): string {
  return `import math, fractions, sys
names = {name: value for name, value in vars(math).items() if not name.startswith("_")}
names.update(abs=abs, round=round, sum=sum, min=min, max=max, len=len, range=range, int=int, float=float, complex=complex, pow=pow, divmod=divmod, sorted=sorted, Fraction=fractions.Fraction)
try:
    value = eval(compile(${JSON.stringify(expression.trim())}, "expression", "eval"), {"__builtins__": {}}, names)
    text = repr(value) if not isinstance(value, fractions.Fraction) else str(value)
except RecursionError:
    text = "Error: the expression is too deep"
except Exception as error:
    text = f"Error: {type(error).__name__}: {error}"
print(text[:${LONGEST_RESULT}])
`;
}

function describe(run: SandboxedRun): string {
  if (run.end === 'exit' && run.exitCode === 0) return run.stdout.trim();
  return `Error: the calculation was stopped, because it ${run.end === 'time' ? 'took too long' : 'used more than it may'}.`;
}
