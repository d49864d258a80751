// Documents: uploaded, read, asked, deleted; with WASM and without it, and never another company's.
import type { Page, Route } from '@playwright/test';
import { join } from 'node:path';
import { begin, messages, program, say } from '../support/conversations.ts';
import { addedLater, learnt, teach } from '../support/documents.ts';
import { expect, holder, hydrated, test, visit, withoutLoading } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { signUp } from '../support/people.ts';

const RETURNS = '# Returns\n\nUnused goods may be sent back within 60 days of delivery.\n\n## Gift cards\n\nGift cards are never taken back.\n';
const file = (name: string, text: string | Buffer) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) });

test('several files at once: each says how far it is, is read, and answers', async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  await signUp(page.request);
  await visit(page, '/dashboard/knowledge');
  await expect(page.getByText('Nothing is known yet')).toBeVisible();
  const table = page.getByRole('table', { name: 'Documents' });
  await withoutLoading(page, async () => {
    await page.getByLabel('Choose files, or drop them here').setInputFiles([
      file('returns.md', RETURNS),
      file('faq.csv', 'question,answer\nWhere are you?,"In Umeå, at the square."\nDo you repair lamps?,Yes.\n'),
      file('scan.pdf', '%PDF-1.7 nothing'),
    ]);
    await page.getByRole('button', { name: 'Upload' }).click();
    const uploads = page.locator('.uploads').getByRole('listitem');
    await expect(uploads).toContainText([/returns\.md.*Uploaded/s, /faq\.csv.*Uploaded/s, /scan\.pdf.*cannot be read yet/s]);
    await expect(table.getByRole('row', { name: /returns/ })).toContainText(/Ready/);
    await expect(table.getByRole('row', { name: /faq/ })).toContainText(/Ready/);
    await expect(table.getByRole('row', { name: /returns/ })).toContainText('2');
    await expect(table.getByRole('row')).toHaveCount(3);
  });

  // A question is asked by a link, as it were: the page that answers it has an address.
  const ask = async (question: string) => {
    await page.getByRole('textbox', { name: 'Question' }).fill(question);
    await page.getByRole('button', { name: 'Ask' }).click();
    await expect(page).toHaveURL(`/dashboard/knowledge?question=${encodeURIComponent(question).replaceAll('%20', '+')}#try`);
    await expect(page.getByRole('textbox', { name: 'Question' })).toHaveValue(question);
    await hydrated(page);
  };
  await ask('How long can I send goods back?');
  await expect(page.locator('#answer')).toContainText('60 days');
  await expect(page.getByRole('blockquote')).toContainText('within 60 days of delivery');
  await expect(page.locator('cite')).toContainText('returns');
  await ask('Who won the world cup in 1998?');
  await expect(page.locator('#answer')).toHaveText('The documents do not say.');
  await expect(page.getByRole('blockquote')).toHaveCount(0);

  await visit(page, '/dashboard/knowledge');
  await withoutLoading(page, async () => {
    await page.getByRole('button', { name: 'Delete returns' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete returns' }).click();
    await expect(table.getByRole('row')).toHaveCount(2);
  });
});

test('a page that was saved from a help centre has its own title, and is told by what one reads in it', async ({ page }) => {
  await signUp(page.request);
  await visit(page, '/dashboard/knowledge');
  const saved = join(import.meta.dirname, '../../crates/knowledge/tests/support/pages/help-centre.html');
  await page.getByLabel('Choose files, or drop them here').setInputFiles(saved);
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.locator('.uploads').getByRole('listitem')).toContainText(/help-centre\.html.*Uploaded/s);
  await expect(page.getByRole('row', { name: /Returns & refunds – Fjällhus Help Centre/ })).toContainText('Ready');
  for (const [question, says] of [
    ['Within how many days may unused goods be sent back?', /within 45 days of delivery/],
    ['What does it cost to send a lamp back from Norway?', /Goods: Lamps, Country: Norway, Price: 99 kr/],
  ] as const) {
    await page.goto(`/dashboard/knowledge?question=${encodeURIComponent(question)}`);
    const told = page.getByRole('region', { name: 'Try a question' });
    await expect(told).toContainText(says);
    await expect(told.locator('cite').first()).toContainText('Returns & refunds – Fjällhus Help Centre › Returns & refunds');
    await expect(told).not.toContainText('31');
  }
});

