// Pages in other languages: in Spanish, as a browser, a person or a workspace asks. (Every page in two languages that are for
// trying is looked at in pages.spec.ts.)
import { begin, program, say, step } from '../support/conversations.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { signUp, somebody } from '../support/people.ts';

for (const javaScriptEnabled of [true, false]) {
  test(`somebody works in Spanish, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/status of 422/);
    const context = await newContext({ javaScriptEnabled, locale: 'es-MX' });
    const [page, person] = [await context.newPage(), somebody()];
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('lang', 'es');
    await page.getByRole('link', { name: 'Registrarse' }).first().click();
    await page.getByLabel('Empresa').fill(person.company);
    await page.getByLabel('Tu nombre').fill(person.name);
    await page.getByLabel('Correo electrónico').fill(person.email);
    await page.getByLabel('Contraseña').fill('corta');
    await page.locator('form').first().evaluate((form: HTMLFormElement) => (form.noValidate = true));
    await page.getByRole('button', { name: 'Crear el espacio de trabajo' }).click();
    await expect(page.getByRole('alert')).toContainText('corregir');
    await expect(page).toHaveTitle(/^Error: .* · Samtal$/);
    await page.getByLabel('Contraseña').fill(person.password);
    await page.getByRole('button', { name: 'Crear el espacio de trabajo' }).click();
    await expect(page).toHaveURL('/dashboard');
    await expect(page.getByRole('link', { name: 'Bandeja de entrada' }).first()).toBeAttached();

    // In a browser that asks for English it goes on in Spanish, until they choose.
    const elsewhere = await newContext({ javaScriptEnabled });
    const other = await elsewhere.newPage();
    await other.goto('/login');
    await expect(other.locator('html')).toHaveAttribute('lang', 'en');
    await other.getByLabel('Email').fill(person.email);
    await other.getByLabel('Password').fill(person.password);
    await other.keyboard.press('Enter');
    await expect(other).toHaveURL('/dashboard');
    await expect(other.locator('html')).toHaveAttribute('lang', 'es');
    await other.goto('/dashboard/members');
    await other.locator('button[popovertarget=me]').filter({ visible: true }).click();
    await other.getByRole('button', { name: 'English' }).click();
    await expect(other).toHaveURL('/dashboard/members');
    await expect(other.getByRole('heading', { level: 1 })).toHaveText('Members');
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  });
}

test('the inbox speaks Spanish, also what its code says', async ({ newContext, complaints }) => {
  complaints.expect(/status of 422/);
  const context = await newContext({ locale: 'es' });
  const page = await context.newPage();
  await signUp(context.request);
  const by = await program(context.request);
  const id = await begin(context.request, by, 'Elin Sjöberg');
  await say(context.request, by, id, 'Hello');
  await step(context.request, by, id, 'handoff');
  await visit(page, `/dashboard/inbox/${id}`);
  await expect(page).toHaveTitle('(1) Elin Sjöberg · Bandeja de entrada · Samtal');
  await page.getByRole('button', { name: 'Tomar' }).click();
  await expect(page.getByRole('log')).toContainText(/se ha unido a la conversación/);
  await expect(page).toHaveTitle('Elin Sjöberg · Bandeja de entrada · Samtal');
  await page.getByLabel('Tu mensaje').fill('Hola');
  await page.getByRole('button', { name: 'Enviar' }).click();
  await expect(page.getByRole('log')).toContainText('Hola');
  await expect(page.getByRole('button', { name: 'Devolver al asistente' })).toBeVisible();
  // Why something was refused, as the code of the page is told it.
  const refused = await page.evaluate(async (address) => {
    const answer = await fetch(address, { method: 'POST', headers: { accept: 'application/json' }, body: new URLSearchParams({ text: ' ' }) });
    return (await answer.json()) as { errors: { message: string }[] };
  }, `/dashboard/inbox/${id}/messages`);
  expect(refused.errors[0]!.message).toBe('Escribe algo primero.');
});
