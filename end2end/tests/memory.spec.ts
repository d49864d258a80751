// What is remembered of a contact: turned on in the settings, seen from the inbox, and taken away.
import { begin, program, remembered, say } from '../support/conversations.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`what a contact has said of themself is seen and forgotten, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, server }) => {
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    const go = (path: string) => (javaScriptEnabled ? visit(page, path) : page.goto(path));
    await signUp(page.request);
    const by = await program(page.request);
    const [id, other] = [await begin(page.request, by, 'Maja'), await begin(page.request, by, 'Nils')];
    for (const talk of [id, other]) await say(page.request, by, talk, 'I live in Umeå. Can I talk to a person?');
    remembered(server, id, ['lives in Umeå', 'has two chairs']);
    remembered(server, other, ['has a lamp']);

    // Nobody has asked for it.
    await go(`/dashboard/inbox/${id}`);
    await expect(page.getByText('I live in Umeå.').last()).toBeVisible();
    await expect(page.getByRole('button', { name: 'What is remembered' })).toHaveCount(0);
    await page.goto('/dashboard/settings');
    await page.getByLabel('Remember what contacts say of themselves').check();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(page.getByLabel('Remember what contacts say of themselves')).toBeChecked();

    // From the conversation that is open, also where the browser's part has opened it.
    await go(`/dashboard/inbox/${other}`);
    await page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name: /Maja/ }).click();
    await expect(page).toHaveURL(new RegExp(id));
    await page.getByRole('button', { name: 'What is remembered' }).click();
    await expect(page.getByRole('heading', { name: 'Remembered of Maja' })).toBeVisible();
    const facts = page.getByRole('main').getByRole('listitem');
    await expect(facts).toHaveCount(2);
    await page.getByRole('button', { name: 'Forget lives in Umeå' }).click();
    await expect(page.getByRole('status')).toContainText('It is forgotten.');
    await expect(facts).toHaveCount(1);
    await page.getByRole('button', { name: 'Forget all of it' }).click();
    await expect(page.getByText('Nothing is remembered.')).toBeVisible();
    await page.goto(`/dashboard/inbox/${other}/facts`);
    await expect(page.getByText('has a lamp')).toBeVisible();
  });
}
