// What every test gets: a server (one for each worker), pages on it, and a watch over everything that the browser
// complains about.
import { writeFileSync } from 'node:fs';
import { type APIRequestContext, type BrowserContext, type Page, type TestInfo, test as base, expect } from '@playwright/test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Provider } from './provider.ts';
import { Server } from './server.ts';

/** What the browser has complained about. A test fails at the end if there is anything that it did not expect. */
export class Complaints {
  private readonly heard: string[] = [];
  // Said of code that was sent ahead when it has not run three seconds later: of a slow machine, not of the page. (That it
  // is used, and sent once, is in islands.spec.ts.)
  private readonly expected: RegExp[] = [/was preloaded using link preload but not used within a few seconds/];

  /** Some pages answer with an error on purpose, and the browser says so. */
  expect(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  /** Listens to a context; contexts that a test opens itself are added by `newContext`. */
  async listen(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
      // The page is the browser's own until the code of its islands has arrived, and they have taken over.
      const real = WebAssembly.instantiateStreaming;
      let made = 0;
      WebAssembly.instantiateStreaming = async (...given) => {
        const code = await real.apply(WebAssembly, given as Parameters<typeof real>);
        made += 1;
        const named = document.querySelectorAll('link[rel=preload][type="application/wasm"]').length;
        // What follows of itself is done by then.
        if (made === named) setTimeout(() => setTimeout(() => Object.assign(window, { hydrated: true })));
        return code;
      };
    });
    context.on('page', (page) => this.listenToPage(page));
  }

  private listenToPage(page: Page): void {
    page.on('pageerror', (error) => this.heard.push(`${page.url()}: uncaught ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.heard.push(`${page.url()}: ${message.type()} ${message.text()} (${message.location().url})`);
      }
    });
  }

  /** What was heard and not expected. */
  get surprises(): string[] {
    return this.heard.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }
}

type Own = {
  serverSaid: void;
  complaints: Complaints;
  startServer: (settings?: Record<string, string>) => Promise<Server>;
  startProvider: () => Promise<Provider>;
  newContext: (options?: Parameters<import('@playwright/test').Browser['newContext']>[0]) => Promise<BrowserContext>;
};

/** Every server has to end well, unless the test itself has killed it. */
async function stopCleanly(server: Server): Promise<void> {
  const { code, signal } = await server.stop();
  if (signal !== 'SIGKILL') expect({ code, signal }, server.stderr).toEqual({ code: 0, signal: null });
  expect(server.stderr, 'nothing panicked').not.toContain('panicked');
}

/** A test that has failed leaves behind what its servers said meanwhile: in `test-results`. */
function keepLog(info: TestInfo, name: string, log: string): void {
  if (info.status !== info.expectedStatus) writeFileSync(info.outputPath(name), log);
}

/** With LATE=1500, each file of code comes so many milliseconds late: pages have to work meanwhile, and to be taken over then. */
async function late(context: BrowserContext): Promise<void> {
  const by = Number(process.env.LATE ?? 0);
  if (by === 0) return;
  await context.route(/\/assets\/.*\.(js|wasm)$/, async (route) => {
    await sleep(by);
    // The page may be gone.
    await route.continue().catch(() => undefined);
  });
}

export const test = base.extend<Own, { server: Server }>({
  serverSaid: [
    async ({ server }, use, info) => {
      const before = server.stderr.length;
      await use();
      keepLog(info, 'server.log', server.stderr.slice(before));
    },
    { auto: true },
  ],

  server: [
    async ({}, use) => {
      const provider = await Provider.start();
      const server = await Server.start(provider.settings);
      provider.serve(server.url);
      await use(server);
      await stopCleanly(server);
      await provider.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],

  /** Servers for one test, which may do to them what it likes. */
  startServer: async ({}, use, info) => {
    const started: Server[] = [];
    await use(async (settings) => {
      const server = await Server.start(settings);
      started.push(server);
      return server;
    });
    started.forEach((server, at) => keepLog(info, `server-${at}.log`, server.stderr));
    // The later one may use the data folder of the earlier one.
    for (const server of started.reverse()) await stopCleanly(server);
  },

  /** Providers for one test. */
  startProvider: async ({}, use) => {
    const started: Provider[] = [];
    await use(async () => {
      const provider = await Provider.start();
      started.push(provider);
      return provider;
    });
    for (const provider of started) await provider.stop();
  },

  baseURL: async ({ server }, use) => use(server.url),

  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.surprises).toEqual([]);
  },

  // What is named is ended after it: pages are closed before the servers that they talk to, or they would complain.
  context: async ({ context, complaints, startServer: _ }, use) => {
    await complaints.listen(context);
    await late(context);
    await use(context);
    await context.close();
  },

  /** Another browser, as it were: cookies of its own. */
  newContext: async ({ browser, complaints, baseURL, startServer: _ }, use) => {
    const opened: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ baseURL, ...options });
      await complaints.listen(context);
      await late(context);
      opened.push(context);
      return context;
    });
    for (const context of opened) await context.close();
  },
});

export { expect };

/** Waits until the islands of a page have taken over; at once if it has none. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const none = document.readyState !== 'loading' && !document.querySelector('leptos-island');
    return none || (window as { hydrated?: boolean }).hydrated;
  });
}

/** Goes to a page of the dashboard and waits until its islands, if it has some, have taken over. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

/** Does something and makes sure that the page stayed: no document was loaded meanwhile. */
export async function withoutLoading(page: Page, action: () => Promise<void>): Promise<void> {
  await page.evaluate(() => Object.assign(window, { stayed: true }));
  await action();
  expect(await page.evaluate(() => (window as { stayed?: boolean }).stayed), 'the page stayed').toBe(true);
}

/** What an address of a page or a form answers an island: JSON instead of a page. With fields, the form is sent. */
export async function ask(request: APIRequestContext, path: string, form?: Record<string, string>) {
  const headers = { accept: 'application/json' };
  const answer = await request.fetch(path, { method: form ? 'POST' : 'GET', form, headers, maxRedirects: 0 });
  return { status: answer.status(), type: answer.headers()['content-type'] ?? '', text: await answer.text() };
}

/** A body without what differs from one request to the next. */
export function withoutRequestId(text: string): string {
  return text.replaceAll(/req_[0-9a-f]{32}/g, 'req_…');
}

/** Holds answers of the server's back, one at a time, until they are released. */
export function holder(page: Page) {
  let go: (() => void) | undefined;
  let state = 'not asked';
  const hold = (address: string) =>
    page.route(address, async (route) => {
      state = 'not answered';
      const response = await route.fetch();
      await new Promise<void>((released) => {
        go = released;
        state = 'held';
      });
      // Nobody may be there any more to be told.
      await route.fulfill({ response }).catch(() => undefined);
    }, { times: 1 });
  return { hold, held: () => expect.poll(() => state).toBe('held'), release: () => go!() };
}
