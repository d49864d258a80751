// Somebody who works in several workspaces says at each sign-in which one to open.
import { expect, test } from '../support/fixtures.ts';
import { fillSignIn, join, signUp } from '../support/people.ts';

test('who works in two workspaces chooses one, by keyboard, and gets to the page that was asked for', async ({ page, server, complaints }) => {
  const [other, person] = [await signUp(page.request), await signUp(page.request)];
  join(server, person, other);
  for (const [company, role] of [[other.company, 'Agent'], [person.company, 'Owner']] as const) {
    await page.context().clearCookies();
    await page.goto('/dashboard/members');
    await fillSignIn(page, person);
    await expect(page).toHaveURL('/login/workspace');
    await expect(page.getByRole('list', { name: 'Workspaces' }).getByRole('button')).toHaveCount(2);
    // Nothing is open before.
    expect((await page.request.get('/dashboard', { maxRedirects: 0 })).status()).toBe(303);
    await page.getByRole('button', { name: company }).focus();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL('/dashboard/members');
    await expect(page.getByRole('row', { name: person.email })).toContainText(role);
  }
  // Going back to a choice that was made leads to where it led.
  complaints.expect(/the server responded with a status of 422/);
  await page.goto('/login/workspace');
  await expect(page).toHaveURL('/dashboard');
});
