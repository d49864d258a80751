// From a conversation in the widget into a meeting and back: the contact comes as themselves by the link that they are told; a call is asked for, and
// outside of service hours a call-back.
import type { APIRequestContext, Page } from '@playwright/test';
import { withDevices } from '../support/browser.ts';
import { chat, conversation, openChat, widgetOf } from '../support/chat.ts';
import { expect, test } from '../support/fixtures.ts';
import { enter, heard, inStage, order, plays, row, stage, tile, toggle } from '../support/meetings.ts';
import { type Person, signUp, somebody } from '../support/people.ts';

test.use({ launchOptions: withDevices });
test.describe.configure({ timeout: 120_000 });

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

const call = (page: Page) => chat(page).getByRole('button', { name: 'Call', exact: true });

/** Has the company of a person take calls. */
async function takeCalls(request: APIRequestContext, { company }: Person, hours: Record<string, string> = {}): Promise<void> {
  const form = { version: '0', name: company, calls: '1', ...hours };
  const answer = await request.post('/dashboard/settings', { form, maxRedirects: 0 });
  expect(answer.status(), await answer.text()).toBe(303);
}

/** Opens the chat and says something. */
async function says(page: Page, widget: string, text: string): Promise<void> {
  await openChat(page, widget);
  await chat(page).getByRole('textbox', { name: 'Your message' }).fill(text);
  await page.keyboard.press('Enter');
  await expect(chat(page).locator('.message.contact time')).toHaveCount(1);
}

test('a contact asks for a call, comes as themselves, and goes back to the chat', async ({ page, newContext }) => {
  const anna = await signUp(page.request, somebody());
  await takeCalls(page.request, anna);
  const key = await widgetOf(page.request);
  const kim = await (await newContext()).newPage();
  await says(kim, key, 'Can we talk?');
  await call(kim).click();
  await expect(chat(kim).locator('.system')).toHaveText(/Talking face to face was asked for\. A person has been asked to join\./);
  await expect(chat(kim).getByRole('status')).toHaveText('A person has been asked to join');

  // Anna sees it among those that wait, and begins the meeting.
  const id = await conversation(kim, key);
  await page.goto('/dashboard/inbox?show=waiting');
  await page.goto(`/dashboard/inbox/${id}`);
  await expect(page.getByText('Talking face to face was asked for').filter({ visible: true }).first()).toBeVisible();
  const [meet] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('button', { name: 'Meet face to face' }).click(),
  ]);
  await expect(meet).toHaveURL(/\/meet\/[a-z0-9-]{23}$/);
  await meet.close();
  const link = chat(kim).getByRole('link');
  await expect(link).toHaveAttribute('href', /\/meet\/[a-z0-9-]{23}#as=smp_[0-9a-f]{48}$/);
  const { pathname, hash } = new URL((await link.getAttribute('href'))!);
  // The company sees it without what is Kim's.
  await page.reload();
  await expect(page.getByText(pathname).filter({ visible: true }).first()).toBeVisible();
  expect(await page.content()).not.toContain('smp_');
  await enter(page, pathname);

  const meeting = await kim.context().newPage();
  await meeting.goto(pathname + hash);
  // Nothing of it stays in the address bar, and a reload knows it still.
  await expect.poll(() => new URL(meeting.url()).hash).toBe('');
  await meeting.reload();
  const lobby = meeting.locator('[data-meet-section="lobby"]');
  await lobby.locator('input[name=name]').fill('Kim');
  await lobby.locator('input[name=consent]').check();
  await lobby.locator('[data-meet-enter]').click();
  await inStage(meeting, 'room');
  await toggle(page, 'people').click();
  await expect(row(page, 'Kim')).toHaveCount(1);
  // Face to face: each sees and hears the other.
  const meets = async (contact: Page) => {
    await plays(tile(contact, anna.name));
    await plays(tile(page, 'Kim'));
    for (const who of [contact, page]) await expect.poll(() => heard(who), { timeout: 30_000 }).toBe(1);
  };
  await meets(meeting);

  // By the same link once more they are the same person.
  const twice = await kim.context().newPage();
  await twice.goto(pathname + hash);
  await twice.locator('input[name=name]').fill('Somebody');
  await twice.locator('input[name=consent]').check();
  await twice.locator('[data-meet-enter]').click();
  await inStage(twice, 'room');
  await inStage(meeting, 'over');
  await expect(row(page, 'Kim')).toHaveCount(1);
  await expect(row(page, 'Somebody')).toHaveCount(0);
  await meets(twice);

  // Anna ends it, and the chat says so.
  await page.locator('[data-meet-menu=more]').click();
  await order(page, 'end').click();
  await page.locator('[data-meet-confirm] button[value=yes]').click();
  await inStage(twice, 'over');
  await expect(stage(page)).toHaveAttribute('data-meet-stage', 'over');
  await expect(chat(kim).locator('.system', { hasText: /^The meeting ended after .*Kim/ })).toBeVisible();
  await expect(chat(kim).getByRole('status')).toHaveText(`You are talking to ${anna.name}`);
});

