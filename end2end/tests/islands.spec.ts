// Pages are the server's. Two of them have an island, whose code takes over what the server made, quietly; without it, and
// before it comes, everything works plainly.
import type { Page, Route } from '@playwright/test';
import { begin, messages, program, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, hydrated, test, visit } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

const navigation = (page: Page) => page.getByRole('navigation', { name: 'Dashboard' });
const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const entry = (page: Page, name: string) => page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name });
const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
const field = (page: Page) => page.getByRole('textbox', { name: 'Your message' });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const CODE = '**/assets/**/*.wasm';

/** Names of the files with code that a page asks for, without their hashes and numbers. */
function codeOf(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const name = /\/assets\/(.+)\.[0-9a-f]{16}\.(js|wasm)$/.exec(request.url());
    if (name) asked.push(`${name[1]!.replace(/_\d+$/, '')}.${name[2]}`);
  });
  return asked;
}

/** Holds the code of islands back until it is let go. */
async function held(page: Page): Promise<() => void> {
  let go: () => void = () => undefined;
  const gone = new Promise<void>((settle) => (go = settle));
  await page.route(CODE, async (route) => {
    await gone;
    await route.continue().catch(() => undefined);
  });
  return go;
}

/** Two conversations that are the member's own. */
async function taken(page: Page): Promise<{ elin: string; maja: string; said: (id: string) => Promise<string[]> }> {
  await signUp(page.request);
  const by = await program(page.request);
  const ids: string[] = [];
  for (const name of ['Elin', 'Maja']) {
    const id = await begin(page.request, by, name);
    await step(page.request, by, id, 'handoff');
    await say(page.request, by, id, `Hello from ${name}.`);
    await page.request.post(`/dashboard/inbox/${id}/take-over`);
    ids.push(id);
  }
  const said = async (id: string) => (await messages(page.request, by, id)).filter((one) => one.from === 'agent').map((one) => one.text);
  return { elin: ids[0]!, maja: ids[1]!, said };
}

