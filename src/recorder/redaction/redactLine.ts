/** Where a recording's lines hold words that somebody wrote: there the rules of redaction are used, and nowhere else. */
import type { CallEndLine, CallLine, HeaderLine, RecordingLine } from '../../profile/recordingFormat.ts';
import type { Redactor } from './redactor.ts';

/**
 * The line as it is to be written. Names, files, times and figures stay: what they say is measured by them.
 * A new type of line has to be thought of here.
 */
export function redactLine(line: RecordingLine, redactor: Redactor): RecordingLine {
  const text = <Text extends string | null>(value: Text): Text | string => (value === null ? value : redactor.text(value));
  switch (line.type) {
    case 'header':
      return redactHeader(line, redactor);
    case 'process':
      return { ...line, argv: line.argv.map(text) };
    case 'call':
      return redactCall(line, redactor);
    case 'callEnd':
      return redactCallEnd(line, text);
    case 'span':
      return { ...line, detail: text(line.detail) };
    case 'spanEnd':
      return { ...line, error: text(line.error) };
    case 'traceSpan':
      return { ...line, error: text(line.error), detail: text(line.detail) };
    case 'warning':
      return { ...line, message: text(line.message) };
    case 'firstToken':
    case 'gpu':
    case 'sample':
    case 'pause':
    case 'source':
    case 'commit':
    case 'backend':
    case 'end':
      return line;
  }
}

export function redactHeader(line: HeaderLine, redactor: Redactor): HeaderLine {
  return { ...line, command: line.command.map((word) => redactor.text(word)) };
}

function redactCall(line: CallLine, redactor: Redactor): CallLine {
  const messages = line.request.messages.map((message) => (message.text === null ? message : { ...message, ...redactor.message(message.hash, message.text) }));
  return { ...line, request: { ...line.request, messages } };
}

function redactCallEnd(line: CallEndLine, text: (value: string | null) => string | null): CallEndLine {
  return { ...line, error: text(line.error), text: text(line.text), toolCalls: line.toolCalls.map((call) => ({ ...call, arguments: text(call.arguments) })) };
}
