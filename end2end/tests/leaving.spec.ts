// One leaves a page before the server has answered what the page asked: nothing breaks, and what was asked for is done.
import type { Page } from '@playwright/test';
import { begin, program, say, step } from '../support/conversations.ts';
import { expect, holder, test, visit, withoutLoading } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

const navigation = (page: Page) => page.getByRole('navigation', { name: 'Dashboard' });

/** Asks, leaves while the answer is held back, lets it come, and goes back. */
async function leave(page: Page, address: string, ask: () => Promise<void>, back: string): Promise<void> {
  const { hold, held, release } = holder(page);
  await hold(address);
  await ask();
  await held();
  // A dialog that is waiting for the answer has no way past it.
  await navigation(page).getByRole('link', { name: 'Members' }).evaluate((link: HTMLElement) => link.click());
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Members');
  const answered = page.waitForResponse(address);
  release();
  await answered;
  await navigation(page).getByRole('link', { name: back }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(back);
}

test('the inbox', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  for (let n = 1; n <= 60; n++) await say(request, by, id, `Message number ${n}.`);
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  const log = page.getByRole('log', { name: 'Messages' });
  const open = async (list: string) => {
    await page.getByRole('link', { name: list }).click();
    await page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name: /Elin Sjöberg/ }).click();
    await expect(log).toContainText('Message number 60.');
  };
  await withoutLoading(page, async () => {
    await leave(page, '**/rpc/app/api/conversations/get', () => page.getByRole('link', { name: 'Earlier messages' }).click(), 'Inbox');
    await open('Mine');
    await leave(page, '**/rpc/app/api/conversations/say', async () => {
      await page.getByRole('textbox', { name: 'Your message' }).fill('Hello.');
      await page.getByRole('button', { name: 'Send' }).click();
    }, 'Inbox');
    await open('Mine');
    await expect(page.getByRole('textbox', { name: 'Your message' }), 'what is sent is not half written').toHaveValue('');
    await leave(page, '**/rpc/app/api/conversations/handle', () => page.getByRole('button', { name: 'Resolve' }).click(), 'Inbox');
    await open('Resolved');
  });
  await expect(log).toContainText('marked as resolved');
  await expect(log.locator('.said--agent')).toHaveCount(1);
});

test('the keys', async ({ page }) => {
  await signUp(page.request);
  await visit(page, '/dashboard/api-keys');
  const row = page.getByRole('row', { name: /Website/ });
  await withoutLoading(page, async () => {
    await leave(page, '**/rpc/app/api/keys/create', async () => {
      await page.getByLabel('What the key is for').fill('Website');
      await page.getByRole('button', { name: 'Create key' }).click();
    }, 'API keys');
    await expect(row).toBeVisible();
    await leave(page, '**/rpc/app/api/keys/revoke', async () => {
      await page.getByRole('button', { name: 'Revoke Website' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke Website' }).click();
    }, 'API keys');
    await expect(row).toContainText('Revoked');
  });
});

test('the documents', async ({ page }) => {
  await signUp(page.request);
  await visit(page, '/dashboard/knowledge');
  const row = page.getByRole('row', { name: /returns/ });
  await withoutLoading(page, async () => {
    await leave(page, '**/dashboard/knowledge', async () => {
      const file = { name: 'returns.md', mimeType: 'text/markdown', buffer: Buffer.from('# Returns\n\nWithin 60 days.\n') };
      await page.getByLabel('Choose files, or drop them here').setInputFiles(file);
      await page.getByRole('button', { name: 'Upload' }).click();
    }, 'Knowledge');
    await expect(row).toContainText('Ready');
    await leave(page, '**/rpc/app/api/documents/delete', async () => {
      await page.getByRole('button', { name: 'Delete returns' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete returns' }).click();
    }, 'Knowledge');
    await expect(row).toHaveCount(0);
  });
});
