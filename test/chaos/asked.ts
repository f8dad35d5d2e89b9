/** What agents ask of the scripted model server, as the text of a prompt, and what it answers: both sides know it beforehand. */

export interface Asked {
  /** Unique in a round. */
  id: string;
  stream: boolean;
  chunks: number;
  /** Before each chunk; before a plain answer all of them together. */
  gapMs: number;
  /** What the agent does before it asks. */
  pauseMs: number;
  /** Words that the prompt has besides. */
  padding: number;
}

/** When the model server says that the moment has come: at the so manieth request, chunk or answer. */
export interface Moment {
  at: 'received' | 'chunk' | 'answered';
  count: number;
}

/** The prompt. Agents in Python write the same. */
export function askedText({ id, chunks, gapMs, padding }: Asked): string {
  return `${id} ${chunks} ${gapMs} ${'word '.repeat(padding)}`;
}

export function readAsked(text: string): Pick<Asked, 'id' | 'chunks' | 'gapMs'> {
  const [id = '', chunks, gapMs] = text.split(' ', 3);
  return { id, chunks: Number(chunks), gapMs: Number(gapMs) };
}

/** The texts of the chunks; together they are the plain answer. */
export function answerParts({ id, chunks }: Pick<Asked, 'id' | 'chunks'>): string[] {
  return Array.from({ length: chunks }, (_, n) => `${id}.${n} `);
}