test('a contact whom the company knows is asked neither for a name nor to wait', async ({ page, newContext, server, complaints }) => {
  complaints.expect(/status of 422/);
  await signUp(page.request, somebody());
  const key = await widgetOf(page.request);
  const kim = await (await newContext()).newPage();
  await says(kim, key, 'Can we talk?');
  // No button, where the company takes no calls.
  await expect(call(kim)).toBeHidden();
  const id = await conversation(kim, key);
  server.sql(`update app.contacts set name = 'Kim Åberg' where contact_id =
    (select contact_id from app.conversations where conversation_id = '${id.replace('conv_', '')}')`);
  const made = await page.request.post(`/dashboard/inbox/${id}/meeting`, { form: {}, maxRedirects: 0 });
  expect(made.status(), await made.text()).toBe(303);
  server.sql(`update app.meetings set waiting_room = true where conversation_id = '${id.replace('conv_', '')}'`);
  const link = chat(kim).getByRole('link');
  await expect(link).toHaveAttribute('href', /&named$/);
  const { pathname, hash } = new URL((await link.getAttribute('href'))!);
  const meeting = await kim.context().newPage();
  await meeting.goto(pathname + hash);
  await expect(meeting.locator('input[name=name]')).toBeHidden();
  await expect(meeting.getByText('A host lets you in.')).toBeHidden();
  await meeting.locator('input[name=consent]').check();
  await meeting.locator('[data-meet-enter]').click();
  await inStage(meeting, 'room');
  await enter(page, pathname);
  await toggle(page, 'people').click();
  await expect(row(page, 'Kim Åberg')).toHaveCount(1);
  // Somebody who has the link alone is a guest, and waits.
  const guest = await (await newContext()).newPage();
  await guest.goto(pathname);
  await expect(guest.getByText('A host lets you in.')).toBeVisible();
  // What is behind the link opens nothing that somebody has made up: then they are asked as anybody is.
  await guest.goto(`${pathname}#as=smp_${'0'.repeat(48)}&named`);
  await guest.reload();
  await guest.locator('input[name=consent]').check();
  await guest.locator('[data-meet-enter]').click();
  await expect(guest.locator('input[name=name]')).toBeVisible();
  await guest.locator('input[name=name]').fill('Eve');
  await guest.locator('[data-meet-enter]').click();
  await inStage(guest, 'waiting');
});

test('outside service hours a call-back is offered, once, and the conversation waits', async ({ page, newContext }) => {
  const anna = await signUp(page.request, somebody());
  // Three days from now, whatever day it is.
  const day = DAYS[(new Date().getUTCDay() + 3) % 7]!;
  await takeCalls(page.request, anna, { time_zone: 'UTC', [day]: '9:00-10:00' });
  const key = await widgetOf(page.request);
  const kim = await (await newContext()).newPage();
  await openChat(kim, key);
  // Before anything is said there is nothing to call about.
  await call(kim).click();
  await expect(chat(kim).getByRole('status')).toHaveText('Write a message, and a person will answer');
  await chat(kim).getByRole('textbox', { name: 'Your message' }).fill('My lamp is broken');
  await kim.keyboard.press('Enter');
  const name = day[0]!.toUpperCase() + day.slice(1);
  const offer = chat(kim).locator('.system');
  await expect(offer).toContainText(`We are there again on ${name} from 09:00 (UTC), and call back then.`);
  await call(kim).click();
  await chat(kim).getByRole('textbox', { name: 'Your message' }).fill('It is the green one');
  await kim.keyboard.press('Enter');
  await expect(chat(kim).locator('.message.contact time')).toHaveCount(2);
  await expect(offer).toHaveCount(1);
  await page.goto('/dashboard/inbox?show=waiting');
  await expect(page.getByText('It is the green one').filter({ visible: true }).first()).toBeVisible();
});
