/** A model behind whatever stands in the way: it says hi in a stream, and sends back what comes on a WebSocket. */
import { asksForUsage, chunk, delta, event, LAST_CHUNK, STREAM_HEAD, usageEvent, type Script } from './scriptedUpstream.ts';

export const CHAT = '/v1/chat/completions';
/** Asks for the greeting. */
export const BODY = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }] });
/** What a program reads that did not ask for usage. */
export const SAID = event(delta('hi')) + event('[DONE]');

export const greetingModel: Script = (request, socket) => {
  if (request.path.startsWith('/v1/realtime')) {
    socket.removeAllListeners('data');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.on('data', (bytes) => socket.write(bytes));
  } else socket.write(STREAM_HEAD + chunk(event(delta('hi'))) + (asksForUsage(request) ? chunk(event(usageEvent(3, 1, null))) : '') + chunk(event('[DONE]')) + LAST_CHUNK);
};
