/** Questions of a sweep, from a file. Pure. */
import { z } from 'zod';
import { CsvError, csvRecords, type CsvCell } from '../../experiments/table/csvRecords.ts';

/** One thing to ask. `fields` are what a command's `{placeholders}` and a score can name. */
export interface Question {
  /** From 1, as in the file. */
  number: number;
  /** Its own, else its number. */
  id: string;
  fields: Readonly<Record<string, string>>;
}

/** A file that holds no questions, in words for its user. */
export class QuestionsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuestionsError';
  }
}

const itemSchema = z.union([z.string(), z.record(z.string(), z.unknown())]);
const ID_FIELDS = ['id', '_id', 'task_id'];

/**
 * Reads questions by the file's ending: `.jsonl` (an object or a text in each line), `.json` (a list of them), `.csv` (with a
 * head), else a text with a question in each line.
 * @throws QuestionsError that names the file and the line
 */
export function parseQuestions(text: string, file: string): Question[] {
  const items = itemsOf(text.replace(/^\uFEFF/, ''), file);
  if (items.length === 0) throw new QuestionsError(`${file} holds no question.`);
  return items.map((fields, index) => ({ number: index + 1, id: ID_FIELDS.map((field) => fields[field]).find((id) => id !== undefined && id !== '') ?? String(index + 1), fields }));
}

function itemsOf(text: string, file: string): Record<string, string>[] {
  const ending = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase();
  if (ending === 'json') {
    const list = z.array(z.unknown()).safeParse(json(text, file));
    if (!list.success) throw new QuestionsError(`${file} holds no list. A .json file of questions is a list of objects or texts; objects in lines go into a .jsonl file.`);
    return list.data.map((item, index) => fieldsOf(item, `${file}, item ${index + 1}`));
  }
  const lines = text.split(/\r?\n/).flatMap((line, index) => (line.trim() === '' ? [] : [{ line, place: `${file}:${index + 1}` }]));
  if (ending === 'jsonl' || ending === 'ndjson') return lines.map(({ line, place }) => fieldsOf(json(line, place), place));
  if (ending === 'csv') return csvItems(text, file);
  return lines.map(({ line }) => ({ question: line.trim() }));
}

function json(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new QuestionsError(`${place} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function fieldsOf(item: unknown, place: string): Record<string, string> {
  const parsed = itemSchema.safeParse(item);
  if (!parsed.success) throw new QuestionsError(`${place} is neither an object nor a text.`);
  if (typeof parsed.data === 'string') return { question: parsed.data };
  // What is no text is handed on as the JSON that it was.
  return Object.fromEntries(Object.entries(parsed.data).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

function csvItems(text: string, file: string): Record<string, string>[] {
  const [head = [], ...rows] = records(text, file).map((record) => record.map((cell) => cell.text));
  if (new Set(head).size !== head.length) throw new QuestionsError(`${file}: two columns have one name.`);
  return rows.map((cells, index) => {
    if (cells.length !== head.length) throw new QuestionsError(`${file}, row ${index + 1} has ${cells.length} cells, and its head ${head.length}.`);
    return Object.fromEntries(head.map((name, column) => [name, cells[column]!]));
  });
}

function records(text: string, file: string): CsvCell[][] {
  try {
    return csvRecords(text);
  } catch (error) {
    if (error instanceof CsvError) throw new QuestionsError(`${file}, ${error.message}`);
    throw error;
  }
}
