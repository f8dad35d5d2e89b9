/** The API of each endpoint. What is opaque, and lists of models, are not read. */
import type { Endpoint } from '../../profile/recordingFormat.ts';
import type { Api } from './api.ts';
import { chat, completions, embeddings } from './chat.ts';
import { llamacpp } from './llamacpp.ts';
import { messages } from './messages.ts';
import { ollama } from './ollama.ts';
import { responses } from './responses.ts';

export const apis: Readonly<Record<Endpoint, Api>> = { chat, completions, embeddings, responses, messages, ollama, llamacpp, models: chat, opaque: chat };
