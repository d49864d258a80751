// The widget's chat, as a visitor uses it on the demo's page.
import { type APIRequestContext, type Locator, type Page, expect } from '@playwright/test';

/** The key of the widget of whoever is signed in. */
export async function widgetOf(request: APIRequestContext): Promise<string> {
  return /data-widget="(wgt_[0-9a-f]{32})"/.exec(await (await request.get('/demo')).text())![1]!;
}

export const chat = (page: Page): Locator => page.getByRole('dialog', { name: 'Chat' });
/** What the assistant has said. */
export const told = (page: Page): Locator => chat(page).locator('.message.assistant');

/** Goes to the demo's page and opens the chat there. */
export async function openChat(page: Page, widget: string): Promise<void> {
  await page.goto(`/demo?widget=${widget}`);
  await page.getByRole('button', { name: 'Chat' }).click();
  await expect(chat(page)).toBeVisible();
}

export async function say(page: Page, text: string): Promise<void> {
  await chat(page).getByRole('textbox', { name: 'Your message' }).fill(text);
  await chat(page).getByRole('button', { name: 'Send' }).click();
}

/** The conversation that a visitor is in. */
export async function conversation(page: Page, widget: string): Promise<string> {
  const [id] = (await page.evaluate((key) => localStorage.getItem(key)!, `samtal.seen:${widget}`)).split(' ') as [string];
  return id;
}
