/** HotpotQA questions: the bundled ones, or a file of the dataset. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import bundled from './questions.json' with { type: 'json' };

const questionSchema = z.object({
  _id: z.string().optional(),
  question: z.string(),
  answer: z.string(),
  type: z.enum(['bridge', 'comparison']).optional(),
  level: z.enum(['easy', 'medium', 'hard']).optional(),
});
export type HotpotQuestion = z.infer<typeof questionSchema>;

const questionsSchema = z.array(questionSchema).min(1);

/**
 * The bundled questions, or those of a JSON file in the dataset's format.
 * @throws Error that names the file when it cannot be read or is something else
 */
export async function loadQuestions(file: string | null = null): Promise<HotpotQuestion[]> {
  if (file === null) return questionsSchema.parse(bundled);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`Questions cannot be read from ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const result = questionsSchema.safeParse(json);
  if (!result.success) throw new Error(`${file} is not a list of HotpotQA questions: ${z.prettifyError(result.error)}`);
  return result.data;
}
