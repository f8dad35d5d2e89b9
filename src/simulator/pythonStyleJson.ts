/** JSON as models and their templates write it. */

/** With a space after each colon and comma, as Python does. */
export function pythonStyleJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonStyleJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, member]) => `${JSON.stringify(key)}: ${pythonStyleJson(member)}`)
      .join(', ')}}`;
  return JSON.stringify(value) ?? 'null';
}
