// The widget on other people's pages: a page of another origin with a strict policy, the keyboard, a person asked for.
import AxeBuilder from '@axe-core/playwright';
import type { APIRequestContext, Page, WebSocketRoute } from '@playwright/test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chat as dialog, conversation, openChat, say, told, widgetOf } from '../support/chat.ts';
import { program, say as saysOver, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';
import type { Server } from '../support/server.ts';

const FACTS = '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n';

/** A company that knows something, and its widget's key. */
async function company(request: APIRequestContext): Promise<string> {
  await signUp(request);
  await teach(request, 'returns.md', FACTS);
  await learnt(request);
  return widgetOf(request);
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

const field = (page: Page) => dialog(page).getByRole('textbox', { name: 'Your message' });

/** Stands between the page and the server, and takes some frames for itself. */
async function between(page: Page, takes: (frame: { type: string; client_id?: string }, page: WebSocketRoute) => boolean): Promise<void> {
  await page.routeWebSocket(/\/ws$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      if (!takes(JSON.parse(text as string), socket)) server.send(text);
    });
  });
}

/** A company of whose documents three come near to a question that has a word misspelt. */
async function companyNearby(request: APIRequestContext): Promise<string> {
  const widget = await company(request);
  await teach(request, 'members.md', 'Members of our club may send lamps back within 90 days of delivery.\n');
  await teach(request, 'outlet.md', `Lamps of our outlet may be sent back within 14 days of delivery. One word: ${'lamp'.repeat(40)}.\n`);
  await learnt(request);
  return widget;
}

/** Asks what is answered by what is near and not clear: misspelt. Gives the conversation as the database knows it. */
async function nearest(page: Page, widget: string): Promise<string> {
  await say(page, 'Within how many days may lmaps be sent back?');
  await expect(told(page)).toContainText('No clear answer');
  return (await conversation(page, widget)).replace('conv_', '');
}

/** What the visitor has said of the answer. */
const judged = (server: Server, uuid: string) => () => server.sql(`select answers from app.asked where conversation_id = '${uuid}' and seq = 2`);

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
  await expect(told(page)).toContainText('within 60 days');
  // Of an answer nobody is asked whether it is one.
  await expect(told(page).getByRole('button')).toHaveCount(0);
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
  await chat.locator('.message').getByRole('button', { name: 'Ask a person' }).click();
  await expect(chat.locator('.system.handed_off')).toBeVisible();
  await write('Is anybody there?');
  await expect(chat.locator('.message.contact').nth(1)).toHaveAttribute('data-state', 'sent');
  await expect(chat.locator('.message.assistant')).toHaveCount(1);
  const { violations } = await new AxeBuilder({ page }).include('samtal-widget').withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations).toEqual([]);
});

test('passages that are near are quotes; whether they answer is said by the keyboard, and kept', async ({ server, page, newContext }) => {
  const owner = await newContext();
  const widget = await companyNearby(owner.request);
  await openChat(page, widget);
  const said = told(page);
  const uuid = await nearest(page, widget);
  await expect(said.locator('blockquote')).toHaveCount(3);
  for (const quote of await said.locator('blockquote').all()) await expect(quote).toBeVisible();
  await expect(said.locator('summary')).toHaveText([/^Source 1: /, /^Source 2: /, /^Source 3: /]);
  const buttons = ['This answers it', 'It does not', 'Ask a person'];
  await expect(said.getByRole('button')).toHaveText(buttons);
  const { violations } = await new AxeBuilder({ page }).include('samtal-widget').withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations).toEqual([]);

  await field(page).focus();
  for (const name of buttons.toReversed()) {
    await page.keyboard.press('Shift+Tab');
    await expect(said.getByRole('button', { name })).toBeFocused();
  }
  expect(judged(server, uuid)()).toBe('');
  await page.keyboard.press('Enter');
  await expect(said).toContainText('Thank you.');
  await expect(said).not.toContainText('A person can help.');
  await expect(said.getByRole('button')).toHaveText(['Ask a person']);
  await expect.poll(judged(server, uuid)).toBe('t');
  // The keyboard goes on from there.
  await page.keyboard.press('Tab');
  await expect(said.getByRole('button', { name: 'Ask a person' })).toBeFocused();

  // The company's people see the same.
  const desk = await owner.newPage();
  await visit(desk, `/dashboard/inbox/conv_${uuid}`);
  await expect(desk.getByRole('log')).toContainText('Nearest passages');
  for (const quote of await desk.getByRole('log').getByRole('blockquote').all()) await expect(quote).toBeVisible();
  await expect(desk.getByRole('log').getByRole('blockquote')).toHaveCount(3);
  const plain = await (await newContext({ javaScriptEnabled: false, storageState: await owner.storageState() })).newPage();
  await plain.goto(`/dashboard/inbox/conv_${uuid}`);
  await expect(plain.getByRole('log')).toContainText('Nearest passages');
  await expect(plain.getByRole('log').getByRole('blockquote')).toHaveCount(3);
  for (const quote of await plain.getByRole('log').getByRole('blockquote').all()) await expect(quote).toBeVisible();
});