test('a page without an island has no code, and asks for nothing once it is there', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.resourceType()} ${request.url()}`));
  const look = async (path: string, scripts: string[]) => {
    await page.goto(path, { waitUntil: 'networkidle' });
    expect(await page.locator('leptos-island').count(), path).toBe(0);
    const found = await page.locator('script').evaluateAll((all: HTMLScriptElement[]) => all.map((one) => `${one.type} ${one.src}`.trim()));
    expect(found, path).toEqual(scripts);
    expect(await page.locator('link[rel=modulepreload], link[rel=preload][as=fetch], link[rel=preload][as=script]').count(), path).toBe(0);
  };
  for (const path of ['/', '/login', '/signup']) await look(path, []);
  await signUp(page.request);
  await look('/', []);
  // (What is half written is forgotten at signing out, what waits is heard of, and a line can be copied.)
  await look('/dashboard', ['speculationrules', '', '', '']);
  for (const path of ['/dashboard/members', '/dashboard/api-keys']) await look(path, ['speculationrules', '', '']);
  expect(asked.filter((one) => !/^(document|stylesheet|font|image) /.test(one))).toEqual([]);
});

test('a page with an island names the code in its head, loads each file once, and no other page’s', async ({ page }) => {
  const { elin } = await taken(page);
  const asked = codeOf(page);
  for (const [path, own] of [
    ['/dashboard/inbox', 'desk_loader'],
    [`/dashboard/inbox/${elin}`, 'desk_loader'],
    ['/dashboard/knowledge', 'upload_loader'],
  ] as const) {
    asked.length = 0;
    await visit(page, path);
    await page.waitForLoadState('networkidle');
    expect([...asked].sort(), path).toEqual(['islands.js', 'islands.wasm', 'islands/chunk.wasm', `islands/${own}.wasm`]);
    const { named, begun } = await page.evaluate(() => ({
      named: [...document.head.querySelectorAll<HTMLLinkElement>('link[rel=modulepreload], link[rel=preload][as=fetch]')].map((link) => link.href),
      begun: (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter((one) => /\/islands[./].*\.(js|wasm)$/.test(one.name))
        .map((one) => ({ name: one.name, by: one.initiatorType })),
    }));
    expect(begun.map((one) => one.name).sort(), path).toEqual([...named].sort());
    for (const { name, by } of begun) if (name.endsWith('.wasm')) expect(by, `${name}: by the head, not by other code`).toBe('link');
  }
});

test('islands take over what the server made without changing it', async ({ page, newContext, complaints }) => {
  complaints.expect(/status of 404/);
  await signUp(page.request);
  const storageState = await page.context().storageState();
  const plain = await (await newContext({ storageState, javaScriptEnabled: false })).newPage();
  const same = async (...paths: string[]) => {
    for (const path of paths) {
      await plain.goto(path);
      await visit(page, path);
      await page.waitForLoadState('networkidle');
      expect(await page.locator('body').innerText(), path).toBe(await plain.locator('body').innerText());
      expect(await page.title(), path).toBe(await plain.title());
    }
  };
  await same('/dashboard/knowledge', '/dashboard/inbox', '/dashboard/inbox?show=resolved');
  const by = await program(page.request);
  const id = await begin(page.request, by, 'Elin Sjöberg');
  await teach(page.request, 'returns.txt', 'Goods may be sent back within 60 days.');
  await learnt(page.request);
  await say(page.request, by, id, 'How long can I send goods back?');
  for (let n = 1; n <= 55; n++) await say(page.request, by, id, `Who won the world cup of ${n} & <b>why</b>?`);
  await step(page.request, by, id, 'handoff');
  await same('/dashboard/knowledge?question=How+long+can+I+send+goods+back', '/dashboard/inbox?show=waiting', `/dashboard/inbox/${id}`, `/dashboard/inbox/${id}?show=mine`);
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await same(`/dashboard/inbox/${id}`, '/dashboard/inbox/conv_00000000000000000000000000000000', '/dashboard/inbox/nonsense');
});

test('from page to page by links, back and forward', async ({ page }) => {
  const person = await signUp(page.request);
  await page.goto('/dashboard');
  const at = async (path: string, name: string | RegExp, link: string) => {
    await expect(page).toHaveURL(path);
    await expect(heading(page)).toHaveText(name);
    await expect(page).toHaveTitle(`${link} · Samtal`);
    await expect(navigation(page).locator('[aria-current]')).toHaveText([link]);
    await expect(navigation(page).getByRole('link', { name: link })).toHaveAttribute('aria-current', 'page');
  };
  const stops = [
    ['/dashboard', /^Welcome, /, 'Home'],
    ['/dashboard/members', 'Members', 'Members'],
    ['/dashboard/inbox', 'Inbox', 'Inbox'],
    ['/dashboard/knowledge', 'Knowledge', 'Knowledge'],
    ['/dashboard/api-keys', 'API keys', 'API keys'],
  ] as const;
  await at(...stops[0]);
  for (const stop of stops.slice(1)) {
    await navigation(page).getByRole('link', { name: stop[2] }).click();
    await at(...stop);
    if (stop[2] === 'Members') await expect(page.getByRole('table')).toContainText(person.email);
    await hydrated(page);
  }
  for (const stop of [...stops].reverse().slice(1)) {
    await page.goBack();
    await at(...stop);
  }
  for (const stop of stops.slice(1)) {
    await page.goForward();
    await at(...stop);
  }
});

test('what a link leads to is as it is now, however long ago the pointer was on it', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin');
  await visit(page, '/dashboard/inbox');
  const home = navigation(page).getByRole('link', { name: 'Home' });
  // A browser may fetch a page ahead when the pointer rests on its link.
  const ahead = page.waitForRequest('**/dashboard', { timeout: 3_000 }).catch(() => undefined);
  await home.hover();
  await ahead;
  await page.mouse.move(900, 500);
  await step(request, by, id, 'handoff');
  await expect(page).toHaveTitle('(1) Inbox · Samtal');
  await home.click();
  await expect(heading(page)).toContainText('Welcome');
  await expect(page.getByRole('region', { name: 'Waiting for a person' })).toContainText('Elin');
});

test('on a phone the navigation gets out of the way once a page is chosen', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signUp(page.request);
  await page.goto('/dashboard');
  for (const name of ['Members', 'Inbox', 'Knowledge']) {
    await expect(navigation(page)).toBeHidden();
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await expect(navigation(page)).toBeVisible();
    await navigation(page).getByRole('link', { name }).click();
    await expect(heading(page)).toHaveText(name);
  }
  await expect(navigation(page)).toBeHidden();
  await page.goBack();
  await expect(heading(page)).toHaveText('Inbox');
  await expect(navigation(page)).toBeHidden();
});

test('a page of the dashboard that there is not says so, with status 404, and leads home', async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  await signUp(page.request);
  const response = await page.goto('/dashboard/no-such-page');
  expect(response!.status()).toBe(404);
  await expect(heading(page)).toHaveText('There is nothing here');
  await page.getByRole('link', { name: 'To the home page' }).click();
  await expect(heading(page)).toContainText('Welcome');
});

// As after an update, when the names of before are gone; and on a line that is too slow.
const failures: [string, string, ((route: Route) => unknown)][] = [
  ['all of it is gone', CODE, (route) => route.fulfill({ status: 404 })],
  ['the script is gone', '**/assets/islands.*.js', (route) => route.fulfill({ status: 404 })],
  ['the island’s own part is gone', '**/assets/islands/*_loader_*.wasm', (route) => route.fulfill({ status: 404 })],
  ['it never comes', CODE, () => undefined],
];
for (const [what, address, fail] of failures) {
  test(`without the code of the inbox, because ${what}, its links and forms work plainly`, async ({ page, complaints }) => {
    complaints.expect(/status of 404/, /Failed to fetch|failed to fetch|instantiateStreaming|CompileError|TypeError|panicked|unreachable/);
    const { elin, maja, said } = await taken(page);
    await page.route(address, fail);
    // What never comes, the browser never says that it has loaded.
    const waitUntil = 'domcontentloaded';
    await page.goto('/dashboard/inbox', { waitUntil });
    await entry(page, 'Elin').click({ noWaitAfter: true });
    await expect(page).toHaveURL(`/dashboard/inbox/${elin}?show=open`);
    await expect(page.getByRole('heading', { name: 'Elin' })).toBeVisible();
    await field(page).fill('Hello Elin.');
    await button(page, 'Send').click({ noWaitAfter: true });
    await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Hello Elin.']);
    await button(page, 'Resolve').click({ noWaitAfter: true });
    await expect(log(page)).toContainText('marked as resolved');
    await page.getByRole('link', { name: 'Mine' }).click({ noWaitAfter: true });
    await expect(page).toHaveURL('/dashboard/inbox?show=mine');
    await entry(page, 'Maja').click({ noWaitAfter: true });
    await expect(page.getByRole('heading', { name: 'Maja' })).toBeVisible();
    await page.goBack({ waitUntil });
    await expect(page.getByRole('heading', { name: 'Maja' })).toHaveCount(0);
    await navigation(page).getByRole('link', { name: 'Members' }).click({ noWaitAfter: true });
    await expect(heading(page)).toHaveText('Members');
    expect([await said(elin), await said(maja)]).toEqual([['Hello Elin.'], []]);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test(`without the code of the documents, because ${what}, its forms work plainly`, async ({ page, complaints }) => {
    complaints.expect(/status of (404|422)/, /Failed to fetch|failed to fetch|instantiateStreaming|CompileError|TypeError|panicked|unreachable/);
    await signUp(page.request);
    await page.route(address, fail);
    await page.goto('/dashboard/knowledge', { waitUntil: 'domcontentloaded' });
    const files = ['returns.txt', 'scan.pdf'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name === 'scan.pdf' ? '%PDF-1.7 nothing' : 'Within 60 days.') }));
    await page.getByLabel('Choose files, or drop them here').setInputFiles(files);
    await button(page, 'Upload').click({ noWaitAfter: true });
    await expect(page.getByRole('alert')).toContainText('scan.pdf: This is a PDF');
    await button(page, 'Delete returns').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete returns' }).click({ noWaitAfter: true });
    await expect(page.getByText('Nothing is known yet')).toBeVisible();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
}

test('what is typed before the code comes is kept, and can be sent when it has come', async ({ page }) => {
  const { elin, said } = await taken(page);
  const go = await held(page);
  await page.goto(`/dashboard/inbox/${elin}`, { waitUntil: 'domcontentloaded' });
  await field(page).pressSequentially('Half a sent');
  go();
  await hydrated(page);
  await expect(field(page)).toHaveValue('Half a sent');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('ence.');
  await page.keyboard.press('Enter');
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Half a sentence.']);
  await expect(field(page)).toHaveValue('');
  expect(await said(elin)).toEqual(['Half a sentence.']);
});

test('what is typed before the code comes stays with its conversation', async ({ page }) => {
  const { elin, maja, said } = await taken(page);
  const go = await held(page);
  await page.goto(`/dashboard/inbox/${elin}`, { waitUntil: 'domcontentloaded' });
  await field(page).fill('Dear Elin');
  go();
  await hydrated(page);
  await entry(page, 'Maja').click();
  await expect(page.getByRole('heading', { name: 'Maja' })).toBeVisible();
  await expect(field(page)).toHaveValue('');
  await entry(page, 'Elin').press('Enter');
  await expect(page.getByRole('heading', { name: 'Elin' })).toBeVisible();
  await expect(field(page)).toHaveValue('Dear Elin');
  expect([await said(elin), await said(maja)]).toEqual([[], []]);
});

test('a form that was sent before the code came is answered by a page, and that one is taken over as it is', async ({ page, complaints }) => {
  complaints.expect(/status of 409/);
  const { elin, said } = await taken(page);
  let comes = false;
  await page.route(CODE, (route) => (comes ? route.continue() : undefined));
  await page.goto(`/dashboard/inbox/${elin}`, { waitUntil: 'domcontentloaded' });
  await field(page).fill('</textarea>One.\nTwo.');
  await page.request.post(`/dashboard/inbox/${elin}/hand-back`);
  comes = true;
  await button(page, 'Send').click({ noWaitAfter: true });
  const why = page.getByText('Take the conversation over first; then send again.');
  await expect(why).toBeVisible();
  await hydrated(page);
  await expect(why).toBeVisible();
  await expect(field(page)).toHaveValue('</textarea>One.\nTwo.');
  await button(page, 'Take over').click();
  await expect(field(page)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['</textarea>One.\nTwo.']);
  expect(await said(elin)).toEqual(['</textarea>One.\nTwo.']);
});

test('who is on a line of the inbox is still on it when the lines have moved', async ({ page }) => {
  const { elin, maja } = await taken(page);
  const by = await program(page.request);
  await visit(page, `/dashboard/inbox/${elin}`);
  // As after a click: only the keyboard makes the lines stand still.
  await field(page).click();
  await entry(page, 'Maja').focus();
  await say(page.request, by, elin, 'One more thing.');
  await expect(page.locator('a.talk').first()).toContainText('One more thing.');
  await expect(entry(page, 'Maja')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/dashboard/inbox/${maja}?show=open`);
});

