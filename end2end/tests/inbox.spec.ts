// The inbox: what contacts write appears by itself, people take over, answer, hand back and resolve; with WASM and without.
import type { Page } from '@playwright/test';
import { begin, messages, program, say, step } from '../support/conversations.ts';
import { expect, holder, hydrated, test, visit, withoutLoading } from '../support/fixtures.ts';
import { fillSignIn, signOut, signUp } from '../support/people.ts';

const list = (page: Page) => page.getByRole('region', { name: 'Conversations' });
const entry = (page: Page, name: string | RegExp) => list(page).getByRole('link', { name });
const log = (page: Page) => page.getByRole('log', { name: 'Messages' });
const field = (page: Page) => page.getByRole('textbox', { name: 'Your message' });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
/** Where messages are sent, and where the list is asked for again. */
const SAY = '**/dashboard/inbox/*/messages';
const LIST = /\/dashboard\/inbox\?/;

test('a conversation appears by itself; a person takes over, answers, hands back and resolves', async ({ page, request }) => {
  const person = await signUp(page.request);
  const by = await program(page.request);
  await visit(page, '/dashboard/inbox');
  await expect(page.getByRole('heading', { name: 'Nobody has written yet' })).toBeVisible();
  await expect(page.locator('code', { hasText: 'data-widget="wgt_' })).toBeVisible();
  await withoutLoading(page, async () => {
    const id = await begin(request, by, 'Elin Sjöberg');
    await expect(entry(page, /Elin Sjöberg/)).toContainText('Assistant');
    await entry(page, /Elin Sjöberg/).click();
    await expect(page).toHaveURL(new RegExp(`/dashboard/inbox/${id}`));
    await expect(page.getByRole('heading', { name: 'Elin Sjöberg' })).toBeVisible();
    await expect(field(page)).toBeDisabled();
    await expect(page.getByText('The assistant is answering. Take over to write.')).toBeVisible();

    await say(request, by, id, 'Is the lamp <b>Skymning</b> dear?');
    await expect(log(page)).toContainText('Is the lamp <b>Skymning</b> dear?');
    await expect(log(page)).toContainText('No answer was found in the documents.');
    await step(request, by, id, 'handoff');
    await expect(entry(page, /Elin Sjöberg/)).toContainText('Needs a person');
    await expect(page).toHaveTitle('(1) Elin Sjöberg · Inbox · Samtal');
    await expect(page.getByRole('link', { name: 'Waiting 1' })).toBeVisible();

    await button(page, 'Take over').click();
    await expect(field(page)).toBeFocused();
    await expect(entry(page, /Elin Sjöberg/)).toContainText(`With ${person.name}`);
    await expect(log(page)).toContainText(`${person.name} has joined the conversation.`);
    await expect(page).toHaveTitle('Elin Sjöberg · Inbox · Samtal');

    await field(page).pressSequentially('It is not.');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('It costs <b>400</b> crowns.');
    await page.keyboard.press('Enter');
    await expect(log(page)).toContainText('It costs <b>400</b> crowns.');
    await expect(field(page)).toHaveValue('');
    await expect(field(page)).toBeFocused();
    await say(request, by, id, 'Then I take two.');
    await expect(log(page)).toContainText('Then I take two.');
    // It stands there before the server has it.
    const told = async () => (await messages(request, by, id)).filter((m) => m.from === 'agent').map((m) => m.text);
    await expect.poll(told).toEqual(['It is not.\nIt costs <b>400</b> crowns.']);
    await expect(log(page).getByRole('listitem')).toHaveCount((await messages(request, by, id)).length);

    await button(page, 'Hand back to the assistant').click();
    await expect(log(page)).toContainText('The assistant answers again.');
    await expect(field(page)).toBeDisabled();
    await button(page, 'Resolve').click();
    await expect(log(page)).toContainText('The conversation was marked as resolved.');
    await expect(button(page, 'Resolve')).toBeHidden();
    await expect(page.getByText('All is settled')).toBeVisible();
    await page.getByRole('link', { name: 'Resolved' }).click();
    await expect(entry(page, /Elin Sjöberg/)).toContainText('Resolved');
    // Taken over once more, it is open again.
    await entry(page, /Elin Sjöberg/).click();
    await button(page, 'Take over').click();
    await expect(field(page)).toBeEnabled();
    await page.getByRole('link', { name: 'Mine' }).click();
    await expect(entry(page, /Elin Sjöberg/)).toBeVisible();
  });
});

