/** Recorded text is somebody else's: it must not become formatting, a link or a command. */

/** Longer names are cut: a hover is no place to read them. */
const LONGEST_TEXT = 200;

/** Makes text stand in Markdown as it is, in one line. */
export function escapeMarkdown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const cut = line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
  return cut.replace(/[\\`*_{}[\]()#+\-.!|<>&~$@:/]/g, '\\$&').replaceAll('\\<', '&lt;').replaceAll('\\>', '&gt;').replaceAll('\\&', '&amp;');
}

/** A link that runs a command of ours. */
export function commandLink(label: string, command: string, argument: unknown): string {
  return `[${label}](command:${command}?${encodeURIComponent(JSON.stringify([argument]))})`;
}