/** What translators do: every piece of text into elements of their own, but where a page asks them not to. */
const translate = (page: Page, where = 'body') =>
  page.evaluate((where) => {
    const walker = document.createTreeWalker(document.querySelector(where)!, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      if (!text.data.trim() || text.parentElement!.closest('textarea, script, font, [translate=no]')) continue;
      const [outer, inner] = [document.createElement('font'), document.createElement('font')];
      text.replaceWith(outer);
      outer.append(inner);
      inner.append(document.createTextNode(text.data));
    }
  }, where);

/** Where the page says that one is, one is, and what is said there arrives there. */
async function alive(page: Page, { elin, maja, said }: Awaited<ReturnType<typeof taken>>, ...visits: ('Elin' | 'Maja')[]): Promise<void> {
  const before = { Elin: await said(elin), Maja: await said(maja) };
  for (const [at, name] of visits.entries()) {
    await page.locator('a.talk', { hasText: name }).press('Enter');
    await expect(page).toHaveURL(new RegExp(`/dashboard/inbox/${name === 'Elin' ? elin : maja}`));
    await expect(log(page)).toContainText(`Hello from ${name}.`);
    await expect(log(page)).not.toContainText(`Hello from ${name === 'Elin' ? 'Maja' : 'Elin'}.`);
    await expect(page.locator('#with')).toHaveText(name);
    const text = `Dear ${name}, this is number ${at}.`;
    await field(page).fill(text);
    await page.locator('.composer button').click();
    await expect(log(page).locator('.said--agent .said__text', { hasText: text })).toHaveCount(1);
    before[name].push(text);
    expect({ Elin: await said(elin), Maja: await said(maja) }).toEqual(before);
  }
  await page.locator('form[action*=resolve] button').click();
  await expect(log(page)).toContainText('marked as resolved');
}