test('lines move by what is told of them, and the list is not asked for again', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const first = await begin(request, by, 'First');
  const asked: string[] = [];
  // Once the socket is there.
  const renewed = page.waitForResponse(LIST);
  await visit(page, '/dashboard/inbox');
  await renewed;
  page.on('request', (request) => LIST.test(request.url()) && asked.push(request.url()));
  const names = list(page).locator('.talk__name');
  const second = await begin(request, by, 'Second');
  await expect(names).toHaveText(['Second', 'First']);
  await step(request, by, first, 'handoff');
  await expect(names).toHaveText(['First', 'Second']);
  await expect(entry(page, /First/)).toContainText('Needs a person');
  await expect(page).toHaveTitle('(1) Inbox · Samtal');
  await step(request, by, first, 'resolve');
  await expect(names).toHaveText(['Second']);
  await expect(page).toHaveTitle('Inbox · Samtal');
  // Written to again, it is open again.
  await say(request, by, first, 'Once more');
  await expect(names).toHaveText(['First', 'Second']);
  expect(asked).toEqual([]);

  // Those that wait stand in the order in which they began to.
  await page.getByRole('link', { name: 'Waiting' }).click();
  await expect(page.getByText('Nobody waits')).toBeVisible();
  asked.length = 0;
  await step(request, by, second, 'handoff');
  await expect(names).toHaveText(['Second']);
  await step(request, by, first, 'handoff');
  await expect(names).toHaveText(['Second', 'First']);
  await step(request, by, second, 'handback');
  await expect(names).toHaveText(['First']);
  expect(asked).toEqual([]);
});

