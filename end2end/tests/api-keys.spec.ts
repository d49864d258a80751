// Keys: made, shown once, used and revoked, by plain forms; and the page has no code.
import { expect, test } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

test('a key is made, shown once, used and revoked', async ({ page, request }) => {
  const person = await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  const me = (secret: string) => request.get('/api/v1/me', { headers: { authorization: `Bearer ${secret}` } });

  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = await page.locator('#secret').innerText();
  await expect(page.getByRole('table', { name: 'Keys' })).toContainText('Website');
  await expect(page.getByRole('status')).toContainText('Here is your key: Website');
  // Ready for the next one.
  await expect(page.getByLabel('What the key is for')).toHaveValue('');
  expect(secret).toMatch(/^smt_[0-9a-f]{48}$/);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);

  const answer = await me(secret);
  expect(answer.status()).toBe(200);
  const { tenant, key } = await answer.json();
  expect(tenant.name).toBe(person.company);
  expect(key.name).toBe('Website');
  expect(key.prefix).toBe(secret.slice(0, 12));

  // The example names this installation, and works as it stands there.
  const example = await page.getByRole('region', { name: 'Example call with curl' }).innerText();
  expect(/curl (\S+)/.exec(example)?.[1]).toBe(new URL('/api/v1/me', page.url()).href);
  expect(example).toContain(`Authorization: Bearer ${secret}`);

  // Shown once.
  await page.goto('/dashboard/api-keys');
  const row = page.getByRole('row', { name: /Website/ });
  await expect(row).toContainText(secret.slice(0, 12));
  await expect(row).not.toContainText('Never');
  expect(await page.content()).not.toContain(secret);

  await page.getByRole('button', { name: 'Revoke Website' }).click();
  const dialog = page.getByRole('dialog', { name: 'Revoke Website?' });
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(dialog).toBeHidden();
  expect((await me(secret)).status()).toBe(200);

  await page.getByRole('button', { name: 'Revoke Website' }).click();
  await dialog.getByRole('button', { name: 'Revoke Website' }).click();
  await expect(row).toContainText('Revoked');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect((await me(secret)).status()).toBe(401);
});

test('questions open and close where the browser does not know their buttons', async ({ page }) => {
  await page.addInitScript(() => {
    delete (HTMLButtonElement.prototype as { command?: string }).command;
    addEventListener('click', (event) => (event.target as Element).closest('[commandfor]') && event.preventDefault(), true);
  });
  await signUp(page.request);
  await page.request.post('/dashboard/api-keys', { form: { name: 'Website' } });
  await page.goto('/dashboard/api-keys');
  const dialog = page.getByRole('dialog', { name: 'Revoke Website?' });
  await page.getByRole('button', { name: 'Revoke Website' }).click();
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Revoke Website' }).click();
  await dialog.getByRole('button', { name: 'Revoke Website' }).click();
  await expect(page.getByRole('row', { name: /Website/ })).toContainText('Revoked');
});

