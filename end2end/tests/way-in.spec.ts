// The way in: a person sees the landing page, signs up, signs out, signs in.
import { ask, expect, test, visit, withoutRequestId } from '../support/fixtures.ts';
import { fillSignIn, fillSignUp, signOut, signUp, somebody } from '../support/people.ts';

test('the landing page is plain: no script, no WASM, nothing asked afterwards', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.resourceType()} ${request.url()}`));
  await page.goto('/', { waitUntil: 'networkidle' });

  await expect(page).toHaveTitle(/Samtal/);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  expect(asked.filter((a) => a.startsWith('script') || a.startsWith('fetch') || a.includes('.wasm'))).toEqual([]);
  expect(await page.locator('script').count()).toBe(0);
  expect(asked.some((a) => a.startsWith('stylesheet')), 'it has its style').toBe(true);
  // Where it is found, it says what it is, and it shows nothing that cannot be done.
  await expect(page.locator('meta[name=description]')).toHaveAttribute('content', /\w+(\W+\w+){5,}/);
  await expect(page.locator('body')).not.toContainText(/pdf/i);

  await page.getByRole('link', { name: 'Sign up' }).click();
  await expect(page).toHaveURL('/signup');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/login');
});

test('sign up, look around, sign out, sign in', async ({ page }) => {
  const person = somebody();
  await page.goto('/signup');
  await fillSignUp(page, person);

  await expect(page).toHaveURL('/dashboard');
  const everything = async () => {
    const main = page.getByRole('main');
    await expect(main.getByRole('heading', { level: 1 })).toHaveText(`Welcome, ${person.name.split(' ')[0]}`);
    await expect(main).toContainText(`What needs somebody at ${person.company} today.`);
    await expect(main.locator('.facts dd').first()).toHaveText(person.company);
    const navigation = page.getByRole('navigation', { name: 'Dashboard' });
    await expect(navigation).toContainText(person.company);
    await navigation.getByRole('link', { name: 'Members' }).click();
    const members = main.getByRole('table', { name: 'Members' });
    await expect(members.getByRole('row')).toHaveCount(2);
    await expect(members).toContainText(person.name);
    await expect(members).toContainText(person.email);
    await expect(members).toContainText('Owner');
    await navigation.getByRole('link', { name: 'API keys' }).click();
    await expect(main.getByRole('heading', { name: 'No program has a key yet' })).toBeVisible();
  };
  await everything();
  await page.goto('/dashboard');
  await page.reload();
  await everything();

  await signOut(page);
  await expect(page).toHaveURL('/');
  await expect(page.getByRole('link', { name: 'Sign in' }).first()).toBeVisible();
  expect(await page.content()).not.toContain(person.company);

  // Where one was going is not forgotten on the way through the sign-in page.
  await page.goto('/dashboard/members');
  await expect(page).toHaveURL('/login?next=/dashboard/members');
  await fillSignIn(page, person);
  await expect(page).toHaveURL('/dashboard/members');
  await expect(page.getByRole('main')).toContainText(person.email);

  // Who is in already does not need the way in.
  await page.goto('/login');
  await expect(page).toHaveURL('/dashboard');
});

test('the home page is asked for, the sign-in page answers, and leads back', async ({ page }) => {
  const person = await signUp(page.request);
  await page.context().clearCookies();
  await page.goto('/dashboard');
  await expect(page).toHaveURL('/login');
  await fillSignIn(page, { ...person, email: ` ${person.email.toUpperCase()} ` });
  await expect(page).toHaveURL('/dashboard');
});

test('a wrong password and an unknown email get the same answer, and keep what was typed', async ({ page, request, complaints }) => {
  complaints.expect(/status of 422/);
  const person = await signUp(request);
  const answers: string[] = [];
  for (const email of [person.email, somebody().email]) {
    await page.goto('/login');
    const [response] = await Promise.all([
      page.waitForResponse((r) => r.request().method() === 'POST'),
      fillSignIn(page, { email, password: 'not the right one' }),
    ]);
    expect(response.status()).toBe(422);
    await expect(page.getByRole('alert')).toContainText('The email address or the password is not right.');
    await expect(page.getByLabel('Email')).toHaveValue(email);
    await expect(page.getByLabel('Password')).toHaveValue('');
    await expect(page).toHaveTitle(/^Error: Sign in/);
    answers.push(withoutRequestId((await page.content()).replaceAll(email, 'EMAIL')));
  }
  expect(answers[1]).toBe(answers[0]);
});

test('signing up with a taken email does not say that it is taken', async ({ page, request, complaints }) => {
  complaints.expect(/status of 422/);
  const person = await signUp(request);
  await page.goto('/signup');
  await fillSignUp(page, { ...somebody(), email: person.email });
  await expect(page.getByRole('alert')).toContainText('We could not make an account with these details.');
  await expect(page.getByRole('alert')).not.toContainText(/taken|exists/i);
});

test('signing out ends the session on the server, not only in this browser', async ({ page, newContext, request }) => {
  await signUp(page.request);
  await visit(page, '/dashboard');
  const stolen = await page.context().cookies();
  const thief = await newContext();
  await thief.addCookies(stolen);
  expect((await thief.request.get('/dashboard', { maxRedirects: 0 })).status()).toBe(200);

  await signOut(page);
  await expect(page).toHaveURL('/');
  expect((await thief.request.get('/dashboard', { maxRedirects: 0 })).status()).toBe(303);
  expect((await ask(thief.request, '/dashboard/inbox')).status).toBe(401);
  expect((await ask(thief.request, '/dashboard/api-keys', { name: 'x' })).status).toBe(401);
  expect((await request.get('/dashboard', { maxRedirects: 0 })).status()).toBe(303);
});

test('a session that somebody else planted is not used: signing in gives a new one', async ({ page, newContext }) => {
  const person = await signUp(page.request);
  const planted = (await page.context().cookies()).find((cookie) => cookie.name === 'samtal')!;
  const other = await newContext();
  await other.addCookies([planted]);
  await other.request.post('/login', { form: { email: person.email, password: person.password } });
  const after = (await other.cookies()).find((cookie) => cookie.name === planted.name)!;
  expect(after.value).not.toBe(planted.value);
});

test('the way back leads nowhere else', async ({ page, request }) => {
  const person = await signUp(request);
  for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example', '/dashboard/../../evil', 'javascript:alert(1)']) {
    await page.context().clearCookies();
    const answer = await page.request.post('/login', {
      form: { email: person.email, password: person.password, next },
      maxRedirects: 0,
    });
    expect(answer.status()).toBe(303);
    const to = new URL(answer.headers().location!, answer.url());
    expect(to.origin, next).toBe(new URL(answer.url()).origin);
  }
});
