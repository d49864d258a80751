// Forms that do not go through: each wrong field is named, what was typed stays, links lead to the fields.
import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures.ts';
import { fillSignUp, signUp, somebody } from '../support/people.ts';

test.beforeEach(({ complaints }) => complaints.expect(/status of 422/));

/** The browser's own checks would keep most mistakes from the server; it has to find them all by itself. */
async function unchecked(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await page.locator('form').evaluateAll((forms: HTMLFormElement[]) => forms.forEach((form) => (form.noValidate = true)));
}

async function send(page: Page, button: string): Promise<number> {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('main').getByRole('button', { name: button }).click();
  return (await answered).status();
}

const labels = { company: 'Company', name: 'Your name', email: 'Email', password: 'Password' };

test('an empty form for a new workspace names every field', async ({ page }) => {
  await unchecked(page, '/signup');
  expect(await send(page, 'Create workspace')).toBe(422);

  const notice = page.getByRole('alert');
  await expect(notice.getByRole('heading')).toHaveText('4 things to put right');
  for (const [name, label] of Object.entries(labels)) {
    const field = page.getByLabel(label);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAccessibleDescription(/\S/);
    await expect(page.locator(`#${name}-error`)).toBeVisible();
    // From the notice to the field.
    await notice.getByRole('link', { name: label }).click();
    await expect(field).toBeFocused();
  }
});

test('wrong fields for a new workspace: each is named, the rest stays as it was typed', async ({ page }) => {
  const person = somebody();
  await unchecked(page, '/signup');
  await fillSignUp(page, { ...person, email: 'astrid at fjallhus', password: 'short' });

  const notice = page.getByRole('alert');
  await expect(notice.getByRole('heading')).toHaveText('2 things to put right');
  await expect(notice.getByRole('listitem')).toHaveText([/^Email: .*name@example\.com/, /^Password: .*at least 10 characters\. .*It has to be typed again\.$/]);
  await expect(page).toHaveTitle(/^Error: /);
  await expect(page.locator('#email-error')).toContainText('name@example.com');
  await expect(page.locator('#password-error')).toContainText('at least 10 characters');
  await expect(page.getByLabel('Company')).toHaveValue(person.company);
  await expect(page.getByLabel('Company')).not.toHaveAttribute('aria-invalid');
  await expect(page.getByLabel('Your name')).toHaveValue(person.name);
  await expect(page.getByLabel('Email')).toHaveValue('astrid at fjallhus');
  await expect(page.getByLabel('Password')).toHaveValue('');

  // What was typed is still there, so only what was wrong is typed again.
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  expect(await send(page, 'Create workspace')).toBe(303);
  await expect(page).toHaveURL('/dashboard');
  await expect(page.getByRole('main')).toContainText(person.company);
});

test('an empty sign-in form names both fields', async ({ page }) => {
  await unchecked(page, '/login');
  expect(await send(page, 'Sign in')).toBe(422);
  for (const label of [labels.email, labels.password]) {
    await expect(page.getByLabel(label)).toHaveAttribute('aria-invalid', 'true');
    await page.getByRole('alert').getByRole('link', { name: label }).click();
    await expect(page.getByLabel(label)).toBeFocused();
  }
});

test('what was typed comes back as text, never as markup', async ({ page }) => {
  const nasty = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>&amp;{{1}}`;
  await unchecked(page, '/signup');
  await fillSignUp(page, somebody({ company: nasty, name: nasty, email: nasty, password: 'short' }));
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('Company')).toHaveValue(nasty);
  await expect(page.getByLabel('Email')).toHaveValue(nasty);
  await expect(page.getByRole('main').locator('img')).toHaveCount(0);
  await expect(page).not.toHaveTitle('owned');
});

test('names with markup, quotes and other scripts look the same everywhere', async ({ page }) => {
  const person = somebody({ company: `<b>Ö & "Ü"</b> </script> 株式会社`, name: `O'Neil <i>&amp;</i> Åsa` });
  await signUp(page.request, person);
  for (const path of ['/', '/dashboard', '/dashboard/members']) {
    await page.goto(path, { waitUntil: 'networkidle' });
    await expect(page.getByText(path === '/dashboard/members' ? person.name : person.company).first()).toBeAttached();
    await expect(page.locator('main b', { hasText: '&' })).toHaveCount(0);
  }
});

const bad: [string, Record<string, string>, string[]][] = [
  ['too long', { company: 'x'.repeat(101), name: 'x'.repeat(101), email: `${'x'.repeat(300)}@example.com`, password: 'x y '.repeat(40) }, ['company', 'name', 'email', 'password']],
  ['spaces alone', { company: '   ', name: '\t', email: '  ', password: '            ' }, ['company', 'name', 'email', 'password']],
  ['invisible characters', { company: 'Fjäll\u202ehus', name: 'As\u200btrid' }, ['company', 'name']],
  ['several lines', { company: 'Fjäll\nhus' }, ['company']],
  ['a null byte', { company: 'Fjäll\0hus', email: 'a\0@example.com' }, ['company', 'email']],
  ['an easy password', { password: 'password123' }, ['password']],
  ['the email as password', {}, ['password']],
];
for (const [title, fields, wrong] of bad) {
  test(`a new workspace with ${title} is refused, field by field`, async ({ request }) => {
    const form: Record<string, string> = { ...somebody(), ...fields };
    if (title === 'the email as password') form.password = form.email!;
    const answer = await request.post('/signup', { form, maxRedirects: 0 });
    expect(answer.status()).toBe(422);
    const html = await answer.text();
    const named = [...html.matchAll(/id="(\w+)-error"/g)].map((match) => match[1]);
    expect(named).toEqual(wrong);
    expect(answer.headers()['set-cookie'] ?? '').not.toContain('samtal=');
    if (form.password !== form.email) expect(html).not.toContain(form.password);
  });
}

test('fields that are missing, repeated, unknown or in another form of writing', async ({ request }) => {
  const post = (data: string | Buffer, type = 'application/x-www-form-urlencoded') =>
    request.post('/signup', { data, headers: { 'content-type': type }, maxRedirects: 0 });
  expect((await post('')).status()).toBe(422);
  expect((await post('company=A&company=B&name=x&email=a%40b.se&password=x')).status()).toBeGreaterThanOrEqual(400);
  expect((await post('company=%FF%FE&name=x')).status()).toBeLessThan(500);
  expect((await post('{"company":"A"}', 'application/json')).status()).toBe(415);
  expect((await post('x', 'multipart/form-data; boundary=x')).status()).toBe(415);
  const person = somebody();
  const form = new URLSearchParams({ ...person, role: 'admin', tenant_id: 'ten_00000000000000000000000000000000' });
  expect([303, 400, 422]).toContain((await post(form.toString())).status());
});
