// A way between browsers and the media server that can be shut: what goes to 127.0.0.2 is carried to the server at 127.0.0.1, and back, datagrams and
// connections alike, as long as it is let through.
import { type Socket as Datagrams, createSocket } from 'node:dgram';
import { type Server as Listener, type Socket, connect, createServer } from 'node:net';
import { free } from './server.ts';

const OUTSIDE = '127.0.0.2';
const INSIDE = '127.0.0.1';

type Carries = 'udp' | 'tcp';

export class Relay {
  /** How many bytes were carried, both ways. */
  readonly carried: Record<Carries, number> = { udp: 0, tcp: 0 };
  /** For the server behind it. */
  readonly settings: Record<string, string>;
  private readonly passes: Record<Carries, boolean> = { udp: true, tcp: true };
  private readonly clients = new Map<string, Datagrams>();
  private readonly connections = new Set<Socket>();
  private readonly udp = createSocket('udp4');
  private readonly tcp: Listener;

  private constructor(private readonly port: number) {
    this.settings = {
      SAMTAL__MEDIA__LISTEN: `${INSIDE}:${port}`,
      SAMTAL__MEDIA__ANNOUNCE: OUTSIDE,
      SAMTAL__MEDIA__THREADS: '1',
    };
    this.udp.on('message', (bytes, from) => this.inwards(bytes, from));
    this.tcp = createServer((browser) => this.connected(browser));
  }

  static async start(): Promise<Relay> {
    const relay = new Relay(await free());
    await new Promise<void>((listens) => relay.udp.bind(relay.port, OUTSIDE, listens));
    await new Promise<void>((listens) => relay.tcp.listen(relay.port, OUTSIDE, listens));
    return relay;
  }

  /** Lets these through from now on, and nothing else. */
  lets(...through: Carries[]): void {
    for (const one of ['udp', 'tcp'] as const) this.passes[one] = through.includes(one);
    if (!this.passes.tcp) for (const one of this.connections) one.destroy();
  }

  stop(): void {
    this.lets();
    this.udp.close();
    this.tcp.close();
    for (const one of this.clients.values()) one.close();
  }

  private inwards(bytes: Buffer, { address, port }: { address: string; port: number }): void {
    if (!this.passes.udp) return;
    const name = `${address}:${port}`;
    let client = this.clients.get(name);
    if (!client) {
      client = createSocket('udp4');
      client.on('message', (bytes) => {
        if (!this.passes.udp) return;
        this.carried.udp += bytes.length;
        this.udp.send(bytes, port, address);
      });
      // The server is not there any more, or not yet: it is lost.
      client.on('error', () => undefined);
      this.clients.set(name, client);
    }
    this.carried.udp += bytes.length;
    client.send(bytes, this.port, INSIDE);
  }

  private connected(browser: Socket): void {
    if (!this.passes.tcp) return void browser.destroy();
    const server = connect(this.port, INSIDE);
    for (const [one, other] of [[browser, server], [server, browser]] as const) {
      this.connections.add(one);
      one.on('data', (bytes) => {
        this.carried.tcp += bytes.length;
        other.write(bytes);
      });
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.connections.delete(one);
        other.destroy();
      });
    }
  }
}
