// The description of the REST interface for people: every call stands there, and can be tried.
import { expect, test } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { signUp } from '../support/people.ts';

test('every call is described, and one that is tried is made', async ({ page, request, complaints }) => {
  complaints.expect(/status of 401/);
  const person = await signUp(page.request);
  const key = await makeKey(page.request, 'Website');
  await page.goto('/api/docs');
  const { paths } = await (await request.get('/api/openapi.json')).json();
  const all = Object.values<object>(paths).flatMap((path) => Object.keys(path));
  await expect(page.locator('details.call')).toHaveCount(all.length);

  const call = async (id: string) => {
    const part = page.locator(`#${id}`);
    await part.locator('summary').click();
    return part;
  };
  const me = await call('get_me');
  await me.getByRole('button', { name: 'Send' }).click();
  await expect(me.getByRole('status')).toContainText('401');
  await page.getByLabel('API key, to try calls with').fill(key);
  await me.getByRole('button', { name: 'Send' }).click();
  await expect(me.getByRole('status')).toContainText('200');
  await expect(me.getByRole('status')).toContainText(person.company);

  // The example is one that can be sent; what comes leads on.
  const create = await call('create_conversation');
  await create.getByRole('button', { name: 'Send' }).click();
  await expect(create.getByRole('status')).toContainText('201');
  const id = /"id": "(conv_[0-9a-f]{32})"/.exec(await create.getByRole('status').innerText())![1]!;
  const get = await call('get_conversation');
  await get.getByRole('textbox').fill(id);
  await page.keyboard.press('Enter');
  await expect(get.getByRole('status')).toContainText(id);
  // The key is in the page alone.
  await page.reload();
  await expect(page.getByLabel('API key, to try calls with')).toHaveValue('');
});

test('without JavaScript the calls stand there to be copied', async ({ newContext }) => {
  const page = await (await newContext({ javaScriptEnabled: false })).newPage();
  await page.goto('/api/docs');
  await page.locator('#get_me summary').click();
  await expect(page.locator('#get_me')).toContainText(/curl http:\/\/[^ ]+\/api\/v1\/me/);
  await expect(page.getByRole('button', { name: 'Send' })).toHaveCount(0);
});
