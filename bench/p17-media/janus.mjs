// Janus (Debian's package): a process with its video room and HTTP alone, and what is said to it (https://janus.conf.meetecho.com/docs/rest.html, videoroom.html).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from '../lib/samtal.mjs';

const PLUGIN = 'janus.plugin.videoroom';
/** Where Debian puts it; `JANUS_ROOT` for a package that was only unpacked. */
const ROOT = process.env.JANUS_ROOT ?? '';
const LIBRARIES = `${ROOT}/usr/lib/x86_64-linux-gnu`;

export const installed = () => existsSync(`${ROOT}/usr/bin/janus`);

/** One on this core, with its media at this address and these ports. */
export async function start(core, folder, ip, ports, port) {
  const config = join(folder, 'janus');
  mkdirSync(config);
  const without = (names) => `  disable = "${names.map((name) => `libjanus_${name}.so`).join(',')}"`;
  const general = [
    'general: {',
    `  configs_folder = "${config}"`,
    `  plugins_folder = "${LIBRARIES}/janus/plugins"`,
    `  transports_folder = "${LIBRARIES}/janus/transports"`,
    `  events_folder = "${LIBRARIES}/janus/events"`,
    `  loggers_folder = "${LIBRARIES}/janus/loggers"`,
    '  debug_level = 3',
    '}',
    `media: { rtp_port_range = "${ports[0]}-${ports[1]}" }`,
    `nat: { ice_enforce_list = "${ip}" }`,
    'plugins: {',
    without(['audiobridge', 'echotest', 'lua', 'duktape', 'nosip', 'recordplay', 'sip', 'streaming', 'textroom', 'videocall', 'voicemail']),
    '}',
    'transports: {',
    without(['mqtt', 'nanomsg', 'pfunix', 'rabbitmq', 'websockets']),
    '}',
  ];
  writeFileSync(join(config, 'janus.jcfg'), `${general.join('\n')}\n`);
  writeFileSync(join(config, `${PLUGIN}.jcfg`), 'general: { }\n');
  writeFileSync(
    join(config, 'janus.transport.http.jcfg'),
    `general: { json = "compact"\n base_path = "/janus"\n http = true\n port = ${port}\n ip = "127.0.0.1"\n https = false }\nadmin: { admin_http = false }\n`,
  );
  const env = { PATH: process.env.PATH, HOME: folder, ...(ROOT && { LD_LIBRARY_PATH: LIBRARIES }) };
  const program = new Program(core, `${ROOT}/usr/bin/janus`, ['--configs-folder', config], env, folder, 'janus');
  const url = `http://127.0.0.1:${port}/janus`;
  for (;;) {
    if (program.over) throw program.over;
    const answer = await fetch(`${url}/info`).catch(() => undefined);
    if (answer?.ok) return { program, url };
    await sleep(100);
  }
}

/** A session, and a room in it. */
export class Room {
  #waits = new Map();
  #number = 0;
  #ends = new AbortController();

  static async open(url) {
    const room = new Room();
    room.id = 1 + Math.floor(Math.random() * 1e9);
    room.session = `${url}/${(await room.#post(url, { janus: 'create' })).data.id}`;
    room.polls = room.#poll();
    const made = await room.#said(await room.#attach(), { request: 'create', room: room.id, publishers: 1000, bitrate: 0, videocodec: 'vp8', audiocodec: 'opus' });
    if (made.data.videoroom !== 'created') throw new Error(`Janus makes no room: ${JSON.stringify(made)}`);
    return room;
  }

  async #post(url, body) {
    const transaction = `t${this.#number++}`;
    const waits = new Promise((settle) => this.#waits.set(transaction, settle));
    const answer = await (await fetch(url, { method: 'POST', body: JSON.stringify({ ...body, transaction }) })).json();
    if (answer.janus === 'error') throw new Error(`Janus: ${JSON.stringify(answer.error)}`);
    // What takes longer is told as an event.
    const whole = answer.janus === 'ack' ? await waits : answer;
    this.#waits.delete(transaction);
    return whole;
  }

  /** Events, for as long as the session is there. */
  async #poll() {
    for (;;) {
      const asked = fetch(`${this.session}?maxev=20`, { signal: this.#ends.signal });
      const events = await asked.then((answer) => answer.json()).catch(() => undefined);
      if (this.#ends.signal.aborted || events?.janus === 'error') return;
      for (const event of [events ?? []].flat()) if (event.janus === 'event') this.#waits.get(event.transaction)?.(event);
    }
  }

  async #attach() {
    return `${this.session}/${(await this.#post(this.session, { janus: 'attach', plugin: PLUGIN })).data.id}`;
  }

  async #said(handle, body, jsep) {
    const answer = await this.#post(handle, { janus: 'message', body, ...(jsep && { jsep }) });
    const data = answer.plugindata?.data;
    if (data?.error) throw new Error(`Janus: ${data.error}`);
    return { data, jsep: answer.jsep };
  }

  /** Somebody sends; with the answer to their offer. */
  async sends(sdp) {
    const handle = await this.#attach();
    const { data } = await this.#said(handle, { request: 'join', ptype: 'publisher', room: this.id });
    this.feed = data.id;
    return (await this.#said(handle, { request: 'publish' }, { type: 'offer', sdp })).jsep.sdp;
  }

  /** Somebody receives: here the server offers, and is answered by `answer`. */
  async receives(answer) {
    const handle = await this.#attach();
    const join = { request: 'join', ptype: 'subscriber', room: this.id, streams: [{ feed: this.feed }] };
    let offer;
    for (let tries = 0; !offer; tries++) {
      // Who sends is there when their way is open.
      offer = await this.#said(handle, join).catch((error) => {
        if (tries === 100 || !/No such feed/.test(error.message)) throw error;
        return sleep(100);
      });
    }
    const { jsep } = offer;
    await this.#said(handle, { request: 'start' }, { type: 'answer', sdp: await answer(jsep.sdp) });
  }

  async close() {
    // Janus would answer the poll after half a minute, also where the session has gone.
    this.#ends.abort();
    await this.polls;
    await this.#post(this.session, { janus: 'destroy' });
  }
}
