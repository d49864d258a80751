// Signing in by a provider's word: at a real OpenID provider, on another site, there and back.
import { expect, test } from '../support/fixtures.ts';
import { code, turnFactorOn } from '../support/factor.ts';
import { signInThere } from '../support/provider.ts';
import { fillSignIn, signOut, signUp, somebody } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  const how = `with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`;

  test(`a newcomer is asked, makes a workspace, and comes back by the provider alone, ${how}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of 409/);
    const person = somebody();
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await page.goto('/signup');
    await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
    await signInThere(page, person.email);
    await expect(page).toHaveURL('/login/new');
    await expect(page.getByRole('main')).toContainText(person.email);
    await expect(page.getByLabel('Your name')).toHaveValue('Astrid Lund');
    await page.getByLabel('Company').fill(person.company);
    await page.getByRole('button', { name: 'Create workspace' }).click();
    await expect(page).toHaveURL('/dashboard');
    await page.goBack();
    await page.goto('/login/new');
    await expect(page, 'what was kept on the way is gone').toHaveURL(/\/(login|dashboard)$/);

    // Elsewhere, to where one wanted to go. The provider may know the browser, or not.
    const other = await (await newContext({ javaScriptEnabled })).newPage();
    await other.goto('/dashboard/members');
    await other.getByRole('link', { name: 'Continue with Nord-ID' }).click();
    await signInThere(other, person.email);
    await expect(other).toHaveURL('/dashboard/members');
    await other.goto('/dashboard/account');
    await expect(other.getByText('Nord-ID opens it')).toContainText(person.email);
    await expect(other.getByText('You have none')).toBeVisible();
    // The last way in stays.
    await other.getByText('Unlink Nord-ID').click();
    await other.getByRole('button', { name: 'Unlink' }).click();
    await expect(other.getByRole('alert')).toContainText('Nothing else opens your account');
  });

  test(`an account with a password is linked by it, once, and unlinked, ${how}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of 422|WebSocket connection/);
    const person = await signUp((await newContext()).request);
    const page = await (await newContext({ javaScriptEnabled })).newPage();
    await page.goto('/login?next=/dashboard/members');
    await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
    await signInThere(page, person.email);
    await expect(page).toHaveURL('/login/link');
    await page.getByLabel('Password').fill('not this one at all');
    await page.getByRole('button', { name: 'Link and sign in' }).click();
    await expect(page.locator('#password-error')).toContainText('not the password of your account');
    await page.getByLabel('Password').fill(person.password);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL('/dashboard/members');
    await page.goto('/dashboard/account');
    await page.getByText('Unlink Nord-ID').click();
    await page.locator('.ways').getByLabel('Your password').fill('not this one at all');
    await page.getByRole('button', { name: 'Unlink' }).click();
    await expect(page.getByRole('alert')).toContainText('This is not your password');
    await page.getByText('Unlink Nord-ID').click();
    await page.locator('.ways').getByLabel('Your password').fill(person.password);
    await page.getByRole('button', { name: 'Unlink' }).click();
    await expect(page).toHaveURL('/dashboard/account?done=unlinked');
    await expect(page.getByText('Link Nord-ID')).toBeVisible();
  });

  test(`where one is signed in one links the account with the same address, ${how}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of 422/);
    const context = await newContext({ javaScriptEnabled });
    const [page, person] = [await context.newPage(), await signUp(context.request)];
    const link = async () => {
      await page.getByText('Link Nord-ID').click();
      await page.locator('.ways').getByLabel('Your password').fill(person.password);
      await page.getByRole('button', { name: 'Go on to Nord-ID' }).click();
    };
    await page.goto('/dashboard/account');
    await link();
    await signInThere(page, `other.${person.email}`);
    await expect(page.getByRole('alert')).toContainText(`This is for ${person.email}`);
    await expect(page.getByRole('heading', { name: 'Your account', exact: true })).toBeVisible();
    await context.clearCookies({ domain: 'localhost' });
    await link();
    await signInThere(page, person.email);
    await expect(page).toHaveURL('/dashboard/account?done=linked');
    await expect(page.getByText('Nord-ID opens it')).toContainText(person.email);
    await signOut(page);
    await page.goto('/login');
    await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
    await expect(page, 'the provider knows who this is').toHaveURL('/dashboard');
  });
}

test('an invitation is accepted by the account of its address', async ({ newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422/);
  const owner = await newContext();
  const host = await signUp(owner.request);
  const guest = somebody();
  const answer = await (await owner.request.post('/dashboard/members', { form: { email: guest.email, role: 'agent' } })).text();
  const link = new URL(/<code id="link">([^<]+)/.exec(answer)![1]!).pathname;
  const wrong = await (await newContext()).newPage();
  await wrong.goto(link);
  await wrong.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await signInThere(wrong, `other.${guest.email}`);
  await expect(wrong.getByRole('alert')).toContainText(`This is for ${guest.email}`);
  const page = await (await newContext()).newPage();
  await page.goto(link);
  await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await signInThere(page, guest.email);
  // Nobody joins unasked.
  await expect(page).toHaveURL('/login/new');
  await expect(page.getByLabel('Company')).toBeHidden();
  await page.getByRole('button', { name: `Join ${host.company} as agent` }).click();
  await expect(page).toHaveURL('/dashboard');
  await expect(page.getByText(host.company).filter({ visible: true }).first()).toBeVisible();
});

test('a second factor is asked for after the provider', async ({ newContext }) => {
  const context = await newContext();
  const [page, person] = [await context.newPage(), await signUp(context.request)];
  const { key } = await turnFactorOn(page, person.password);
  const other = await (await newContext()).newPage();
  await other.goto('/login');
  await other.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await signInThere(other, person.email);
  await other.getByLabel('Password').fill(person.password);
  await other.getByRole('button', { name: 'Link and sign in' }).click();
  await expect(other).toHaveURL('/login/code');
  await other.getByLabel('Code', { exact: true }).fill(code(key, 1));
  await other.keyboard.press('Enter');
  await expect(other).toHaveURL('/dashboard');
});

test('what the provider does not confirm, or who turns back there, opens nothing', async ({ newContext, complaints }) => {
  complaints.expect(/the server responded with a status of 422/);
  const page = await (await newContext()).newPage();
  await page.goto('/login');
  await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await signInThere(page, `unconfirmed.${somebody().email}`);
  await expect(page.getByRole('alert')).toContainText('Nord-ID does not say that the address');
  const other = await (await newContext()).newPage();
  await other.goto('/login');
  await other.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await other.getByRole('link', { name: /Cancel/ }).click();
  await expect(other.getByRole('alert')).toContainText('Nord-ID has sent you back without saying who you are');
  await other.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await signInThere(other, `back.${somebody().email}`);
  await expect(other).toHaveURL('/login/new');
});

test('while the provider is down one signs in by password', async ({ newContext, complaints, startServer, startProvider }) => {
  complaints.expect(/the server responded with a status of 503/);
  const provider = await startProvider();
  const server = await startServer(provider.settings);
  const context = await newContext({ baseURL: server.url });
  const [page, person] = [await context.newPage(), await signUp(context.request)];
  await context.clearCookies();
  provider.goesDown();
  await page.goto('/login?next=/dashboard/members');
  await page.getByRole('link', { name: 'Continue with Nord-ID' }).click();
  await expect(page.getByRole('alert')).toContainText('Nord-ID does not answer just now');
  await fillSignIn(page, person);
  await expect(page).toHaveURL('/dashboard/members');
});
