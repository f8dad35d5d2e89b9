/** HotpotQA questions: the bundled ones, or a file of the dataset. */
import { z } from 'zod';
import { ownItems, readItems, type ItemSource, type PublishedFile } from '../itemFile.ts';
import bundled from './questions.json' with { type: 'json' };

const questionSchema = z.object({
  _id: z.string().optional(),
  question: z.string(),
  answer: z.string(),
  type: z.enum(['bridge', 'comparison']).optional(),
  level: z.enum(['easy', 'medium', 'hard']).optional(),
});
export type HotpotQuestion = z.infer<typeof questionSchema>;

const PUBLISHED: readonly PublishedFile[] = [
  {
    name: 'hotpot_dev_v1_simplified.json',
    sha256: '05001dcdeb2b2b2243a88f23daaf8de9237494cd387e13bc25854d3e031101d3',
    from: 'https://github.com/ysymyth/ReAct, data/hotpot_dev_v1_simplified.json',
    licence: 'CC BY-SA 4.0',
  },
];

/**
 * The bundled questions, or those of a JSON file in the dataset's format.
 * @throws Error that names the file when it cannot be read or is something else
 */
export async function loadQuestions(file: string | null = null): Promise<{ questions: HotpotQuestion[]; source: ItemSource }> {
  if (file === null) return { questions: z.array(questionSchema).parse(bundled), source: ownItems('bundled HotpotQA questions') };
  const { items, source } = await readItems(file, 'HotpotQA questions', questionSchema, PUBLISHED);
  return { questions: items, source };
}