test('the same without JavaScript', async ({ newContext, request, complaints }) => {
  complaints.expect(/status of (409|422)/);
  const context = await newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const person = await signUp(context.request);
  const by = await program(context.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await say(request, by, id, 'Can I talk to a person?');
  await page.goto('/dashboard/inbox?show=waiting');
  await expect(page).toHaveTitle('(1) Inbox · Samtal');
  await entry(page, /Elin Sjöberg/).click();
  await expect(log(page)).toContainText('Can I talk to a person?');
  await button(page, 'Take over').click();
  await expect(page).toHaveURL(`/dashboard/inbox/${id}?show=waiting`);
  await expect(log(page)).toContainText(`${person.name} has joined the conversation.`);
  await field(page).fill('Of course.');
  await button(page, 'Send').click();
  await expect(page).toHaveURL(`/dashboard/inbox/${id}?show=waiting`);
  await expect(log(page)).toContainText('Of course.');
  await expect(field(page)).toHaveValue('');

  // Words that cannot be sent stay, with the reason, and are nothing but words.
  await field(page).fill('  ');
  await button(page, 'Send').click();
  await expect(page.getByRole('alert').filter({ hasText: 'Write something first.' })).toBeVisible();
  await field(page).fill('</textarea><b>&amp; more');
  await step(request, by, id, 'handback');
  await button(page, 'Send').click();
  await expect(page.getByText('Take the conversation over first; then send again.')).toBeVisible();
  await expect(field(page)).toHaveValue('</textarea><b>&amp; more');
  await button(page, 'Take over').click();
  await button(page, 'Resolve').click();
  await expect(log(page)).toContainText('marked as resolved');
  expect((await messages(request, by, id)).filter((m) => m.from === 'agent').map((m) => m.text)).toEqual(['Of course.']);
});

test('a message that could not be sent stays, and is sent once', async ({ page, request, complaints }) => {
  complaints.expect(/Failed to load resource/);
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by);
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  const own = log(page).locator('.said--agent .said__text');
  // It never arrives.
  await page.route(SAY, (route) => route.abort());
  await field(page).fill('One.');
  await button(page, 'Send').click();
  await expect(field(page)).toHaveValue('');
  await expect(log(page).getByRole('alert')).toHaveText(/^Not sent. The server cannot be reached./);
  await expect(list(page).getByText('Not sent')).toBeVisible();
  await field(page).fill('Two.');
  await page.keyboard.press('Enter');
  await expect(log(page).getByRole('alert')).toHaveCount(2);
  await page.unroute(SAY);
  // Each is sent when it is wanted again, and nothing else with it.
  await button(page, 'Send again').first().click();
  await expect(own).toHaveText(['One.']);
  await expect(log(page).getByRole('alert')).toHaveCount(1);
  await button(page, 'Send again').click();
  await expect(own).toHaveText(['One.', 'Two.']);
  await expect(log(page).getByRole('alert')).toHaveCount(0);
  await expect(list(page).getByText('Not sent')).toBeHidden();

  // Only the answer is lost: it is there once, also after a reload.
  await page.route(SAY, async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await field(page).fill('Three.');
  await page.keyboard.press('Enter');
  await expect(own).toHaveText(['One.', 'Two.', 'Three.']);
  await page.reload();
  await hydrated(page);
  await expect(log(page).getByRole('listitem')).toHaveCount(4);
  await expect(log(page).getByRole('alert')).toHaveCount(0);
  // The same words again are another message.
  await field(page).fill('Three.');
  await page.keyboard.press('Enter');
  await expect(own).toHaveText(['One.', 'Two.', 'Three.', 'Three.']);
  const texts = (await messages(request, by, id)).filter((m) => m.from === 'agent').map((m) => m.text);
  expect(texts).toEqual(['One.', 'Two.', 'Three.', 'Three.']);
});

test('a message that is refused says why, and goes back into the field', async ({ page, request, complaints }) => {
  complaints.expect(/status of 409/);
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by);
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  const { hold, held, release } = holder(page);
  // It is handed back while the message is on its way: the server refuses.
  await page.route(SAY, async (route) => {
    await step(request, by, id, 'handback');
    await route.continue();
  }, { times: 1 });
  await field(page).fill('One.');
  await page.keyboard.press('Enter');
  await expect(log(page).getByRole('alert')).toHaveText('Not sent. The assistant is answering here. Take the conversation over first; then send again.');
  // It is still there after a reload, and waits for its writer.
  await page.reload();
  await hydrated(page);
  await expect(log(page).getByRole('alert')).toHaveText('Not sent. It could not be sent before the page was left.');
  await button(page, 'Take over').click();
  await expect(field(page)).toBeEnabled();
  await field(page).fill('And two.');
  await button(page, 'Edit').click();
  await expect(field(page)).toHaveValue('One.\nAnd two.');
  await expect(field(page)).toBeFocused();
  await expect(log(page).getByRole('alert')).toHaveCount(0);
  await hold(SAY);
  await page.keyboard.press('Enter');
  await held();
  release();
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['One.\nAnd two.']);
  expect((await messages(request, by, id)).filter((m) => m.from === 'agent').map((m) => m.text)).toEqual(['One.\nAnd two.']);
});