test('the same without JavaScript; what cannot be read is named, the rest is kept', async ({ newContext, complaints }) => {
  complaints.expect(/status of 422/);
  const context = await newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signUp(context.request);
  await page.goto('/dashboard/knowledge');
  await page.getByLabel('Choose files, or drop them here').setInputFiles([file('returns.md', RETURNS), file('scan.pdf', '%PDF-1.7 nothing')]);
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('alert')).toContainText('scan.pdf: This is a PDF');
  await expect.poll(async () => {
    await page.goto('/dashboard/knowledge');
    return page.getByRole('row', { name: /returns/ }).innerText();
  }).toContain('Ready');
  await page.getByRole('textbox', { name: 'Question' }).fill('Are gift cards taken back?');
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.locator('#answer')).toContainText('Gift cards are never taken back.');
});

for (const javaScriptEnabled of [true, false]) {
  test(`what comes near and is no clear answer is shown as passages, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext }) => {
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(page.request);
    await teach(page.request, 'returns.md', RETURNS);
    await learnt(page.request);
    if (javaScriptEnabled) await visit(page, '/dashboard/knowledge');
    else await page.goto('/dashboard/knowledge');
    await page.getByRole('textbox', { name: 'Question' }).fill('Within how many days may godos be sent back?');
    await page.getByRole('button', { name: 'Ask' }).click();
    const told = page.getByRole('region', { name: 'Try a question' });
    await expect(told.locator('#answer')).toHaveText('Nearest passages, no clear answer');
    await expect(told.getByText('Answer', { exact: true }), 'it is not called one').toHaveCount(0);
    await expect(told.getByRole('blockquote').first()).toContainText('within 60 days of delivery');
    await expect(told.locator('cite').first()).toContainText('returns');
    await expect(page.getByRole('textbox', { name: 'Question' })).toHaveValue('Within how many days may godos be sent back?');
  });
}

test('what does not change stays as it is while another document is read: an open question, and where one is', async ({ page }) => {
  await signUp(page.request);
  await teach(page.request, 'returns.md', RETURNS);
  await learnt(page.request);
  await visit(page, '/dashboard/knowledge');
  const row = page.getByRole('row', { name: /returns/ });
  // One that takes a while.
  const prices = Array.from({ length: 60 }, (_, n) => `## Part ${n}\n\nThe lamp with number ${n} costs ${n * 7} crowns.\n`).join('\n');
  await page.getByLabel('Choose files, or drop them here').setInputFiles(file('prices.md', prices));
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByRole('row', { name: /prices/ })).toBeVisible();
  const node = await row.elementHandle();
  await page.getByRole('button', { name: 'Delete returns' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete returns?' });
  await expect(dialog.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await learnt(page.request);
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(page.getByRole('row', { name: /prices/ })).toContainText('Ready');
  await expect(page.getByRole('row', { name: /prices/ })).toContainText('60');
  expect(await node!.evaluate((row) => row.isConnected), 'the other row is the same one').toBe(true);
});

test('a page that was loaded while documents were being read shows by itself when they are', async ({ page, complaints }) => {
  // (Of a page that the test has made, Chromium does not know from where it comes.)
  complaints.expect(/WebSocket connection .*ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS/);
  await signUp(page.request);
  const { hold, held, release } = holder(page);
  // As it was when the document had just come.
  await page.route('**/dashboard/knowledge', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('id="document-list"', 'id="document-list" data-changing=""').replace('>Ready<', '>Waiting<');
    await route.fulfill({ response, body });
  }, { times: 1 });
  await teach(page.request, 'returns.md', RETURNS);
  await learnt(page.request);
  await page.goto('/dashboard/knowledge');
  await hold('**/dashboard/knowledge');
  const row = page.getByRole('row', { name: /returns/ });
  await expect(row).toContainText('Waiting');
  await held();
  await withoutLoading(page, async () => {
    release();
    await expect(row).toContainText('Ready');
    await expect(page.locator('#document-list')).not.toHaveAttribute('data-changing');
  });
});

for (const [what, fail] of [
  ['the connection is lost', (page) => page.context().setOffline(true)],
  ['the server does not answer', (page) => page.route('**/delete', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' }))],
] as [string, (page: Page) => Promise<void>][]) {
  test(`a document that could not be deleted because ${what} is still there, and the page lives`, async ({ page, complaints }) => {
    complaints.expect(/ERR_INTERNET_DISCONNECTED|status of 503/);
    await signUp(page.request);
    await teach(page.request, 'returns.md', RETURNS);
    await learnt(page.request);
    await visit(page, '/dashboard/knowledge');
    const remove = async () => {
      await page.getByRole('button', { name: 'Delete returns' }).click({ timeout: 5_000 });
      await page.getByRole('dialog').getByRole('button', { name: 'Delete returns' }).click();
      await expect(page.getByRole('dialog')).toHaveCount(0);
    };
    await fail(page);
    const answered = page.waitForEvent(what.includes('connection') ? 'requestfailed' : 'requestfinished', (request) => request.url().endsWith('/delete'));
    await remove();
    await answered;
    await expect(page.getByRole('row', { name: /returns/ })).toBeVisible();
    await page.context().setOffline(false);
    await page.unrouteAll();
    await remove();
    await expect(page.getByText('Nothing is known yet')).toBeVisible();
  });
}

test('a file that could not be sent says why, the next one goes its way, and leaving asks while one is going', async ({ page, complaints }) => {
  complaints.expect(/Failed to load resource/);
  await signUp(page.request);
  await visit(page, '/dashboard/knowledge');
  const uploads = page.locator('.uploads').getByRole('listitem');
  const send = async (...names: string[]) => {
    await page.getByLabel('Choose files, or drop them here').setInputFiles(names.map((name) => file(name, RETURNS + name)));
    await page.getByRole('button', { name: 'Upload' }).click();
  };
  const posts = (route: Route) => route.request().method() === 'POST';
  let first = true;
  await page.route('**/dashboard/knowledge', async (route) => {
    if (!posts(route) || !first) return route.fallback();
    first = false;
    return route.abort();
  });
  await send('one.md', 'two.md');
  await expect(uploads).toContainText([/one\.md.*The server cannot be reached/s, /two\.md.*Uploaded/s]);
  await page.unrouteAll();

  let go: () => void = () => undefined;
  const gone = new Promise<void>((settle) => (go = settle));
  await page.route('**/dashboard/knowledge', async (route) => {
    if (!posts(route)) return route.fallback();
    await gone;
    return route.continue();
  });
  await send('three.md');
  await expect(uploads.getByRole('progressbar', { name: 'Sending three.md' })).toBeVisible();
  // Leaving would give it up: the browser asks, and here the answer is no.
  const members = page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Members' });
  const asked = page.waitForEvent('dialog');
  page.once('dialog', (dialog) => dialog.dismiss());
  await members.click({ noWaitAfter: true });
  expect((await asked).type()).toBe('beforeunload');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Knowledge');
  go();
  await expect(uploads).toContainText([/three\.md.*Uploaded/s]);
  await expect(page.getByRole('row', { name: /three/ })).toContainText('Ready');
  // Nothing is lost any more, and nothing is asked.
  await members.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Members');
});

test('a file that cannot even begin, and one that is too large, say so, and those after them go their way', async ({ page }) => {
  // As browsers do where the file has gone meanwhile.
  await page.addInitScript(() => {
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (body) {
      if (body instanceof FormData && (body.get('file') as File).name === 'gone.md') throw new DOMException('gone', 'NotFoundError');
      return send.call(this, body);
    };
  });
  await signUp(page.request);
  await visit(page, '/dashboard/knowledge');
  const large = { ...file('large.md', ''), buffer: Buffer.alloc(6 * 1024 * 1024, 'Words. ') };
  await page.getByLabel('Choose files, or drop them here').setInputFiles([file('gone.md', RETURNS), large, file('two.md', RETURNS)]);
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.locator('.uploads').getByRole('listitem')).toContainText([
    /gone\.md.*cannot be read any more/s,
    /large\.md.*A file may have 5 MB/s,
    /two\.md.*Uploaded/s,
  ]);
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => page.isClosed(), 'nothing holds it back').toBe(true);
});

for (const javaScriptEnabled of [true, false]) {
  test(`a file that is there is named, and one of the same name takes its place by choice, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/status of (409|422)/);
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(page.request);
    if (javaScriptEnabled) await visit(page, '/dashboard/knowledge');
    else await page.goto('/dashboard/knowledge');
    const send = async (text: string) => {
      await page.getByLabel('Choose files, or drop them here').setInputFiles([file('returns.md', text)]);
      await page.getByRole('button', { name: 'Upload' }).click();
    };
    const rows = page.getByRole('row', { name: /returns/ });
    await send('# Returns\n\nWithin 30 days.\n');
    await expect(rows).toHaveCount(1);
    await send('# Returns\n\nWithin 30 days.\n');
    await expect(page.getByText('This file is here already, as “returns”.')).toBeVisible();
    await send('# Returns\n\nWithin 60 days.\n');
    await expect(page.getByText('A file of this name is here already, as “returns”.')).toBeVisible();
    await expect(rows).toHaveCount(1);
    await page.getByLabel('Put a file in the place of an earlier one of the same name').check();
    await send('# Returns\n\nWithin 60 days.\n');
    if (javaScriptEnabled) await expect(page.locator('.uploads')).toContainText('Uploaded');
    else await expect(page).toHaveURL('/dashboard/knowledge');
    await expect(rows).toHaveCount(1);
    await learnt(page.request);
    await page.goto('/dashboard/knowledge?question=Within+how+many+days+are+returns');
    await expect(page.getByRole('main')).toContainText('Within 60 days.');
    await expect(page.getByRole('main')).not.toContainText('Within 30 days.');
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`the list goes on page by page and is looked through by name, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, server }) => {
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(page.request);
    const id = await teach(page.request, 'returns.md', RETURNS);
    await learnt(page.request);
    addedLater(server, id, 50);
    if (javaScriptEnabled) await visit(page, '/dashboard/knowledge');
    else await page.goto('/dashboard/knowledge');
    const rows = page.getByRole('table', { name: 'Documents' }).getByRole('row');
    await expect(rows).toHaveCount(51);
    await expect(page.getByRole('link', { name: 'Newest documents' })).toHaveCount(0);
    await page.getByRole('link', { name: 'Older documents' }).click();
    const older = '/dashboard/knowledge?before=doc_ffffffffffff4fffbfff000000000001';
    await expect(page).toHaveURL(`${older}#documents`);
    await expect(rows).toHaveCount(2);
    await expect(page.getByRole('link', { name: 'Older documents' })).toHaveCount(0);
    if (javaScriptEnabled) await hydrated(page);
    // Done by the browser's part, one stays there.
    await page.getByRole('button', { name: 'Delete returns' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete returns' }).click();
    if (javaScriptEnabled) {
      await expect(page.getByText('There are no older documents.')).toBeVisible();
      await expect(page).toHaveURL(`${older}#documents`);
      await page.getByRole('link', { name: 'Newest documents' }).click();
    } else {
      await expect(page.getByRole('status')).toContainText('The document is deleted.');
    }
    await expect(page).toHaveURL(javaScriptEnabled ? '/dashboard/knowledge#documents' : '/dashboard/knowledge?done=deleted');
    await expect(rows).toHaveCount(51);

    const name = page.getByRole('search', { name: 'Documents by name' }).getByRole('textbox');
    const find = async (part: string) => {
      await name.fill(part);
      await page.getByRole('button', { name: 'Find' }).click();
      await expect(page).toHaveURL(`/dashboard/knowledge?name=${part.replace(' ', '+')}#documents`);
      await expect(name).toHaveValue(part);
    };
    await find('RETURNS 7');
    await expect(rows).toHaveCount(2);
    await expect(rows.last()).toContainText('returns 7');
    await find('zebra');
    await expect(page.getByText('No document has this in its title or in the name of its file.')).toBeVisible();
    await page.getByRole('link', { name: 'All documents' }).click();
    await expect(page).toHaveURL('/dashboard/knowledge#documents');
    await expect(rows).toHaveCount(51);
  });
}

test('a document more than a page of the list has brings the way to older ones', async ({ page, server }) => {
  await signUp(page.request);
  const id = await teach(page.request, 'returns.md', RETURNS);
  await learnt(page.request);
  addedLater(server, id, 49);
  await visit(page, '/dashboard/knowledge');
  const older = page.getByRole('link', { name: 'Older documents' });
  await expect(page.getByRole('table', { name: 'Documents' }).getByRole('row')).toHaveCount(51);
  await expect(older).toHaveCount(0);
  const lamps = { name: 'lamps.txt', mimeType: 'text/plain', buffer: Buffer.from('Lamps.') };
  await page.getByLabel('Choose files, or drop them here').setInputFiles(lamps);
  await page.getByRole('button', { name: 'Upload' }).click();
  await older.click();
  await expect(page.getByRole('table', { name: 'Documents' }).getByRole('row')).toHaveCount(2);
});

for (const javaScriptEnabled of [true, false]) {
  test(`what was asked and not answered gets its answer on the page, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/status of 422/);
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(page.request);
    const by = await program(page.request);
    /** A visitor asks. Gives what the assistant says. */
    const asks = async (question: string) => {
      const id = await begin(page.request, by, 'Maja Öberg');
      await say(page.request, by, id, question);
      await expect.poll(async () => (await messages(page.request, by, id)).length).toBe(2);
      return (await messages(page.request, by, id))[1]!.text;
    };
    const open = async () => {
      if (javaScriptEnabled) await visit(page, '/dashboard/knowledge');
      else await page.goto('/dashboard/knowledge');
    };
    const gaps = page.getByRole('region', { name: 'Asked and not answered' });
    await open();
    await expect(gaps).toHaveCount(0);
    expect(await asks('Do you ship to Norway?')).toBe('The documents do not say.');
    await asks('Who won the world cup in 1998?');
    await asks('do you ship to norway');
    await open();
    const lines = gaps.locator('.asked > li');
    await expect(lines).toContainText([/do you ship to norway\s*Asked 2 times/i, /world cup.*Asked once/s]);
    await expect(lines.first().getByRole('link', { name: 'To the conversation' })).toHaveAttribute('href', /\/dashboard\/inbox\/conv_/);

    // What is nothing is not kept, and what was typed stays.
    await lines.first().getByText('Write the answer', { exact: true }).click();
    const field = lines.first().getByLabel('The answer', { exact: true });
    await field.fill(' ');
    await lines.first().getByRole('button', { name: 'Save the answer' }).click();
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAccessibleDescription('Write the answer.');
    await expect(field).toHaveValue(' ');
    await lines.first().getByLabel('The question').fill('do you ship to norway at all?');
    await field.fill('Yes, within a week,\n"wherever" you are.');
    await lines.first().getByRole('button', { name: 'Save the answer' }).click();
    await expect(page).toHaveURL('/dashboard/knowledge?done=answered#unanswered');
    await expect(gaps.getByRole('status')).toContainText('The answer is a document now.');
    await expect(lines).toContainText([/world cup/]);
    await expect(lines).toHaveCount(1);
    await expect(page.getByRole('row', { name: /do you ship to norway at all/ })).toBeVisible();
    await lines.first().getByRole('button', { name: /^Not needed/ }).click();
    await expect(gaps.getByRole('status')).toContainText('The question is off the list.');
    await expect(lines).toHaveCount(0);
    await learnt(page.request);
    expect(await asks('Do you ship to Norway?')).toContain('Yes, within a week,\n"wherever" you are.');
    await open();
    await expect(gaps).toHaveCount(0);
  });
}

test('a session that has ended meanwhile: the file says so', async ({ page, complaints }) => {
  complaints.expect(/status of 401/);
  await signUp(page.request);
  await visit(page, '/dashboard/knowledge');
  await page.context().clearCookies();
  await page.getByLabel('Choose files, or drop them here').setInputFiles(file('returns.md', RETURNS));
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.locator('.uploads').getByRole('listitem')).toContainText('Your session has ended. Sign in again; nothing was changed.');
});

test('over the REST interface; another company knows nothing of it', async ({ page, request, newContext }) => {
  await signUp(page.request);
  const other = await newContext();
  await signUp(other.request);
  const keyOf = async (context: typeof page.request) => ({ authorization: `Bearer ${await makeKey(context, 'Test')}` });
  const [own, foreign] = [await keyOf(page.request), await keyOf(other.request)];
  const made = await request.post('/api/v1/documents', { headers: own, multipart: { file: file('returns.md', RETURNS), title: 'Returns' } });
  expect(made.status()).toBe(202);
  const { id } = await made.json();
  const document = async (headers: Record<string, string>) => request.get(`/api/v1/documents/${id}`, { headers });
  await expect.poll(async () => (await (await document(own)).json()).state).toBe('ready');
  expect((await document(foreign)).status()).toBe(404);

  const post = async (headers: Record<string, string>, path: string, data: object) => (await request.post(path, { headers, data })).json();
  const question = 'Within how many days may goods be sent back?';
  const { data } = await post(own, '/api/v1/search', { query: question });
  expect(data[0]).toMatchObject({ document_id: id, title: 'Returns' });
  const answer = await post(own, '/api/v1/answers', { question });
  expect(answer).toMatchObject({ refused: false, grounded: true, citations: [{ document_id: id }] });
  expect(RETURNS).toContain(answer.citations[0].quote);
  expect(await post(foreign, '/api/v1/search', { query: question })).toEqual({ data: [] });
  expect(await post(foreign, '/api/v1/answers', { question })).toMatchObject({ refused: true, citations: [] });
  expect((await request.delete(`/api/v1/documents/${id}`, { headers: foreign })).status()).toBe(404);
  expect((await request.delete(`/api/v1/documents/${id}`, { headers: own })).status()).toBe(204);
  expect((await document(own)).status()).toBe(404);
});

test('killed while it reads, the server goes on reading at the next start', async ({ startServer, newContext }) => {
  test.setTimeout(240_000);
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  await signUp(context.request);
  const long = Array.from({ length: 400 }, (_, n) => `## Part ${n}\n\nThe lamp with number ${n} costs ${n * 7} crowns.\n`).join('\n');
  const sent = await context.request.post('/dashboard/knowledge', { multipart: { file: file('prices.md', long) }, maxRedirects: 0 });
  expect(sent.status()).toBe(303);
  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  const again = await startServer({ SAMTAL_LISTEN: new URL(server.url).host, SAMTAL_DATA_DIR: server.dataFolder });
  const page = await context.newPage();
  // Until the lease of the first has run out, and the document is read.
  await expect.poll(async () => {
    await page.goto('/dashboard/knowledge');
    return page.getByRole('row', { name: /prices/ }).innerText();
  }, { timeout: 150_000, intervals: [1_000] }).toMatch(/Ready\s+400/);
  expect(again.exit).toBeUndefined();
});
