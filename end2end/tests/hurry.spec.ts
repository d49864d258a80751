// An inbox in a hurry: presses that come twice, too early or after something has changed do what they were meant for, or nothing.
import type { Page } from '@playwright/test';
import { begin, messages, program, say, step } from '../support/conversations.ts';
import { expect, holder, hydrated, test, visit } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

const list = (page: Page) => page.getByRole('region', { name: 'Conversations' });
const lines = (page: Page) => list(page).locator('.talk__name');
const entry = (page: Page, name: string) => list(page).getByRole('link', { name });
const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
const field = (page: Page) => page.getByRole('textbox', { name: 'Your message' });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const SAY = '**/dashboard/inbox/*/messages';

/** Conversations with people of these names, taken over; the last one is the latest. */
async function taken(page: Page, names: string[]) {
  await signUp(page.request);
  const by = await program(page.request);
  const ids: string[] = [];
  for (const name of names) {
    const id = await begin(page.request, by, name);
    await page.request.post(`/dashboard/inbox/${id}/take-over`);
    ids.push(id);
  }
  const said = async (id: string) => (await messages(page.request, by, id)).filter((m) => m.from === 'agent').map((m) => m.text);
  return { by, ids, said };
}

test('what is half written to one is never sent because of what was sent to another', async ({ page }) => {
  const { ids: [elin, maja], said } = await taken(page, ['Elin', 'Maja']);
  await visit(page, `/dashboard/inbox/${maja}`);
  await field(page).fill('Dear Maja, I am not sure whether');
  await entry(page, 'Elin').click();
  await expect(page.getByRole('heading', { name: 'Elin' })).toBeVisible();
  const { hold, held, release } = holder(page);
  await hold(SAY);
  await field(page).fill('Hello Elin.');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await held();
  await entry(page, 'Maja').click();
  await expect(page.getByRole('heading', { name: 'Maja' })).toBeVisible();
  await expect(field(page)).toHaveValue('Dear Maja, I am not sure whether');
  const answered = page.waitForResponse(SAY);
  release();
  await answered;
  await expect(entry(page, 'Elin')).toContainText('Team: Hello Elin.');
  await expect(field(page)).toHaveValue('Dear Maja, I am not sure whether');
  expect(await said(elin!)).toEqual(['Hello Elin.']);
  expect(await said(maja!)).toEqual([]);
});

test('Enter twice sends once, and never half a sentence', async ({ page }) => {
  const { ids: [elin], said } = await taken(page, ['Elin']);
  await visit(page, `/dashboard/inbox/${elin}`);
  const { hold, held, release } = holder(page);
  await hold(SAY);
  await field(page).fill('One.');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await held();
  await expect(field(page)).toHaveValue('');
  await page.keyboard.type('Half a sent');
  const answered = page.waitForResponse(SAY);
  release();
  await answered;
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['One.']);
  await expect(field(page)).toHaveValue('Half a sent');
  await page.keyboard.type('ence.');
  await page.keyboard.press('Enter');
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['One.', 'Half a sentence.']);
  expect(await said(elin!)).toEqual(['One.', 'Half a sentence.']);
});

