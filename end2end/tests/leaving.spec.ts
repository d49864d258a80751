// One leaves a page before the server has answered what the page asked: nothing breaks, and what was asked for is done.
import type { BrowserContext, Page } from '@playwright/test';
import { begin, messages, program, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { hydrated, test as base, expect, visit } from '../support/fixtures.ts';
import { keyIds } from '../support/keys.ts';
import { type Line, line } from '../support/line.ts';
import { signUp } from '../support/people.ts';

const test = base.extend<{ slow: Line; own: BrowserContext; away: Page }>({
  slow: async ({ server }, use) => {
    const slow = await line(server.url);
    await use(slow);
    slow.close();
  },
  /** A browser that reaches the server over the line, and somebody who has signed up. */
  own: async ({ slow, newContext }, use) => {
    const context = await newContext({ baseURL: slow.url });
    await signUp(context.request);
    await use(context);
  },
  away: async ({ own }, use) => use(await own.newPage()),
});

const link = (page: Page, name: string) => page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name });
const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
const field = (page: Page) => page.getByRole('textbox', { name: 'Your message' });

/** Goes to another page; nobody tries for long. */
async function leave(page: Page): Promise<void> {
  await link(page, 'Members').click({ timeout: 5_000 });
  await expect(heading(page)).toHaveText('Members');
}

/** A conversation of the member's own. */
async function taken(own: BrowserContext, words = 0) {
  const by = await program(own.request);
  const id = await begin(own.request, by, 'Elin Sjöberg');
  await step(own.request, by, id, 'handoff');
  for (let n = 1; n <= words; n++) await say(own.request, by, id, `Message number ${n}.`);
  await own.request.post(`/dashboard/inbox/${id}/take-over`);
  const all = () => messages(own.request, by, id);
  const said = async () => (await all()).filter((one) => one.from === 'agent').map((one) => one.text);
  return { id, by, all, said };
}

for (const what of ['request', 'answer'] as const) {
  test(`a message whose ${what} is still on its way is said all the same, and stands there when one comes back`, async ({ own, away: page, slow }) => {
    const { id, said } = await taken(own);
    await visit(page, `/dashboard/inbox/${id}`);
    slow.hold(what, `POST /dashboard/inbox/${id}/messages`);
    await field(page).fill('Hello.');
    await page.keyboard.press('Enter');
    await slow.held();
    await leave(page);
    if (what === 'request') expect(await said()).toEqual([]);
    slow.release();
    await expect.poll(said).toEqual(['Hello.']);
    await page.goBack();
    await hydrated(page);
    await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Hello.']);
    await expect(log(page).getByRole('alert')).toHaveCount(0);
    await expect(page.getByText('Not sent')).toHaveCount(0);
    await expect(field(page), 'what is sent is not half written').toHaveValue('');
    await field(page).fill('Again.');
    await page.keyboard.press('Enter');
    await expect.poll(said).toEqual(['Hello.', 'Again.']);
  });
}

test('a message is said also when its tab is closed', async ({ own, away: page, slow }) => {
  const { id, said } = await taken(own);
  // A window is left.
  await own.newPage();
  await visit(page, `/dashboard/inbox/${id}`);
  slow.hold('request', `POST /dashboard/inbox/${id}/messages`);
  await field(page).fill('Hello.');
  await page.keyboard.press('Enter');
  await slow.held();
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => page.isClosed()).toBe(true);
  slow.release();
  await expect.poll(said).toEqual(['Hello.']);
});

test('several messages, left at once: none is lost, none is there twice', async ({ own, away: page, slow }) => {
  const { id, said } = await taken(own);
  await visit(page, `/dashboard/inbox/${id}`);
  slow.hold('request', `POST /dashboard/inbox/${id}/messages`);
  const words = ['One.', 'Two.', 'Three.'];
  for (const text of words) {
    await field(page).fill(text);
    await page.keyboard.press('Enter');
  }
  await slow.held();
  await leave(page);
  slow.release();
  await expect.poll(said).toEqual(['One.']);
  await page.goBack();
  await hydrated(page);
  // What had to wait for the first one is sent when one is back.
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(words);
  expect(await said()).toEqual(words);
});

