/** Bold and dim where the stream is a terminal that wants them (NO_COLOR is honoured), plain elsewhere. */
import { styleText } from 'node:util';

export interface TerminalStyle {
  bold(text: string): string;
  dim(text: string): string;
}

export function terminalStyle(stream: NodeJS.WriteStream): TerminalStyle {
  const colours = Boolean(stream.isTTY) && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return {
    bold: (text) => (colours ? styleText('bold', text) : text),
    dim: (text) => (colours ? styleText('dim', text) : text),
  };
}
