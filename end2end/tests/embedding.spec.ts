// A meeting in the page of another site: shown where the company allows it, told and commanded by that page alone. Samtal is at 127.0.0.1, the sites at
// `localhost`, which for a browser is another site: cookies of Samtal's do not come along.
import { type APIRequestContext, type Page } from '@playwright/test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { withDevices } from '../support/browser.ts';
import { program } from '../support/conversations.ts';
import { expect, test } from '../support/fixtures.ts';
import { enter, makeMeeting, plays, tile } from '../support/meetings.ts';
import { type Person, signUp, somebody } from '../support/people.ts';

test.use({ launchOptions: withDevices });
test.describe.configure({ timeout: 120_000 });

// What a page lends by a name that this browser does not have yet, it says and leaves out.
test.beforeEach(({ complaints }) => complaints.expect(/Unrecognized feature: 'speaker-selection'/));

/** A site whose pages hold one line of HTML, and keep what they are told. */
async function site(samtal: string, line: () => string): Promise<{ url: string; close: () => void }> {
  const server = createServer((asked, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    if (asked.url !== '/') return answer.end();
    answer.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>A shop</title><body><h1>A shop</h1>${line()}<script>
      const frame = document.querySelector('iframe'), samtal = ${JSON.stringify(samtal)};
      window.told = [];
      addEventListener('message', ({ origin, source, data }) => {
        if (origin === samtal && source === frame.contentWindow) told.push(data);
      });
      window.ask = (message) => frame.contentWindow.postMessage(message, samtal);
      frame.addEventListener('load', () => ask({ type: 'samtal:hello' }));
    </script>`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** The line that the dashboard gives for a page, for the server as the tests reach it. */
async function snippet(page: Page, samtal: string): Promise<string> {
  const dashboard = await page.context().newPage();
  await dashboard.goto('/dashboard/meetings');
  await dashboard.getByText('Show it in a page of yours').click();
  const line = await dashboard.getByText('<iframe').innerText();
  await dashboard.close();
  expect(line).toContain('allow="camera; microphone; display-capture; speaker-selection; autoplay; fullscreen; clipboard-write"');
  return line.replace(/src="https?:\/\/[^/"]+\/embed\/meet\//, `src="${samtal}/embed/meet/`);
}

/** Has the company of a person allow sites, in its settings. */
async function allow(request: APIRequestContext, { company }: Person, sites: string[]): Promise<void> {
  const answer = await request.post('/dashboard/settings', {
    form: { version: '0', name: company, embed_origins: sites.join('\n') },
    maxRedirects: 0,
  });
  expect(answer.status(), await answer.text()).toBe(303);
}

const told = (page: Page) => page.evaluate(() => Reflect.get(window, 'told') as { type: string }[]);
const ask = (page: Page, message: object) => page.evaluate((message) => Reflect.get(window, 'ask')(message), message);
const inside = (page: Page) => page.frameLocator('iframe >> nth=0');
const hears = (page: Page, message: Record<string, unknown>) =>
  expect.poll(() => told(page), { timeout: 30_000 }).toContainEqual(expect.objectContaining(message));

test('a page of another site shows a meeting, hears of it, mutes and hangs up', async ({ page, server, newContext }) => {
  const host = await signUp(page.request, somebody());
  await enter(page, await makeMeeting(page.request));
  const line = await snippet(page, server.url);
  const shop = await site(server.url, () => line);
  await allow(page.request, host, ['https://shop.example', shop.url]);

  const visitor = await (await newContext()).newPage();
  await visitor.goto(shop.url);
  await hears(visitor, { type: 'samtal:ready', stage: 'lobby' });
  const frame = inside(visitor);
  await frame.locator('input[name=name]').fill('Anna Berg');
  await frame.locator('input[name=consent]').check();
  await frame.locator('[data-meet-enter]').click();
  await hears(visitor, { type: 'samtal:joined', role: 'speaker' });
  await hears(visitor, { type: 'samtal:muted', microphone: false, camera: false });
  const anna = tile(page, 'Anna Berg');
  await plays(anna);
  await plays(frame.locator('figure[data-meet-source="camera"]'));

  // What another frame asks for is not heard.
  await visitor.evaluate(
    () =>
      new Promise<void>((sent) => {
        const other = document.createElement('iframe');
        other.sandbox.add('allow-scripts');
        other.srcdoc = `<script>
          for (const type of ['samtal:hello', 'samtal:hang-up']) parent.frames[0].postMessage({ type }, '*');
          parent.frames[0].postMessage({ type: 'samtal:mute', microphone: true, camera: true }, '*');
          parent.postMessage('sent', '*');
        </script>`;
        addEventListener('message', ({ data }) => data === 'sent' && sent());
        document.body.append(other);
      }),
  );
  await ask(visitor, { type: 'samtal:mute', microphone: true });
  await hears(visitor, { type: 'samtal:muted', microphone: true, camera: false });
  await expect(anna.locator('[data-meet-muted]')).toBeVisible();
  await expect(frame.locator('[data-meet-bar] [data-meet-toggle=microphone]')).toHaveAttribute('aria-pressed', 'false');
  // Nothing is turned on from outside.
  await ask(visitor, { type: 'samtal:mute', microphone: false, camera: true });
  await hears(visitor, { type: 'samtal:muted', microphone: true, camera: true });
  await expect(anna).toHaveAttribute('data-meet-off', '');
  expect((await told(visitor)).filter(({ type }) => type === 'samtal:muted')).toEqual([
    { type: 'samtal:muted', microphone: false, camera: false },
    { type: 'samtal:muted', microphone: true, camera: false },
    { type: 'samtal:muted', microphone: true, camera: true },
  ]);

  await ask(visitor, { type: 'samtal:hang-up' });
  await hears(visitor, { type: 'samtal:left', why: 'left' });
  await expect(frame.locator('[data-meet]')).toHaveAttribute('data-meet-stage', 'over');
  await expect(frame.locator('[data-meet-back]')).toHaveCount(0);
  await expect(anna).toHaveCount(0);

  // They come back, and it ends for all.
  await frame.locator('[data-meet-again]').click();
  // The page before has a box that is ticked already.
  await expect(frame.locator('[data-meet]')).toHaveAttribute('data-meet-stage', 'lobby');
  await frame.locator('input[name=consent]').check();
  await frame.locator('[data-meet-enter]').click();
  await expect(tile(page, 'Anna Berg')).toHaveCount(1);
  await page.locator('[data-meet-menu=more]').click();
  await page.locator('[data-meet-bar] button[data-meet-end]').click();
  await page.locator('[data-meet-confirm] button[value=yes]').click();
  await hears(visitor, { type: 'samtal:ended' });
  shop.close();
});

test('a page that lends the frame no camera is said to be in the way, and one joins without', async ({ page, server, newContext, complaints }) => {
  complaints.expect(/permissions policy violation/i);
  const host = await signUp(page.request, somebody());
  await enter(page, await makeMeeting(page.request));
  const line = await snippet(page, server.url);
  const shop = await site(server.url, () => line.replace(/ allow="[^"]*"/, ''));
  await allow(page.request, host, [shop.url]);
  const visitor = await (await newContext()).newPage();
  await visitor.goto(shop.url);
  const frame = inside(visitor);
  await expect(frame.locator('[data-meet-devices-help]')).toHaveText(
    'The page around this one does not lend it camera or microphone. You can join without; tell whoever runs that page.',
  );
  await frame.locator('input[name=name]').fill('Anna Berg');
  await frame.locator('input[name=consent]').check();
  await frame.locator('[data-meet-enter]').click();
  await hears(visitor, { type: 'samtal:joined', role: 'speaker' });
  await expect(tile(page, 'Anna Berg')).toHaveAttribute('data-meet-off', '');
  await plays(frame.locator('figure[data-meet-source="camera"]'));
  // Nor does it lend the screen: no other choice changes that.
  await frame.locator('[data-meet-bar] [data-meet-toggle=screen]').click();
  await expect(frame.locator('[data-meet-notice]')).toHaveText(
    "The page around this one does not lend it the screen. Open the meeting's link by itself to share yours; tell whoever runs that page.",
  );
  shop.close();
});

test('a site that is not allowed shows nothing of a meeting', async ({ page, server, newContext, complaints }) => {
  complaints.expect(/frame-ancestors/, /ERR_BLOCKED_BY/, /does not match the recipient window's origin/);
  const host = await signUp(page.request, somebody());
  await makeMeeting(page.request);
  const line = await snippet(page, server.url);
  const [shop, other] = [await site(server.url, () => line), await site(server.url, () => line)];
  const visitor = await (await newContext()).newPage();
  const refused = async (url: string) => {
    await visitor.goto(url);
    await expect.poll(() => visitor.frames()[1]?.url() ?? '').toMatch(/^chrome-error:/);
    expect(await told(visitor)).toEqual([]);
  };
  // As long as none is allowed, none; then that one alone.
  await refused(shop.url);
  await allow(page.request, host, [shop.url]);
  await visitor.goto(shop.url);
  await expect(inside(visitor).locator('[data-meet]')).toHaveAttribute('data-meet-stage', 'lobby');
  await hears(visitor, { type: 'samtal:ready' });
  await refused(other.url);
  shop.close();
  other.close();
});

test('whom a program has let in is who they are in the frame, and comes back', async ({ page, server, newContext }) => {
  const host = await signUp(page.request, somebody());
  const path = await makeMeeting(page.request, { waiting_room: true, passcode: 'four green lamps' });
  const headers = await program(page.request);
  const [meeting] = (await (await page.request.get('/api/v1/meetings', { headers })).json()).data;
  const answer = await page.request.post(`/api/v1/meetings/${meeting.id}/tokens`, { headers, data: { name: 'Kim of the shop' } });
  const { person, secret, token } = await answer.json();
  await enter(page, path);
  const line = await snippet(page, server.url);
  let given = new URLSearchParams();
  const shop = await site(server.url, () => line.replace(/(src="[^"]+)"/, `$1#${given}"`));
  await allow(page.request, host, [shop.url]);
  for (given of [new URLSearchParams({ token, person, secret }), new URLSearchParams({ token })]) {
    const visitor = await (await newContext()).newPage();
    await visitor.goto(shop.url);
    const frame = inside(visitor);
    await expect(frame.locator('[data-meet-enter]')).toBeVisible();
    for (const name of ['name', 'passcode']) await expect(frame.locator(`input[name=${name}]`)).toBeHidden();
    await frame.locator('input[name=consent]').check();
    await frame.locator('[data-meet-enter]').click();
    // Neither passcode nor waiting room, and the name that the program gave.
    await hears(visitor, { type: 'samtal:joined', person });
    await plays(tile(page, 'Kim of the shop'));
    if (given.has('secret')) {
      await visitor.reload();
      await hears(visitor, { type: 'samtal:joined', person });
      await expect(tile(page, 'Kim of the shop')).toHaveCount(1);
    }
    await visitor.close();
  }
  shop.close();
});
