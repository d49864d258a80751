// LiveKit (the server that `scripts/setup --tests` builds): a process, and what is said to it (https://docs.livekit.io/reference/internals/client-protocol/).
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { project } from '../lib/machine.mjs';
import { Program } from '../lib/samtal.mjs';

const PROGRAM = join(project, '.tools/livekit/livekit-server');
const [KEY, SECRET] = ['bench', 'bench-bench-bench-bench-bench-bench'];
const { SignalRequest, SignalResponse, SignalTarget, TrackSource, TrackType } = await import(
  join(project, 'scripts/npm/node_modules/@livekit/protocol/dist/index.mjs')
).catch(() => ({}));

export const installed = () => existsSync(PROGRAM) && SignalRequest !== undefined;

/** One on this core, with its media at this address and these ports. */
export async function start(core, folder, ip, ports, port) {
  const config = {
    port,
    bind_addresses: ['127.0.0.1'],
    rtc: { port_range_start: ports[0], port_range_end: ports[1], node_ip: ip, use_external_ip: false, ips: { includes: [`${ip}/32`] } },
    keys: { [KEY]: SECRET },
    logging: { level: 'error' },
  };
  const env = { PATH: process.env.PATH, HOME: folder };
  const program = new Program(core, PROGRAM, ['--config-body', JSON.stringify(config)], env, folder, 'livekit');
  for (;;) {
    if (program.over) throw program.over;
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer?.ok) return { program, url: `ws://127.0.0.1:${port}/rtc` };
    await sleep(100);
  }
}

function token(room, identity) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: KEY, sub: identity, exp: Math.floor(Date.now() / 1000) + 600, video: { room, roomJoin: true } })}`;
  return `${said}.${createHmac('sha256', SECRET).update(said).digest('base64url')}`;
}

/** One who is in a room. */
class Member {
  #heard = [];
  #wakes = () => {};

  constructor(url, room, identity) {
    this.socket = new WebSocket(`${url}?access_token=${token(room, identity)}&protocol=15&auto_subscribe=1&sdk=js&version=2.0.0`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => {
      this.#heard.push(SignalResponse.fromBinary(new Uint8Array(data)).message);
      this.#wakes();
    };
    this.socket.onclose = this.socket.onerror = () => {
      this.#heard.push({ case: 'gone' });
      this.#wakes();
    };
    // Who says nothing is put out after 15 s.
    this.pings = setInterval(() => this.say('pingReq', { timestamp: 1n, rtt: 1n }), 5_000);
  }

  say(kind, value) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(new SignalRequest({ message: { case: kind, value } }).toBinary());
  }

  /** What is said next of this kind; nothing after so many milliseconds. */
  async hears(kind, is = () => true, long = 10_000) {
    const until = performance.now() + long;
    for (;;) {
      const at = this.#heard.findIndex((one) => one.case === kind && is(one.value));
      if (at >= 0) return this.#heard.splice(at, 1)[0].value;
      if (this.#heard.some((one) => one.case === 'gone')) throw new Error('LiveKit put one out.');
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await Promise.race([new Promise((wakes) => (this.#wakes = wakes)), sleep(left)]);
    }
  }

  /** This with the way to the server, which it tells by itself. */
  async withWay(sdp, target) {
    if (sdp.includes('a=candidate:')) return sdp;
    const told = await this.hears('trickle', (one) => one.target === target && JSON.parse(one.candidateInit).candidate);
    if (!told) throw new Error('LiveKit tells no way to it.');
    return sdp.replace(/m=[^]*?(?=m=|$)/, (first) => `${first}a=${JSON.parse(told.candidateInit).candidate}\r\n`);
  }

  close() {
    clearInterval(this.pings);
    // The server waits for who has not taken leave.
    this.say('leave', {});
    this.socket.close();
  }
}

/** A room. */
export class Room {
  #members = [];

  constructor(url) {
    this.url = url;
    this.name = `bench-${Math.random()}`;
  }

  async #joins() {
    const member = new Member(this.url, this.name, `m${this.#members.length}`);
    this.#members.push(member);
    if (!(await member.hears('join'))) throw new Error('LiveKit lets nobody in.');
    return member;
  }

  /** Somebody sends; with the answer to their offer. */
  async sends(sdp) {
    const member = await this.#joins();
    for (const [, kind, cid] of sdp.matchAll(/^m=(audio|video)[^]*?^a=msid:\S+ (\S+)/gm)) {
      const [type, source] = kind === 'audio' ? [TrackType.AUDIO, TrackSource.MICROPHONE] : [TrackType.VIDEO, TrackSource.CAMERA];
      member.say('addTrack', { cid, name: kind, type, source, width: 640, height: 360, disableDtx: true, disableRed: true });
      if (!(await member.hears('trackPublished'))) throw new Error('LiveKit takes no track.');
    }
    member.say('offer', { type: 'offer', sdp });
    const answer = await member.hears('answer');
    if (!answer) throw new Error('LiveKit does not answer an offer.');
    return member.withWay(answer.sdp, SignalTarget.PUBLISHER);
  }

  /** Somebody receives: the server offers, maybe several times until all is in it, and is answered by `answer` and then by `again`. */
  async receives(answer, again) {
    const member = await this.#joins();
    const whole = (sdp) => ['audio', 'video'].every((kind) => new RegExp(`^m=${kind} (?:(?!^m=)[^])*?^a=send`, 'm').test(sdp));
    for (let first = true; ; first = false) {
      const offer = await member.hears('offer');
      if (!offer) throw new Error('LiveKit does not offer all tracks.');
      const sdp = first ? await member.withWay(offer.sdp, SignalTarget.SUBSCRIBER) : offer.sdp;
      member.say('answer', { type: 'answer', sdp: await (first ? answer : again)(sdp), id: offer.id });
      if (whole(offer.sdp)) return;
    }
  }

  close() {
    for (const member of this.#members) member.close();
  }
}
