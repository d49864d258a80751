// People of a workspace: asked to join, what they may do, and how they go.
import { makeKey } from '../support/keys.ts';
import { begin, program, step } from '../support/conversations.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { fillSignIn, signUp, somebody } from '../support/people.ts';

test('somebody is asked to join, works beside the owner, becomes an admin, and is removed', async ({ page, newContext, request, complaints }) => {
  complaints.expect(/the server responded with a status of 422|WebSocket connection/);
  const owner = await signUp(page.request);
  const by = await program(page.request);
  await page.goto('/dashboard/members');
  await page.getByLabel('Email').fill('bo.ek@fjallhus.example');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toContainText('Give this link to bo.ek@fjallhus.example');
  const link = await page.locator('#link').innerText();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  await expect(page.getByRole('table', { name: 'Invitations' }).getByRole('row', { name: /bo\.ek/ })).toContainText('Agent');

  // On a phone, without code.
  const bo = await newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const theirs = await bo.newPage();
  await theirs.goto(link);
  await expect(theirs.getByRole('heading', { name: `Join ${owner.company}` })).toBeVisible();
  await theirs.getByLabel('Your name').fill('Bo Ek');
  await theirs.getByLabel('Password').fill('short');
  await theirs.getByRole('button', { name: 'Join' }).click();
  await expect(theirs.getByText('Use at least 10 characters.').last()).toBeVisible();
  await expect(theirs.getByLabel('Your name')).toHaveValue('Bo Ek');
  await theirs.getByLabel('Password').fill('four lamps and Bo');
  await theirs.getByRole('button', { name: 'Join' }).click();
  await expect(theirs.getByRole('status')).toHaveText('You have joined. Sign in with your address and your password.');
  await fillSignIn(theirs, { email: 'bo.ek@fjallhus.example', password: 'four lamps and Bo' });
  await theirs.goto('/dashboard/members');
  await expect(theirs.getByRole('row', { name: /Bo Ek/ })).toContainText('Agent');
  // Who may not is not offered it.
  await expect(theirs.getByRole('button', { name: 'Invite' })).toHaveCount(0);
  await expect(theirs.getByRole('button', { name: /^Change/ })).toHaveCount(0);

  // What they take is theirs, until they go.
  const id = await begin(request, by, 'Elin');
  await step(request, by, id, 'handoff');
  await theirs.goto(`/dashboard/inbox/${id}`);
  await theirs.getByRole('button', { name: 'Take over' }).click();
  await page.goto('/dashboard/members');
  const row = page.getByRole('row', { name: /Bo Ek/ });
  await row.getByRole('button', { name: 'Change Bo Ek' }).click();
  await page.getByRole('dialog').getByLabel('Role').selectOption('admin');
  await page.getByRole('dialog').getByRole('button', { name: 'Change the role' }).click();
  await expect(page.getByRole('status')).toHaveText('Bo Ek has another role now.');
  await expect(row).toContainText('Admin');
  await theirs.goto('/dashboard/members');
  await expect(theirs.getByRole('button', { name: 'Invite' })).toBeVisible();
  const secret = await makeKey(theirs.request, 'Till of Bo');

  await visit(page, '/dashboard/inbox?show=waiting');
  await expect(page.getByText('Nobody waits')).toBeVisible();
  const second = await page.context().newPage();
  await second.goto('/dashboard/members');
  await second.getByRole('row', { name: /Bo Ek/ }).getByRole('button', { name: 'Change Bo Ek' }).click();
  await second.getByRole('dialog').getByRole('button', { name: 'Remove Bo Ek' }).click();
  await expect(second.getByRole('status')).toContainText('They are removed from this workspace');
  await expect(second.getByRole('row', { name: /Bo Ek/ })).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name: /Elin/ })).toContainText('Needs a person');
  expect((await theirs.request.get('/dashboard', { maxRedirects: 0 })).status()).toBe(303);
  expect((await request.get('/api/v1/me', { headers: { authorization: `Bearer ${secret}` } })).status()).toBe(401);
});

test('an invitation is taken back, and the last owner stays', async ({ page, complaints }) => {
  complaints.expect(/the server responded with a status of (409|422)/);
  const owner = await signUp(page.request);
  await page.goto('/dashboard/members');
  await page.getByLabel('Email').fill('cilla@fjallhus.example');
  await page.getByRole('main').locator('form').first().getByLabel('Role').selectOption('admin');
  await page.getByRole('button', { name: 'Invite' }).click();
  const link = await page.locator('#link').innerText();
  await page.getByRole('button', { name: 'Take back cilla@fjallhus.example' }).click();
  await expect(page.getByRole('status')).toContainText('The invitation is taken back.');
  await expect(page.getByRole('table', { name: 'Invitations' })).toHaveCount(0);
  await page.goto(link);
  await expect(page.getByRole('heading', { name: 'This link is over' })).toBeVisible();
  await page.goto('/dashboard/members');
  await page.getByRole('button', { name: `Leave ${owner.name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('A workspace needs an owner.');
});
