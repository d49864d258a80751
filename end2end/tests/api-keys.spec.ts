// Keys, with WASM: made and revoked without a page load, shown once.
import { expect, test, visit, withoutLoading } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

for (const path of ['/dashboard', '/dashboard/api-keys']) {
  test(`a key is made, used and revoked on ${path} while the page stays`, async ({ page, request }) => {
    const person = await signUp(page.request);
    await visit(page, path);
    const me = (secret: string) => request.get('/api/v1/me', { headers: { authorization: `Bearer ${secret}` } });
    let secret = '';

    await withoutLoading(page, async () => {
      await page.getByLabel('What the key is for').fill('Website');
      await page.getByRole('button', { name: 'Create key' }).click();
      secret = await page.locator('#secret').innerText();
      await expect(page.getByRole('table', { name: 'Keys' })).toContainText('Website');
      await expect(page.getByRole('status')).toContainText('Here is your key: Website');
      // Ready for the next one.
      await expect(page.getByLabel('What the key is for')).toHaveValue('');
    });
    expect(secret).toMatch(/^smt_[0-9a-f]{48}$/);

    const answer = await me(secret);
    expect(answer.status()).toBe(200);
    const { tenant, key } = await answer.json();
    expect(tenant.name).toBe(person.company);
    expect(key.name).toBe('Website');
    expect(key.prefix).toBe(secret.slice(0, 12));

    // Shown once.
    await visit(page, path);
    const row = page.getByRole('row', { name: /Website/ });
    await expect(row).toContainText(secret.slice(0, 12));
    await expect(row).not.toContainText('Never');
    expect(await page.content()).not.toContain(secret);

    await withoutLoading(page, async () => {
      await page.getByRole('button', { name: 'Revoke Website' }).click();
      const dialog = page.getByRole('dialog', { name: 'Revoke Website?' });
      await dialog.getByRole('button', { name: 'Keep it' }).click();
      await expect(dialog).toBeHidden();
      expect((await me(secret)).status()).toBe(200);

      await page.getByRole('button', { name: 'Revoke Website' }).click();
      await dialog.getByRole('button', { name: 'Revoke Website' }).click();
      await expect(row).toContainText('Revoked');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    });
    expect((await me(secret)).status()).toBe(401);
  });
}

test('the next steps are ticked as they are taken', async ({ page, request }) => {
  await signUp(page.request);
  await visit(page, '/dashboard');
  const steps = page.getByRole('region', { name: 'Next steps' }).getByRole('listitem');
  await expect(steps).toContainText([/^Done:/, /^Put the assistant on your pages/, /^Make an API key/, /^Make a first call/]);
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(steps.nth(2)).toContainText('Done:');
  await expect(steps.nth(3)).not.toContainText('Done:');

  // The example names this installation.
  const example = await page.getByRole('region', { name: 'Example call with curl' }).innerText();
  const [, address] = /curl (\S+)/.exec(example) ?? [];
  expect(address).toBe(new URL('/api/v1/me', page.url()).href);
  const authorization = `Bearer ${await page.locator('#secret').innerText()}`;
  expect((await request.get(address ?? '', { headers: { authorization } })).status()).toBe(200);
  await visit(page, '/dashboard');
  await expect(steps.nth(3)).toContainText('Done:');
});

test('several keys in a row: each is shown once, the newest on top, and the right one is revoked', async ({ page, request }) => {
  await signUp(page.request);
  await visit(page, '/dashboard/api-keys');
  const secrets: Record<string, string> = {};
  for (const name of ['First', 'Second', 'Third']) {
    await page.getByLabel('What the key is for').fill(name);
    await page.getByRole('button', { name: 'Create key' }).click();
    await expect(page.getByRole('status')).toContainText(`Here is your key: ${name}`);
    secrets[name] = await page.locator('#secret').innerText();
    await expect(page.getByRole('row').nth(1)).toContainText(name);
  }
  await page.getByRole('button', { name: 'Revoke Second' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke Second' }).click();
  await expect(page.getByRole('row', { name: /Second/ })).toContainText('Revoked');
  for (const [name, secret] of Object.entries(secrets)) {
    const answer = await request.get('/api/v1/me', { headers: { authorization: `Bearer ${secret}` } });
    expect(answer.status(), name).toBe(name === 'Second' ? 401 : 200);
  }
});

test('a key without a name is refused at its field, and the page stays', async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  await signUp(page.request);
  await visit(page, '/dashboard/api-keys');
  const field = page.getByLabel('What the key is for');
  await withoutLoading(page, async () => {
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
});

test('a session that has ended meanwhile: the page says so and leads to the sign-in page', async ({ page, complaints }) => {
  complaints.expect(/status of 401/);
  await signUp(page.request);
  await visit(page, '/dashboard/api-keys');
  await page.context().clearCookies();
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('alert').first()).toContainText('Your session has ended. Sign in again.');
  await page.getByRole('link', { name: 'Sign in' }).first().click();
  await expect(page).toHaveURL(/\/login/);
});

test('no connection: the page says so, keeps what was typed, and goes on when it is back', async ({ page, complaints }) => {
  complaints.expect(/ERR_INTERNET_DISCONNECTED/);
  await signUp(page.request);
  await visit(page, '/dashboard/api-keys');
  await page.context().setOffline(true);
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('alert').or(page.locator('.notice')).first()).toContainText('cannot be reached');
  await expect(page.getByLabel('What the key is for')).toHaveValue('Website');
  await page.context().setOffline(false);
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toBeVisible();
});