test('what fails after one has gone on is told on its line and on the message', async ({ page, complaints }) => {
  complaints.expect(/Failed to load resource/);
  const { ids: [elin], said } = await taken(page, ['Elin', 'Maja']);
  await visit(page, `/dashboard/inbox/${elin}`);
  let fail: () => void = () => undefined;
  const failed = new Promise<void>((settle) => (fail = settle));
  await page.route(SAY, async (route) => {
    await failed;
    await route.abort();
  }, { times: 1 });
  await field(page).fill('Hello Elin.');
  await page.keyboard.press('Enter');
  await expect(log(page).getByText('Sending…')).toBeVisible();
  await entry(page, 'Maja').click();
  await expect(page.getByRole('heading', { name: 'Maja' })).toBeVisible();
  fail();
  await expect(entry(page, 'Elin')).toContainText('Not sent');
  await expect(entry(page, 'Maja')).not.toContainText('Not sent');
  await entry(page, 'Elin').click();
  await expect(log(page).getByRole('alert')).toHaveText(/^Not sent. The server cannot be reached./);
  // Also from another page, and from there back: it waits for its writer.
  const navigation = page.getByRole('navigation', { name: 'Dashboard' });
  await navigation.getByRole('link', { name: 'Members' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Members' })).toBeVisible();
  await navigation.getByRole('link', { name: 'Inbox' }).click();
  await hydrated(page);
  await expect(entry(page, 'Elin')).toContainText('Not sent');
  await entry(page, 'Elin').click();
  await expect(log(page).getByRole('alert')).toHaveText('Not sent. It could not be sent before the page was left.');
  await button(page, 'Send again').click();
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Hello Elin.']);
  await expect(entry(page, 'Elin')).not.toContainText('Not sent');
  expect(await said(elin!)).toEqual(['Hello Elin.']);
});

test('of two conversations that are opened one right after the other, the last one is shown', async ({ page }) => {
  const { ids: [elin, maja] } = await taken(page, ['Elin', 'Maja']);
  await visit(page, '/dashboard/inbox');
  const { hold, held, release } = holder(page);
  await hold(`**/dashboard/inbox/${elin}?*`);
  await entry(page, 'Elin').press('Enter');
  await held();
  await entry(page, 'Maja').press('Enter');
  await expect(page.getByRole('heading', { name: 'Maja' })).toBeVisible();
  const answered = page.waitForResponse(`**/dashboard/inbox/${elin}?*`);
  release();
  await answered;
  await field(page).fill('Dear Maja');
  await expect(page).toHaveURL(`/dashboard/inbox/${maja}?show=open`);
  await expect(page.getByRole('heading', { name: 'Maja' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Elin' })).toHaveCount(0);
  await expect(field(page)).toHaveValue('Dear Maja');
});

test('a double press on "Take over" takes over, and no more', async ({ page }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(page.request, by, 'Elin');
  await step(page.request, by, id, 'handoff');
  await visit(page, `/dashboard/inbox/${id}`);
  const places = () =>
    page.locator('.thread__steps button').evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().left)));
  const before = await places();
  // However long the second one takes: the page may have heard of the first already.
  const place = (await button(page, 'Take over').boundingBox())!;
  const [x, y] = [place.x + place.width / 2, place.y + place.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down({ clickCount: 1 });
  await page.mouse.up({ clickCount: 1 });
  await expect(field(page)).toBeEnabled();
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  expect(await places(), 'each step has its place').toEqual(before);
  await field(page).fill('Here I am.');
  await page.keyboard.press('Enter');
  await expect(log(page).locator('.said--agent')).toHaveCount(1);
  const events = (await messages(page.request, by, id)).map((m) => m.event).filter((event) => event !== null);
  expect(events).toEqual(['handed_off', 'taken_over']);
});

test('lines stand still while the pointer or the keyboard is among them', async ({ page }) => {
  const { by, ids: [elin, , lars] } = await taken(page, ['Elin', 'Maja', 'Lars']);
  await visit(page, '/dashboard/inbox');
  await expect(lines(page)).toHaveText(['Lars', 'Maja', 'Elin']);
  const node = await entry(page, 'Maja').elementHandle();
  await entry(page, 'Maja').hover();
  await say(page.request, by, elin!, 'Are you there?');
  await begin(page.request, by, 'Nils');
  await expect(entry(page, 'Elin')).toContainText('Are you there?');
  await expect(lines(page)).toHaveText(['Lars', 'Maja', 'Elin', 'Nils']);
  // What has gone stays until the pointer leaves.
  await step(page.request, by, lars!, 'resolve');
  await say(page.request, by, elin!, 'Anybody?');
  await expect(entry(page, 'Elin')).toContainText('Anybody?');
  await expect(lines(page)).toHaveText(['Lars', 'Maja', 'Elin', 'Nils']);
  await page.mouse.move(1000, 500);
  await expect(lines(page)).toHaveText(['Elin', 'Nils', 'Maja']);
  expect(await node!.evaluate((line) => line.textContent), 'a line never becomes another conversation\'s').toContain('Maja');

  await page.getByRole('link', { name: 'Resolved' }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(entry(page, 'Nils')).toBeFocused();
  await say(page.request, by, elin!, 'Well?');
  await begin(page.request, by, 'Olof');
  await expect(lines(page)).toHaveText(['Elin', 'Nils', 'Maja', 'Olof']);
  await expect(entry(page, 'Nils')).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect(entry(page, 'Olof')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(lines(page)).toHaveText(['Olof', 'Elin', 'Nils', 'Maja']);
});

test('a press right after the lines have moved opens nothing', async ({ page }) => {
  const { by, ids: [elin] } = await taken(page, ['Elin', 'Maja']);
  await visit(page, '/dashboard/inbox');
  await expect(lines(page)).toHaveText(['Maja', 'Elin']);
  // In the very moment in which another line has come under the pointer.
  await page.evaluate(() => {
    const list = document.querySelector('.talks')!.parentElement!;
    new MutationObserver((_, observer) => {
      observer.disconnect();
      const press = new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1 });
      Object.assign(window, { opened: list.querySelector('.talk')!.dispatchEvent(press) });
    }).observe(list, { childList: true, subtree: true });
  });
  await say(page.request, by, elin!, 'Are you there?');
  await expect(lines(page)).toHaveText(['Elin', 'Maja']);
  await expect.poll(() => page.evaluate(() => (window as { opened?: boolean }).opened)).toBe(false);
  await expect(page).toHaveURL('/dashboard/inbox');
  // Later it opens.
  await expect(async () => {
    await entry(page, 'Elin').click();
    await expect(page.getByRole('heading', { name: 'Elin' })).toBeVisible({ timeout: 1_000 });
  }).toPass();
});

for (const javaScriptEnabled of [true, false]) {
  test(`who waits the longest stands first, however many wait, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({ newContext }) => {
    const context = await newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await signUp(context.request);
    const by = await program(context.request);
    const names = Array.from({ length: 120 }, (_, n) => `Number ${n + 1}`);
    let first = '';
    for (const name of names) {
      const id = await begin(context.request, by, name);
      await step(context.request, by, id, 'handoff');
      first ||= id;
    }
    // Who says more does not lose the place.
    await say(context.request, by, first, 'Is anybody there?');
    const seen: string[] = [];
    await page.goto('/dashboard/inbox?show=waiting');
    for (const expected of [50, 50, 20]) {
      await expect(lines(page)).toHaveCount(expected);
      await expect(lines(page).first()).toHaveText(`Number ${seen.length + 1}`);
      seen.push(...(await lines(page).allTextContents()));
      if (expected === 50) await page.getByRole('link', { name: 'Next page' }).click();
    }
    expect(seen).toEqual(names);
    await expect(page.getByRole('link', { name: 'Next page' })).toBeHidden();
    // A conversation opens beside its page of the list.
    await entry(page, 'Number 120').click();
    await expect(page.getByRole('heading', { name: 'Number 120' })).toBeVisible();
    await expect(lines(page).first()).toHaveText('Number 101');
    await page.getByRole('link', { name: 'First page' }).click();
    await expect(lines(page).first()).toHaveText('Number 1');
    await page.getByRole('link', { name: 'Open', exact: true }).click();
    await expect(lines(page).first()).toHaveText('Number 1');
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect(lines(page)).toHaveCount(50);
    await page.getByRole('link', { name: 'Next page' }).click();
    await expect(lines(page)).toHaveCount(20);
  });
}