test('what is read with a word set right is shown as passages, at once, and what is said of it is kept', async ({ server, page, newContext }) => {
  const owner = await newContext();
  const widget = await company(owner.request);
  await openChat(page, widget);
  await say(page, 'Within how many days may lmaps be sent back?');
  const said = told(page);
  await expect(said).toContainText('No clear answer to this stands in the documents. This comes nearest:');
  await expect(said.locator('blockquote')).toContainText(['60 days']);
  await said.getByRole('button', { name: 'It does not' }).click();
  await expect(said).toContainText('Thank you. A person can help.');
  const id = await conversation(page, widget);
  await expect.poll(judged(server, id.replace('conv_', ''))).toBe('f');
});

test('a question that stands on the one before it is asked of what was meant there', async ({ page, newContext }) => {
  const owner = (await newContext()).request;
  const widget = await company(owner);
  const plan = (name: string, price: number) => `## ${name}\n\nThe ${name} plan costs ${price} euros per month.\n\n`;
  await teach(owner, 'plans.md', `# Plans\n\n${plan('Solo', 12)}${plan('Team', 29)}`);
  await learnt(owner);
  await openChat(page, widget);
  const answers = told(page);
  let count = 0;
  const ask = async (question: string) => {
    await say(page, question);
    await expect(answers).toHaveCount((count += 1));
  };
  for (const [name, price] of [['Team', 29], ['Solo', 12]] as const) {
    await ask(`Is there a ${name} plan?`);
    await ask('How much is it?');
    await expect(answers.last().locator('blockquote').first()).toContainText(`${price} euros`);
  }
  await ask('And the Team plan?');
  await expect(answers.last()).toContainText('29 euros');
  await expect(answers.last()).not.toContainText('12 euros');
});

