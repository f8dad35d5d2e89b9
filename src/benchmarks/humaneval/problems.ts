/** HumanEval problems: the bundled ones, or a file of the dataset. */
import { z } from 'zod';
import { ownItems, readItems, type ItemSource, type PublishedFile } from '../itemFile.ts';
import bundled from './problems.json' with { type: 'json' };

const problemSchema = z.object({
  task_id: z.string(),
  /** Beginning of a Python file, up to the docstring of the function that is wanted. */
  prompt: z.string(),
  canonical_solution: z.string(),
  /** Defines `check(candidate)`. */
  test: z.string(),
  entry_point: z.string().regex(/^[A-Za-z_]\w*$/),
});
export type Problem = z.infer<typeof problemSchema>;

const PUBLISHED: readonly PublishedFile[] = [
  {
    name: 'humaneval.json',
    sha256: 'e70713a01b35b9dd5b4cf6c7fd09bf0dcb6cda0b93ddbcb753fff500243f0d71',
    from: 'https://github.com/openai/human-eval, as packaged by https://github.com/VIA-Research/AgentBench',
    licence: 'MIT',
  },
];

/**
 * The bundled problems, or those of a file in the dataset's format, as a JSON array or JSON Lines.
 * @throws Error that names the file when it cannot be read or is something else
 */
export async function loadProblems(file: string | null): Promise<{ problems: Problem[]; source: ItemSource }> {
  if (file === null) return { problems: z.array(problemSchema).parse(bundled), source: ownItems('bundled programming problems') };
  const { items, source } = await readItems(file, 'HumanEval problems', problemSchema, PUBLISHED);
  return { problems: items, source };
}
