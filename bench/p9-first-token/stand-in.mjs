// A provider that is none: speaks as OpenAI does (chat completions, as server-sent events or whole), and answers from the first passage that it
// was sent, with its number, after a time that is always the same. Also where no provider can be reached:
//
//   node bench/p9-first-token/stand-in.mjs --port 8099        (then http://127.0.0.1:8099/v1 is its address)
//
// --delay  ms until an answer begins [0]; --pieces, --pause  what comes after its first piece, and how many ms apart [0, 0]
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const NOTHING = 'NONE';

/** The first sentence of the first passage, without the headings above it, and where it stands; or that nothing is there. */
export function answer(messages) {
  const asked = messages.filter((message) => message.role === 'user').at(-1)?.content ?? '';
  let passages;
  try {
    passages = JSON.parse(asked).passages;
  } catch {
    return NOTHING;
  }
  const text = passages?.[0]?.text ?? '';
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  const sentence = /^.*?[.!?](?=\s|$)/.exec(lines.join(' '))?.[0] ?? lines.join(' ');
  if (sentence === '') return NOTHING;
  const end = /[.!?]$/.exec(sentence)?.[0] ?? '.';
  return `${sentence.replace(/[.!?]$/, '')} [${passages[0].n ?? 1}]${end}`;
}

/** Starts one; its address, how many it has answered, the last question, and how to end it. */
export async function start({ port = 0, delay = 0, pieces = 0, pause = 0 } = {}) {
  const state = { answered: 0, open: 0, most: 0, last: undefined };
  const one = async (asked, reply) => {
    let text = '';
    for await (const part of asked.setEncoding('utf8')) text += part;
    const json = (status, body) => reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (asked.method === 'GET' && asked.url.endsWith('/models')) return json(200, { object: 'list', data: [{ id: 'stand-in', object: 'model' }] });
    if (asked.method !== 'POST' || !asked.url.endsWith('/chat/completions')) return json(404, { error: { message: 'Invalid URL' } });
    const body = JSON.parse(text);
    state.last = body;
    const says = answer(body.messages);
    await sleep(delay);
    const words = 1 + says.split(' ').length * (1 + pieces);
    const usage = { prompt_tokens: Math.ceil(text.length / 4), completion_tokens: words, total_tokens: Math.ceil(text.length / 4) + words };
    const about = { id: `standin-${state.answered}`, created: 0, model: body.model };
    state.answered += 1;
    if (!body.stream) {
      const message = { role: 'assistant', content: says };
      return json(200, { ...about, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage });
    }
    reply.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (choice, more) =>
      reply.write(`data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices: choice ? [{ index: 0, finish_reason: null, ...choice }] : [], ...more })}\n\n`);
    // Whole: who looks at sentences has one with the first piece.
    send({ delta: { role: 'assistant', content: pieces > 0 ? `${says} ` : says } });
    for (let piece = 0; piece < pieces && !reply.destroyed; piece++) {
      await sleep(pause);
      send({ delta: { content: piece + 1 < pieces ? `${says} ` : says } });
    }
    send({ delta: {}, finish_reason: 'stop' });
    if (body.stream_options?.include_usage) send(undefined, { usage });
    reply.end('data: [DONE]\n\n');
  };
  const server = http.createServer((asked, reply) => {
    state.open += 1;
    state.most = Math.max(state.most, state.open);
    reply.once('close', () => (state.open -= 1));
    one(asked, reply).catch(() => reply.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    state,
    address: `http://127.0.0.1:${server.address().port}/v1`,
    stop: () => (server.closeAllConnections(), server.close()),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { port: text, delay: text, pieces: text, pause: text } });
  const made = await start(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])));
  console.log(`The stand-in is at ${made.address}`);
  // Who has started it asks for what it has seen.
  process.on('message', () => process.send(made.state));
}