for (const what of ['request', 'answer'] as const) {
  test(`a step whose ${what} is still on its way is taken all the same`, async ({ own, away: page, slow }) => {
    const { id, all } = await taken(own);
    const resolved = async () => (await all()).filter((one) => one.event === 'resolved').length;
    await visit(page, `/dashboard/inbox/${id}`);
    slow.hold(what, `POST /dashboard/inbox/${id}/resolve`);
    await page.getByRole('button', { name: 'Resolve' }).click();
    await slow.held();
    await leave(page);
    slow.release();
    await expect.poll(resolved).toBe(1);
    await page.goBack();
    await hydrated(page);
    await expect(log(page)).toContainText('marked as resolved');
    await expect(page.getByRole('button', { name: 'Resolve' })).toBeHidden();
  });
}

test('what was only asked for is asked again by whoever comes back', async ({ own, away: page, slow }) => {
  const { id } = await taken(own, 60);
  await visit(page, `/dashboard/inbox/${id}`);
  slow.hold('answer', `GET /dashboard/inbox/${id}?before=`);
  await page.getByRole('link', { name: 'Earlier messages' }).click();
  await slow.held();
  await leave(page);
  slow.release();
  await page.goBack();
  await hydrated(page);
  await expect(log(page).getByRole('listitem')).toHaveCount(50);
  await page.getByRole('link', { name: 'Earlier messages' }).click();
  await expect(log(page).getByRole('listitem')).toHaveCount(62);
  // Also a conversation that was just about to open.
  await link(page, 'Inbox').click();
  await hydrated(page);
  slow.hold('answer', `GET /dashboard/inbox/${id}?show=`);
  await page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name: /Elin/ }).click();
  await slow.held();
  await leave(page);
  slow.release();
  await page.goBack();
  await expect(log(page)).toContainText('Message number 60.');
});

test('the keys: a form that the server has is done, though nobody waited for the page', async ({ own, away: page, slow }) => {
  await page.goto('/dashboard/api-keys');
  const row = page.getByRole('row', { name: /Website/ });
  slow.hold('answer', 'POST /dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click({ noWaitAfter: true });
  await slow.held();
  // By the address: Playwright presses nothing while another page is on its way.
  await page.goto('/dashboard/members');
  slow.release();
  await expect.poll(async () => (await keyIds(own.request)).length).toBe(1);
  await link(page, 'API keys').click();
  await expect(row).toBeVisible();
  await expect(page.locator('#secret')).toHaveCount(0);
  slow.hold('answer', 'POST /dashboard/api-keys/');
  await page.getByRole('button', { name: 'Revoke Website' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke Website' }).click({ noWaitAfter: true });
  await slow.held();
  await page.goto('/dashboard/members');
  slow.release();
  await expect.poll(() => keyIds(own.request)).toEqual([]);
  await link(page, 'API keys').click();
  await expect(row).toContainText('Revoked');
});

test('the documents: one that has arrived is kept, and one is deleted', async ({ own, away: page, slow }) => {
  await teach(own.request, 'prices.txt', 'A lamp costs 400 crowns.');
  await learnt(own.request);
  await visit(page, '/dashboard/knowledge');
  slow.hold('answer', 'POST /dashboard/knowledge');
  const file = { name: 'returns.md', mimeType: 'text/markdown', buffer: Buffer.from('# Returns\n\nWithin 60 days.\n') };
  await page.getByLabel('Choose files, or drop them here').setInputFiles(file);
  await page.getByRole('button', { name: 'Upload' }).click();
  await slow.held();
  // The browser asks, since nobody knows yet whether it has arrived.
  page.once('dialog', (dialog) => dialog.accept());
  await leave(page);
  slow.release();
  await link(page, 'Knowledge').click();
  await hydrated(page);
  await expect(page.getByRole('row', { name: /returns/ })).toContainText('Ready');
  slow.hold('request', 'POST /dashboard/knowledge/');
  await page.getByRole('button', { name: 'Delete prices' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete prices' }).click();
  await slow.held();
  await leave(page);
  slow.release();
  await expect.poll(async () => (await own.request.get('/dashboard/knowledge')).text()).not.toContain('prices');
  await link(page, 'Knowledge').click();
  await expect(page.getByRole('row', { name: /returns/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /prices/ })).toHaveCount(0);
});
