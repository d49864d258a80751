// A name server (RFC 1035) that knows texts under names, and nothing else.
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';

export class Dns {
  private readonly texts = new Map<string, string>();

  private constructor(private readonly socket: Socket) {
    socket.on('message', (asked, from) => socket.send(this.answer(asked), from.port, from.address));
  }

  static async start(): Promise<Dns> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Dns(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  says(name: string, text: string): void {
    this.texts.set(name, text);
  }

  async stop(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  private answer(asked: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = asked[at]!; length > 0; length = asked[at]!) {
      labels.push(asked.toString('ascii', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const question = asked.subarray(12, at + 5);
    const text = this.texts.get(labels.join('.'));
    const head = Buffer.from(asked.subarray(0, 12));
    head.writeUInt16BE(text === undefined ? 0x8183 : 0x8180, 2);
    // One question, an answer or none, nothing else.
    [1, text === undefined ? 0 : 1, 0, 0].forEach((count, field) => head.writeUInt16BE(count, 4 + 2 * field));
    if (text === undefined) return Buffer.concat([head, question]);
    const record = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, text.length + 1, text.length]);
    return Buffer.concat([head, question, record, Buffer.from(text, 'ascii')]);
  }
}
