// A second factor: a code of the phone besides the password, codes on paper, and browsers that are not asked again.
import { code, turnFactorOn } from '../support/factor.ts';
import { expect, test } from '../support/fixtures.ts';
import { fillSignIn, openMenu, signOut, signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`it is set up, asked for, and turned off, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of 422|WebSocket connection/);
    const context = await newContext({ javaScriptEnabled });
    const page = await context.newPage();
    const person = await signUp(context.request);
    const other = await (await newContext({ javaScriptEnabled })).newPage();
    await other.goto('/login');
    await fillSignIn(other, person);
    await expect(other).toHaveURL('/dashboard');

    // From where one looks for it, and not without the password.
    await page.goto('/dashboard');
    await openMenu(page);
    await page.getByRole('link', { name: 'Your account' }).click();
    await page.getByRole('link', { name: 'Set it up the second factor' }).click();
    await page.getByLabel('Your password').fill('not this one at all');
    await page.getByRole('button', { name: 'Begin' }).click();
    await expect(page.getByText('This is not your password.').last()).toBeVisible();
    const { key, codes } = await turnFactorOn(page, person.password);
    await page.getByRole('link', { name: 'I have them' }).click();
    await expect(page.getByText('10 of your codes for paper are left.')).toBeVisible();
    for (const secret of [key, key.replaceAll(' ', ''), ...codes]) expect(await page.content()).not.toContain(secret);
    await other.reload();
    await expect(other).toHaveURL('/login');

    // The password alone opens nothing; where one wanted to go is kept.
    await other.goto('/dashboard/members');
    await fillSignIn(other, person);
    await expect(other).toHaveURL('/login/code');
    await other.goto('/dashboard/members');
    await expect(other).toHaveURL('/login?next=/dashboard/members');
    await fillSignIn(other, person);
    await other.getByLabel('Code', { exact: true }).fill('000000');
    await other.getByLabel('Do not ask for a code in this browser').check();
    await other.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await expect(other.locator('#code-error')).toContainText('This code is not right');
    await expect(other.getByLabel('Do not ask for a code in this browser')).toBeChecked();
    await other.getByLabel('Code', { exact: true }).fill(code(key, 1));
    await other.keyboard.press('Enter');
    await expect(other).toHaveURL('/dashboard/members');

    // This browser is not asked again.
    await signOut(other);
    await other.goto('/login');
    await fillSignIn(other, person);
    await expect(other).toHaveURL('/dashboard');

    // Another one is, and a code on paper works there, once.
    const third = await (await newContext({ javaScriptEnabled })).newPage();
    await third.goto('/login');
    await fillSignIn(third, person);
    await third.getByLabel('Code', { exact: true }).fill(codes[4]!);
    await third.keyboard.press('Enter');
    await expect(third).toHaveURL('/dashboard');
    await third.goto('/dashboard/account/code');
    await expect(third.getByText('9 of your codes for paper are left.')).toBeVisible();
    await third.getByLabel('Code', { exact: true }).fill(codes[4]!);
    await third.getByRole('button', { name: 'Turn it off' }).click();
    await expect(third.locator('#code-error')).toContainText('was used before');
    await third.getByLabel('Code', { exact: true }).fill(codes[5]!);
    await third.getByRole('button', { name: 'New codes for paper' }).click();
    const [fresh] = await third.locator('#codes li').allInnerTexts();
    expect(codes).not.toContain(fresh);
    await third.getByRole('link', { name: 'I have them' }).click();
    await third.getByLabel('Code', { exact: true }).fill(fresh!);
    await third.getByRole('button', { name: 'Turn it off' }).click();
    await expect(third.getByRole('heading', { name: 'Set it up' })).toBeVisible();

    const last = await (await newContext({ javaScriptEnabled })).newPage();
    await last.goto('/login');
    await fillSignIn(last, person);
    await expect(last).toHaveURL('/dashboard');
  });
}

test('a new password asks for no code where one is, and for one everywhere else, also where it was not asked before', async ({ page, newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422|WebSocket connection/);
  const person = await signUp(page.request);
  const { key } = await turnFactorOn(page, person.password);
  const other = await (await newContext()).newPage();
  await other.goto('/login');
  await fillSignIn(other, person);
  await other.getByLabel('Code', { exact: true }).fill(code(key, 1));
  await other.getByLabel('Do not ask for a code in this browser').check();
  await other.keyboard.press('Enter');
  await expect(other).toHaveURL('/dashboard');

  const password = 'another way to the harbour';
  await page.goto('/dashboard/account');
  await page.getByLabel('Your password now').fill(person.password);
  await page.getByLabel('New password').fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status')).toContainText('Your password is changed');
  await other.goto('/login');
  await fillSignIn(other, { ...person, password });
  await expect(other).toHaveURL('/login/code');
});
