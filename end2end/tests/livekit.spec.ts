// What carries the media of meetings may be the server itself or a LiveKit server: for people it is the same.
import type { BrowserContext, Page } from '@playwright/test';
import { withDevices } from '../support/browser.ts';
import { expect, test } from '../support/fixtures.ts';
import { LiveKit, livekitIsThere } from '../support/livekit.ts';
import { enter, heard, inStage, makeMeeting, plays, pressSoundOnly, row, tile, toggle } from '../support/meetings.ts';
import { signUp, somebody } from '../support/people.ts';

test.use({ launchOptions: withDevices });
test.describe.configure({ timeout: 180_000 });

for (const backend of livekitIsThere ? ['the server itself', 'LiveKit'] : ['the server itself']) {
  test(`over ${backend} two see and hear each other, who is muted is silent, and who is taken out is out`, async ({ newContext, startServer, complaints }) => {
    complaints.expect(/status of 40[39]/);
    const livekit = backend === 'LiveKit' ? await LiveKit.start() : undefined;
    const contexts: BrowserContext[] = [];
    try {
      const server = await startServer(livekit?.settings);
      const open = async () => {
        const context = await newContext({ baseURL: server.url });
        contexts.push(context);
        return context.newPage();
      };
      const [page, anna] = [await open(), await open()];
      const { name: host } = await signUp(page.request, somebody());
      const path = await makeMeeting(page.request);
      const loaded = (who: Page) => who.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('livekit')));
      await enter(page, path);
      // The lobby has no use for what speaks with LiveKit.
      await anna.goto(path, { waitUntil: 'networkidle' });
      await inStage(anna, 'lobby');
      expect(await loaded(anna)).toBe(false);
      await enter(anna, path, 'Anna Berg');
      for (const [who, other] of [[page, 'Anna Berg'], [anna, host]] as const) {
        await plays(tile(who, other));
        await expect.poll(() => heard(who), { timeout: 30_000 }).toBe(1);
        // It is loaded where it is needed, and only there.
        expect(await loaded(who)).toBe(livekit !== undefined);
      }

      // Each turns their own microphone off and on.
      await toggle(anna, 'microphone').click();
      await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(0);
      await toggle(anna, 'microphone').click();
      await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);
      // And their camera.
      await toggle(anna, 'camera').click();
      await expect(tile(page, 'Anna Berg')).toHaveAttribute('data-meet-off', '');
      await toggle(anna, 'camera').click();
      await plays(tile(page, 'Anna Berg'));

      // A host turns it off; they turn it on again.
      await toggle(page, 'people').click();
      await row(page, 'Anna Berg').locator('[data-meet-do=mute]').click();
      await expect(toggle(anna, 'microphone')).toHaveAttribute('aria-pressed', 'false');
      await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(0);
      await toggle(anna, 'microphone').click();
      await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);

      // A screen.
      await toggle(page, 'screen').click();
      await plays(tile(anna, host, 'screen'));
      await toggle(page, 'screen').click();
      await expect(tile(anna, host, 'screen')).toHaveCount(0);

      // Sound alone, both ways, and pictures again.
      await pressSoundOnly(page);
      await expect(tile(page, 'Anna Berg')).toHaveAttribute('data-meet-off', '');
      await expect(tile(anna, host)).toHaveAttribute('data-meet-off', '');
      await expect.poll(() => heard(anna), { timeout: 30_000 }).toBe(1);
      await pressSoundOnly(page);
      await plays(tile(page, 'Anna Berg'));
      await plays(tile(anna, host));

      // A page that is loaded anew has a way of its own, and the one before is nobody's.
      await anna.reload();
      await inStage(anna, 'room');
      await plays(tile(page, 'Anna Berg'));
      await plays(tile(anna, host));
      await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(1);

      // Out is out.
      await row(page, 'Anna Berg').locator('[data-meet-do=remove]').click();
      await page.locator('[data-meet-confirm] button[value=yes]').click();
      await inStage(anna, 'over');
      await expect(tile(page, 'Anna Berg')).toHaveCount(0);
      await expect.poll(() => heard(page), { timeout: 30_000 }).toBe(0);
    } finally {
      // Pages first, or they would complain of what has gone.
      for (const context of contexts) await context.close();
      await livekit?.stop();
    }
  });
}
