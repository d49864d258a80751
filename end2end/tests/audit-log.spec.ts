// The audit log: what was done stands there, a part of it can be asked for, and it can be taken along.
import { readFileSync } from 'node:fs';
import { expect, test } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`who did what is found, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext }) => {
    const context = await newContext({ javaScriptEnabled });
    const person = await signUp(context.request);
    await makeKey(context.request, 'Till in Umeå');
    const page = await context.newPage();
    await page.goto('/dashboard');
    await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Audit log' }).click();
    const rows = page.getByRole('table', { name: 'Audit log' }).getByRole('row');
    await expect(rows).toHaveCount(4);
    await expect(rows.nth(1)).toContainText('Made an API key: Till in Umeå');
    await expect(rows.nth(1)).toContainText(person.name);
    await expect(rows.nth(1)).toContainText('127.0.0.1');
    await page.getByLabel('What').selectOption('Signed in');
    await page.getByLabel('Who').selectOption(person.name);
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(rows).toHaveCount(2);
    await expect(rows.nth(1)).toContainText('how: password');
    await expect(page.getByLabel('What')).toHaveValue('session.opened');
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: /Download as CSV/ }).click();
    const file = await downloading;
    expect(file.suggestedFilename()).toBe('audit-log.csv');
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('session.opened');
    await page.getByLabel('Until').fill('2001-01-01');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page.getByText('Nothing was written down that is all of this.')).toBeVisible();
  });
}
