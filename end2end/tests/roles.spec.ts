// What people see who may less than others: nothing that they could only be refused.
import { begin, program, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { fillSignIn, signUp } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`a viewer reads and changes nothing, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, server }) => {
    const owner = (await newContext()).request;
    await signUp(owner);
    await makeKey(owner, 'Website');
    await teach(owner, 'returns.md', '# Returns\n\nWithin 60 days.\n');
    await learnt(owner);
    const by = await program(owner);
    const id = await begin(owner, by, 'Elin Sjöberg');
    await say(owner, by, id, 'Is anybody there?');
    await step(owner, by, id, 'handoff');
    const email = `vera.${Date.now()}@fjallhus.example`;
    const invited = await (await owner.post('/dashboard/members', { form: { email, role: 'viewer' } })).text();
    const link = /\/join\/[0-9a-f]+/.exec(invited)![0];
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    const password = 'another way to the harbour';
    await page.request.post(link, { form: { name: 'Vera', password } });
    await page.goto('/login');
    await fillSignIn(page, { email, password });
    await expect(page).toHaveURL('/dashboard');

    await page.goto('/dashboard/knowledge');
    await expect(page.getByRole('row', { name: /returns/ })).toBeVisible();
    await expect(page.getByText('Add documents')).toHaveCount(0);
    await expect(page.getByRole('button', { name: /Delete/ })).toHaveCount(0);
    await page.goto('/dashboard/api-keys');
    await expect(page.getByRole('row', { name: /Website/ })).toBeVisible();
    await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
    await page.goto('/dashboard/members');
    await expect(page.getByLabel('Email')).toHaveCount(0);
    if (javaScriptEnabled) await visit(page, `/dashboard/inbox/${id}`);
    else await page.goto(`/dashboard/inbox/${id}`);
    await expect(page.getByRole('log')).toContainText('Is anybody there?');
    await expect(page.getByText('You may read here, and not write.')).toBeVisible();
    for (const name of ['Take over', 'Hand back', 'Resolve']) await expect(page.getByRole('button', { name })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
    // What is sent all the same is refused, and changes nothing.
    for (const path of [`inbox/${id}/take-over`, `inbox/${id}/resolve`, `inbox/${id}/messages`, 'api-keys', 'members', 'account/sessions/x/end']) {
      const answer = await page.request.post(`/dashboard/${path}`, { form: { name: 'x', email: 'x@y.example', role: 'viewer', text: 'x', client_id: 'x' } });
      expect(answer.status(), path).toBe(path.startsWith('account') ? 404 : 403);
    }
    await expect(page.getByRole('log').getByRole('listitem')).toHaveCount(await page.getByRole('log').getByRole('listitem').count());
    expect(server.stderr).not.toContain('panicked');
  });
}