test('one goes on writing while answers of the server are on their way', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  await visit(page, `/dashboard/inbox/${id}`);
  const { hold, release } = holder(page);
  const own = log(page).locator('.said--agent .said__text');

  // The page hears of the take-over before its own question is answered.
  await hold('**/dashboard/inbox/*/take-over');
  await button(page, 'Take over').click();
  await field(page).fill('One.');
  await button(page, 'Send').click();
  await expect(own).toHaveText(['One.']);
  await expect(field(page)).toHaveValue('');
  release();

  // What is typed after a message that is on its way follows it.
  await hold(SAY);
  await field(page).fill('Two.');
  await page.keyboard.press('Enter');
  await expect(own).toHaveText(['One.', 'Two.']);
  await page.keyboard.type(' Three.');
  await page.keyboard.press('Enter');
  release();
  await expect(own).toHaveText(['One.', 'Two.', 'Three.']);
  await expect(field(page)).toHaveValue('');
  expect((await messages(request, by, id)).filter((m) => m.from === 'agent').map((m) => m.text)).toEqual(['One.', 'Two.', 'Three.']);
});

test('what is half written stays with its conversation until it is sent', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  for (const name of ['Elin Sjöberg', 'Maja Öberg']) {
    const id = await begin(request, by, name);
    await step(request, by, id, 'handoff');
    await page.request.post(`/dashboard/inbox/${id}/take-over`);
  }
  await visit(page, '/dashboard/inbox');
  await entry(page, /Elin/).click();
  await field(page).pressSequentially('Dear Elin');
  await entry(page, /Maja/).click();
  await expect(page.getByRole('heading', { name: 'Maja Öberg' })).toBeVisible();
  await expect(field(page)).toHaveValue('');
  await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Knowledge' }).click();
  await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Inbox' }).click();
  await entry(page, /Elin/).click();
  await expect(field(page)).toHaveValue('Dear Elin');
  await page.reload();
  await expect(field(page)).toHaveValue('Dear Elin');
  await hydrated(page);
  await field(page).press('Enter');
  await expect(log(page)).toContainText('Dear Elin');
  await expect(field(page)).toHaveValue('');
  await expect(list(page).locator('.talk').first()).toContainText('Team: Dear Elin');
  // By keyboard: a press of the pointer's right after lines have moved would open nothing.
  await entry(page, /Maja/).press('Enter');
  await expect(page.getByRole('heading', { name: 'Maja Öberg' })).toBeVisible();
  await entry(page, /Elin/).press('Enter');
  await expect(log(page)).toContainText('Dear Elin');
  await expect(field(page)).toHaveValue('');
});

test('while the list cannot be renewed, it stays as it was', async ({ page, request, complaints }) => {
  complaints.expect(/Failed to load resource/);
  await signUp(page.request);
  const by = await program(page.request);
  await begin(request, by, 'Elin Sjöberg');
  await visit(page, '/dashboard/inbox');
  await expect(entry(page, /Elin/)).toBeVisible();
  let asked = 0;
  await page.route(LIST, (route) => {
    asked += 1;
    return route.abort();
  });
  await begin(request, by, 'Maja Öberg');
  await expect(page.getByText('The server does not answer. Trying again…')).toBeVisible();
  await expect(entry(page, /Elin/)).toBeVisible();
  expect(asked).toBeGreaterThan(0);
  await page.unroute(LIST);
  await expect(entry(page, /Maja/)).toBeVisible();
  await expect(page.getByText('The server does not answer.')).toBeHidden();
});

