// The home page: who waits, what is one's own, what went wrong; what to do first, until it is done.
import type { Page } from '@playwright/test';
import { begin, program, say, step } from '../support/conversations.ts';
import { failed, learnt, teach } from '../support/documents.ts';
import { expect, hydrated, test } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { openMenu, signUp, somebody } from '../support/people.ts';

const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const heading = (page: Page) => page.getByRole('heading', { level: 1 });

test('who waits stands there and is a link to the conversation; what is one’s own, too', async ({ page, request }) => {
  await signUp(page.request, somebody({ name: 'Astrid Maria Lund' }));
  const by = await program(page.request);
  await page.goto('/dashboard');
  await expect(heading(page)).toHaveText('Welcome, Astrid');
  await expect(page.getByText('Nobody waits for a person, and nothing is yours to answer')).toBeVisible();
  for (const name of ['Waiting for a person', 'Yours to answer', 'Could not be read']) await expect(region(page, name)).toHaveCount(0);

  const id = await begin(request, by, 'Elin Sjöberg');
  await say(request, by, id, 'Can <b>I</b> talk to a person?');
  // Who is with the assistant, and who has been helped, needs nobody.
  const answered = await begin(request, by, 'Nils Ek');
  await say(request, by, answered, 'Hello?');
  const settled = await begin(request, by, 'Karin Dal');
  await step(request, by, settled, 'handoff');
  await step(request, by, settled, 'resolve');
  await page.reload();
  const waiting = region(page, 'Waiting for a person');
  await expect(waiting.getByRole('listitem')).toHaveCount(1);
  await expect(waiting.getByRole('listitem')).toContainText(/Elin Sjöberg.*Can <b>I<\/b> talk to a person\?/s);
  await expect(region(page, 'Yours to answer')).toHaveCount(0);
  await expect(page.getByText('Nobody waits')).toHaveCount(0);
  await waiting.getByRole('link', { name: /Elin/ }).click();
  await expect(page).toHaveURL(`/dashboard/inbox/${id}?show=waiting`);
  await hydrated(page);
  await expect(page.getByRole('log', { name: 'Messages' })).toContainText('Can <b>I</b> talk to a person?');
  await page.getByRole('button', { name: 'Take over' }).click();
  await expect(page.getByRole('textbox', { name: 'Your message' })).toBeFocused();

  await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Home' }).click();
  await expect(region(page, 'Waiting for a person')).toHaveCount(0);
  const mine = region(page, 'Yours to answer');
  await expect(mine.getByRole('listitem')).toHaveCount(1);
  await mine.getByRole('link', { name: 'To the inbox' }).click();
  await expect(page).toHaveURL('/dashboard/inbox?show=mine');
  await page.goBack();
  await mine.getByRole('link', { name: /Elin/ }).click();
  await expect(page).toHaveURL(`/dashboard/inbox/${id}?show=mine`);
  await expect(page.getByRole('textbox', { name: 'Your message' })).toBeEnabled();
});

test('of many who wait the first five stand there, the longest first, and a link to all', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const names = Array.from({ length: 7 }, (_, n) => `Number ${n + 1}`);
  for (const [at, name] of names.entries()) {
    const id = await begin(request, by, name);
    await step(request, by, id, 'handoff');
    // Who says more does not lose the place, and moves nobody.
    if (at === 0) await say(request, by, id, 'Is anybody there?');
  }
  await page.goto('/dashboard');
  const waiting = region(page, 'Waiting for a person');
  await expect(waiting.locator('strong')).toHaveText(names.slice(0, 5));
  await waiting.getByRole('link', { name: 'See all' }).click();
  await expect(page).toHaveURL('/dashboard/inbox?show=waiting');
  await expect(page.getByRole('region', { name: 'Conversations' }).locator('.talk__name')).toHaveText(names);
});

