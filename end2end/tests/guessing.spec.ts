// Guessing passwords: after ten failures an account waits, and nobody else does.
import { expect, test } from '../support/fixtures.ts';
import { keyIds, makeKey } from '../support/keys.ts';
import { fillSignIn, signUp, somebody } from '../support/people.ts';

test('ten wrong passwords close an account for a while, the right one included; another is not affected', async ({ startServer, newContext, complaints }) => {
  complaints.expect(/status of (422|429)/);
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  const page = await context.newPage();
  const victim = await signUp(context.request);
  const other = await signUp(context.request, somebody());
  const nobody = somebody();
  await context.clearCookies();

  for (const email of [victim.email, nobody.email]) {
    for (let tries = 1; tries <= 10; tries++) {
      const answer = await context.request.post('/login', { form: { email, password: `guess ${tries}` }, maxRedirects: 0 });
      expect(answer.status(), `try ${tries}`).toBe(422);
    }
    const answer = await context.request.post('/login', { form: { email, password: victim.password }, maxRedirects: 0 });
    expect(answer.status()).toBe(429);
    expect(Number(answer.headers()['retry-after'])).toBeGreaterThan(0);
    expect(answer.headers()['set-cookie'] ?? '').not.toContain('samtal=');
  }

  await page.goto('/login');
  await fillSignIn(page, { email: victim.email.toUpperCase(), password: victim.password });
  await expect(page).toHaveURL('/login');
  await expect(page.locator('.notice')).toContainText('Too many attempts');
  await expect(page.locator('.notice')).toContainText(/Try again in \d+ minutes?\./);
  await expect(page.getByLabel('Email')).toHaveValue(victim.email.toUpperCase());

  await page.goto('/login');
  await fillSignIn(page, other);
  await expect(page).toHaveURL('/dashboard');
  await expect(page.getByRole('main')).toContainText(other.company);

  // Who runs the installation finds it in the log, and there what opens something was made and ended; nobody is named.
  await makeKey(context.request, 'Website');
  await context.request.post(`/dashboard/api-keys/${(await keyIds(context.request))[0]}/revoke`, { form: {} });
  for (const heeded of [/a password was refused.* address="?127\.0\.0\.1/, /too many attempts/, /act="?session\.opened/, /act="?key\.created/, /act="?key\.revoked/]) {
    await expect.poll(() => server.stderr).toMatch(heeded);
  }
  for (const name of [victim.email, nobody.email, other.email, victim.password]) expect(server.stderr.toLowerCase()).not.toContain(name);
});

test('successes do not count, and many at once do not slip past the limit', async ({ startServer, newContext }) => {
  const server = await startServer({ SAMTAL__SIGN_IN__ACCOUNT_FAILURES: '3' });
  const context = await newContext({ baseURL: server.url });
  const person = await signUp(context.request);
  const signIn = async (password: string) =>
    (await context.request.post('/login', { form: { email: person.email, password }, maxRedirects: 0 })).status();
  for (let times = 0; times < 5; times++) expect(await signIn(person.password)).toBe(303);
  const statuses = await Promise.all(Array.from({ length: 12 }, (_, n) => signIn(`guess ${n}`)));
  expect(statuses.filter((status) => status === 422)).toHaveLength(3);
  expect(statuses.filter((status) => status === 429)).toHaveLength(9);
});