test('earlier messages, sources, and what comes while one reads further up', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  for (let n = 1; n <= 60; n++) await say(request, by, id, `Message number ${n}.`);
  await visit(page, `/dashboard/inbox/${id}`);
  const lines = log(page).getByRole('listitem');
  await expect(lines).toHaveCount(50);
  await expect(log(page).getByText('Message number 60.')).toBeInViewport();
  const first = log(page).getByText('Message number 12.', { exact: true });
  await first.scrollIntoViewIfNeeded();
  await page.getByRole('link', { name: 'Earlier messages' }).click();
  await expect(lines).toHaveCount(61);
  await expect(page.getByRole('link', { name: 'Earlier messages' })).toBeHidden();
  await expect(first).toBeInViewport();
  await expect(lines.locator('.said__text').first()).toHaveText('Message number 1.');
  await expect(lines.locator('.said__text').last()).toHaveText('Message number 60.');
  await say(request, by, id, 'One more.');
  await expect(button(page, 'New messages')).toBeVisible();
  await expect(first).toBeInViewport();
  await button(page, 'New messages').click();
  await expect(log(page).getByText('One more.')).toBeInViewport();
  await expect(button(page, 'New messages')).toBeHidden();
  await say(request, by, id, 'And another.');
  await expect(log(page).getByText('And another.')).toBeInViewport();
  await expect(button(page, 'New messages')).toBeHidden();
});

test('what was said while the connection was lost comes with it', async ({ page, request, context }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  const sockets: { close: () => Promise<void> }[] = [];
  await context.routeWebSocket('**/ws', (socket) => {
    socket.connectToServer();
    sockets.push(socket);
  });
  await visit(page, `/dashboard/inbox/${id}`);
  await say(request, by, id, 'One.');
  await expect(log(page)).toContainText('One.');
  await sockets[0]!.close();
  await say(request, by, id, 'Two.');
  await say(request, by, id, 'Three.');
  await expect(log(page)).toContainText('Three.');
  await expect(log(page).locator('.said--contact .said__text')).toHaveText(['One.', 'Two.', 'Three.']);
});

test('a name is a name, whatever stands in it', async ({ page, request, newContext }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const name = '</title><meta http-equiv=refresh content="0;url=//e.example">&amp;<b>';
  const id = await begin(request, by, name);
  const other = await begin(request, by, 'Elin Sjöberg');
  for (const javaScriptEnabled of [false, true]) {
    const context = await newContext({ javaScriptEnabled, storageState: await page.context().storageState() });
    const own = await context.newPage();
    const answer = await own.goto(`/dashboard/inbox/${id}`);
    expect(await answer!.text()).not.toContain('<meta http-equiv');
    await expect(own).toHaveTitle(`${name} · Inbox · Samtal`);
    await expect(own.getByRole('heading', { name })).toBeVisible();
    expect(new URL(own.url()).pathname).toBe(`/dashboard/inbox/${id}`);
    if (!javaScriptEnabled) continue;
    await hydrated(own);
    await expect(own).toHaveTitle(`${name} · Inbox · Samtal`);
    await entry(own, /Elin/).click();
    await expect(own).toHaveTitle('Elin Sjöberg · Inbox · Samtal');
    await entry(own, /refresh/).click();
    await expect(own).toHaveTitle(`${name} · Inbox · Samtal`);
  }
  expect(other).not.toBe(id);
});

