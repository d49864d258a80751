// Everything works before, and without, JavaScript.
import { expect, test } from '../support/fixtures.ts';
import { fillSignUp, openMenu, signOut, somebody } from '../support/people.ts';

test('sign up, make a key, revoke it, choose a theme, sign out, with JavaScript off', async ({ newContext, request }) => {
  const context = await newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const person = somebody();

  await page.goto('/signup');
  await fillSignUp(page, person);
  await expect(page).toHaveURL('/dashboard');
  await expect(page.getByRole('main')).toContainText(person.company);
  const navigation = page.getByRole('navigation', { name: 'Dashboard' });
  await navigation.getByRole('link', { name: 'Members' }).click();
  await expect(page.getByRole('table', { name: 'Members' })).toContainText(person.email);

  await navigation.getByRole('link', { name: 'API keys' }).click();
  await expect(page).toHaveURL('/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('Till in Umeå');
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = await page.locator('#secret').innerText();
  expect(secret).toMatch(/^smt_[0-9a-f]{48}$/);
  await expect(page.getByRole('table')).toContainText('Till in Umeå');
  const me = () => request.get('/api/v1/me', { headers: { authorization: `Bearer ${secret}` } });
  expect((await me()).status()).toBe(200);

  // Shown once: the page asked for again does not have it.
  await page.goto('/dashboard/api-keys');
  expect(await page.content()).not.toContain(secret);

  await page.getByRole('button', { name: 'Revoke Till in Umeå' }).click();
  const dialog = page.getByRole('dialog', { name: 'Revoke Till in Umeå?' });
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Keep it' }).click();
  await expect(dialog).toBeHidden();
  expect((await me()).status()).toBe(200);
  await page.getByRole('button', { name: 'Revoke Till in Umeå' }).click();
  await dialog.getByRole('button', { name: 'Revoke Till in Umeå' }).click();
  await expect(page).toHaveURL('/dashboard/api-keys?done=revoked');
  await expect(page.getByRole('status')).toContainText('The key is revoked.');
  await expect(page.getByRole('table')).toContainText('Revoked');
  await expect(page.getByRole('button', { name: 'Revoke Till in Umeå' })).toHaveCount(0);
  expect((await me()).status()).toBe(401);

  await page.goto('/dashboard/api-keys');
  for (const theme of ['dark', 'light']) {
    await openMenu(page);
    await page.getByRole('button', { name: theme === 'dark' ? 'Dark' : 'Light' }).click();
    await expect(page).toHaveURL('/dashboard/api-keys');
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await page.goto('/dashboard/api-keys');
    await expect(page.locator('.choice [name=theme][aria-pressed=true]')).toHaveText(theme === 'dark' ? 'Dark' : 'Light');
  }
  await openMenu(page);
  await page.getByRole('button', { name: 'System' }).click();
  await expect(page.locator('html')).not.toHaveAttribute('data-theme');

  await signOut(page);
  await expect(page).toHaveURL('/');
  await page.goto('/dashboard');
  await expect(page).toHaveURL('/login');
});

test('a key without a name is refused at its field, with JavaScript off', async ({ newContext, complaints }) => {
  complaints.expect(/status of 422/);
  const context = await newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/signup');
  await fillSignUp(page, somebody());
  await page.goto('/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('   ');
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Create key' }).click();
  expect((await answered).status()).toBe(422);
  await expect(page.locator('#name-error')).toContainText('Say what the key is for');
  await page.getByRole('alert').getByRole('link').click();
  await expect(page.getByLabel('What the key is for')).toBeFocused();
});
