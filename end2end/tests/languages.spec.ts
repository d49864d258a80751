// Pages in other languages: in Spanish, as a browser, a person or a workspace asks; and every page in two languages that are for
// trying, one that shows what was never given to translators, and one from right to left.
import type { Page } from '@playwright/test';
import { begin, program, say, step } from '../support/conversations.ts';
import { expect, hydrated, test, visit } from '../support/fixtures.ts';
import { expectAccessible, expectNoSidewaysScroll } from '../support/looks.ts';
import { states } from '../support/pages.ts';
import { signUp, somebody } from '../support/people.ts';

/** The same page, in a language. */
async function again(page: Page, language: string): Promise<void> {
  await page.context().addCookies([{ name: 'samtal_language', value: language, url: new URL('/', page.url()).href }]);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', language);
  await hydrated(page);
}

/** What a person reads and hears on a page, but for code, letters (they stay as they were written) and languages' own names. */
const said = (page: Page) =>
  page.evaluate(() => {
    const not = 'script, style, template, code, pre, textarea, .letter h2, [lang]:not(html)';
    const all = new Set<string>([document.title.replace(/ · Samtal$/, '')]);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node instanceof Element ? node : node.parentElement!;
      if (element.closest(not)) continue;
      if (node instanceof Element) {
        for (const name of ['aria-label', 'alt', 'placeholder', 'title', 'data-label']) all.add(node.getAttribute(name)?.trim() ?? '');
      } else all.add(node.textContent!.trim());
    }
    return [...all].filter((text) => /\p{L}{2}/u.test(text));
  });

/** What is the same in every language: names, what people have written, and prices. */
const given = [
  /^Samtal$/, /^OpenAPI$/, /^smt_…$/, /^https:\/\//, /^\p{L}{2}$/u, /@/, /^[\d ]+ kr$/, /^[a-z_., ]+\.[a-z_]+$/, /\.(md|txt|example)$/,
  /Fjällhus|Fjord & Fell|Nordlampa|Nordic Wool|Nord-ID/, /Astrid|Maja|Elin|Johan|Bo Ek|Lena|Jonas|Olof|Nils|Karin|Per Lund|Visitor with a very/,
  /^(Anthropic|Google Gemini|OpenAI|Mistral|Groq|OpenRouter|Ollama|vLLM|LM Studio|gpt-5-mini|a-model-of-our-own)/, /^How long can I send goods/, /^\[\d+\] (returns|prices)/,
  /^(returns|prices|price-list|opening-hours)/, /^(Website|Till in Umeå|Import of last|Newsletter|Phone|The laptop that|Night shift|Those who answer|Billing)/,
  /^(do you ship to norway|Where is my parcel|Unused goods|My lamp|The cart takes|Is there anybody|Hello! How long|Can I talk|Thanks, that)/,
];

for (const state of states) {
  test(`${state.name} says nothing that translators do not know, and can be read from right to left`, async ({ page, server, complaints }) => {
    complaints.expect(/the server responded with a status of 4\d\d|WebSocket connection/);
    await state.open(page, somebody(), server);
    const english = new Set(await said(page));
    await page.setViewportSize({ width: 390, height: 800 });
    await again(page, 'en-XA');
    const unknown = (await said(page)).filter((text) => english.has(text));
    expect(unknown.filter((text) => !given.some((known) => known.test(text)))).toEqual([]);
    await expectNoSidewaysScroll(page, 'a third longer');
    await again(page, 'ar-XB');
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
    await expectNoSidewaysScroll(page, 'from right to left');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await expectAccessible(page, 'from right to left');
  });
}

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
