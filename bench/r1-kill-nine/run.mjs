// R1: kill -9 of the server and of PostgreSQL while messages are written and heard. Every message that was acknowledged has
// to be there once, under the number that was acknowledged, and in the order of its writer; every listener that comes back
// has to have heard each once and in order.
import { setTimeout as sleep } from 'node:timers/promises';
import { cores, facts } from '../lib/machine.mjs';
import { report, short, table } from '../lib/results.mjs';
import { Samtal, WITHOUT_QUOTA, binary } from '../lib/samtal.mjs';

const TENANTS = 2;
/** Longest wait for everything to be well again after a kill, in milliseconds. */
const PATIENCE = 60_000;
/** Of a hundred messages that were acknowledged so many are sent once more. */
const AGAIN = 5;

/** Somebody who writes one message after the other, and each until it is acknowledged. */
class Writer {
  acknowledged = [];
  retries = 0;
  tries = 0;

  constructor(samtal, talk, from) {
    Object.assign(this, { samtal, talk, from });
  }

  async run(goes) {
    while (goes()) {
      const number = this.acknowledged.length;
      const made = await this.say(number);
      this.acknowledged.push({ id: made.id, seq: made.seq });
      if ((number * 7919) % 100 < AGAIN) {
        const again = await this.say(number);
        if (again.seq !== made.seq) throw new Error(`${this.name}: message ${number} was kept as ${made.seq} and as ${again.seq}`);
      }
    }
  }

  get name() {
    return `${this.talk.id} ${this.from}`;
  }

  async say(number) {
    const body = JSON.stringify({ text: `${this.from} ${number}`, client_id: `${this.from}-${number}`, from: this.from });
    for (;;) {
      this.tries += 1;
      try {
        const answer = await fetch(`${this.samtal.url}/api/v1/conversations/${this.talk.id}/messages`, {
          method: 'POST',
          headers: { ...this.talk.headers, 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(PATIENCE),
        });
        const made = await answer.json();
        if (answer.ok) return made;
        if (answer.status !== 503 && answer.status !== 429) throw new Refused(`${this.name}: ${answer.status} ${JSON.stringify(made)}`);
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      this.retries += 1;
      await sleep(50 + Math.random() * 100);
    }
  }
}

class Refused extends Error {}

/** Somebody who listens to a conversation, and comes back after each loss. */
class Listener {
  heard = 0;
  returns = 0;
  wrong = [];

  constructor(samtal, talk) {
    Object.assign(this, { samtal, talk });
    this.open();
  }

  open() {
    // Node's own WebSocket takes headers.
    const socket = (this.socket = new WebSocket(`${this.samtal.url.replace('http', 'ws')}/ws`, { headers: this.talk.headers }));
    socket.onopen = () => socket.send('{"type":"hello"}');
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === 'welcome') socket.send(JSON.stringify({ type: 'subscribe', conversation: this.talk.id, after: this.heard }));
      if (frame.type === 'error') this.wrong.push(`${this.talk.id}: ${data}`);
      if (frame.type !== 'message') return;
      if (frame.message.seq !== this.heard + 1) this.wrong.push(`${this.talk.id}: ${frame.message.seq} after ${this.heard}`);
      this.heard = frame.message.seq;
    };
    socket.onerror = () => undefined;
    socket.onclose = () => {
      if (this.over) return;
      this.returns += 1;
      setTimeout(() => this.over || this.open(), 100 + Math.random() * 200);
    };
  }

  close() {
    this.over = true;
    this.socket.close();
  }
}

/** All messages of a conversation, by their numbers. */
async function kept(samtal, talk) {
  const all = [];
  for (;;) {
    const { data, next_cursor } = await samtal.api(talk.tenant, 'GET', `/conversations/${talk.id}/messages?limit=200&after=${all.length}`);
    all.push(...data);
    if (next_cursor === null) return all;
  }
}

/** What is wrong with what was kept. */
function judge(talk, all) {
  const wrong = [];
  all.forEach((message, at) => {
    if (message.seq !== at + 1) wrong.push(`${talk.id}: number ${message.seq} in place ${at + 1}`);
  });
  for (const { from, acknowledged } of talk.writers) {
    const own = all.filter((message) => message.from === from);
    // The one that was under way at the end may be there as well.
    if (own.length < acknowledged.length || own.length > acknowledged.length + 1) {
      wrong.push(`${talk.id}: ${own.length} of ${from} are there, ${acknowledged.length} were acknowledged`);
    }
    acknowledged.forEach(({ id, seq }, number) => {
      const there = own[number];
      if (there?.id !== id || there.seq !== seq || there.text !== `${from} ${number}`) {
        wrong.push(`${talk.id}: message ${number} of ${from} was acknowledged as ${seq} and is ${there?.seq}`);
      }
    });
  }
  return wrong;
}