test('one company sees nothing of another', async ({ page, request, newContext, complaints }) => {
  complaints.expect(/status of 404/);
  await signUp(page.request);
  const other = await newContext();
  await signUp(other.request);
  const theirs = await program(other.request);
  const id = await begin(request, theirs, 'Elin Sjöberg');
  const answer = await page.goto(`/dashboard/inbox/${id}`);
  expect(answer!.status()).toBe(404);
  await hydrated(page);
  await expect(page.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
  await say(request, theirs, id, 'Borealis alone.');
  await visit(page, '/dashboard/inbox');
  await expect(page.getByRole('heading', { name: 'Nobody has written yet' })).toBeVisible();
  await expect(page.getByText('Elin')).toHaveCount(0);
  for (const what of ['take-over', 'hand-back', 'resolve', 'messages']) {
    const form = { text: 'Mine', client_id: 'x' };
    expect((await page.request.post(`/dashboard/inbox/${id}/${what}`, { form })).status(), what).toBe(404);
  }
});

test('conversations by browser back and forward, and over a reload', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const ids: string[] = [];
  for (const name of ['Maja Öberg', 'Elin Sjöberg']) {
    const id = await begin(request, by, name);
    await step(request, by, id, 'handoff');
    await say(request, by, id, `This is ${name}.`);
    ids.push(id);
  }
  const [maja, elin] = ids;
  await visit(page, '/dashboard/inbox');
  const at = async (address: string, name: string | undefined, filter: string) => {
    await expect(page).toHaveURL(`/dashboard/inbox${address}`);
    await expect(page).toHaveTitle(name ? `(2) ${name} · Inbox · Samtal` : '(2) Inbox · Samtal');
    await expect(page.getByRole('navigation', { name: 'Which conversations' }).locator('[aria-current]')).toHaveText(new RegExp(`^${filter}`));
    await expect(list(page).locator('.talk[aria-current]')).toHaveCount(name ? 1 : 0);
    if (name) {
      await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
      await expect(entry(page, new RegExp(name))).toHaveAttribute('aria-current', 'page');
      await expect(log(page).locator('.said--contact .said__text')).toHaveText([`This is ${name}.`]);
    } else {
      await expect(page.getByText('Choose a conversation.')).toBeVisible();
      await expect(log(page)).toHaveCount(0);
    }
  };
  const stops = [
    ['', undefined, 'Open'],
    [`/${elin}?show=open`, 'Elin Sjöberg', 'Open'],
    [`/${maja}?show=open`, 'Maja Öberg', 'Open'],
    ['?show=waiting', undefined, 'Waiting'],
    [`/${elin}?show=waiting`, 'Elin Sjöberg', 'Waiting'],
  ] as const;
  const walk = async () => {
    for (const stop of [...stops].reverse().slice(1)) {
      await page.goBack();
      await at(...stop);
    }
    for (const stop of stops.slice(1)) {
      await page.goForward();
      await at(...stop);
    }
  };
  await at(...stops[0]);
  await withoutLoading(page, async () => {
    for (const stop of stops.slice(1)) {
      if (stop[1]) await entry(page, new RegExp(stop[1])).press('Enter');
      else await page.getByRole('link', { name: stop[2] }).click();
      await at(...stop);
      // Who uses a keyboard or a screen reader is where the new content begins.
      await expect(page.getByRole('main')).toBeFocused();
    }
    await walk();
  });
  // A page that is loaded again is the same one, and the way back as well.
  await page.reload();
  await hydrated(page);
  await at(...stops[4]);
  await walk();
  // From another page, too.
  await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Members' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Members');
  await page.goBack();
  await at(...stops[4]);
  await page.goBack();
  await at(...stops[3]);
});

test('a conversation opened in a new tab leaves this one as it is', async ({ page, request, context }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await say(request, by, id, 'Hello?');
  await visit(page, '/dashboard/inbox');
  await withoutLoading(page, async () => {
    for (const options of [{ modifiers: ['ControlOrMeta' as const] }, { button: 'middle' as const }, { modifiers: ['Shift' as const] }]) {
      const opened = context.waitForEvent('page');
      await entry(page, /Elin/).click(options);
      const tab = await opened;
      await expect(tab).toHaveURL(`/dashboard/inbox/${id}?show=open`);
      await expect(tab.getByRole('heading', { name: 'Elin Sjöberg' })).toBeVisible();
      await tab.close();
      await expect(page).toHaveURL('/dashboard/inbox');
      await expect(page.getByText('Choose a conversation.')).toBeVisible();
    }
  });
});

test('the way past the navigation changes nothing of what is open', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  for (let n = 1; n <= 60; n++) await say(request, by, id, `Message number ${n}.`);
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  await page.getByRole('link', { name: 'Earlier messages' }).click();
  await expect(log(page).getByRole('listitem')).toHaveCount(62);
  await field(page).fill('Half written');
  let asked = 0;
  page.on('request', (request) => (asked += Number(request.url().includes(`/dashboard/inbox/${id}`))));
  await page.getByRole('link', { name: 'Skip to the content' }).press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  // The page has had time to ask, if it wants to.
  await say(request, by, id, 'One more.');
  await expect(log(page)).toContainText('One more.');
  await expect(entry(page, /Elin/)).toContainText('One more.');
  expect(asked).toBe(0);
  await expect(log(page).getByRole('listitem')).toHaveCount(63);
  await expect(field(page)).toHaveValue('Half written');
});

