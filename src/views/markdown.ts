/** Recorded text is somebody else's: it must not become formatting, a link or a command. */
import { visibleText } from '../profile/visibleText.ts';

/** Longer names are cut: a hover is no place to read them. */
const LONGEST_TEXT = 200;

/** Makes text stand in Markdown as it is, in one line. */
export function escapeMarkdown(text: string): string {
  return visibleText(text, LONGEST_TEXT).replace(/[\\`*_{}[\]()#+\-.!|<>&~$@:/]/g, '\\$&').replaceAll('\\<', '&lt;').replaceAll('\\>', '&gt;').replaceAll('\\&', '&amp;');
}

/** A link that runs a command of ours. */
export function commandLink(label: string, command: string, argument: unknown): string {
  return `[${label}](command:${command}?${encodeURIComponent(JSON.stringify([argument]))})`;
}
