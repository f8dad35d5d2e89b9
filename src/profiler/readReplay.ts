/** Reads the recording whose answers the embedded server gives again. */
import { readRecordingFile } from '../recorder/recordingFile.ts';
import { conversationBefore, Replay } from '../simulator/answers/replay.ts';
import { ProfilerError } from './profilerError.ts';

/** @throws ProfilerError when it cannot be read, or has no answer */
export async function readReplay(file: string): Promise<Replay> {
  let replay: Replay;
  const conversations = new Map<string, string | null>();
  try {
    const recording = await readRecordingFile(file, 'answers', {
      // A line that says again what an earlier one said is left out.
      onPrompt: (line) => void (conversations.has(line.id) || conversations.set(line.id, conversationBefore(line))),
    });
    replay = new Replay(recording, conversations);
  } catch (error) {
    throw new ProfilerError('badReplay', `--replay: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (replay.size === 0) throw new ProfilerError('badReplay', `--replay: ${file} has no answers of a model. Name a recording of a run whose calls were answered.`);
  return replay;
}
