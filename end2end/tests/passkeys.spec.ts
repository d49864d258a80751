// Passkeys: made on a device, and opening the account by themselves, or after the password. Browsers know them at a name alone.
import { Device, makePasskey } from '../support/device.ts';
import { expect, test } from '../support/fixtures.ts';
import { fillSignIn, openMenu, signOut, signUp } from '../support/people.ts';

test.use({ baseURL: async ({ server }, use) => use(server.url.replace('127.0.0.1', 'localhost')) });

test('one is made, opens the account alone and after the password, and is removed', async ({ page, newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422|WebSocket connection/);
  const person = await signUp(page.request);
  const device = await Device.beside(page);
  await page.goto('/dashboard');
  await openMenu(page);
  await page.getByRole('link', { name: 'Your account' }).click();
  await page.getByRole('link', { name: 'Your passkeys' }).click();
  await expect(page.getByText('There are none yet.')).toBeVisible();
  await page.getByLabel('Name').fill('Phone');
  await page.getByLabel('Your password').fill('not this one at all');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.locator('#password-error')).toContainText('This is not your password.');
  await expect(page.getByLabel('Name')).toHaveValue('Phone');
  await page.getByLabel('Your password').fill(person.password);
  await page.keyboard.press('Enter');

  // Who does not unlock the device is told so, and can try again.
  await device.unlocks(false);
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await expect(page.getByRole('alert')).toContainText('Nothing was chosen, or it took too long.');
  await device.unlocks(true);
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await expect(page.locator('#codes li')).toHaveCount(10);
  const codes = await page.locator('#codes li').allInnerTexts();
  await page.getByRole('link', { name: 'I have them' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Phone' })).toContainText('never used');
  await expect(page.getByText('10 of your codes for paper are left.')).toBeVisible();
  const [passkey] = await device.passkeys();
  expect(passkey).toMatchObject({ rpId: 'localhost' });

  // Alone, from where one wanted to go.
  await signOut(page);
  await page.goto('/dashboard/members');
  await page.getByRole('link', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL('/dashboard/members');

  // After the password.
  await signOut(page);
  await page.goto('/dashboard/audit-log');
  await fillSignIn(page, person);
  await expect(page).toHaveURL('/login/code');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page).toHaveURL('/dashboard/audit-log');
  await expect(page.getByRole('main')).toContainText('Added a passkey');

  // Elsewhere, without the device, by a code on paper.
  const other = await (await newContext()).newPage();
  await other.goto('/login');
  await fillSignIn(other, person);
  await other.getByLabel('Code', { exact: true }).fill(codes[3]!);
  await other.keyboard.press('Enter');
  await expect(other).toHaveURL('/dashboard');

  // The same device makes no second one; its removal signs everybody out elsewhere, and leaves the device with one that opens nothing.
  await page.goto('/dashboard/account/passkeys');
  await expect(page.getByText('9 of your codes for paper are left.')).toBeVisible();
  await page.getByLabel('Name').fill('Again');
  await page.locator('#password').fill(person.password);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await expect(page.getByRole('alert')).toContainText('This device has a passkey of your account already.');
  await page.getByRole('link', { name: 'Not now' }).click();
  await page.getByText('Remove Phone').click();
  await page.getByRole('listitem').filter({ hasText: 'Phone' }).getByLabel('Your password').fill('not this one at all');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('This is not your password, so nothing was changed.');
  await page.getByText('Remove Phone').click();
  await page.getByRole('listitem').filter({ hasText: 'Phone' }).getByLabel('Your password').fill(person.password);
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page.getByRole('status')).toContainText('It opens your account no more');
  await other.reload();
  await expect(other).toHaveURL('/login');
  await signOut(page);
  await page.goto('/login/passkey');
  await expect(page.getByRole('alert').first()).toContainText('This passkey opens nothing here');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByRole('alert').first()).toContainText('This passkey opens nothing here');
  await page.getByRole('link', { name: 'Sign in another way' }).click();
  await fillSignIn(page, person);
  await expect(page).toHaveURL('/dashboard');
});

test('without JavaScript, without a device and at a number it says so, and other ways work', async ({ page, newContext, server, complaints }) => {
  complaints.expect(/the server responded with a status of 422/);
  const person = await signUp(page.request);
  const device = await Device.beside(page);
  await makePasskey(page, 'Laptop', person.password);

  const plain = await (await newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto('/login');
  await plain.getByRole('link', { name: 'Sign in with a passkey' }).click();
  await expect(plain.getByText('Passkeys take JavaScript')).toBeVisible();
  await expect(plain.getByRole('button', { name: 'Use a passkey' })).toBeHidden();
  await plain.getByRole('link', { name: 'Sign in another way' }).click();
  await fillSignIn(plain, person);
  await expect(plain.getByLabel('Code', { exact: true })).toBeVisible();

  // Another person's device, after the password of this one.
  const other = await (await newContext()).newPage();
  const stranger = await signUp(other.request);
  const theirs = await Device.beside(other);
  await makePasskey(other, 'Phone', stranger.password);
  await signOut(other);
  await other.goto('/login');
  await fillSignIn(other, person);
  await other.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(other.getByRole('alert')).toContainText('Nothing was chosen');
  await theirs.has(await device.passkeys());
  await other.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(other).toHaveURL('/dashboard');

  const at = await (await newContext({ baseURL: server.url })).newPage();
  await at.goto('/login/passkey');
  await expect(at.getByRole('alert')).toContainText('at http://localhost');
});

test('who is asked for a second factor on the way makes a passkey, and is in', async ({ page, complaints }) => {
  complaints.expect(/the server responded with a status of 422/);
  const person = await signUp(page.request);
  await page.request.post('/dashboard/settings', { form: { version: '0', name: person.company, second_factor: '1' } });
  await page.context().clearCookies();
  await Device.beside(page);
  await page.goto('/dashboard/members');
  await fillSignIn(page, person);
  await expect(page).toHaveURL('/login/factor');
  await page.getByLabel('Code').fill('000000');
  await page.keyboard.press('Enter');
  await expect(page.locator('#code-error')).toBeVisible();
  await page.getByRole('button', { name: 'Make a passkey and sign in' }).click();
  await expect(page.locator('#codes li')).toHaveCount(10);
  await page.getByRole('link', { name: 'I have them' }).click();
  await expect(page).toHaveURL('/dashboard/members');
  await signOut(page);
  await page.goto('/login/passkey');
  await expect(page).toHaveURL('/dashboard');
});
