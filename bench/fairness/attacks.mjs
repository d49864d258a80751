// The attacks. `go` begins one, and it goes on until its process ends. `target` has the server's `url`, the attacker's `key`
// and `widget`, the key of its `library`, key and widget of the one that is `waiting`, an `asset`; what comes back is counted by `met(what)`.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUESTIONS } from '../p1-read-messages/fill.mjs';
import { vocabulary } from './fill.mjs';
import { Socket, text } from './socket.mjs';

/** Where the attacker comes from. The whole of 127/8 is this machine. */
const ADDRESS = '127.0.0.2';
/** Who holds something and is refused tries again after so many milliseconds. */
const PAUSE = 1000;

const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
const again = (what) => setTimeout(what, PAUSE);
const name = (error) => error.code ?? error.message;
const random = (most) => Math.floor(Math.random() * most);

/** Asks, and is done when the whole answer is there: its status. */
function ask({ url, met }, method, path, headers, body) {
  return new Promise((settle) => {
    const request = http.request(url + path, { agent, localAddress: ADDRESS, method, headers }, (answer) => {
      met(answer.statusCode);
      answer.once('error', () => undefined).once('close', () => settle(answer.statusCode)).resume();
    });
    // Who cannot get in at all does not try without a pause.
    request.once('error', (error) => (met(name(error)), setTimeout(settle, 100)));
    request.end(body);
  });
}

const post = (target, path, key, body) =>
  ask(target, 'POST', path, { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, JSON.stringify(body));

/** So many at once, each again as soon as it is done. */
function parallel(count, one) {
  const worker = async () => {
    for (;;) await one();
  };
  for (let n = 0; n < count; n++) void worker();
}

/** An upload's headers, what stands in the form before and after the file. */
function form(key, file) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'multipart/form-data; boundary=limit' };
  return { headers, begin: `--limit\r\ncontent-disposition: form-data; name="file"; filename="${file}"\r\n\r\n`, end: '\r\n--limit--\r\n' };
}

/** Bytes of a file for `f`. */
const LARGE = 5_000_000;
const HALF = Buffer.alloc(LARGE / 2, 'All work and no play. ');

/** One upload that stops in the middle. */
function upload(target) {
  const { headers, begin, end } = form(target.key, 'large.txt');
  headers['content-length'] = begin.length + LARGE + end.length;
  const to = { agent: false, localAddress: ADDRESS, method: 'POST', headers };
  const request = http.request(`${target.url}/api/v1/documents`, to, (answer) => {
    target.met(answer.statusCode);
    request.destroy();
  });
  request.once('error', (error) => target.met(name(error)));
  request.once('close', () => again(() => upload(target)));
  request.write(begin);
  request.write(HALF);
}

