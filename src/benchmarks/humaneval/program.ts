/** Puts a model's solution and its tests together as one Python program. */
import type { Problem } from './problems.ts';

/** The code of an answer: its last fenced block, or all of it. */
export function codeOf(answer: string): string {
  const blocks = [...answer.matchAll(/```[ \t]*(?:python|py)?[ \t]*\r?\n([\s\S]*?)(?:```|$)/gi)];
  return (blocks.at(-1)?.[1] ?? answer).replace(/\s+$/, '');
}

/** The problem with its solution, which may be the whole function or, as in the dataset, what follows the prompt. */
export function solved({ prompt, entry_point: name }: Problem, code: string): string {
  const isWhole = new RegExp(`^(async +)?def +${name}\\b|^${name} *=`, 'm').test(code);
  // The prompt is a function by itself, with nothing but a docstring, and holds imports and helpers.
  if (isWhole) return `${prompt}\n\n${code}\n`;
  const first = code.split('\n').find((line) => line.trim() !== '') ?? '';
  const body = /^\s/.test(first) ? code : code.replace(/^(?=.)/gm, '    ');
  return `${prompt}${body}\n`;
}

/** Ends by printing `token`, which a program that leaves earlier does not. */
export function testedProgram(problem: Problem, code: string, token: string): string {
  return `${solved(problem, code)}\n${problem.test}\n\ncheck(${problem.entry_point})\nprint("\\n" + ${JSON.stringify(token)}, flush=True)\n`;
}

/** Does the prompt show examples with what they give, as doctests? */
export function hasExamples({ prompt }: Problem): boolean {
  return /^\s*>>> .*\n(?!\s*(>>>|\.\.\.|"""|'''))\s*\S/m.test(prompt);
}

/** Runs the examples that the prompt shows and prints `token`, how many came out as shown, and how many there are. */
export function examplesProgram(problem: Problem, code: string, token: string): string {
  return `${solved(problem, code)}
import ast as _ast, doctest as _doctest, io as _io
_wanted = next(node for node in _ast.parse(${JSON.stringify(problem.prompt)}).body if getattr(node, "name", "") == ${JSON.stringify(problem.entry_point)})
_test = _doctest.DocTestParser().get_doctest(_ast.get_docstring(_wanted) or "", globals(), "prompt", None, None)
_test.examples = [_example for _example in _test.examples if _example.want]
_result = _doctest.DocTestRunner(verbose=False, optionflags=_doctest.NORMALIZE_WHITESPACE).run(_test, out=_io.StringIO().write)
print("\\n" + ${JSON.stringify(token)}, _result.attempted - _result.failed, _result.attempted, flush=True)
`;
}
