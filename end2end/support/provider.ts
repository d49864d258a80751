// A real OpenID provider (npm oidc-provider), on another site than the server: whoever types an address there has it.
import { createServer, type Server as HttpServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Page, expect } from '@playwright/test';
import OpenIdProvider from 'oidc-provider';

const client = { id: 'samtal', secret: 'a secret: + / %' };

export class Provider {
  private constructor(
    private readonly http: HttpServer,
    readonly issuer: string,
  ) {}

  static async start(): Promise<Provider> {
    const http = createServer((_, answer) => answer.writeHead(503).end());
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new Provider(http, `http://localhost:${(http.address() as AddressInfo).port}`);
  }

  /** The settings of a server that offers it. */
  get settings(): Record<string, string> {
    return {
      SAMTAL__SIGN_ON__NORDID__NAME: 'Nord-ID',
      SAMTAL__SIGN_ON__NORDID__ISSUER: this.issuer,
      SAMTAL__SIGN_ON__NORDID__CLIENT_ID: client.id,
      SAMTAL__SIGN_ON__NORDID__CLIENT_SECRET: client.secret,
    };
  }

  /** What shows that a server is the one that it knows. */
  get secret(): string {
    return client.secret;
  }

  /** Answers for a server, now that its address is known; `more` are other addresses to which it sends people back. */
  serve(url: string, ...more: string[]): void {
    // It warns of what is for tests alone.
    const { info, warn } = console;
    console.info = console.warn = () => undefined;
    const provider = new OpenIdProvider(this.issuer, {
      clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [`${url}/login/with/nordid/back`, ...more] }],
      pkce: { required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
      cookies: { keys: ['of this test alone'] },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unconfirmed'), name: 'Astrid Lund' }),
      }),
    });
    Object.assign(console, { info, warn });
    const callback = provider.callback();
    this.http.removeAllListeners('request');
    this.http.on('request', (asked, answer) => {
      // Its pages would load letters from elsewhere. (To hold that back in the browser would change how that goes back.)
      const end = answer.end.bind(answer) as (body?: unknown, ...rest: unknown[]) => typeof answer;
      const without = (body: string) => body.replace(/@import[^;]*;/, (found) => ' '.repeat(found.length));
      answer.end = ((body?: unknown, ...rest: unknown[]) => end(typeof body === 'string' ? without(body) : body, ...rest)) as typeof answer.end;
      callback(asked, answer);
    });
  }

  /** It does not answer any more, or does again with `serve`. */
  goesDown(): void {
    this.http.removeAllListeners('request');
    this.http.on('request', (_, answer) => answer.socket?.destroy());
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, 'close');
  }
}

/** Signs in at the provider, where the page has been sent, and comes back. */
export async function signInThere(page: Page, email: string): Promise<void> {
  await expect(page).toHaveURL(/localhost.*\/interaction\//);
  await page.locator('input[name=login]').fill(email);
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await consent(page);
}

/** Lets the provider say who one is. */
export async function consent(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL((url) => url.hostname !== 'localhost');
}