/** One connection with 60 requests whose bodies never come. */
function streams(target) {
  const { hostname: host, port } = new URL(target.url);
  const session = http2.connect(target.url, { createConnection: () => net.connect({ host, port, localAddress: ADDRESS }) });
  const open = () => {
    if (session.closed || session.destroyed) return;
    const headers = { ':method': 'POST', ':path': '/login', 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1000' };
    const stream = session.request(headers, { endStream: false });
    stream.once('response', (answer) => target.met(answer[':status']));
    stream.once('error', (error) => target.met(name(error)));
    stream.once('end', () => stream.close()).once('close', () => again(open)).resume();
  };
  session.once('error', (error) => target.met(name(error)));
  session.once('close', () => again(() => streams(target)));
  session.once('connect', () => {
    for (let n = 0; n < 60; n++) open();
  });
}

/** One connection that says no more than this. Its own side reads nothing when it has said something. */
function hold(target, words) {
  const { hostname: host, port } = new URL(target.url);
  const wire = net.connect({ host, port, localAddress: ADDRESS });
  if (words) wire.pause();
  else wire.resume();
  wire.once('connect', () => (target.met('connected'), wire.write(words)));
  wire.once('error', (error) => target.met(name(error)));
  wire.once('close', () => (target.met('closed'), again(() => hold(target, words))));
}

/** A visitor of the attacker's own widget. */
async function visitor(target, onwelcome, onframe) {
  const socket = await Socket.open(target.url, ADDRESS);
  socket.onframe = (frame) => {
    if (frame.type === 'error') target.met(frame.code);
    if (frame.type === 'welcome') onwelcome(socket);
    onframe?.(frame);
  };
  socket.send({ type: 'hello', widget: target.widget });
  const code = await new Promise((settle) => (socket.onclose = settle));
  target.met(`closed ${code}`);
}

/** A visitor who says something five times a second, and comes back. */
async function talker(target, number) {
  for (;;) {
    let timer;
    let conversation;
    let said = 0;
    const say = (socket) => socket.send({ type: 'send', client_id: `t${said++}`, text: QUESTIONS[said % QUESTIONS.length], conversation });
    const welcome = (socket) => (timer = setInterval(say, 200, socket));
    await visitor(target, welcome, ({ type, message }) => {
      if (type === 'sent') conversation = message.conversation_id;
      if (type === 'sent') target.met('said');
      if (type === 'message' && message.from === 'assistant') target.met('answered');
    }).catch((error) => target.met(name(error)));
    clearInterval(timer);
    await sleep(PAUSE + number);
  }
}

/** A visitor who asks, and asks again as soon as there is an answer. */
async function asker(target, number) {
  for (;;) {
    let visitors;
    let conversation;
    let asked = 0;
    const ask = () => {
      if (visitors?.open) visitors.send({ type: 'send', client_id: `a${asked++}`, text: QUESTIONS[asked % QUESTIONS.length], conversation });
    };
    const welcome = (socket) => ((visitors = socket), ask());
    await visitor(target, welcome, ({ type, message }) => {
      if (type === 'sent') conversation = message.conversation_id;
      if (type === 'sent') target.met('said');
      // What was refused is never answered: it would be silent for the rest of the row.
      if (type === 'error') again(ask);
      if (type !== 'message' || message.from !== 'assistant') return;
      target.met('answered');
      ask();
    }).catch((error) => target.met(name(error)));
    await sleep(PAUSE + number);
  }
}

/** A model that takes every question and says nothing: its address. It ends with the attacker, and what waits for it is told so. */
async function silent({ met }) {
  const server = net.createServer((wire) => {
    wire.once('data', () => met('model asked'));
    wire.on('error', () => undefined).resume();
  });
  server.listen(0, ADDRESS);
  await once(server, 'listening');
  return `http://${ADDRESS}:${server.address().port}/v1`;
}

/** Frames without end, until the socket is closed. */
function flood(socket) {
  const frames = Buffer.concat(Array(64).fill(text({ type: 'typing', conversation: `conv_${'0'.repeat(32)}` })));
  const more = () => {
    if (!socket.open) return;
    if (socket.wire.write(frames)) setImmediate(more);
    else socket.wire.once('drain', more);
  };
  more();
}

export const ATTACKS = {
  a: {
    what: '8 HTTP/2 connections, 60 requests each whose body never comes',
    go(target) {
      for (let n = 0; n < 8; n++) streams(target);
    },
  },
  b: {
    what: '80 in parallel ask /api/v1/answers with one key',
    go: (target) => parallel(80, () => post(target, '/api/v1/answers', target.key, { question: QUESTIONS[random(QUESTIONS.length)] })),
  },
  c: {
    what: '8 documents of 105 KB are read',
    go(target) {
      const words = vocabulary();
      const paragraph = () => Array.from({ length: 60 }, () => words[random(words.length)]).join(' ');
      for (let n = 0; n < 8; n++) {
        const { headers, begin, end } = form(target.key, `novel-${n}.md`);
        let novel = '';
        while (novel.length < 105 * 1024) novel += `${paragraph()}.\n\n`;
        void ask(target, 'POST', '/api/v1/documents', headers, `${begin}${novel}${end}`);
      }
    },
  },
  d: {
    what: '40 visitors say something five times a second',
    go(target) {
      for (let n = 0; n < 40; n++) setTimeout(talker, n * 5, target, n);
    },
  },
  e: {
    what: '24 in parallel ask /api/v1/search over many pieces',
    go(target) {
      const words = vocabulary();
      const query = () => Array.from({ length: 12 }, () => words[random(words.length)]).join(' ');
      parallel(24, () => post(target, '/api/v1/search', target.library, { query: query(), limit: 50 }));
    },
  },
  f: {
    what: '100 uploads of 5 MB that stop in the middle',
    go(target) {
      for (let n = 0; n < 100; n++) upload(target);
    },
  },
  g: {
    what: '300 connections say nothing, 300 ask for a large file and take nothing',
    go(target) {
      // One file alone would fit into the system's own buffers.
      const words = `GET ${target.asset} HTTP/1.1\r\nhost: ${new URL(target.url).host}\r\n\r\n`.repeat(8);
      for (let n = 0; n < 300; n++) {
        hold(target, '');
        hold(target, words);
      }
    },
  },
  h: {
    what: '120 sign-ups at once',
    async go(target) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const one = (round, n) => {
        const fields = { company: `Company ${n}`, name: `Owner ${n}`, email: `owner${round}-${n}@many.example`, password: 'four lamps and a race' };
        return ask(target, 'POST', '/signup', headers, new URLSearchParams(fields).toString());
      };
      // And again when all have been answered.
      for (let round = 0; ; round++) await Promise.all([sleep(PAUSE), ...Array.from({ length: 120 }, (_, n) => one(round, n))]);
    },
  },
  i: {
    what: 'frames without end on a socket',
    async go(target) {
      for (;;) await visitor(target, flood).catch((error) => (target.met(name(error)), sleep(100)));
    },
  },
  j: {
    what: '16 in parallel ask GET /api/v1/me',
    go: (target) => parallel(16, () => ask(target, 'GET', '/api/v1/me', { authorization: `Bearer ${target.key}` })),
  },
  k: {
    what: '40 visitors ask a company whose model never answers',
    async go(target) {
      const { key, widget } = target.waiting;
      const model = { wire: 'openai', name: 'silent', address: await silent(target) };
      const status = await post(target, '/api/v1/models', key, model);
      if (status !== 201) throw new Error('its model was not taken');
      for (let n = 0; n < 40; n++) setTimeout(asker, n * 5, { ...target, widget }, n);
    },
  },
};
