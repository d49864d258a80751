// Everything by keyboard, and with larger text. (axe looks at every page in pages.spec.ts.)
import type { Locator, Page } from '@playwright/test';
import { expect, hydrated, test, visit } from '../support/fixtures.ts';
import { signUp, somebody } from '../support/people.ts';
import { expectAccessible } from '../support/looks.ts';

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${target}`);
}

test('the skip link comes first, and skips', async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  await signUp(page.request);
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  for (const path of ['/', '/dashboard', '/dashboard/members', '/dashboard/knowledge', '/dashboard/inbox', '/no-such-page']) {
    await page.goto(path, { waitUntil: 'networkidle' });
    await hydrated(page);
    await page.keyboard.press('Tab');
    await expect(skip, path).toBeFocused();
    await expect(skip, path).toBeInViewport();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('main'), path).toBeFocused();
  }
  await page.context().clearCookies();
  for (const path of ['/login', '/signup']) {
    await page.goto(path);
    await page.keyboard.press('Tab');
    await expect(skip, path).toBeFocused();
  }
});

test('sign up, make a key and revoke it by keyboard alone', async ({ page }) => {
  const person = somebody();
  await page.goto('/');
  await tabTo(page, page.getByRole('link', { name: 'Sign up' }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/signup');
  for (const [label, value] of [
    ['Company', person.company],
    ['Your name', person.name],
    ['Email', person.email],
    ['Password', person.password],
  ] as const) {
    await tabTo(page, page.getByLabel(label));
    await page.keyboard.type(value);
  }
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/dashboard');

  await tabTo(page, page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'API keys' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('API keys');
  await tabTo(page, page.getByLabel('What the key is for'));
  await page.keyboard.type('Website');
  await tabTo(page, page.getByRole('button', { name: 'Create key' }));
  await page.keyboard.press('Space');
  await expect(page.locator('#secret')).toBeVisible();

  const revoke = page.getByRole('button', { name: 'Revoke Website' });
  await tabTo(page, revoke);
  await page.keyboard.press('Space');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(revoke).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog).toBeVisible();
  await tabTo(page, dialog.getByRole('button', { name: 'Revoke Website' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('table')).toContainText('Revoked');

  // The menu about oneself opens and closes by keyboard, and the focus comes back.
  const me = page.locator('button[popovertarget=me]').filter({ visible: true });
  await tabTo(page, me);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Your account' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('region', { name: 'Your account' })).toBeHidden();
  await expect(me).toBeFocused();
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('button', { name: 'Sign out' }));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/');
});

test('everything that has the focus shows it', async ({ page }) => {
  await signUp(page.request);
  for (const path of ['/', '/dashboard', '/dashboard/api-keys', '/dashboard/knowledge', '/dashboard/inbox']) {
    await page.goto(path, { waitUntil: 'networkidle' });
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const seen = await page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body) return undefined;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return { what: element.outerHTML.slice(0, 120), shown: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 };
      });
      if (!seen) break;
      expect(seen.shown, `${path}: ${seen.what}`).toBe(true);
    }
  }
});

test('text may be twice as large, and nothing is cut off', async ({ page }) => {
  await signUp(page.request);
  await page.setViewportSize({ width: 720, height: 450 });
  await visit(page, '/dashboard/api-keys');
  await expect(page.getByRole('button', { name: 'Create key' })).toBeVisible();
  // 1280 × 1024 at 400 % (WCAG 1.4.10).
  await page.setViewportSize({ width: 320, height: 256 });
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect(inner).toBeLessThanOrEqual(outer!);
});
