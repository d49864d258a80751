// Something in a company's reach that knows orders, for a tool: whatever is asked for, it was sent.
import { type Server as HttpServer, createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export class OrderServer {
  /** What was asked for, each with the key that came with it, if any. */
  readonly asked: string[] = [];

  private constructor(private readonly http: HttpServer) {
    http.on('request', (request, answer) => {
      this.asked.push([request.url, request.headers['x-api-key']].filter(Boolean).join(' '));
      answer.writeHead(200, { 'content-type': 'application/json' }).end('{"order":"A-1042","status":"sent"}');
    });
  }

  static async start(): Promise<OrderServer> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new OrderServer(http);
  }

  get address(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, 'close');
  }
}
