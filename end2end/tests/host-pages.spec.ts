// The visitor's whole story on pages as others build them: policies, resets, traps, frameworks, phones (support/hosts.ts).
import type { Frame, Page } from '@playwright/test';
import { widgetOf } from '../support/chat.ts';
import { program, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, test } from '../support/fixtures.ts';
import { hosts, serve } from '../support/hosts.ts';
import { signUp } from '../support/people.ts';

/** Where the widget is: in the page, or in the frame that the page holds. */
async function framed(page: Page): Promise<Frame> {
  await page.waitForLoadState('load');
  return page.frames().at(-1)!;
}

const dialog = (frame: Frame) => frame.getByRole('dialog', { name: 'Chat' });
const field = (frame: Frame) => frame.getByRole('textbox', { name: 'Your message' });

for (const host of hosts) {
  test(`the whole story on a page: ${host.name}`, async ({ server, newContext, complaints }) => {
    // A page that is left, or writes itself anew, hangs up at once.
    complaints.expect(/WebSocket is closed before the connection is established/);
    const { request } = await newContext();
    await signUp(request);
    await teach(request, 'returns.md', '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n');
    const widget = await widgetOf(request);
    const by = await program(request);
    await learnt(request);
    const shop = await serve(server.url, widget);
    const visitor = await newContext(host.browser);
    const page = await visitor.newPage();
    const open = async (query: string) => {
      await page.goto(`${shop.url}/${host.name}${query}`);
      const frame = await framed(page);
      await host.ready?.(frame);
      return frame;
    };

    // The button is there, where one sees it, and opens.
    let frame = await open('');
    await expect(frame.getByRole('button', { name: 'Chat' })).toBeInViewport({ ratio: 1 });
    await frame.getByRole('button', { name: 'Chat' }).click();
    await expect(dialog(frame).getByRole('button', { name: 'Close' })).toBeInViewport({ ratio: 1 });
    await expect(field(frame)).toBeFocused();

    // A question is typed, and answered; when is said, too.
    await page.keyboard.type('Within how many days may lamps be sent back?');
    await expect(field(frame)).toHaveValue('Within how many days may lamps be sent back?');
    await page.keyboard.press('Enter');
    await expect(dialog(frame).locator('.message.assistant')).toContainText('within 60 days');
    await expect(dialog(frame).locator('.message time').last()).toHaveText(/^\d\d:\d\d$/);
    await expect(dialog(frame).locator('.message time')).toHaveCount(2);
    await host.also?.(page, frame);
    await field(frame).click();
    await page.keyboard.type('And what of shades ');
    expect(await frame.evaluate(() => Reflect.get(window, 'heard')), 'the page heard nothing').toEqual([]);

    if (host.keeps !== false) {
      // It goes on where it was, and takes the keyboard from nobody.
      frame = await open('?second');
      await expect(dialog(frame)).toBeVisible();
      await expect(field(frame)).toHaveValue('And what of shades ');
      await expect(field(frame)).not.toBeFocused();
      await expect(dialog(frame).locator('.message')).toHaveCount(2);

      // What comes while no page has the chat is counted on the next that has it.
      const [id] = (await frame.evaluate((key) => localStorage.getItem(key)!, `samtal.seen:${widget}`)).split(' ') as [string];
      await step(request, by, id, 'handoff');
      await expect(dialog(frame).locator('.system.handed_off')).toBeVisible();
      await dialog(frame).getByRole('button', { name: 'Close' }).click();
      await expect(dialog(frame)).toBeHidden();
      await page.goto(`${shop.url}/elsewhere`);
      await say(request, by, id, 'Shades cost 350 crowns.', 'agent');
      frame = await open('?third');
      const button = frame.getByRole('button', { name: 'Chat, 1 new message' });
      await expect(button).toBeInViewport({ ratio: 1 });
      await expect(dialog(frame)).toBeHidden();
      await button.click();
      await expect(dialog(frame).locator('.message.agent')).toContainText('350 crowns');
      await dialog(frame).getByRole('button', { name: 'Close' }).click();
      await expect(frame.getByRole('button', { name: 'Chat', exact: true })).toBeVisible();
      expect(await frame.evaluate(() => Reflect.get(window, 'heard')), 'the page heard nothing').toEqual([]);
    }
    shop.close();
  });
}
