/**
 * OpenAI's transcriptions and translations of audio (https://platform.openai.com/docs/api-reference/audio), of which answers alone are
 * read: the request is the audio. vLLM streams them as it streams chat.
 */
import { asString } from '../../proxy/json.ts';
import { parseUsage } from '../../proxy/usage.ts';
import { errorOf, type Api } from './api.ts';
import { chat } from './chat.ts';

export const transcription: Api = {
  messages: () => [],
  toolResults: () => [],
  event(answer, event) {
    switch (event['type']) {
      case 'transcript.text.delta': {
        const text = asString(event['delta']) ?? '';
        if (text !== '') answer.text.push(text);
        return text !== '';
      }
      case 'transcript.text.done':
        answer.usage = parseUsage(event['usage']);
        answer.finished = true;
        return false;
      default:
        return chat.event(answer, event);
    }
  },
  body(answer, whole) {
    answer.model = asString(whole['model']);
    answer.usage = parseUsage(whole['usage']);
    answer.error = errorOf(whole['error']);
    const text = asString(whole['text']);
    if (text !== null) answer.text.push(text);
  },
};