export async function run({ rounds = '50', seconds = '3', conversations = '16', dry }) {
  const samtal = await Samtal.start(Object.values(cores()).join(','), WITHOUT_QUOTA);
  let goes = true;
  const talks = [];
  try {
    const tenants = Array.from({ length: TENANTS }, (_, n) => samtal.tenant(`Company ${n}`, `owner${n}@company.example`));
    for (let n = 0; n < Number(conversations); n++) {
      const tenant = tenants[n % TENANTS];
      const { id } = await samtal.api(tenant, 'POST', '/conversations', { contact: { name: `Contact ${n}` } });
      await samtal.api(tenant, 'POST', `/conversations/${id}/handoff`, {});
      const talk = { id, tenant, headers: { authorization: `Bearer ${tenant.key}` } };
      talk.writers = ['contact', 'agent'].map((from) => new Writer(samtal, talk, from));
      talk.listener = new Listener(samtal, talk);
      talks.push(talk);
    }
    const writers = talks.flatMap((talk) => talk.writers);
    const count = () => writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0);
    const work = Promise.all(writers.map((writer) => writer.run(() => goes)));
    // What goes wrong while the race sleeps is told at the end of the round.
    let failed;
    work.catch((error) => (failed = error));

    const back = { server: [], PostgreSQL: [] };
    for (let round = 0; round < Number(rounds); round++) {
      await sleep(Number(seconds) * 1000 * (0.25 + Math.random() * 1.5));
      if (failed) throw failed;
      const what = round % 2 ? 'PostgreSQL' : 'server';
      const before = count();
      const at = performance.now();
      if (what === 'server') await samtal.killAndStart();
      else samtal.killPostgres();
      // Until somebody's message is acknowledged again.
      const target = count();
      while (count() <= target + writers.length) {
        if (failed) throw failed;
        if (performance.now() - at > PATIENCE) throw new Error(`After a kill of ${what} nothing went on:\n${samtal.program.complaints().join('\n')}`);
        await sleep(10);
      }
      back[what].push(performance.now() - at);
      process.stdout.write(`round ${round + 1} of ${rounds}: ${what} killed at ${before} messages, back after ${back[what].at(-1).toFixed(0)} ms\n`);
    }
    goes = false;
    await work;

    const wrong = [];
    let total = 0;
    for (const talk of talks) {
      const all = await kept(samtal, talk);
      total += all.length;
      wrong.push(...judge(talk, all));
      const until = performance.now() + PATIENCE;
      while (talk.listener.heard < all.length && performance.now() < until) await sleep(20);
      if (talk.listener.heard !== all.length) wrong.push(`${talk.id}: heard ${talk.listener.heard} of ${all.length}`);
      wrong.push(...talk.listener.wrong);
    }
    const sum = (pick) => talks.reduce((all, talk) => all + pick(talk), 0);
    const longest = (times) => (times.length ? short(Math.max(...times)) : 'none');
    report(
      'r1',
      'R1: kill -9 while messages are written',
      [
        table(['', ''], [...facts(binary), ['Command', `\`node bench/run.mjs r1 --rounds ${rounds} --seconds ${seconds} --conversations ${conversations}\``]]),
        table(
          ['', ''],
          [
            ['kills of the server, of PostgreSQL', `${back.server.length}, ${back.PostgreSQL.length}`],
            ['messages acknowledged', short(count())],
            ['sent again because no answer came', short(sum((talk) => talk.writers.reduce((all, writer) => all + writer.retries, 0)))],
            ['times that listeners came back', short(sum((talk) => talk.listener.returns))],
            ['messages there at the end, events included', short(total)],
            ['longest time until messages were acknowledged again, ms: server, PostgreSQL', `${longest(back.server)}, ${longest(back.PostgreSQL)}`],
            ['**lost, doubled, out of order, heard wrongly** (goal 0)', `**${wrong.length}**`],
          ],
        ),
        ...wrong.slice(0, 20).map((line) => `- ${line}`),
      ].join('\n\n'),
      dry,
    );
    if (wrong.length) throw new Error(`${wrong.length} wrong`);
  } finally {
    goes = false;
    for (const talk of talks) talk.listener.close();
    await samtal.stop();
  }
}
