/** The API of each endpoint. What is opaque, and lists of models, are not read. */
import type { Endpoint } from '../../profile/recordingFormat.ts';
import type { Api } from './api.ts';
import { chat, completions, embeddings } from './chat.ts';
import { llamacpp } from './llamacpp.ts';
import { messages } from './messages.ts';
import { ollama } from './ollama.ts';
import { responses } from './responses.ts';
import { transcription } from './transcription.ts';

/** Opaque requests of which the answer is read all the same. */
const TRANSCRIPTION = /\/audio\/(transcriptions|translations)$/;

/** @param path as the program asked for it, without its query */
export function apiOf(endpoint: Endpoint, path: string): Api {
  return endpoint === 'opaque' && TRANSCRIPTION.test(path) ? transcription : apis[endpoint];
}

export const apis: Readonly<Record<Endpoint, Api>> = { chat, completions, embeddings, responses, messages, ollama, llamacpp, models: chat, opaque: chat };