test('a conversation that cannot be loaded says so, and is there when it can', async ({ page, request, complaints }) => {
  complaints.expect(/Failed to load resource|ERR_INTERNET_DISCONNECTED|WebSocket/);
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  await visit(page, '/dashboard/inbox');
  const address = `**/dashboard/inbox/${id}*`;
  await page.route(address, (route) => route.abort());
  await entry(page, /Elin/).click();
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached.');
  await page.unroute(address);
  await entry(page, /Elin/).click();
  await expect(page.getByRole('heading', { name: 'Elin Sjöberg' })).toBeVisible();

  // A step that does not arrive is not taken, says so, and can be taken again; what was typed stays.
  await button(page, 'Take over').click();
  await field(page).fill('Half written');
  await page.context().setOffline(true);
  await button(page, 'Resolve').click();
  await expect(page.getByText('The server cannot be reached. Check the connection and try again.')).toBeVisible();
  await expect(field(page)).toHaveValue('Half written');
  await page.context().setOffline(false);
  await button(page, 'Resolve').click();
  await expect(log(page)).toContainText('marked as resolved');
  await expect(page.getByText('The server cannot be reached.')).toHaveCount(0);
});

test('a session that has ended meanwhile: the inbox says so, keeps what was typed and leads to the sign-in page', async ({ page, request, complaints }) => {
  complaints.expect(/status of 401/);
  const person = await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  await page.context().clearCookies();
  await field(page).fill('Hello Elin.');
  await page.keyboard.press('Enter');
  await expect(log(page).getByRole('alert')).toHaveText('Not sent. Your session has ended. Sign in again; nothing was changed.');
  await entry(page, /Elin/).press('Enter');
  await page.getByRole('alert').getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/login/);
  await fillSignIn(page, person);
  await expect(page).toHaveURL(`/dashboard/inbox/${id}`);
  await button(page, 'Send again').click();
  await expect(log(page).locator('.said--agent .said__text')).toHaveText(['Hello Elin.']);
});

test('what an input method takes is not sent; what is too long is kept and explained; signing out forgets what is half written', async ({ page, request, complaints }) => {
  complaints.expect(/status of 422/);
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  await field(page).fill('こんに');
  // Safari tells of the key that ends a composition after it has ended.
  await field(page).dispatchEvent('keydown', { key: 'Enter', keyCode: 229, which: 229, bubbles: true, cancelable: true });
  await expect(field(page)).toHaveValue('こんに');
  const long = 'word '.repeat(2000);
  await field(page).fill(long);
  await expect(field(page)).toHaveValue(long);
  await page.keyboard.press('Enter');
  await expect(log(page).getByRole('alert')).toContainText('Not sent. Use at most 4,000 characters');
  await button(page, 'Edit').click();
  await expect(field(page)).toHaveValue(long);
  expect((await messages(request, by, id)).filter((m) => m.from === 'agent')).toEqual([]);

  await field(page).fill('Half written');
  const kept = () => page.evaluate(() => Object.keys(sessionStorage).filter((name) => name.startsWith('samtal:')).length);
  await expect.poll(kept).toBe(1);
  await signOut(page);
  expect(await kept()).toBe(0);
});

