// A line between a browser and the server that can be held: requests that have not arrived yet, answers that have not come back.
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { expect } from '@playwright/test';

export type Line = {
  /** Where the server is, over this line. */
  url: string;
  /** Holds the next request that begins like this, or its answer. */
  hold: (what: 'request' | 'answer', begin: string) => void;
  /** Waits until it is held. */
  held: () => Promise<void>;
  /** Lets it go on. What its sender has given up meanwhile goes nowhere. */
  release: () => void;
  close: () => void;
};

/** Lays a line to a server. */
export async function line(server: string): Promise<Line> {
  let wanted: { what: 'request' | 'answer'; begin: string } | undefined;
  let go: (() => void) | undefined;
  const open = new Set<Socket>();
  const stop = (which: Socket) =>
    new Promise<void>((released) => {
      which.pause();
      go = () => {
        which.resume();
        released();
      };
    });
  let host = '';
  const between = createServer((browser) => {
    const target = connect(Number(new URL(server).port), new URL(server).hostname);
    let answer: Promise<void> | undefined;
    browser.on('data', async (data: Buffer) => {
      const found = wanted && data.toString('latin1').startsWith(wanted.begin) ? wanted : undefined;
      if (found) wanted = undefined;
      if (found?.what === 'answer') answer = stop(target);
      // Not paused: that its sender has gone is heard all the same.
      if (found?.what === 'request') await new Promise<void>((released) => (go = released));
      // The server is asked by its own name, as if there were no line.
      const head = /^(GET|POST) \S+ HTTP\/1\.1\r\n/.test(data.toString('latin1', 0, 1000));
      if (!browser.destroyed) target.write(head ? data.toString('latin1').replaceAll(host, new URL(server).host) : data, 'latin1');
    });
    target.on('data', async (data) => {
      await answer;
      if (!browser.destroyed) browser.write(data);
    });
    for (const [one, other] of [[browser, target], [target, browser]] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((done) => between.listen(0, '127.0.0.1', done));
  host = `127.0.0.1:${(between.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    hold: (what, begin) => {
      go = undefined;
      wanted = { what, begin };
    },
    held: () => expect.poll(() => go !== undefined).toBe(true),
    release: () => go!(),
    close: () => {
      between.close();
      for (const one of open) one.destroy();
    },
  };
}
