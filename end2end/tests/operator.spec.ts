// Whoever runs the installation: keys made in a terminal while a server runs, and what a program does by them, as people see it.
import { join } from 'node:path';
import { chat, openChat, say, told, widgetOf } from '../support/chat.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { fillSignIn, signUp } from '../support/people.ts';
import { newFolder, run } from '../support/server.ts';

test('a company is suspended and let in again by a key that was made in a terminal', async ({ startServer, newContext, complaints }) => {
  // A form that is refused.
  complaints.expect(/status of 422/);
  const folder = join(newFolder(), 'data');
  const server = await startServer({ SAMTAL_DATA_DIR: folder });
  const samtal = async (...args: string[]) => {
    const { exit, stdout, stderr } = await run(['operator-key', ...args], { SAMTAL_DATA_DIR: folder });
    expect(exit.code, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const made = await samtal('create', '--name', 'Shop', '--may', 'tenants.suspend,tenants.read', '--days', '30');
  expect(made).toMatchObject({ key: { name: 'Shop', permissions: ['tenants.read', 'tenants.suspend'] }, secret: expect.stringMatching(/^smo_[0-9a-f]{48}$/) });
  expect(JSON.stringify(await samtal('list'))).not.toContain(made.secret);
  const ask = async (secret: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/api/operator/v1/tenants${path}`, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
    const said = (await answer.json()) as { data: { id: string; name: string }[]; suspended_at: string | null; suspended_reason: string | null };
    return { status: answer.status, body: said };
  };

  const owner = await newContext({ baseURL: server.url });
  const person = await signUp(owner.request);
  const widget = await widgetOf(owner.request);
  const page = await owner.newPage();
  await visit(page, '/dashboard');
  const visitor = await newContext({ baseURL: server.url });
  const shop = await visitor.newPage();
  await openChat(shop, widget);
  await say(shop, 'Do you have lamps?');
  await expect(told(shop)).toHaveCount(1);

  const { id } = (await ask(made.secret, '')).body.data.find(({ name }) => name === person.company)!;
  expect((await ask(made.secret, `/${id}/suspend`, { reason: 'Unpaid since May' })).body.suspended_reason).toBe('Unpaid since May');
  expect((await ask(made.secret, '', { name: 'Vega', owner_email: 'vera@vega.example' })).status, 'it was not made for that').toBe(403);

  // The page of the shop lives; its widget is one that nobody knows.
  await expect(chat(shop).getByRole('status')).toContainText('not available');
  await expect(shop.getByRole('main')).toBeVisible();
  await page.goto('/dashboard');
  await fillSignIn(page, person);
  await expect(page.getByRole('main')).toContainText('This workspace is suspended. Ask whoever runs this installation.');

  expect((await ask(made.secret, `/${id}/resume`, {})).body.suspended_at).toBeNull();
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/dashboard/);
  await shop.reload();
  await expect(chat(shop).locator('.message.contact')).toContainText('Do you have lamps?');
  await visit(page, '/dashboard/audit-log');
  await expect(page.getByRole('row', { name: /Suspended the workspace/ })).toContainText('Whoever runs this installation, by the key Shop');

  // Another key in its place, and none.
  const other = await samtal('replace', made.key.id, '--old-one-works', 'none');
  expect([(await ask(made.secret, '')).status, (await ask(other.secret, '')).status]).toEqual([401, 200]);
  await samtal('revoke', other.key.id);
  expect((await ask(other.secret, '')).status).toBe(401);
  for (const [args, words] of [
    [['create', '--name', 'x', '--may', 'tenants.read', '--days', '366'], '--days: Use a number from 1 to 365.'],
    [['create', '--name', ' ', '--may', 'tenants.read', '--days', '1'], '--name: '],
    [['create', '--name', 'x', '--may', 'tenants.burn', '--days', '1'], 'tenants.suspend'],
    [['replace', other.key.id], 'there is no such key'],
    [['revoke', 'key_0'], 'not an id of this kind'],
  ] as const) {
    const { exit, stderr } = await run(['operator-key', ...args], { SAMTAL_DATA_DIR: folder });
    expect([exit.code === 0, stderr], args.join(' ')).toEqual([false, expect.stringContaining(words)]);
  }
});
