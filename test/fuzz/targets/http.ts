/** Heads and bodies of HTTP, of programs and of servers. */
import { parseRequestHead } from '../../../src/proxy/clientConnection.ts';
import { FramingError } from '../../../src/proxy/chunkedDecoder.ts';
import { parseObject } from '../../../src/proxy/json.ts';
import { prepareBody, scanBody } from '../../../src/proxy/requestBody.ts';
import { requestHead } from '../../../src/proxy/requestHead.ts';
import { ResponseError, ResponseReader, type ResponseHead } from '../../../src/proxy/responseReader.ts';
import { RouteCheck } from '../../../src/proxy/route.ts';
import { upstreamFrom } from '../../../src/proxy/upstreams.ts';
import { Input, reads, same } from '../pieces.ts';

const upstream = upstreamFrom('http://model.example:8000/v1', { authorization: null, embedded: false, env: {} });
const check = new RouteCheck('token', false);

/** A head that is let through leads to one request of the same method, to the model's server, with nothing in between its lines. */
function request(bytes: Buffer): void {
  const text = bytes.toString('latin1');
  const head = parseRequestHead(text);
  if (head === null) return;
  const route = check.check(head.method, head.target, head.headers);
  if (route === null || 'signal' in route) return;
  const sent = requestHead(head, { upstream, suffix: route.suffix, root: route.root, callId: 'c1', body: head.body, identity: false });
  const again = parseRequestHead(sent.slice(0, -2));
  if (again === null || !sent.endsWith('\r\n\r\n')) throw new Error(`what is sent on is no plain head: ${JSON.stringify(sent)}`);
  same([again.method, again.body], [head.method, head.body], 'method and body of what came and what is sent');
  if (!again.target.startsWith('/')) throw new Error(`it is sent to ${again.target}`);
  const hosts = again.headers.filter((_value, n) => n % 2 === 1 && again.headers[n - 1]!.toLowerCase() === 'host');
  same(hosts, [upstream.host], 'the hosts that are asked');
}

interface Read {
  heads: ResponseHead[];
  body: string;
  done: boolean;
  left: number;
  error: string | null;
}

function readResponse(method: string, pieces: Buffer[]): Read {
  const body: Buffer[] = [];
  const read: Read = { heads: [], body: '', done: false, left: 0, error: null };
  const reader = new ResponseReader(method, { onInterim: (head) => read.heads.push(head), onHead: (head) => read.heads.push(head), onBody: ({ bytes }) => body.push(bytes) });
  try {
    // What is left over in a read is left over with all that follow.
    for (const piece of pieces) read.left += reader.read(piece);
    reader.end();
  } catch (error) {
    if (!(error instanceof ResponseError) && !(error instanceof FramingError)) throw error;
    read.error = error.message;
  }
  read.body = Buffer.concat(body).toString('latin1');
  read.done = reader.done;
  return read;
}

/** An answer is the same in whatever reads it comes, and its body is handed on byte for byte. */
function response(bytes: Buffer): void {
  const input = new Input(bytes);
  const method = input.choose(['POST', 'GET', 'HEAD']);
  const { rest } = input;
  const whole = readResponse(method, [rest]);
  const inPieces = readResponse(method, reads(rest, bytes.length));
  // Bytes of a read that breaks off in the middle are not handed on.
  if (whole.error === null || inPieces.error === null) same(whole, inPieces, 'answers in one read and in many');
  if (!rest.toString('latin1').includes(whole.body)) throw new Error('the body is not what came');
}

/** A body that is JSON goes on as the same JSON, but for what was to be changed. */
function requestBody(bytes: Buffer): void {
  const input = new Input(bytes);
  const model = input.choose([null, 'other']);
  const scanned = scanBody(input.rest);
  if (scanned === null) return;
  const { parts, length } = prepareBody(input.rest, scanned, { injectUsage: true, model });
  const sent = Buffer.concat(parts);
  if (sent.length !== length) throw new Error(`${length} bytes are announced, and ${sent.length} sent`);
  const before = parseObject(input.rest.toString('utf8'));
  if (before === null) return;
  const after = parseObject(sent.toString('utf8'));
  if (after === null) throw new Error(`JSON went on as what is none: ${sent.toString().slice(0, 300)}`);
  const { stream_options: asked, model: name, ...others } = before;
  const { stream_options: injected, model: newName, ...sentOthers } = after;
  same(others, sentOthers, 'fields that are nobody’s to change');
  same(newName, model ?? name, 'models');
  if (before['stream'] !== true) same(asked, injected, 'stream options of what is no stream');
}

export const http = { request, response, requestBody };
