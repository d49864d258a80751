// Signed requests: a key that signs, made on the page, used by the program of docs/signed-requests.md as it stands there.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/signed-requests.md'), 'utf8');
const program = /```python\n([\s\S]*?)```/.exec(guide)![1]!;

test('a program signs its requests as the guide says', async ({ page, server }) => {
  const person = await signUp(page.request);
  await page.goto('/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('Till');
  await page.getByText('What it may do, for how long, and how it is used').click();
  await page.getByLabel('How it is used').selectOption('It signs every request');
  await page.getByRole('button', { name: 'Create key' }).click();
  const [id, secret] = [await page.locator('#keyid').innerText(), await page.locator('#secret').innerText()];
  const run = (...given: string[]) =>
    execFileSync('python3', ['-c', program, ...given], { env: { ...process.env, KEY_ID: id, KEY_SECRET: secret }, encoding: 'utf8' });
  expect(JSON.parse(run('GET', `${server.url}/api/v1/members?limit=1`)).data[0].email).toBe(person.email);
  expect(JSON.parse(run('POST', `${server.url}/api/v1/search`, '{"query": "lamps, åäö"}'))).toBeTruthy();
  await page.goto('/dashboard/api-keys');
  await expect(page.getByRole('row', { name: /^Till/ })).toContainText(`signs as ${id}`);
});