test('on a phone: passages that do not answer, said otherwise after a reload, and a person one press away', async ({ server, page, newContext }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const owner = await newContext();
  const widget = await companyNearby(owner.request);
  await openChat(page, widget);
  const said = told(page);
  const uuid = await nearest(page, widget);
  await said.getByRole('button', { name: 'It does not' }).scrollIntoViewIfNeeded();
  expect(await dialog(page).locator('.log').evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
  await said.getByRole('button', { name: 'This answers it' }).click();
  await expect.poll(judged(server, uuid)).toBe('t');
  await page.reload();
  // Who presses twice has not asked for a person, also where text is so large that the buttons stand below one another.
  await page.locator('samtal-widget section').evaluate((section: HTMLElement) => void (section.style.fontSize = '2em'));
  const person = said.getByRole('button', { name: 'Ask a person' });
  const top = () => person.evaluate((button: HTMLElement) => button.offsetTop);
  const before = await top();
  await said.getByRole('button', { name: 'It does not' }).dblclick();
  await expect(said).toContainText('Thank you. A person can help.');
  expect(await top()).toBe(before);
  await expect.poll(judged(server, uuid)).toBe('f');
  await expect(dialog(page).locator('.system.handed_off')).toHaveCount(0);
  await person.click();
  await expect(dialog(page).locator('.system.handed_off')).toBeVisible();
  await expect(person).toBeDisabled();
  // Once one was asked for, none is offered.
  await page.reload();
  await said.getByRole('button', { name: 'It does not' }).click();
  await expect(said).toContainText('Thank you.');
  await expect(said).not.toContainText('A person can help.');
});

test('on a phone: a page that has taken the widget away can be scrolled until it is back', async ({ page, newContext }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const owner = await newContext();
  await openChat(page, await company(owner.request));
  const stands = () => getComputedStyle(document.documentElement).overflowY === 'hidden';
  expect(await page.evaluate(stands)).toBe(true);
  const away = await page.evaluate(() => {
    document.querySelector('samtal-widget')!.remove();
    return getComputedStyle(document.documentElement).overflowY;
  });
  expect(away).not.toBe('hidden');
  await expect(dialog(page)).toBeVisible();
  expect(await page.evaluate(stands)).toBe(true);
});

test('what is half written is the same on all pages of a tab, also on one that comes back as it was', async ({ page, newContext, complaints }) => {
  complaints.expect(/WebSocket is closed before the connection is established/);
  const owner = await newContext();
  const widget = await company(owner.request);
  await openChat(page, widget);
  await field(page).fill('And what of shades?');
  /** Leaves the page, as far as it can tell, and comes back to it; meanwhile, on another page of the tab, … */
  const back = (meanwhile: 'nothing' | 'sent') =>
    page.evaluate(([key, done]) => {
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      if (done === 'sent') sessionStorage.removeItem(key);
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    }, [`samtal.draft:${widget}`, meanwhile] as const);
  await back('nothing');
  await expect(field(page)).toHaveValue('And what of shades?');
  await back('sent');
  await expect(field(page)).toHaveValue('');
  await expect(dialog(page).getByRole('button', { name: 'Send' })).toBeDisabled();
});

test('two windows of one visitor show the same conversation', async ({ page, context, newContext }) => {
  const owner = await newContext();
  const widget = await company(owner.request);
  const second = await context.newPage();
  for (const one of [page, second]) await openChat(one, widget);
  await say(page, 'Within how many days may lamps be sent back?');
  await expect(told(page)).toContainText('60 days');
  await expect(told(second)).toContainText('60 days');
});

test('a widget that is none says so quietly, and the page lives', async ({ page }) => {
  await page.goto('/demo?widget=wgt_00000000000000000000000000000000');
  await page.getByRole('button', { name: 'Chat' }).click();
  await expect(dialog(page).getByRole('status')).toContainText('not available');
});

test('what is too long stays, is counted and explained; what is not goes', async ({ page, newContext }) => {
  const owner = await newContext();
  await openChat(page, await company(owner.request));
  await field(page).fill('word '.repeat(2000));
  for (const key of ['a', 'x', 'v']) await page.keyboard.press(`ControlOrMeta+${key}`);
  await expect(field(page)).toHaveValue('word '.repeat(2000));
  await expect(dialog(page)).toContainText('9999 of 4000 characters: too many. Send the rest in another message.');
  await expect(field(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog(page).getByRole('button', { name: 'Send' })).toBeDisabled();
  await page.keyboard.press('Enter');
  await expect(field(page)).toHaveValue('word '.repeat(2000));
  await expect(dialog(page).locator('.message')).toHaveCount(0);
  // As the server counts: a lamp is one, though a browser takes it for two.
  await say(page, '💡'.repeat(4000));
  await expect(dialog(page).locator('.message.contact')).toHaveAttribute('data-state', 'sent');
  await expect(field(page)).toHaveValue('');
});

test('a message that was not sent says why, and so does a person who could not be asked', async ({ page, newContext }) => {
  const owner = await newContext();
  const refused = new Set<string>();
  await between(page, (frame, socket) => {
    const { client_id } = frame;
    const detail = client_id ? 'Say it in other words.' : 'Nobody is there before nine.';
    if (frame.type !== 'handoff' && (frame.type !== 'send' || refused.has(client_id!))) return false;
    if (client_id) refused.add(client_id);
    socket.send(JSON.stringify({ type: 'error', code: 'invalid_request', detail, client_id }));
    return true;
  });
  await openChat(page, await company(owner.request));
  await say(page, 'Within how many days may lamps be sent back?');
  await expect(dialog(page).locator('.message.contact')).toContainText('Not sent. Say it in other words.');
  await dialog(page).getByRole('button', { name: 'Try again' }).click();
  await expect(told(page)).toContainText('60 days');
  await expect(dialog(page)).not.toContainText('Say it in other words.');
  await dialog(page).getByRole('button', { name: 'Ask a person' }).click();
  await expect(dialog(page).getByRole('status')).toHaveText('A person could not be asked. Nobody is there before nine.');
});

test('a word that an input method is not done with is neither sent nor closed', async ({ page, newContext }) => {
  const owner = await newContext();
  await openChat(page, await company(owner.request));
  const line = await page.context().newCDPSession(page);
  const press = async (key: string, windowsVirtualKeyCode: number) => {
    for (const type of ['rawKeyDown', 'keyUp'] as const) await line.send('Input.dispatchKeyEvent', { type, key, windowsVirtualKeyCode });
  };
  await field(page).fill('ランプ');
  for (const key of ['Enter', 'Escape']) await press(key, 229);
  await line.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
  await press('Enter', 13);
  await line.send('Input.insertText', { text: '日本' });
  await expect(field(page)).toHaveValue('ランプ日本');
  await expect(dialog(page).locator('.message')).toHaveCount(0);
  await press('Enter', 13);
  await expect(dialog(page).locator('.message.contact')).toContainText('ランプ日本');
  await press('Escape', 27);
  await expect(dialog(page)).toBeHidden();
});

test('a visitor who is known need not open it to hear of an answer; what one tab has shown is new in none', async ({ page, context, newContext }) => {
  const owner = await newContext();
  const widget = await company(owner.request);
  const sockets: string[] = [];
  context.on('page', (one) => one.on('websocket', (socket) => sockets.push(socket.url())));
  await openChat(page, widget);
  await page.keyboard.press('Escape');
  // Nothing has been said: nothing is kept, and nothing is loaded.
  const second = await context.newPage();
  await second.goto(`/demo?widget=${widget}`);
  await expect(second.getByRole('button', { name: 'Chat' })).toBeVisible();
  expect(await second.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)])).toEqual([]);
  expect(sockets).toEqual([]);

  await page.getByRole('button', { name: 'Chat' }).click();
  await say(page, 'Within how many days may lamps be sent back?');
  await expect(told(page)).toContainText('60 days');
  await page.keyboard.press('Escape');
  await second.reload();
  await expect.poll(() => sockets.length).toBe(1);
  await page.getByRole('button', { name: 'Chat' }).click();
  // Asked for in one, told in both: here it is seen, there it is counted until it was seen.
  await say(page, 'Who won the world cup?');
  await expect(told(page).nth(1)).toBeVisible();
  await expect(second.locator('.message.assistant')).toHaveCount(2);
  await expect(second.getByRole('button', { name: 'Chat', exact: true })).toBeAttached();
  await page.keyboard.press('Escape');
  await second.getByRole('button', { name: 'Chat' }).click();
  await say(second, 'Is anybody there?');
  await expect(second.locator('.message.assistant')).toHaveCount(3);
  await expect(page.getByRole('button', { name: 'Chat', exact: true })).toBeAttached();
  await expect(page.locator('.message.assistant')).toHaveCount(3);
});

