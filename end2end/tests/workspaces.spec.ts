// From one workspace to another, without signing in again.
import { expect, test } from '../support/fixtures.ts';
import { fillSignIn, join, openMenu, signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`who works in two goes from one to the other, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, server }) => {
    const person = await signUp((await newContext()).request);
    const other = await signUp((await newContext()).request);
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await page.goto('/login');
    await fillSignIn(page, person);
    await expect(page).toHaveURL('/dashboard');
    await openMenu(page);
    await page.getByRole('link', { name: 'Your workspaces' }).click();
    await expect(page.getByText('You work in this one alone.')).toBeVisible();
    join(server, person, other);
    await page.reload();
    const rows = page.getByRole('table', { name: 'Your workspaces' }).getByRole('row');
    await expect(rows).toHaveCount(3);
    const before = (await page.context().cookies()).find((cookie) => cookie.name === 'samtal')!.value;
    await page.getByRole('button', { name: `Go to ${other.company}` }).click();
    await expect(page).toHaveURL('/dashboard');
    await expect(page.getByRole('main')).toContainText(other.company);
    expect((await page.context().cookies()).find((cookie) => cookie.name === 'samtal')!.value).not.toBe(before);
    // An agent there, an owner at home.
    await expect(page.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
    await page.goto('/dashboard/workspaces');
    await page.getByRole('button', { name: `Go to ${person.company}` }).click();
    await page.goto('/dashboard/audit-log');
    await expect(page.getByRole('table')).toContainText('how: another workspace');
  });
}
