// The whole story: a company drops a file, a visitor of a shop asks, the documents answer, a person takes over, the server
// dies in the middle and nothing is lost, the assistant goes on. Beside it another company that notices nothing.
import type { Locator, Page } from '@playwright/test';
import { expect, test, visit } from '../support/fixtures.ts';
import { fillSignUp, signUp, somebody } from '../support/people.ts';

const RETURNS = '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n\n# Repairs\n\nA new shade costs 350 crowns, mounted in our workshop.\n';

/** The window of the widget, opened. */
async function openChat(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: /^Chat/ }).click();
  const chat = page.getByRole('dialog', { name: 'Chat' });
  await expect(chat).toBeVisible();
  return chat;
}

async function say(chat: Locator, text: string): Promise<void> {
  await chat.getByRole('textbox', { name: 'Your message' }).fill(text);
  await chat.getByRole('button', { name: 'Send' }).click();
}

const said = (chat: Locator, who: string) => chat.locator(`.message.${who}`);

test('from sign-up to hand back, with a second company beside it and a server that dies in the middle', async ({ startServer, newContext, complaints }) => {
  test.setTimeout(180_000);
  // While the server is dead the browser says so, of what is asked then and of what was on its way.
  complaints.expect(/WebSocket connection to|ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)|status of 503/);
  const server = await startServer();
  const [company, rival, visitors] = [
    await newContext({ baseURL: server.url }),
    await newContext({ baseURL: server.url }),
    await newContext({ baseURL: server.url }),
  ];

  // A company signs up and drops a file.
  const page = await company.newPage();
  const astrid = somebody();
  await page.goto('/signup');
  await fillSignUp(page, astrid);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await visit(page, '/dashboard/knowledge');
  await page.getByLabel('Choose files, or drop them here').setInputFiles({ name: 'lamps.md', mimeType: 'text/markdown', buffer: Buffer.from(RETURNS) });
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('row', { name: /lamps/ })).toContainText('Ready');
  await page.goto('/demo');
  const widget = await page.locator('script[data-widget]').getAttribute('data-widget');
  expect(widget).toMatch(/^wgt_[0-9a-f]{32}$/);

  // Another company, with an inbox that is open all the time.
  await signUp(rival.request);
  const elsewhere = await rival.newPage();
  await visit(elsewhere, '/dashboard/inbox');
  const nothing = elsewhere.getByRole('main');
  await expect(nothing).toContainText('Nobody has written yet');

  // A visitor of the shop asks.
  const shop = await visitors.newPage();
  await shop.goto(`/demo?widget=${widget}`);
  const chat = await openChat(shop);
  await say(chat, 'Within how many days may lamps be sent back?');
  await expect(said(chat, 'assistant')).toContainText('within 60 days of delivery');
  await chat.getByText(/^Source/).click();
  await expect(chat.locator('blockquote')).toContainText('Unused lamps may be sent back');
  await say(chat, 'Who won the world cup in 1998?');
  await expect(said(chat, 'assistant').nth(1)).toContainText('The documents do not say.');

  // The person sees it and takes over, live.
  await visit(page, '/dashboard/inbox');
  const inbox = page.getByRole('main');
  await inbox.getByRole('link', { name: /Visitor/ }).first().click();
  const log = page.getByRole('log');
  await expect(log).toContainText('Who won the world cup');
  await page.getByRole('button', { name: 'Take over' }).click();
  await expect(chat.locator('.message.system')).toContainText(/joined/);
  await page.getByRole('textbox', { name: 'Message' }).fill('Astrid here. France did.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(said(chat, 'agent')).toContainText('Astrid here. France did.');
  await say(chat, 'Thank you! What does a new shade cost?');
  await expect(log).toContainText('What does a new shade cost?');

  // The server dies. What the visitor writes meanwhile waits.
  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  await say(chat, 'Are you still there?');
  await expect(chat.getByRole('status')).toContainText('No connection');
  await startServer({ SAMTAL_LISTEN: new URL(server.url).host, SAMTAL_DATA_DIR: server.dataFolder });
  await expect(log).toContainText('Are you still there?', { timeout: 60_000 });
  await expect(log.getByText('Are you still there?')).toHaveCount(1);
  await page.getByRole('textbox', { name: 'Message' }).fill('I am. Back in a moment.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(said(chat, 'agent').nth(1)).toContainText('Back in a moment.');
  // All the time the assistant was silent.
  await expect(said(chat, 'assistant')).toHaveCount(2);

  // Handed back, it answers again; the question that a person has seen stays the person's.
  await page.getByRole('button', { name: 'Hand back to the assistant' }).click();
  await expect(chat.locator('.message.system').last()).toContainText('assistant');
  await say(chat, 'What does a new shade cost?');
  await expect(said(chat, 'assistant').nth(2)).toContainText('350 crowns');
  await expect(log).toContainText('350 crowns');

  // Each message once, in order, on both sides.
  const numbers = await chat.locator('.message[data-seq]').evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-seq'))));
  expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  await shop.reload();
  // It was open, and is.
  await expect(chat).toBeVisible();
  await expect(chat.locator('.message[data-seq]')).toHaveCount(numbers.length);

  // The other company has seen nothing, and finds nothing at that address.
  await expect(nothing).toContainText('Nobody has written yet');
  await expect(nothing.getByRole('link', { name: /Visitor/ })).toHaveCount(0);
  const foreign = await rival.request.get(new URL(page.url()).pathname);
  expect(foreign.status()).toBe(404);
  expect(await foreign.text()).not.toContain('world cup');
});