test('of what was there before it was kept what is seen, nothing is new', async ({ page, newContext }) => {
  const owner = await newContext();
  const widget = await company(owner.request);
  const by = await program(owner.request);
  await openChat(page, widget);
  await say(page, 'Within how many days may lamps be sent back?');
  await expect(told(page)).toContainText('60 days');
  await page.keyboard.press('Escape');
  const key = `samtal.seen:${widget}`;
  const seen = () => page.evaluate((name) => localStorage.getItem(name), key);
  const [id] = (await seen())!.split(' ') as [string];
  await page.evaluate((name) => localStorage.removeItem(name), key);
  await page.reload();
  await expect.poll(seen).toBe(`${id} 2`);
  await expect(page.locator('.message.assistant')).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Chat', exact: true })).toBeVisible();
  // What comes then is.
  await step(owner.request, by, id, 'handoff');
  await saysOver(owner.request, by, id, 'Shades cost 350 crowns.', 'agent');
  await expect(page.getByRole('button', { name: 'Chat, 2 new messages' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Chat, 2 new messages' })).toBeVisible();
});

test('addresses are links, of any script and with their brackets', async ({ page, newContext }) => {
  const owner = await newContext();
  await openChat(page, await company(owner.request));
  await say(page, 'Is it https://müller.example/größe_(lampen)? (Or https://例え.テスト/パス.)');
  const links = dialog(page).locator('.message.contact').getByRole('link');
  await expect(links).toHaveText(['https://müller.example/größe_(lampen)', 'https://例え.テスト/パス']);
  expect(await links.evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href))).toEqual([
    'https://xn--mller-kva.example/gr%C3%B6%C3%9Fe_(lampen)',
    'https://xn--r8jz45g.xn--zckzah/%E3%83%91%E3%82%B9',
  ]);
});

test('an address in what stands in a source stays a link, and each underlined part leads to its own source', async ({ page, newContext }) => {
  const owner = await newContext();
  // As a server would say it, with a character that is two to a browser before the rest.
  const text = 'Få räkor 🦐. See https://lamps.example/returns?how=post now.';
  const there = { start: 12, end: [...text].length };
  const citations = [
    { title: 'Shrimps', quote: 'One gets shrimps.', start: 0, end: 11 },
    { title: 'Returns', quote: 'It goes by post.', ...there },
    { title: 'Terms', quote: 'Post is taken.', ...there },
  ];
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.connectToServer().onMessage((data) => {
      const frame = JSON.parse(data as string);
      if (frame.message?.from === 'assistant') Object.assign(frame.message, { text, citations });
      socket.send(JSON.stringify(frame));
    });
  });
  await openChat(page, await company(owner.request));
  await say(page, 'Within how many days may lamps be sent back?');
  const said = dialog(page).locator('.message.assistant');
  await expect(said.locator('.text')).toHaveText(text);
  await expect(said.locator('u')).toHaveText(['Få räkor 🦐.', 'See', 'now.']);
  await expect(said.getByRole('link')).toHaveText('https://lamps.example/returns?how=post');
  await expect(said.getByRole('link')).toHaveAttribute('href', 'https://lamps.example/returns?how=post');
  await expect(said.locator('summary')).toHaveText(['Source 1: Shrimps', 'Source 2: Returns', 'Source 3: Terms']);
  const titles = ['Source 1: Shrimps', 'Source 2: Returns', 'Source 2: Returns'];
  for (const [at, title] of titles.entries()) await expect(said.locator('u').nth(at)).toHaveAttribute('title', title);
  await said.locator('u').last().click();
  const quotes = said.locator('blockquote');
  await expect(quotes.nth(1)).toBeVisible();
  for (const other of [0, 2]) await expect(quotes.nth(other)).toBeHidden();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).include('samtal-widget').withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
    expect(violations, colorScheme).toEqual([]);
  }
});

