/** The JSON of a report in pieces, for what is too long for one string. Pure. */

/** What `JSON.stringify(value, null, 2)` gives, piece by piece: one for each member, and one for each item of a member that is a list. */
export function* jsonPieces(value: Readonly<Record<string, unknown>>): Generator<string> {
  let opening = '{';
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${opening}\n  ${JSON.stringify(name)}: `;
    opening = ',';
    if (Array.isArray(member) && member.length > 0) yield* itemPieces(member);
    else yield indented(member, 2);
  }
  yield opening === '{' ? '{}' : '\n}';
}

/** The same as a file's text, with a line end. */
export function* jsonText(value: Readonly<Record<string, unknown>>): Generator<string> {
  yield* jsonPieces(value);
  yield '\n';
}

function* itemPieces(items: readonly unknown[]): Generator<string> {
  for (const [index, item] of items.entries()) yield `${index === 0 ? '[' : ','}\n    ${indented(item, 4)}`;
  yield '\n  ]';
}

/** Line ends in texts are escaped, so that those in the JSON are its own. */
function indented(value: unknown, by: number): string {
  return (JSON.stringify(value, null, 2) ?? 'null').replaceAll('\n', `\n${' '.repeat(by)}`);
}
