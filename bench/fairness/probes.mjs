// The neighbour: four things that it does all the while, each at its own pace, and how long they take. A latency counts from
// when the request was due, so that a server that stands still is seen by all that was due meanwhile.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUESTIONS } from '../p1-read-messages/fill.mjs';
import { Socket } from './socket.mjs';

/** Where the neighbour comes from, and its visitors: of one address they may say five things a second. */
const ADDRESS = '127.0.0.1';
const VISITORS = ['127.0.0.3', '127.0.0.4'];
/** Longest wait for an answer, in milliseconds. */
const PATIENCE = 10_000;
/** The probes: milliseconds between two, and after how many they begin, so that they do not all fall together. */
const PACE = { 'REST read': [100, 0], page: [200, 35], answer: [250, 65], echo: [200, 85] };

export const PROBES = Object.keys(PACE);

/** Waits until then, never less. */
async function until(due) {
  const wait = due - performance.now();
  if (wait > 0) await sleep(Math.ceil(wait));
}

/** A visitor of the neighbour's. */
class Visitor {
  static async come({ url, widget }, address) {
    const visitor = new Visitor();
    const socket = (visitor.socket = await Socket.open(url, address));
    visitor.waiting = new Set();
    socket.onframe = (frame) => {
      for (const one of visitor.waiting) one.heard(frame);
    };
    socket.onclose = (code) => {
      for (const one of visitor.waiting) one.fail(new Error(`closed ${code}`));
    };
    await visitor.hear({ type: 'hello', widget }, (frame) => frame.type === 'welcome');
    return visitor;
  }

  said = 0;

  /** Sends a frame and waits for the one that fits. */
  hear(frame, fits) {
    return new Promise((settle, fail) => {
      if (!this.socket.open) return fail(new Error('closed'));
      const done = (end) => (value) => {
        clearTimeout(timer);
        this.waiting.delete(one);
        end(value);
      };
      const one = { fail: done(fail), settle: done(settle) };
      one.heard = (heard) => {
        if (heard.type === 'error' && heard.client_id === frame.client_id) one.fail(new Error(heard.code));
        else if (fits(heard)) one.settle(heard);
      };
      const timer = setTimeout(() => one.fail(new Error('timeout')), PATIENCE);
      this.waiting.add(one);
      this.socket.send(frame);
    });
  }

  /** Says something and waits for the message that fits, which is its own unless said otherwise. */
  async say(text, fits) {
    const frame = { type: 'send', client_id: `v${this.said++}`, text, conversation: this.conversation };
    const own = (message) => message.client_id === frame.client_id;
    const { message } = await this.hear(frame, ({ type, message }) => type === 'message' && (fits ?? own)(message));
    this.conversation = message.conversation_id;
    return message;
  }

  close() {
    this.socket.close();
  }
}

export class Neighbour {
  /** `tenant`: its `key`, `widget`, and the `conversation` that is read. */
  constructor(samtal, tenant) {
    Object.assign(this, { samtal, tenant, asked: 0 });
  }

  /** Opens what one row needs. An attack that has just ended may still be in the way: that is not what is measured. */
  async open(tries = 30) {
    this.agent = new http.Agent({ keepAlive: true });
    const door = { url: this.samtal.url, widget: this.tenant.widget };
    try {
      this.asker = await Visitor.come(door, VISITORS[0]);
      await this.ask();
      // In this conversation a person has taken over, so that the assistant says nothing.
      this.talker = await Visitor.come(door, VISITORS[1]);
      await this.talker.say('A person, please.');
      const path = `/conversations/${this.talker.conversation}`;
      await this.samtal.api(this.tenant, 'POST', `${path}/handoff`);
      await this.samtal.api(this.tenant, 'POST', `${path}/messages`, { text: 'Here I am.', client_id: 'here', from: 'agent' });
    } catch (error) {
      this.close();
      if (tries <= 1) throw new Error(`The neighbour cannot come in: ${error.message}`);
      await sleep(1000);
      await this.open(tries - 1);
    }
  }

  close() {
    this.agent.destroy();
    this.asker?.close();
    this.talker?.close();
  }

  get(path, headers) {
    return new Promise((settle, fail) => {
      const options = { agent: this.agent, localAddress: ADDRESS, headers, signal: AbortSignal.timeout(PATIENCE) };
      const failed = (error) => fail(new Error(error.name === 'AbortError' ? 'timeout' : error.code));
      const request = http.get(this.samtal.url + path, options, (answer) => {
        answer.once('end', () => (answer.statusCode === 200 ? settle() : fail(new Error(`status ${answer.statusCode}`))));
        answer.on('error', failed).resume();
      });
      request.on('error', failed);
    });
  }

  async ask() {
    const answer = await this.asker.say(QUESTIONS[this.asked++ % QUESTIONS.length], (message) => message.from === 'assistant');
    if (answer.refused) throw new Error('refused');
  }

  /** Does all four for so long: the latencies of each, the errors by name, and how late its own timers were. */
  async measure(seconds) {
    const { conversation, key } = this.tenant;
    const work = {
      'REST read': () => this.get(`/api/v1/conversations/${conversation}/messages?limit=30`, { authorization: `Bearer ${key}` }),
      page: () => this.get('/login'),
      answer: () => this.ask(),
      echo: () => this.talker.say('Is this heard?'),
    };
    const latencies = Object.fromEntries(PROBES.map((name) => [name, []]));
    const errors = new Map();
    const late = [];
    const start = performance.now();
    const end = start + seconds * 1000;
    const one = async (name, due) => {
      try {
        await work[name]();
        latencies[name].push(performance.now() - due);
      } catch (error) {
        const what = `${name} ${error.message}`;
        errors.set(what, (errors.get(what) ?? 0) + 1);
      }
    };
    const probe = async (name) => {
      const [every, after] = PACE[name];
      const all = [];
      for (let due = start + after; due < end; ) {
        await until(due);
        late.push(performance.now() - due);
        const done = one(name, due);
        all.push(done);
        due += every;
        // Questions come one after the other: the next is due when the last has its answer, at the earliest.
        if (name === 'answer') {
          await done;
          due = Math.max(due, performance.now());
        }
      }
      await Promise.all(all);
    };
    await Promise.all(PROBES.map(probe));
    return { latencies, errors, late };
  }
}