test('taken out of the page it leaves nothing, and may be put in again', async ({ page, newContext, complaints }) => {
  // It may not have been there yet.
  complaints.expect(/WebSocket is closed before the connection is established/);
  const owner = await newContext();
  await openChat(page, await company(owner.request));
  const src = await page.locator('script[data-widget]').getAttribute('src');
  const left = () => page.evaluate(() => [typeof Reflect.get(window, 'Samtal'), typeof Reflect.get(window, Symbol.for('samtal')), document.querySelectorAll('samtal-widget').length]);
  expect(await left()).toEqual(['function', 'function', 1]);
  const hide = (hidden: boolean) => page.locator('samtal-widget').evaluate((element: HTMLElement, how) => void (element.hidden = how), hidden);
  await hide(true);
  await expect(page.getByRole('button', { name: 'Chat' })).toBeHidden();
  await hide(false);
  await expect(dialog(page)).toBeHidden();
  await page.getByRole('button', { name: 'Chat' }).click();
  await expect(dialog(page)).toBeVisible();
  await page.evaluate(() => Reflect.get(window, 'Samtal').destroy());
  expect(await left()).toEqual(['undefined', 'undefined', 0]);
  await page.evaluate((address) => document.head.append(Object.assign(document.createElement('script'), { src: address })), src!);
  // It was open when it went.
  await expect(dialog(page)).toBeVisible();
  expect(await left()).toEqual(['function', 'function', 1]);
});
