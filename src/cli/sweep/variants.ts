/** What a sweep varies: environment variables, in all combinations. Pure. */
import { z } from 'zod';

export interface Variant {
  /** As the table's `setting` has it: `NAME=VALUE` with a space between; empty for the program as it is. */
  setting: string;
  environment: Readonly<Record<string, string>>;
}

/** A wrong option or file of variants, in words for its user. */
export class VariantsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'VariantsError';
  }
}

const NAME = /^[A-Za-z_]\w*$/;
/** More is a slip of the hand. */
const MOST = 1000;
const fileSchema = z.record(z.string().min(1), z.record(z.string().regex(NAME, 'a variable is named by letters, digits and _'), z.union([z.string(), z.number(), z.boolean()])));

/** `NAME=VALUE,VALUE,…`; a comma in a value is written `\,`. @throws VariantsError */
export function parseVary(text: string): Variant[] {
  const [, name = '', values = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!NAME.test(name)) throw new VariantsError(`--vary takes NAME=VALUE,VALUE,… of an environment variable, not "${text}".`);
  const list = values.split(/(?<!\\),/).map((value) => value.replaceAll('\\,', ','));
  const twice = list.find((value, index) => list.indexOf(value) !== index);
  if (twice !== undefined) throw new VariantsError(`--vary ${name}: "${twice}" stands there twice.`);
  return list.map((value) => ({ setting: assignment(name, value), environment: { [name]: value } }));
}

/** `{"short prompt": {"PROMPT": "…", "MAX_STEPS": 5}, …}`. @throws VariantsError */
export function parseVariants(text: string, file: string): Variant[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new VariantsError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new VariantsError(`${file}${issue === undefined || issue.path.length === 0 ? '' : `, ${issue.path.join(' / ')}`}: ${issue?.message ?? 'wrong'}. It holds {"a variant's name": {"VARIABLE": "value"}}.`);
  }
  const variants = Object.entries(parsed.data).map(([name, environment]) => ({ setting: assignment('variant', name), environment: Object.fromEntries(Object.entries(environment).map(([variable, each]) => [variable, String(each)])) }));
  if (variants.length === 0) throw new VariantsError(`${file} holds no variant.`);
  return variants;
}

/** All combinations of one of each, the last varying first. @throws VariantsError where there are too many, or two set one variable */
export function combine(axes: readonly (readonly Variant[])[]): Variant[] {
  const count = axes.reduce((product, axis) => product * axis.length, 1);
  if (count > MOST) throw new VariantsError(`These are ${count} combinations; ${MOST} are as many as a sweep takes.`);
  return axes.reduce<Variant[]>(
    (combined, axis) =>
      combined.flatMap((one) =>
        axis.map((other) => {
          const both = Object.keys(other.environment).find((name) => name in one.environment);
          if (both !== undefined) throw new VariantsError(`${both} is varied twice.`);
          return { setting: [one.setting, other.setting].filter((part) => part !== '').join(' '), environment: { ...one.environment, ...other.environment } };
        }),
      ),
    [{ setting: '', environment: {} }],
  );
}

/** `NAME=VALUE`, in quotes where a space would part it. */
export function assignment(name: string, value: string): string {
  return `${name}=${/^[^\s"]+$/.test(value) ? value : JSON.stringify(value)}`;
}