test('a key that was shown is not there when one comes back, and going back makes none', async ({ page, complaints }) => {
  // The browser has thrown the page away, as it was told to, and asks before it would send the form again.
  complaints.expect(/ERR_CACHE_MISS/);
  await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = await page.locator('#secret').innerText();
  const navigation = page.getByRole('navigation', { name: 'Dashboard' });
  await navigation.getByRole('link', { name: 'Home' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome');
  expect(await page.content()).not.toContain(secret);
  await page.goBack().catch(() => undefined);
  await expect.poll(async () => (await page.content().catch(() => secret)).includes(secret)).toBe(false);
  await page.goto('/dashboard/api-keys');
  await expect(page.getByRole('row', { name: /Website/ })).toHaveCount(1);
  expect(await page.content()).not.toContain(secret);
});

test('several keys in a row: each is shown once, the newest on top, and the right one is revoked', async ({ page, request }) => {
  await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  const secrets: Record<string, string> = {};
  for (const name of ['First', 'Second', 'Third']) {
    await page.getByLabel('What the key is for').fill(name);
    await page.getByRole('button', { name: 'Create key' }).click();
    await expect(page.getByRole('status')).toContainText(`Here is your key: ${name}`);
    secrets[name] = await page.locator('#secret').innerText();
    await expect(page.getByRole('row').nth(1)).toContainText(name);
  }
  expect(new Set(Object.values(secrets)).size).toBe(3);
  await page.getByRole('button', { name: 'Revoke Second' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke Second' }).click();
  await expect(page.getByRole('row', { name: /Second/ })).toContainText('Revoked');
  for (const [name, secret] of Object.entries(secrets)) {
    const answer = await request.get('/api/v1/me', { headers: { authorization: `Bearer ${secret}` } });
    expect(answer.status(), name).toBe(name === 'Second' ? 401 : 200);
  }
});

test('a key without a name is refused at its field', async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  const field = page.getByLabel('What the key is for');
  await field.fill('   ');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#name-error')).toContainText('Say what the key is for');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await page.getByRole('alert').getByRole('link').click();
  await expect(field).toBeFocused();

  // Put right, it works, and the complaint is gone.
  await field.fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(field).not.toHaveAttribute('aria-invalid');
});

test('a session that has ended meanwhile: a page says so and leads to the sign-in page', async ({ page, complaints }) => {
  complaints.expect(/status of 401/);
  await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  await page.context().clearCookies();
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('main')).toContainText('Your session has ended. Sign in again; nothing was changed.');
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/login/);
});

test('no connection: the browser says so, and asked again it sends what was typed', async ({ page, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/);
  await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  await page.context().setOffline(true);
  await page.getByLabel('What the key is for').fill('Website');
  // There is no code here that could.
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page).toHaveURL('chrome-error://chromewebdata/');
  await page.context().setOffline(false);
  await page.reload();
  await expect(page.locator('#secret')).toBeVisible();
  await expect(page.getByRole('row', { name: /Website/ })).toHaveCount(1);
});

for (const javaScriptEnabled of [true, false]) {
  test(`a key may what was chosen, and is replaced by another one, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, request }) => {
    const context = await newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await signUp(context.request);
    await page.goto('/dashboard/api-keys');
    const ask = async (secret: string, path: string) =>
      (await request.get(path, { headers: { authorization: `Bearer ${secret}` } })).status();
    await page.getByLabel('What the key is for').fill('Search');
    await page.getByText('What it may do, for how long, and how it is used').click();
    for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
    await page.getByLabel('Read and search documents').check();
    await page.getByLabel('How long it works').selectOption('30 days');
    await page.getByRole('button', { name: 'Create key' }).click();
    const first = await page.locator('#secret').innerText();
    const row = page.getByRole('row', { name: /Search/ }).first();
    await expect(row).toContainText('documents.read');
    await expect(row).toContainText('until');
    expect([await ask(first, '/api/v1/documents'), await ask(first, '/api/v1/members'), await ask(first, '/api/v1/me')]).toEqual([200, 403, 200]);

    await page.getByRole('button', { name: 'Replace Search' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replace Search?' });
    await dialog.getByRole('button', { name: 'Replace Search' }).click();
    const second = await page.locator('#secret').innerText();
    expect([await ask(first, '/api/v1/documents'), await ask(second, '/api/v1/documents'), await ask(second, '/api/v1/members')]).toEqual([200, 200, 403]);
    await page.getByRole('row', { name: new RegExp(second.slice(0, 12)) }).getByRole('button', { name: 'Replace Search' }).click();
    await dialog.filter({ visible: true }).getByLabel('The old one works').selectOption('No longer');
    await dialog.filter({ visible: true }).getByRole('button', { name: 'Replace Search' }).click();
    const third = await page.locator('#secret').innerText();
    expect([await ask(second, '/api/v1/documents'), await ask(third, '/api/v1/documents')]).toEqual([401, 200]);
  });
}
