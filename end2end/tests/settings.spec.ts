// The settings of a workspace: changed, compared, brought back; and a second factor that the workspace asks for.
import { expect, test } from '../support/fixtures.ts';
import { code } from '../support/factor.ts';
import { fillSignIn, signOut, signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`settings are versions, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of (422|409)/);
    const context = await newContext({ javaScriptEnabled });
    const [page, person] = [await context.newPage(), await signUp(context.request)];
    await page.goto('/dashboard/settings');
    await expect(page.getByRole('table')).toHaveCount(0);
    await page.getByLabel('Company').fill('Fjällhus & Söner');
    await page.getByLabel('Signed out when idle for (minutes)').fill('3');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(page.locator('#idle_minutes-error')).toContainText('From 5 to 10,080');
    await expect(page.getByLabel('Company')).toHaveValue('Fjällhus & Söner');
    await page.getByLabel('Signed out when idle for (minutes)').fill('30');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status')).toContainText('Saved');
    await expect(page.getByText('Fjällhus & Söner').filter({ visible: true }).first()).toBeVisible();
    const versions = page.getByRole('table', { name: 'Versions' });
    await expect(versions.getByRole('row', { name: /^1 / })).toContainText('Signed out when idle for: - 30 minutes');

    // The same as JSON, by who knows what they do.
    await page.getByText('The same as JSON').click();
    const json = page.getByLabel('The settings as JSON');
    await expect(json).toHaveValue(/"idle_minutes": 30/);
    await json.fill((await json.inputValue()).replace('30', '"soon"'));
    await page.getByRole('button', { name: 'Save the JSON' }).click();
    await expect(page.locator('#json-error')).toContainText('These are no settings');
    await expect(json).toHaveValue(/"soon"/);
    await json.fill((await json.inputValue()).replace('"soon"', '45'));
    await page.getByRole('button', { name: 'Save the JSON' }).click();
    await expect(versions.getByRole('row', { name: /^2 / })).toContainText('30 minutes 45 minutes');

    // In another window somebody has changed them: nothing is overwritten.
    const other = await context.newPage();
    await other.goto('/dashboard/settings');
    await versions.getByRole('button', { name: 'Restore version 0' }).click();
    await expect(versions.getByRole('row', { name: /^3 / })).toContainText('Brought version 0 back');
    await expect(page.getByLabel('Company')).toHaveValue(person.company);
    await other.getByLabel('Company').fill('Overwritten');
    await other.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(other.getByRole('alert')).toContainText('Somebody has changed the settings meanwhile');
    await expect(other.getByLabel('Company')).toHaveValue(person.company);
    await page.goto('/dashboard/audit-log?act=settings.changed');
    await expect(page.getByRole('row', { name: /Changed the settings/ })).toHaveCount(3);
  });

  test(`a workspace asks for a second factor, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of (422|409)|WebSocket connection/);
    const context = await newContext({ javaScriptEnabled });
    const [page, person] = [await context.newPage(), await signUp(context.request)];
    await page.goto('/dashboard/settings');
    await page.getByLabel(/Signing in takes a second factor/).check();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await signOut(page);
    await page.goto('/dashboard/members');
    await fillSignIn(page, person);
    await expect(page).toHaveURL('/login/factor');
    // Nothing opens before that.
    await page.goto('/dashboard/members');
    await expect(page).toHaveURL('/login?next=/dashboard/members');
    await fillSignIn(page, person);
    const key = await page.locator('#key').innerText();
    await page.reload();
    await expect(page.locator('#key'), 'it is the same when one looks again').toHaveText(key);
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Turn it on and sign in' }).click();
    await expect(page.locator('#code-error')).toContainText('This code is not right');
    await page.getByLabel('Code').fill(code(key));
    await page.keyboard.press('Enter');
    await expect(page.locator('#codes li')).toHaveCount(10);
    await page.getByRole('link', { name: 'I have them' }).click();
    await expect(page).toHaveURL('/dashboard/members');
    // While it is asked for it stays on.
    await page.goto('/dashboard/account/code');
    await page.getByLabel('Code', { exact: true }).fill(code(key, 1));
    await page.getByRole('button', { name: 'Turn it off' }).click();
    await expect(page.getByRole('alert')).toContainText('asks its members for a second factor');
    await signOut(page);
    await page.goto('/login');
    await fillSignIn(page, person);
    await expect(page).toHaveURL('/login/code');
  });
}
