// What people see who may less than others: nothing that they could only be refused. And roles that a company makes itself.
import { begin, program, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { fillSignIn, signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`a viewer reads and changes nothing, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, server }) => {
    const owner = (await newContext()).request;
    await signUp(owner);
    await makeKey(owner, 'Website');
    await teach(owner, 'returns.md', '# Returns\n\nWithin 60 days.\n');
    await learnt(owner);
    const by = await program(owner);
    const id = await begin(owner, by, 'Elin Sjöberg');
    await say(owner, by, id, 'Is anybody there?');
    await step(owner, by, id, 'handoff');
    const email = `vera.${Date.now()}@fjallhus.example`;
    const invited = await (await owner.post('/dashboard/members', { form: { email, role: 'viewer' } })).text();
    const link = /\/join\/[0-9a-f]+/.exec(invited)![0];
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    const password = 'another way to the harbour';
    await page.request.post(link, { form: { name: 'Vera', password } });
    await page.goto('/login');
    await fillSignIn(page, { email, password });
    await expect(page).toHaveURL('/dashboard');

    await page.goto('/dashboard/knowledge');
    await expect(page.getByRole('row', { name: /returns/ })).toBeVisible();
    await expect(page.getByText('Add documents')).toHaveCount(0);
    await expect(page.getByRole('button', { name: /Delete/ })).toHaveCount(0);
    await page.goto('/dashboard/api-keys');
    await expect(page.getByRole('row', { name: /Website/ })).toBeVisible();
    await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
    await page.goto('/dashboard/members');
    await expect(page.getByLabel('Email')).toHaveCount(0);
    if (javaScriptEnabled) await visit(page, `/dashboard/inbox/${id}`);
    else await page.goto(`/dashboard/inbox/${id}`);
    await expect(page.getByRole('log')).toContainText('Is anybody there?');
    await expect(page.getByText('You may read here, and not write.')).toBeVisible();
    for (const name of ['Take over', 'Hand back', 'Resolve']) await expect(page.getByRole('button', { name })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
    // What is sent all the same is refused, and changes nothing.
    for (const path of [`inbox/${id}/take-over`, `inbox/${id}/resolve`, `inbox/${id}/messages`, 'api-keys', 'members', 'account/sessions/x/end']) {
      const answer = await page.request.post(`/dashboard/${path}`, { form: { name: 'x', email: 'x@y.example', role: 'viewer', text: 'x', client_id: 'x' } });
      expect(answer.status(), path).toBe(path.startsWith('account') ? 404 : 403);
    }
    await expect(page.getByRole('log').getByRole('listitem')).toHaveCount(await page.getByRole('log').getByRole('listitem').count());
    expect(server.stderr).not.toContain('panicked');
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`a role is made, given, and changed; somebody is suspended, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    // (Who is kept out has the inbox open meanwhile.)
    complaints.expect(/the server responded with a status of (401|403|422)|WebSocket connection/);
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(page.request);
    await teach(page.request, 'returns.md', '# Returns\n\nWithin 60 days.\n');
    await page.goto('/dashboard/members');
    await page.getByRole('link', { name: 'What each role may do' }).click();
    await page.getByText('Make a role').click();
    await page.getByLabel('Name').fill('Viewer');
    await page.getByLabel('Upload and delete documents').check();
    await page.getByRole('button', { name: 'Make the role' }).click();
    await expect(page.locator('#title-error')).toContainText('There is a role of this name already');
    await expect(page.getByLabel('Upload and delete documents')).toBeChecked();
    await page.getByLabel('Name').fill('Librarian');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status')).toContainText('Saved');

    const email = `lova.${Date.now()}@fjallhus.example`;
    await page.goto('/dashboard/members');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Role').selectOption('Librarian');
    await page.getByRole('button', { name: 'Invite' }).click();
    const link = await page.locator('#link').innerText();
    const theirs = await (await newContext({ javaScriptEnabled })).newPage();
    await theirs.goto(link);
    await expect(theirs.getByRole('main')).toContainText('You are asked to work there as librarian.');
    const password = 'another way to the harbour';
    await theirs.getByLabel('Your name').fill('Lova');
    await theirs.getByLabel('Password').fill(password);
    await theirs.getByRole('button', { name: 'Join' }).click();
    await fillSignIn(theirs, { email, password });
    await expect(theirs.getByRole('heading', { name: 'Welcome, Lova' })).toBeVisible();
    await expect(theirs.getByRole('navigation', { name: 'Dashboard' }).getByRole('link')).toHaveText(['Home', 'Knowledge', 'Members', 'API keys']);
    await theirs.goto('/dashboard/knowledge');
    await expect(theirs.getByRole('row', { name: /returns/ })).toBeVisible();
    await expect(theirs.getByText('Add documents')).toBeVisible();
    expect((await theirs.goto('/dashboard/inbox'))!.status()).toBe(403);
    await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Your role does not include this page.');
    await expect(theirs.getByRole('link', { name: 'To the home page' })).toHaveAttribute('href', '/dashboard');

    // What the role may do from now on, everybody with it may.
    await page.goto('/dashboard/roles');
    await expect(page.getByRole('listitem').filter({ hasText: 'Librarian' })).toContainText('1 person has it');
    await page.getByText('Change Librarian').click();
    const change = page.locator('details[open]');
    await change.getByLabel('Upload and delete documents').uncheck();
    await change.getByLabel('Read conversations that nobody has taken').check();
    await page.getByRole('button', { name: 'Save Librarian' }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await theirs.goto('/dashboard/inbox');
    await expect(theirs.getByRole('navigation', { name: 'Dashboard' }).getByRole('link')).toHaveText(['Home', 'Inbox', 'Knowledge', 'Members', 'API keys']);

    await page.goto('/dashboard/members');
    const row = page.getByRole('row', { name: /Lova/ });
    await expect(row).toContainText('Librarian');
    await row.getByRole('button', { name: 'Change Lova' }).click();
    await page.getByRole('button', { name: 'Suspend Lova' }).click();
    const out = row.locator('.badge', { hasText: 'Suspended' });
    await expect(out).toBeVisible();
    await theirs.goto('/dashboard/members');
    await fillSignIn(theirs, { email, password });
    await expect(theirs.getByRole('alert')).toContainText('is not right');
    await row.getByRole('button', { name: 'Change Lova' }).click();
    await page.getByRole('button', { name: 'Let Lova in again' }).click();
    await expect(out).toBeHidden();
    await fillSignIn(theirs, { email, password });
    await expect(theirs).toHaveURL('/dashboard/members');
  });
}

