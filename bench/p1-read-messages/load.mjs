// The load, a process of its own. Reads what to do as JSON from standard input, writes what came of it as JSON.
//
// closed: autocannon, so many connections, each asking again as soon as it has its answer. How much can be had.
// open: requests at a fixed rate, at times that do not wait for answers (exponential gaps, the same for both sides); a
// latency counts from the time that the request was due. (autocannon's own rate sends a second's requests in one burst.)
import autocannon from './peer/node_modules/autocannon/autocannon.js';
import http from 'node:http';
import { text } from 'node:stream/consumers';

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

function shuffled(list, next) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

async function closed({ url, targets, connections, seconds, seed }) {
  const next = random(seed);
  const lengths = new Set(targets.map((target) => target.characters));
  const done = await autocannon({
    url,
    connections,
    duration: seconds,
    setupClient: (client) => client.setRequests(shuffled(targets, next).map(({ path, headers }) => ({ path, headers }))),
    verifyBody: (body) => lengths.has(body.length),
  });
  const requests = done['2xx'];
  const errors = { connection: done.errors - done.timeouts, timeout: done.timeouts };
  for (const [status, { count }] of Object.entries(done.statusCodeStats)) if (status !== '200') errors[`status ${status}`] = count;
  // The body of another status has another length, too.
  errors['wrong length'] = Math.max(0, done.mismatches - done.non2xx);
  return { requests, perSecond: requests / done.duration, errors };
}

async function open({ url, targets, rate, seconds, seed }) {
  const next = random(seed);
  const agent = new http.Agent({ keepAlive: true, noDelay: true });
  const { hostname, port } = new URL(url);
  const latencies = [];
  const errors = {};
  const one = (due, { path, headers, bytes }) =>
    new Promise((settle) => {
      const failed = (why) => settle((errors[why] = (errors[why] ?? 0) + 1));
      let late = false;
      const request = http.get({ agent, hostname, port, path, headers, timeout: 10_000 }, (answer) => {
        let length = 0;
        answer.on('data', (part) => (length += part.length));
        answer.on('error', () => failed('connection'));
        answer.on('end', () => {
          if (answer.statusCode !== 200) return failed(`status ${answer.statusCode}`);
          if (length !== bytes) return failed('wrong length');
          latencies.push(performance.now() - due);
          settle();
        });
      });
      request.on('timeout', () => {
        late = true;
        request.destroy();
      });
      request.on('error', () => failed(late ? 'timeout' : 'connection'));
    });
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
  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))];
  return { requests: latencies.length, p50: at(0.5), p99: at(0.99), errors };
}

const work = JSON.parse(await text(process.stdin));
const began = process.cpuUsage();
const started = performance.now();
const result = await { closed, open }[work.kind](work);
const { user, system } = process.cpuUsage(began);
// How much of its core the load itself took: near 1, it and not the server was the limit.
result.busy = (user + system) / 1000 / (performance.now() - started);
process.stdout.write(JSON.stringify(result));
