// The load, a process of its own. Reads what to do as JSON from standard input, writes what came of it as JSON.
//
// closed: so many connections, each asking again as soon as it has its page. How much can be had.
// open: requests at a fixed rate, at times that do not wait for answers (exponential gaps, the same for both sides); a time
// counts from when the request was due: to the first byte of the answer, and to its last.
//
// Pages are asked for as browsers do, packed, and each is unpacked and looked at.
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What is wrong with an answer, if anything: `signs` are texts that stand at the top and at the end of the table. */
function wrong(status, encoding, packed, signs) {
  if (status !== 200) return `status ${status}`;
  if (encoding !== 'gzip') return 'not packed';
  const page = gunzipSync(packed);
  return signs.every((sign) => page.includes(sign)) && page.includes('</html>') ? undefined : 'wrong page';
}

/** Asks for a page: when the first and the last byte were there, or what went wrong. */
const ask = (agent, url, { path, headers, signs }) =>
  new Promise((settle) => {
    let late = false;
    const request = http.get(url + path, { agent, headers, timeout: 10_000 }, (answer) => {
      const first = performance.now();
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', () => settle({ error: 'connection' }));
      answer.on('end', () => {
        const last = performance.now();
        settle({ first, last, error: wrong(answer.statusCode, answer.headers['content-encoding'], Buffer.concat(parts), signs) });
      });
    });
    request.on('timeout', () => {
      late = true;
      request.destroy();
    });
    request.on('error', () => settle({ error: late ? 'timeout' : 'connection' }));
  });

/** Counts answers and errors. */
function count(errors, { error }) {
  if (error) errors[error] = (errors[error] ?? 0) + 1;
  return !error;
}

async function closed({ url, targets, connections, seconds, seed }) {
  const next = random(seed);
  const errors = {};
  const start = performance.now();
  const end = start + seconds * 1000;
  let requests = 0;
  const one = async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (performance.now() < end) {
      if (count(errors, await ask(agent, url, targets[Math.floor(next() * targets.length)]))) requests++;
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { requests, perSecond: (requests / (performance.now() - start)) * 1000, errors };
}

async function open({ url, targets, rate, seconds, seed }) {
  const next = random(seed);
  const agent = new http.Agent({ keepAlive: true });
  const [firsts, lasts, errors] = [[], [], {}];
  const one = async (due, target) => {
    const answer = await ask(agent, url, target);
    if (!count(errors, answer)) return;
    firsts.push(answer.first - due);
    lasts.push(answer.last - due);
  };
  const start = performance.now() + 20;
  const end = start + seconds * 1000;
  const all = [];
  let due = start;
  await new Promise((settle) => {
    const tick = () => {
      const now = performance.now();
      while (due <= now && due < end) {
        all.push(one(due, targets[Math.floor(next() * targets.length)]));
        due -= (Math.log(1 - next()) / rate) * 1000;
      }
      if (due >= end) return settle();
      // A timer is exact to a millisecond; the rest of the wait is spent looking.
      if (due - now > 2) setTimeout(tick, due - now - 1.5);
      else setImmediate(tick);
    };
    tick();
  });
  await Promise.all(all);
  agent.destroy();
  const at = (times, part) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(part * times.length))];
  return { requests: firsts.length, p50: at(firsts, 0.5), p99: at(firsts, 0.99), whole: at(lasts, 0.99), errors };
}

const work = JSON.parse(await text(process.stdin));
const began = process.cpuUsage();
const started = performance.now();
const result = await { closed, open }[work.kind](work);
const { user, system } = process.cpuUsage(began);
// How much of its core the load itself took: near 1, it and not the server was the limit.
result.busy = (user + system) / 1000 / (performance.now() - started);
process.stdout.write(JSON.stringify(result));
