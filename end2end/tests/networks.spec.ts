// Networks as people have them: one that is cut and comes back, one that lets connections through alone, and one that lets nothing through.
import type { BrowserContext, Page } from '@playwright/test';
import { withDevices } from '../support/browser.ts';
import { expect, test } from '../support/fixtures.ts';
import { alert, enter, heard, makeMeeting, plays, tile } from '../support/meetings.ts';
import { signUp, somebody } from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import type { Server } from '../support/server.ts';

test.use({ launchOptions: withDevices });
test.describe.configure({ timeout: 240_000 });

type World = {
  startServer: (settings?: Record<string, string>) => Promise<Server>;
  newContext: (options?: { baseURL?: string }) => Promise<BrowserContext>;
};

/** A host and a guest in a meeting, whose sounds and pictures go by a relay. */
async function two(relay: Relay, { startServer, newContext }: World, before = async (_: Page) => {}) {
  const { url: baseURL } = await startServer(relay.settings);
  const [page, anna] = [await (await newContext({ baseURL })).newPage(), await (await newContext({ baseURL })).newPage()];
  await before(anna);
  const { name: host } = await signUp(page.request, somebody());
  const path = await makeMeeting(page.request);
  await enter(page, path);
  await enter(anna, path, 'Anna Berg');
  return { page, anna, host };
}

/** Each sees and hears the other. */
async function meet({ page, anna, host }: { page: Page; anna: Page; host: string }): Promise<void> {
  await plays(tile(page, 'Anna Berg'));
  await plays(tile(anna, host));
  for (const who of [page, anna]) await expect.poll(() => heard(who), { timeout: 30_000 }).toBe(1);
}

test('who loses the network is told, and is back when it is', async ({ startServer, newContext }) => {
  const relay = await Relay.start();
  const both = await two(relay, { startServer, newContext });
  const { page, anna } = both;
  await meet(both);
  expect(relay.carried.udp).toBeGreaterThan(0);
  const quality = (who: Page) => who.locator('[data-meet-quality]');
  for (const who of [page, anna]) await expect(quality(who)).toHaveText(/^Connection (good|fair|poor)$/);
  relay.lets();
  for (const who of [page, anna]) {
    await expect(alert(who)).toHaveText('Sound and pictures were lost. Trying to bring them back.', { timeout: 60_000 });
    // Nothing good is said of what is lost.
    await expect(quality(who)).toHaveText('');
  }
  // They are in the meeting still.
  await anna.keyboard.press('h');
  await expect(tile(page, 'Anna Berg').locator('[data-meet-hand]')).toBeVisible();
  relay.lets('udp', 'tcp');
  for (const who of [page, anna]) await expect(alert(who)).toBeHidden({ timeout: 90_000 });
  await meet(both);
  for (const who of [page, anna]) await expect(quality(who)).toHaveText(/^Connection (good|fair|poor)$/);
  await expect(page.locator('figure[data-meet-source]')).toHaveCount(1);
  relay.stop();
});

test('whom the whole network leaves is gone from the others, and comes back as themself', async ({ startServer, newContext, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/);
  const relay = await Relay.start();
  let offline = false;
  const sockets = new Set<() => void>();
  const both = await two(relay, { startServer, newContext }, async (anna) => {
    await anna.routeWebSocket(/\/ws\/meet/, (socket) => {
      if (offline) return void socket.close({ code: 1012 });
      const server = socket.connectToServer();
      sockets.add(() => void Promise.all([server.close(), socket.close({ code: 1012 })]));
    });
  });
  const { page, anna } = both;
  await meet(both);
  // The socket, all requests, and media, which go the same way as the host's.
  offline = true;
  await anna.context().setOffline(true);
  relay.lets();
  for (const cut of sockets) cut();
  await expect(alert(anna)).toBeVisible();
  await expect(tile(page, 'Anna Berg')).toHaveCount(0, { timeout: 60_000 });
  offline = false;
  relay.lets('udp', 'tcp');
  await anna.context().setOffline(false);
  for (const who of [page, anna]) await expect(alert(who)).toBeHidden({ timeout: 90_000 });
  await meet(both);
  await expect(page.locator('figure[data-meet-source]')).toHaveCount(1);
  relay.stop();
});

test('where datagrams are blocked, sounds and pictures come by a connection', async ({ startServer, newContext }) => {
  const relay = await Relay.start();
  relay.lets('tcp');
  await meet(await two(relay, { startServer, newContext }));
  expect(relay.carried.udp).toBe(0);
  expect(relay.carried.tcp).toBeGreaterThan(10_000);
  relay.stop();
});

test('where all is blocked one is told what to do, is in all the same, and is seen once it is not', async ({ startServer, newContext }) => {
  const relay = await Relay.start();
  relay.lets();
  const both = await two(relay, { startServer, newContext });
  const { page, anna } = both;
  for (const who of [page, anna]) {
    await expect(alert(who)).toHaveText(
      'No way for sound and pictures could be opened: your network blocks it. Try another network, such as a phone\'s, or ask whoever runs yours to let UDP or TCP to this server through.',
      { timeout: 60_000 },
    );
  }
  await anna.keyboard.press('h');
  await expect(tile(page, 'Anna Berg').locator('[data-meet-hand]')).toBeVisible();
  relay.lets('udp', 'tcp');
  for (const who of [page, anna]) await expect(alert(who)).toBeHidden({ timeout: 90_000 });
  await meet(both);
  relay.stop();
});
