// Every page in every state, brought there once and looked at in every way: axe, light and dark, wide and narrow; no page scrolls
// sideways; and two languages that are for trying, one that shows what was never given to translators, and one from right to left.
// With PICTURES=1 each is kept to be looked at: screenshots/NAME-WIDTH-SCHEME.png.
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/fixtures.ts';
import { expectAccessible, expectColours, expectNoSidewaysScroll, expectPlaced, widths } from '../support/looks.ts';
import { states } from '../support/pages.ts';
import { astrid, somebody } from '../support/people.ts';

const pictures = process.env.PICTURES ? join(import.meta.dirname, '../screenshots') : undefined;

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  // What lies above the page is as large as the window; everything else is shown in full.
  const above = await page.locator('dialog[open], :popover-open').count();
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: above === 0 });
}

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
  /^Samtal$/, /^OpenAPI$/, /^smt_…$/, /^https:\/\//, /^\p{L}{2}$/u, /@/, /^[\d ]+ kr$/, /^[a-z_., ]+\.[a-z_]+$/, /\.(md|txt|csv|example)$/, /^Esc$/,
  /Fjällhus|Fjord & Fell|Nordlampa|Nordic Wool|Nord-ID/, /Astrid|Maja|Elin|Johan|Bo Ek|Lena|Jonas|Olof|Nils|Karin|Per Lund|Visitor with a very/,
  /^(Anthropic|Google Gemini|OpenAI|Mistral|Groq|OpenRouter|Ollama|vLLM|LM Studio|gpt-5-mini|a-model-of-our-own)/, /^How long can I send goods/, /^\[\d+\] (returns|prices)/,
  /^(returns|prices|price-list|opening-hours)/, /^(Website|Till in Umeå|Import of last|Newsletter|Phone|The laptop that|Night shift|Those who answer|Billing)/,
  /^(order_status|stock_of_every_lamp|Says where an order is|Do you take gift cards|Gift cards are never|May I send back a lamp that|has bought the lamp|lives in Umeå)/,
  /^(Lamps for the summer|What is to be done about the lamps|Hello, who is there|The order is at)/, /^\d+:\d\d [AP]M$/, /^(UTC|\p{Lu}\p{L}+(\/[\p{L}_]+){1,2})$/u,
  /^(do you ship to norway|Where is my parcel|Unused goods|My lamp|The cart takes|Is there anybody|Hello! How long|Can I talk|Thanks, that)/,
];

for (const state of states) {
  test(`everybody can use ${state.name}`, async ({ page, server, complaints }) => {
    test.slow();
    if (state.status) complaints.expect(new RegExp(`status of ${state.status}`));
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await state.open(page, pictures ? astrid() : somebody(), server);

    for (const width of widths) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await expectNoSidewaysScroll(page, `${state.name} at ${width}`);
      if (width !== 390 && width !== 1440) continue;
      await expectAccessible(page, `light, ${width}`);
      await picture(page, `${state.name}-${width}-light`);
      await page.emulateMedia({ colorScheme: 'dark' });
      await expectColours(page, `dark, ${width}`);
      await picture(page, `${state.name}-${width}-dark`);
      await page.emulateMedia({ colorScheme: 'light' });
    }

    // Loaded again, a page may say once more what it refused, and a socket ends.
    expect(complaints.surprises).toEqual([]);
    complaints.expect(/the server responded with a status of 4\d\d|WebSocket connection/);
    const english = new Set(await said(page));
    await again(page, 'en-XA');
    const unknown = (await said(page)).filter((text) => english.has(text));
    expect(unknown.filter((text) => !given.some((known) => known.test(text)))).toEqual([]);
    await expectNoSidewaysScroll(page, 'a third longer');
    await again(page, 'ar-XB');
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
    await expectNoSidewaysScroll(page, 'from right to left');
    await expectPlaced(page, 'from right to left');
  });
}