test('addresses in messages are links, and nothing else of the words is more than words', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  const text = 'See https://fjällhus.example/vägen_(ny)?a=1&b=2. <img src=x onerror=alert(1)> "https://b.example/"';
  await say(request, by, id, text);
  await visit(page, `/dashboard/inbox/${id}`);
  await expect(log(page).locator('.said--contact .said__text')).toHaveText(text);
  const links = log(page).locator('.said__text').getByRole('link');
  await expect(links).toHaveText(['https://fjällhus.example/vägen_(ny)?a=1&b=2', 'https://b.example/']);
  await expect(links.first()).toHaveAttribute('href', 'https://fjällhus.example/vägen_(ny)?a=1&b=2');
  await page.context().route('https://**', (route) => route.fulfill({ body: 'Elsewhere' }));
  const [opened] = await Promise.all([page.context().waitForEvent('page'), links.last().click()]);
  expect(opened.url()).toBe('https://b.example/');
  await opened.close();
  await expect(page.locator('.said__text img')).toHaveCount(0);
});

test('a conversation that is not there leads back to the inbox', async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  await signUp(page.request);
  await visit(page, '/dashboard/inbox/conv_00000000000000000000000000000000');
  await page.getByRole('link', { name: 'To the inbox' }).click();
  await expect(page).toHaveURL('/dashboard/inbox');
});

test('on a phone the list and the conversation each fill the screen', async ({ page, request }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await say(request, by, id, 'Can I talk to a person?');
  await visit(page, '/dashboard/inbox');
  await expect(field(page)).toBeHidden();
  await entry(page, /Elin Sjöberg/).click();
  await expect(log(page)).toContainText('Can I talk to a person?');
  await expect(list(page)).toBeHidden();
  await button(page, 'Take over').click();
  await field(page).fill('Here I am.');
  await button(page, 'Send').click();
  await expect(log(page).getByText('Here I am.')).toBeInViewport();
  await expect(field(page)).toBeInViewport();
  await page.getByRole('link', { name: 'All conversations' }).click();
  await expect(entry(page, /Elin Sjöberg/)).toBeVisible();
  await expect(field(page)).toBeHidden();
});

test('a conversation by keyboard alone', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await say(request, by, id, 'Can I talk to a person?');
  await visit(page, '/dashboard/inbox');
  const tabTo = async (target: ReturnType<typeof field>) => {
    for (let presses = 0; presses < 60; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${target}`);
  };
  await tabTo(entry(page, /Elin Sjöberg/));
  await page.keyboard.press('Enter');
  await expect(log(page)).toBeVisible();
  await tabTo(button(page, 'Take over'));
  await page.keyboard.press('Enter');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('Hello.');
  await page.keyboard.press('Enter');
  await expect(log(page)).toContainText('Hello.');
  await page.keyboard.press('Shift+Tab');
  await expect(log(page)).toBeFocused();
  await tabTo(button(page, 'Resolve'));
  await page.keyboard.press('Space');
  await expect(log(page)).toContainText('marked as resolved');
  await expect(log(page)).toBeFocused();
});

test('who writes is shown to the other', async ({ page, request }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin Sjöberg');
  await step(request, by, id, 'handoff');
  await page.request.post(`/dashboard/inbox/${id}/take-over`);
  await visit(page, `/dashboard/inbox/${id}`);
  // A colleague's page, as another socket of the same session.
  const heard = page.evaluate(async (conversation) => {
    const socket = new WebSocket(`ws://${location.host}/ws`);
    return new Promise<string>((settle) => {
      socket.onopen = () => socket.send('{"type":"hello"}');
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === 'welcome') socket.send(JSON.stringify({ type: 'subscribe', conversation, after: 0 }));
        // Until the page listens, too.
        if (frame.type === 'caught_up') setInterval(() => socket.send(JSON.stringify({ type: 'typing', conversation })), 1_000);
        if (frame.type === 'typing') settle(frame.from);
      };
    });
  }, id);
  await expect(page.getByText(/ is writing…$/)).toBeVisible();
  await field(page).pressSequentially('Hm');
  expect(await heard).toBe('agent');
});