test('who sees their own conversations sees one go that a colleague takes, and none of what is said in it', async ({ newContext, complaints }) => {
  // (The page that is asked for at the end is not there.)
  complaints.expect(/the server responded with a status of 404/);
  const owner = await (await newContext()).newPage();
  await signUp(owner.request);
  const permissions = { 'conversations.read': '1', 'conversations.write': '1' };
  await owner.request.post('/dashboard/roles', { form: { title: 'Night shift', ...permissions } });
  const email = `nils.${Date.now()}@fjallhus.example`;
  await owner.goto('/dashboard/members');
  await owner.getByLabel('Email').fill(email);
  await owner.getByLabel('Role').selectOption('Night shift');
  await owner.getByRole('button', { name: 'Invite' }).click();
  const password = 'another way to the harbour';
  const nils = await (await newContext()).newPage();
  await nils.request.post(await owner.locator('#link').innerText(), { form: { name: 'Nils', password } });
  await nils.goto('/login');
  await fillSignIn(nils, { email, password });
  await expect(nils).toHaveURL('/dashboard');
  const by = await program(owner.request);
  const [elin, per] = [await begin(owner.request, by, 'Elin'), await begin(owner.request, by, 'Per')];
  for (const id of [elin, per]) {
    await say(owner.request, by, id, 'Is anybody there?');
    await step(owner.request, by, id, 'handoff');
  }

  await visit(nils, `/dashboard/inbox/${elin}`);
  const list = nils.getByRole('region', { name: 'Conversations' });
  await expect(list.getByRole('link', { name: /Elin|Per/ })).toHaveCount(2);
  await expect(nils.getByRole('log')).toContainText('Is anybody there?');
  await visit(owner, `/dashboard/inbox/${elin}`);
  await owner.getByRole('button', { name: 'Take over' }).click();
  await owner.getByLabel('Your message').fill('The code is 4711.');
  await owner.getByRole('button', { name: 'Send' }).click();
  await expect(owner.getByRole('log')).toContainText('4711');
  await expect(list.getByRole('link', { name: /Elin|Per/ })).toHaveCount(1);
  await expect(nils.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
  await expect(nils.locator('body')).not.toContainText('4711');
  expect((await nils.request.get(`/dashboard/inbox/${elin}`)).status()).toBe(404);
  // The other one is theirs to take, and stays.
  await expect(async () => {
    // (A press on a line that has just moved may have been meant for another one.)
    await list.getByRole('link', { name: /Per/ }).click();
    await expect(nils.getByRole('heading', { name: 'Per' })).toBeVisible({ timeout: 1000 });
  }).toPass();
  await nils.getByRole('button', { name: 'Take over' }).click();
  await expect(nils.getByRole('button', { name: 'Resolve' })).toBeVisible();
});
