/** What is typed for a program on a host that the user's ssh knows: by its configuration and keys, never with a password. */

/** Beside these, what the user's configuration says: nothing is asked, and a host that does not answer is given up. */
export const SSH_QUIETLY: readonly string[] = ['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10'];

/** Whether a text is a host's name, with a user's before it or not; what ssh would take for an option, or a shell for more than one word, is none. */
export function isSshHost(text: string): boolean {
  return /^[A-Za-z0-9_][\w.:%@[\]-]*$/.test(text);
}

/** One word for a POSIX shell, in which nothing is expanded. */
export function posixWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A script for the POSIX shell there, whichever shell the user logs in with; in one line, for those that want that. */
export function shellThere(script: string): string {
  return `exec sh -c ${posixWord(script)}`;
}
