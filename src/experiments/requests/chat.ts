/** One turn of a chat. */
import type { Random } from '../../simulator/answers/random.ts';
import type { ChatBehaviour } from '../behaviour/schema.ts';
import { drawLength, TokenSupply } from '../draws.ts';
import { RequestBuilder, type AgentRequest } from './request.ts';

export function chatRequest(chat: ChatBehaviour, random: Random, supply: TokenSupply): AgentRequest {
  const builder = new RequestBuilder();
  const common = chat.commonTokens.value;
  const prompt = [...TokenSupply.shared('chat', common), ...supply.own(Math.max(1, drawLength(random, chat.promptTokens) - common))];
  builder.call('answer', [], () => prompt, supply.own(drawLength(random, chat.answerTokens)));
  return { parts: builder.parts, solved: null };
}
