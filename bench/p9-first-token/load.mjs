// The load, a process of its own. Reads what to do as JSON from standard input, writes what came of it as JSON: how long until the first words of
// each stream, from when it was due, and how many were open at once. Streams begin at a fixed rate, whatever the answers do.
import http from 'node:http';
import { text } from 'node:stream/consumers';

const { url, path, headers, body, streams, rate, says } = JSON.parse(await text(process.stdin));
const { hostname, port } = new URL(url);
const agent = new http.Agent({ keepAlive: true, noDelay: true, maxSockets: Infinity });
const first = [];
const errors = {};
let [open, most] = [0, 0];

/** Whether the first words are there: an event that has some. */
const begun = new RegExp(says);

const one = (number, due) =>
  new Promise((settle) => {
    open += 1;
    most = Math.max(most, open);
    const end = (why) => {
      open -= 1;
      if (why) errors[why] = (errors[why] ?? 0) + 1;
      settle();
    };
    const sent = body.replaceAll('{number}', String(number));
    const request = http.request(
      { agent, hostname, port, path, method: 'POST', headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) } },
      (answer) => {
        let [came, seen] = ['', false];
        answer.setEncoding('utf8');
        answer.on('data', (part) => {
          if (seen) return;
          came += part;
          if (!begun.test(came)) return;
          seen = true;
          first.push(performance.now() - due);
        });
        answer.on('error', () => end('connection'));
        answer.on('end', () => end(answer.statusCode !== 200 ? `status ${answer.statusCode}` : seen ? undefined : 'no words'));
      },
    );
    request.on('error', () => end('connection'));
    request.end(sent);
  });

const began = performance.now() + 20;
const all = [];
await new Promise((settle) => {
  const tick = () => {
    while (all.length < streams && began + (all.length * 1000) / rate <= performance.now()) all.push(one(all.length, began + (all.length * 1000) / rate));
    if (all.length < streams) setTimeout(tick, 1);
    else settle();
  };
  tick();
});
await Promise.all(all);
agent.destroy();
console.log(JSON.stringify({ first, most, errors }));
