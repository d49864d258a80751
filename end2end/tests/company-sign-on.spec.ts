// A company lets its people sign in by its own provider, for addresses in domains that are its own.
import { Dns } from '../support/dns.ts';
import { expect, test } from '../support/fixtures.ts';
import { signInThere } from '../support/provider.ts';
import { fillSignIn, signOut, signUp, somebody } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`it is set up, proven, and asked for, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, startServer, startProvider, complaints }) => {
    complaints.expect(/the server responded with a status of 422/);
    const [provider, dns] = [await startProvider(), await Dns.start()];
    const server = await startServer({ SAMTAL__OUTBOUND__PRIVATE_ADDRESSES: 'true', SAMTAL__OUTBOUND__DNS: dns.address });
    provider.serve(server.url);
    const browser = () => newContext({ javaScriptEnabled, baseURL: server.url });
    const context = await browser();
    const [page, person] = [await context.newPage(), await signUp(context.request)];
    await page.goto('/dashboard');
    await page.getByRole('link', { name: 'Company sign-on' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Fjällhus');
    await page.getByLabel('Issuer').fill(`${provider.issuer}/nowhere`);
    await page.getByLabel('Client ID').fill('samtal');
    await page.getByLabel('Client secret').fill(provider.secret);
    await page.getByLabel(/sign in by it alone/).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('alert')).toContainText('This is not your password');
    await page.getByLabel('Client secret').fill(provider.secret);
    await page.getByLabel('Your password').fill(person.password);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('#issuer-error')).toContainText('The provider cannot be asked there');
    await expect(page.getByLabel('Client secret'), 'a secret is never shown').toHaveValue('');
    await page.getByLabel('Issuer').fill(provider.issuer);
    await page.getByLabel('Client secret').fill(provider.secret);
    await page.getByLabel('Your password').fill(person.password);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status')).toContainText('The provider has answered');
    const back = await page.locator('code', { hasText: '/back' }).innerText();
    provider.serve(server.url, back);

    await page.getByRole('textbox', { name: 'Domain' }).fill('fjallhus.example');
    await page.getByRole('button', { name: 'Add' }).click();
    const [record, says] = await page.locator('.ways code').allInnerTexts();
    await page.getByRole('button', { name: 'Look for the record of fjallhus.example' }).click();
    await expect(page.locator('#domain-error')).toContainText('does not say it yet');
    dns.says(record!, says!);
    await page.getByRole('button', { name: 'Look for the record of fjallhus.example' }).click();
    await expect(page.getByText('fjallhus.example').filter({ visible: true }).first()).toBeVisible();
    await expect(page.getByText('Proven', { exact: true }).first()).toBeVisible();

    // A colleague with a password of theirs is led there, and is in by it.
    const colleague = somebody();
    const answer = await (await context.request.post('/dashboard/members', { form: { email: colleague.email, role: 'agent' } })).text();
    await context.request.post(new URL(/<code id="link">([^<]+)/.exec(answer)![1]!).pathname, {
      form: { name: colleague.name, password: colleague.password },
    });
    const theirs = await (await browser()).newPage();
    await theirs.goto('/dashboard/members');
    await fillSignIn(theirs, colleague);
    await expect(theirs).toHaveURL('/login/provider');
    await expect(theirs.getByRole('main')).toContainText(person.company);
    await theirs.getByRole('link', { name: 'Go on' }).click();
    await signInThere(theirs, colleague.email);
    await theirs.getByLabel('Password').fill(colleague.password);
    await theirs.keyboard.press('Enter');
    await expect(theirs).toHaveURL('/dashboard/members');
    await expect(theirs.getByRole('link', { name: 'Company sign-on' }), 'for owners alone').toBeHidden();
    await signOut(theirs);
    // From the sign-in page, by the address alone.
    await theirs.goto('/login?next=/dashboard/inbox');
    await theirs.getByRole('link', { name: 'Sign in through your company' }).click();
    await theirs.getByLabel('Email').fill('bo@nowhere.example');
    await theirs.getByRole('button', { name: 'Go on' }).click();
    await expect(theirs.locator('#email-error')).toContainText('No company with this domain');
    await theirs.getByLabel('Email').fill(colleague.email);
    await theirs.getByRole('button', { name: 'Go on' }).click();
    await expect(theirs, 'the provider knows who this is').toHaveURL(/\/dashboard\/inbox/);

    // An owner goes on with a password, and takes it away.
    await signOut(page);
    await page.goto('/dashboard/sign-on');
    await fillSignIn(page, person);
    await page.getByRole('button', { name: 'Take it away' }).click();
    await expect(page.getByLabel('Issuer')).toHaveValue('');
    await signOut(theirs);
    await theirs.goto('/login');
    await fillSignIn(theirs, colleague);
    await expect(theirs).toHaveURL('/dashboard');
    await dns.stop();
  });
}
