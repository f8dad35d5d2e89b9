/** MATH problems: the bundled ones, or a file of the dataset. */
import { z } from 'zod';
import { ownItems, readItems, type ItemSource, type PublishedFile } from '../itemFile.ts';
import bundled from './problems.json' with { type: 'json' };
import { boxed } from './latex.ts';

/** As in MATH itself, where the answer stands boxed in the solution, and as in its subset of 500, which has it apart. */
const problemSchema = z
  .object({
    problem: z.string(),
    solution: z.string(),
    answer: z.string().optional(),
    unique_id: z.string().optional(),
  })
  .transform((problem, context) => {
    const answer = problem.answer ?? boxed(problem.solution);
    if (answer !== null) return { ...problem, answer };
    context.addIssue('has no answer: neither "answer" nor a \\boxed{} in "solution"');
    return z.NEVER;
  });
export type MathProblem = z.infer<typeof problemSchema>;

const PUBLISHED: readonly PublishedFile[] = [
  {
    name: 'math_500.jsonl',
    sha256: '35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132',
    from: 'https://github.com/hendrycks/math (500 problems of its test part), as packaged by https://github.com/VIA-Research/AgentBench',
    licence: 'MIT',
  },
];

/**
 * The bundled problems, or those of a file in the dataset's format, as a JSON array or JSON Lines.
 * @throws Error that names the file when it cannot be read or is something else
 */
export async function loadMathProblems(file: string | null): Promise<{ problems: MathProblem[]; source: ItemSource }> {
  if (file === null) return { problems: z.array(problemSchema).parse(bundled), source: ownItems('bundled mathematics problems') };
  const { items, source } = await readItems(file, 'MATH problems', problemSchema, PUBLISHED);
  return { problems: items, source };
}
