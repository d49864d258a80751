// The code of a page comes when one goes there, and not before. When it does not come, the page comes whole.
import { type Page } from '@playwright/test';
import { expect, hydrated, test, visit, withoutLoading } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

/** Names of the programs that a page asks for: `dashboard`, `dashboard/knowledge`. */
function programs(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const name = /\/assets\/(.+)\.[0-9a-f]{16}\.wasm$/.exec(request.url())?.[1];
    if (name) asked.push(name);
  });
  return asked;
}

const link = (page: Page, name: string) => page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name });
const heading = (page: Page) => page.getByRole('heading', { level: 1 });

test('a page loads its own code and no other page’s; the rest comes when one goes there, once', async ({ page }) => {
  await signUp(page.request);
  const asked = programs(page);
  await visit(page, '/dashboard/members');
  await page.waitForLoadState('networkidle');
  expect(asked).toContain('dashboard');
  expect(asked).not.toContain('dashboard/knowledge');

  await withoutLoading(page, async () => {
    await link(page, 'Knowledge').click();
    await expect(heading(page)).toHaveText('Knowledge');
  });
  await expect(page).toHaveTitle('Knowledge · Samtal');
  await expect(page).toHaveURL('/dashboard/knowledge');
  expect(asked).toContain('dashboard/knowledge');
  await link(page, 'Members').click();
  await expect(heading(page)).toHaveText('Members');
  await link(page, 'Knowledge').click();
  await expect(heading(page)).toHaveText('Knowledge');
  expect(new Set(asked).size, 'nothing is loaded twice').toBe(asked.length);
});

test('the answer with a page names the code that the page needs, before the page itself', async ({ page }) => {
  await signUp(page.request);
  const response = await page.goto('/dashboard/knowledge');
  const named = (await response!.allHeaders()).link ?? '';
  expect(named).toMatch(/<\/assets\/dashboard\/knowledge\.[0-9a-f]{16}\.wasm>; rel=preload; as=fetch/);
  await hydrated(page);
  const begun = await page.evaluate(() =>
    performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/assets/dashboard/knowledge.')) as PerformanceResourceTiming[],
  );
  expect(begun.map((entry) => entry.initiatorType), 'by the answer, not by the page').toEqual(['link']);
});

test('code that does not come: going there loads the whole page', async ({ page, complaints }) => {
  complaints.expect(/status of 404/, /Failed to fetch|instantiateStreaming|CompileError|TypeError/);
  await signUp(page.request);
  await visit(page, '/dashboard/members');
  // As after an update: the names of before are gone.
  await page.route('**/assets/dashboard/knowledge.*.wasm', (route) => route.fulfill({ status: 404 }));
  await link(page, 'Knowledge').click();
  await expect(page).toHaveURL('/dashboard/knowledge');
  await expect(heading(page)).toHaveText('Knowledge');
  // The code did not come with the whole page either, so it works as it does without.
  await link(page, 'API keys').click();
  await expect(heading(page)).toHaveText('API keys');
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toHaveText(/^smt_/);
});
