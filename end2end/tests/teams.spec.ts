// Teams: made and filled on their page, and what is given to one is there for its people and for no other team.
import type { Page } from '@playwright/test';
import { begin, program, say } from '../support/conversations.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { fillSignIn, signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`what is given to a team is there for its people alone, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of (404|422)/);
    const go = (page: Page, path: string) => (javaScriptEnabled ? visit(page, path) : page.goto(path));
    const owner = await (await newContext({ javaScriptEnabled })).newPage();
    await signUp(owner.request);
    await owner.request.post('/dashboard/roles', { form: { title: 'Of a team', 'conversations.teams': '1', 'conversations.write': '1' } });
    const joins = async (name: string) => {
      const email = `${name.toLowerCase()}.${Date.now()}@fjallhus.example`;
      const password = 'another way to the harbour';
      await owner.goto('/dashboard/members');
      await owner.getByLabel('Email').fill(email);
      await owner.locator('#role').selectOption('Of a team');
      await owner.getByRole('button', { name: 'Invite' }).click();
      const page = await (await newContext({ javaScriptEnabled })).newPage();
      await page.request.post(await owner.locator('#link').innerText(), { form: { name, password } });
      await page.goto('/login');
      await fillSignIn(page, { email, password });
      await expect(page).toHaveURL('/dashboard');
      return { page, email };
    };
    const [elsa, nils] = [await joins('Elsa'), await joins('Nils')];

    await owner.goto('/dashboard/members');
    await owner.getByRole('main').getByRole('link', { name: 'Teams' }).click();
    await expect(owner.getByText('There is no team yet')).toBeVisible();
    for (const [team, who, email] of [['Billing', 'Elsa', elsa.email], ['Support', 'Nils', nils.email]] as const) {
      await owner.locator('#name').fill(team);
      await owner.getByRole('button', { name: 'Make the team' }).click();
      await expect(owner.getByRole('status')).toContainText('Saved');
      await owner.getByText(`Put somebody into ${team}`).click();
      const form = owner.locator('details[open]');
      await form.getByLabel('Member').selectOption(`${who} · ${email}`);
      await form.getByRole('button', { name: `Put into ${team}` }).click();
      await expect(owner.getByRole('button', { name: `Take out ${who} of ${team}` })).toBeVisible();
    }
    await owner.locator('#name').fill('BILLING');
    await owner.getByRole('button', { name: 'Make the team' }).click();
    await expect(owner.locator('#name-error')).toContainText('There is a team of this name already');
    await expect(owner.locator('#name')).toHaveValue('BILLING');

    // Of no team yet, it is not there for those who see what is their teams'.
    const by = await program(owner.request);
    const id = await begin(owner.request, by, 'Maja');
    await say(owner.request, by, id, 'My invoice is wrong.');
    const there = async ({ page }: { page: Page }) => (await page.request.get(`/dashboard/inbox/${id}`)).status();
    expect([await there(elsa), await there(nils)]).toEqual([404, 404]);
    const maja = ({ page }: { page: Page }) => page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name: /Maja/ });
    for (const { page } of [elsa, nils]) {
      await go(page, '/dashboard/inbox');
      await expect(page.getByRole('heading', { name: 'Inbox' }).last()).toBeVisible();
    }

    const give = async (page: Page, team: string) => {
      await page.getByText('Give to a team').click();
      await page.getByLabel('The team').selectOption(team);
      await page.getByRole('button', { name: 'Give the conversation' }).click();
    };
    await go(owner, `/dashboard/inbox/${id}`);
    await give(owner, 'Billing');
    await expect(owner.getByRole('log')).toContainText('A person of the team Billing has been asked to join.');
    if (!javaScriptEnabled) for (const { page } of [elsa, nils]) await page.goto('/dashboard/inbox');
    await expect(maja(elsa)).toBeVisible();
    await expect(elsa.page.locator('#nav-waiting')).toContainText('1');
    expect([await there(elsa), await there(nils)]).toEqual([200, 404]);
    await go(nils.page, '/dashboard/inbox');
    await expect(maja(nils)).toHaveCount(0);
    await expect(nils.page.locator('#nav-waiting')).toBeHidden();

    // Given on, by whoever has opened it from the list, it is there for the others.
    await go(elsa.page, '/dashboard/inbox');
    await expect(elsa.page.getByText('Give to a team')).toBeHidden();
    await expect(async () => {
      // (A press on a line that has just moved may have been meant for another one.)
      await maja(elsa).click();
      await expect(elsa.page.getByRole('heading', { name: 'Maja' })).toBeVisible({ timeout: 1000 });
    }).toPass();
    await give(elsa.page, 'Support');
    await expect(elsa.page).toHaveURL('/dashboard/inbox');
    await expect(maja(elsa)).toHaveCount(0);
    await go(nils.page, '/dashboard/inbox');
    await expect(maja(nils)).toBeVisible();
    expect([await there(elsa), await there(nils)]).toEqual([404, 200]);

    await owner.goto('/dashboard/teams');
    await owner.getByText('Change Support').click();
    await owner.getByRole('button', { name: 'Delete Support' }).click();
    await expect(owner.getByRole('dialog', { name: 'Delete the team Support?' })).toBeVisible();
    await owner.getByRole('button', { name: 'Delete the team' }).click();
    await expect(owner.getByRole('status')).toHaveText('Deleted.');
    await expect(owner.getByRole('listitem').filter({ hasText: 'Support' })).toHaveCount(0);
    expect([await there(elsa), await there(nils)]).toEqual([404, 404]);
  });
}