test('a document that could not be read is named, with the reason, and leads to the documents', async ({ page, server }) => {
  await signUp(page.request);
  await teach(page.request, 'returns.txt', 'Within 60 days.');
  const id = await teach(page.request, 'prices.txt', 'A lamp costs 400 crowns.');
  await learnt(page.request);
  failed(server, id);
  await page.goto('/dashboard');
  const unreadable = region(page, 'Could not be read');
  await expect(unreadable.getByRole('listitem')).toHaveText(['pricesThe document could not be cut into pieces.']);
  await expect(page.getByText('nothing is yours to answer')).toHaveCount(0);
  await unreadable.getByRole('link', { name: /prices/ }).click();
  await expect(page).toHaveURL('/dashboard/knowledge');
  await hydrated(page);
  // Read again, it is one of those that could be.
  await page.getByRole('button', { name: 'Read again: prices' }).click();
  await expect(page.getByRole('row', { name: /prices/ })).toContainText('Ready');
  await page.goto('/dashboard');
  await expect(unreadable).toHaveCount(0);
});

test('the guide to a page is in the menu of each', async ({ page }) => {
  await signUp(page.request);
  for (const [path, name] of [['/dashboard', 'Home'], ['/dashboard/inbox', 'Inbox'], ['/dashboard/teams', 'Teams']]) {
    await page.goto(path!);
    await openMenu(page);
    await page.getByRole('link', { name: 'Guide to this page' }).click();
    await expect(heading(page)).toHaveText(name!);
  }
  await page.getByRole('link', { name: 'Roles' }).first().click();
  await expect(heading(page)).toHaveText('Roles');
});

test('the next steps are ticked as they are taken, and gone when all are', async ({ page, request }) => {
  await signUp(page.request);
  await page.goto('/dashboard');
  const steps = region(page, 'Next steps').getByRole('listitem');
  const names = ['Add documents', 'Put the assistant on your pages', 'Make an API key', 'Make a first call'];
  const done = async (...which: boolean[]) => {
    await page.reload();
    await expect(steps).toHaveText(names.map((name, at) => new RegExp(`^${which[at] ? 'Done:' : ''}${name}`)));
  };
  await done(false, false, false, false);
  await expect(steps.nth(1)).toContainText(/data-widget="wgt_[0-9a-f]{32}"/);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await steps.nth(1).getByRole('button', { name: 'Copy' }).click();
  await expect(steps.nth(1).getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^<script [^>]*data-widget="wgt_[0-9a-f]{32}"[^>]*><\/script>$/);

  // Each leads where it is taken.
  await steps.nth(0).getByRole('link').click();
  await expect(page).toHaveURL('/dashboard/knowledge');
  await page.goBack();
  await steps.nth(2).getByRole('link').click();
  await expect(page).toHaveURL('/dashboard/api-keys');
  await page.goBack();
  await expect(steps.nth(3).getByRole('link')).toHaveAttribute('href', '/api/docs');

  await teach(page.request, 'returns.txt', 'Within 60 days.');
  await done(true, false, false, false);
  const authorization = `Bearer ${await makeKey(page.request, 'Website')}`;
  await done(true, false, true, false);
  await expect(steps.nth(2).getByRole('link')).toHaveCount(0);
  expect((await request.get('/api/v1/me', { headers: { authorization } })).status()).toBe(200);
  await done(true, false, true, true);
  await steps.nth(1).getByRole('link', { name: 'See it on a page' }).click();
  await page.getByRole('button', { name: 'Chat' }).click();
  await page.getByRole('textbox', { name: 'Your message' }).fill('Hello?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.locator('.message.contact')).toHaveAttribute('data-state', 'sent');
  await page.goto('/dashboard');
  await expect(heading(page)).toContainText('Welcome');
  await expect(region(page, 'Next steps')).toHaveCount(0);
  // There may be more pages to put it on.
  await expect(region(page, 'On your pages')).toContainText(/data-widget="wgt_[0-9a-f]{32}"/);
});