const strangers: [string, (page: Page) => Promise<void>][] = [
  ['a translator has', (page) => translate(page)],
  ['a translator has, in the foot alone,', (page) => translate(page, '.thread__foot')],
  ['an extension has put something beside the field and', (page) => page.evaluate(() => document.querySelector('textarea')!.after(document.createElement('x-extension')))],
  ['an extension has put something into the list and', (page) => page.evaluate(() => document.querySelector('.talks')!.prepend(document.createElement('x-extension')))],
  ['an extension has put something around the page and', (page) => page.evaluate(() => document.body.prepend(document.createElement('x-extension')))],
];
for (const [who, change] of strangers) {
  for (const first of ['a link', 'the form']) {
    test(`${who} changed the page before the code came: ${first} leads where it should, and no message is lost`, async ({ page, complaints }) => {
      complaints.expect(/panicked|unreachable|hydration/);
      const { elin, maja, said } = await taken(page);
      const go = await held(page);
      await page.goto(`/dashboard/inbox/${elin}`, { waitUntil: 'domcontentloaded' });
      await change(page);
      await page.evaluate(() => document.body.append(document.createElement('x-extension')));
      if (first === 'the form') await field(page).fill('Dear Elin.');
      go();
      await page.waitForLoadState('networkidle');
      await hydrated(page);
      if (first === 'the form') {
        await expect(field(page)).toHaveValue('Dear Elin.');
        await page.locator('.composer button').click();
        await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Dear Elin.']);
        expect([await said(elin), await said(maja)]).toEqual([['Dear Elin.'], []]);
      }
      await alive(page, { elin, maja, said }, 'Maja', 'Elin', 'Maja');
    });
  }
}

test('a translator changes the page after the code came: it goes on, and says who is open', async ({ page }) => {
  const { elin, maja, said } = await taken(page);
  await visit(page, `/dashboard/inbox/${elin}`);
  await translate(page);
  await field(page).fill('Dear Elin.');
  await page.keyboard.press('Enter');
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Dear Elin.']);
  await translate(page);
  await alive(page, { elin, maja, said }, 'Maja', 'Elin', 'Maja');
});
