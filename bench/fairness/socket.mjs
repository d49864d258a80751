// A WebSocket client (RFC 6455) that chooses from which address it comes, which node's own cannot.
import { randomBytes } from 'node:crypto';
import http from 'node:http';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A frame on the wire. The mask is zero, which leaves the bytes as they are: it protects proxies, and here is none. */
function framed(kind, body) {
  const head = Buffer.alloc(body.length < 126 ? 6 : 8);
  head[0] = 0x80 | kind;
  if (body.length < 126) head[1] = 0x80 | body.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(body.length, 2);
  }
  return Buffer.concat([head, body]);
}

/** A frame of Samtal's on the wire. */
export const text = (frame) => framed(TEXT, Buffer.from(JSON.stringify(frame)));

export class Socket {
  /** Called with each frame of Samtal's, and with the code with which the socket ended. */
  onframe = () => undefined;
  onclose = () => undefined;
  #rest = Buffer.alloc(0);
  #code = 1006;

  /** Opens a socket from a local address. */
  static open(url, localAddress) {
    return new Promise((settle, fail) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
      headers['sec-websocket-key'] = randomBytes(16).toString('base64');
      const request = http.get(`${url}/ws`, { agent: false, localAddress, headers, timeout: 10_000 });
      request.once('upgrade', (_, wire) => settle(new Socket(wire)));
      request.once('response', (answer) => {
        fail(new Error(`status ${answer.statusCode}`));
        request.destroy();
      });
      request.once('timeout', () => request.destroy(new Error('timeout')));
      request.on('error', (error) => fail(new Error(error.code ?? error.message)));
    });
  }

  constructor(wire) {
    this.wire = wire;
    wire.setTimeout(0);
    wire.setNoDelay(true);
    wire.on('data', (part) => this.#read(part));
    wire.on('error', () => undefined);
    wire.once('close', () => this.onclose(this.#code));
  }

  get open() {
    return this.wire.writable;
  }

  send(frame) {
    this.wire.write(text(frame));
  }

  close() {
    this.wire.destroy();
  }

  #read(part) {
    let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, part]) : part;
    for (;;) {
      // A kind, a length in one, three or nine bytes, and the body. The server neither masks nor splits.
      let at = 2;
      let length = rest.length >= at ? rest[1] : Infinity;
      if (length === 126) length = rest.length >= (at = 4) ? rest.readUInt16BE(2) : Infinity;
      else if (length === 127) length = rest.length >= (at = 10) ? Number(rest.readBigUInt64BE(2)) : Infinity;
      if (rest.length < at + length) break;
      const [kind, body] = [rest[0] & 15, rest.subarray(at, at + length)];
      rest = rest.subarray(at + length);
      if (kind === TEXT) this.onframe(JSON.parse(body));
      else if (kind === PING) this.wire.write(framed(PONG, body));
      else if (kind === CLOSE) {
        if (body.length >= 2) this.#code = body.readUInt16BE(0);
        this.wire.end(framed(CLOSE, body));
      }
    }
    this.#rest = rest;
  }
}
