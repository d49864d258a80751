// The widget on other people's pages: a page of another origin with a strict policy, the keyboard, a person asked for.
import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext, Page } from '@playwright/test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { learnt, teach } from '../support/documents.ts';
import { expect, test } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

const FACTS = '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n';

/** A company that knows something, and its widget's key. */
async function company(request: APIRequestContext): Promise<string> {
  await signUp(request);
  await teach(request, 'returns.md', FACTS);
  await learnt(request);
  return /data-widget="(wgt_[0-9a-f]{32})"/.exec(await (await request.get('/demo')).text())![1]!;
}

/** A page of somebody else's that carries the widget and allows nothing but it. */
async function elsewhere(samtal: string, widget: string): Promise<{ url: string; close: () => void }> {
  const host = new URL(samtal).host;
  const page = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.setHeader('content-security-policy', `default-src 'none'; script-src http://${host}; connect-src ws://${host}; require-trusted-types-for 'script'`);
    answer.end(`<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1><p>${'Words. '.repeat(400)}</p><script async src="${samtal}/widget/v1/widget.js" data-widget="${widget}"></script></html>`);
  });
  await new Promise<void>((done) => page.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(page.address() as AddressInfo).port}/`, close: () => page.close() };
}

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Chat' });

test('on a page of another site, under a strict policy', async ({ server, page, newContext }) => {
  const owner = await newContext();
  const shop = await elsewhere(server.url, await company(owner.request));
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.goto(shop.url);
  await expect(page.getByRole('button', { name: 'Chat' })).toBeVisible();
  // Until it is opened there is the one script, and nothing has moved.
  expect(asked.filter((url) => url.includes(new URL(server.url).host))).toEqual([`${server.url}/widget/v1/widget.js`]);
  const shifted = await page.evaluate(() => new Promise<number>((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum += (entry as unknown as { value: number }).value;
    }).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done(sum), 100);
  }));
  expect(shifted).toBe(0);

  // By the keyboard alone.
  await page.getByRole('button', { name: 'Chat' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Your message' })).toBeFocused();
  await page.keyboard.type('Within how many days may lamps be sent back?');
  await page.keyboard.press('Enter');
  await expect(dialog(page).locator('.message.assistant')).toContainText('within 60 days');
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Chat' })).toBeFocused();
  // And it comes back to the same conversation.
  await page.reload();
  await page.getByRole('button', { name: 'Chat' }).click();
  await expect(dialog(page).locator('.message')).toHaveCount(2);
  shop.close();
});

test('a person is asked for, by a button and by words; what is said is text', async ({ page, newContext }) => {
  const owner = await newContext();
  const widget = await company(owner.request);
  await page.goto(`/demo?widget=${widget}`);
  // Who clicks twice wants it open, too.
  await page.getByRole('button', { name: 'Chat' }).dblclick();
  const chat = dialog(page);
  await expect(chat).toBeVisible();
  const write = async (text: string) => {
    await chat.getByRole('textbox', { name: 'Your message' }).fill(text);
    await chat.getByRole('button', { name: 'Send' }).click();
  };
  await write('<img src=x onerror=alert(1)> **Who** won the world cup?');
  await expect(chat.locator('.message.contact')).toContainText('<img src=x onerror=alert(1)>');
  await expect(chat.locator('.message.assistant')).toContainText('The documents do not say.');
  await chat.getByRole('button', { name: 'Ask a person' }).click();
  await expect(chat.locator('[data-event="handed_off"]')).toBeVisible();
  await write('Is anybody there?');
  await expect(chat.locator('.message.contact').nth(1)).toHaveAttribute('data-state', 'sent');
  await expect(chat.locator('.message.assistant')).toHaveCount(1);
  const { violations } = await new AxeBuilder({ page }).include('samtal-widget').withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations).toEqual([]);
});

test('two windows of one visitor show the same conversation', async ({ page, context, newContext }) => {
  const owner = await newContext();
  const widget = await company(owner.request);
  const second = await context.newPage();
  for (const one of [page, second]) {
    await one.goto(`/demo?widget=${widget}`);
    await one.getByRole('button', { name: 'Chat' }).click();
    await expect(dialog(one)).toBeVisible();
  }
  await dialog(page).getByRole('textbox', { name: 'Your message' }).fill('Within how many days may lamps be sent back?');
  await dialog(page).getByRole('button', { name: 'Send' }).click();
  await expect(dialog(page).locator('.message.assistant')).toContainText('60 days');
  await expect(dialog(second).locator('.message.assistant')).toContainText('60 days');
});

test('a widget that is none says so quietly, and the page lives', async ({ page }) => {
  await page.goto('/demo?widget=wgt_00000000000000000000000000000000');
  await page.getByRole('button', { name: 'Chat' }).click();
  await expect(dialog(page).getByRole('status')).toContainText('not available');
});
