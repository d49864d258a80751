// One's own account: another name, a new password, and where one is signed in.
import { expect, test } from '../support/fixtures.ts';
import { fillSignIn, openMenu, signUp } from '../support/people.ts';

test('a new password, and the other browsers are signed out', async ({ page, newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422|WebSocket connection/);
  const person = await signUp(page.request);
  const phone = await (await newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })).newPage();
  await phone.goto('/login');
  await fillSignIn(phone, person);
  await expect(phone).toHaveURL('/dashboard');

  await page.goto('/dashboard');
  await openMenu(page);
  await page.getByRole('link', { name: 'Your account' }).click();
  const sessions = page.getByRole('table', { name: 'Where you are signed in' });
  await expect(sessions.getByRole('row')).toHaveCount(3);
  await expect(sessions.getByText('Here')).toHaveCount(1);
  await page.getByLabel('Your password now').fill('not this one');
  await page.getByLabel('New password').fill('another way to the harbour');
  await page.keyboard.press('Enter');
  await expect(page.getByText('This is not your password.').last()).toBeVisible();
  await page.getByLabel('Your password now').fill(person.password);
  await page.getByLabel('New password').fill('another way to the harbour');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toContainText('Your password is changed');
  await expect(sessions.getByRole('row')).toHaveCount(2);
  await phone.reload();
  await expect(phone).toHaveURL('/login');

  // Without code, the other way round.
  await fillSignIn(phone, { ...person, password: 'another way to the harbour' });
  await phone.goto('/dashboard/account');
  await phone.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(phone.getByRole('table', { name: 'Where you are signed in' }).getByRole('row')).toHaveCount(2);
  await page.reload();
  await expect(page).toHaveURL('/login?next=/dashboard/account');
});

for (const javaScriptEnabled of [true, false]) {
  test(`another name, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of 422/);
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(page.request);
    await page.goto('/dashboard/account');
    await page.getByLabel('Your name').fill('Åsa\u200bHolm');
    await page.getByRole('button', { name: 'Change the name' }).click();
    await expect(page.locator('#name-error')).toContainText('Use one line of ordinary characters.');
    await expect(page.getByLabel('Your name')).toHaveValue('Åsa\u200bHolm');
    await page.getByLabel('Your name').fill('Åsa Holm');
    await page.getByRole('button', { name: 'Change the name' }).click();
    await expect(page.getByRole('status')).toContainText('Your name is changed');
    await page.goto('/dashboard/members');
    await expect(page.getByRole('main')).toContainText('Åsa Holm');
  });
}
