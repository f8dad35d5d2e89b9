/** A command with `{placeholders}` for the fields of a question. Pure. */
import { QuestionsError, type Question } from './questions.ts';

const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;

/**
 * Names of the fields that a command asks for: those that any question has. Other braces are the command's own.
 * @throws QuestionsError where a question lacks one, or none is asked for and the question does not come by stdin
 */
export function placeholders(command: readonly string[], questions: readonly Question[], byStdin: boolean): string[] {
  const known = new Set(questions.flatMap(({ fields }) => Object.keys(fields)));
  const asked = [...new Set(command.flatMap((word) => [...word.matchAll(PLACEHOLDER)].map((match) => match[1]!)))];
  const found = asked.filter((name) => known.has(name));
  if (found.length === 0 && !byStdin) {
    const fields = [...known].map((name) => `{${name}}`).join(', ');
    throw new QuestionsError(asked.length > 0 ? `No question has a field ${asked.map((name) => `"${name}"`).join(' or ')}. They have ${fields}.` : `The command asks nothing: put ${fields.split(', ').slice(0, 3).join(' or ')} where the question belongs, or give --stdin.`);
  }
  for (const { number, fields } of questions) {
    const lacking = found.find((name) => fields[name] === undefined);
    if (lacking !== undefined) throw new QuestionsError(`Question ${number} has no field "${lacking}", which the command asks for.`);
  }
  return found;
}

/** The command for one question. What a question holds is put in as it is, once: braces in it stay. */
export function fillCommand(command: readonly string[], { fields }: Question): string[] {
  return command.map((word) => word.replace(PLACEHOLDER, (whole, name: string) => fields[name] ?? whole));
}
