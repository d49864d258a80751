// No page scrolls sideways, however long the words. (Every page at every width is looked at in pages.spec.ts.)
import { begin, say, step } from '../support/conversations.ts';
import { teach } from '../support/documents.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { makeKey } from '../support/keys.ts';
import { expectNoSidewaysScroll, widths } from '../support/looks.ts';
import { signUp, somebody } from '../support/people.ts';

test('the longest names there can be, without a space, do not make a page scroll sideways', async ({ page }) => {
  const mark = somebody().email.split('@')[0]!.replace('.', '');
  const person = somebody({
    company: 'W'.repeat(100),
    name: 'M'.repeat(100),
    email: `${mark}${'m'.repeat(60 - mark.length)}@${'w'.repeat(60)}.${'w'.repeat(60)}.example`,
  });
  await signUp(page.request, person);
  const authorization = `Bearer ${await makeKey(page.request, 'W'.repeat(60))}`;
  await teach(page.request, `${'w'.repeat(190)}.txt`, 'Words.');
  const id = await begin(page.request, { authorization }, 'W'.repeat(100));
  await say(page.request, { authorization }, id, 'w'.repeat(1000));
  await step(page.request, { authorization }, id, 'handoff');
  for (const path of ['/', '/dashboard', '/dashboard/members', '/dashboard/knowledge', `/dashboard/inbox/${id}`, '/dashboard/inbox', '/dashboard/api-keys']) {
    if (path === '/') await page.goto(path);
    else await visit(page, path);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      await expectNoSidewaysScroll(page, `${path} at ${width}`);
    }
  }
  await page.setViewportSize({ width: 360, height: 800 });
  await page.getByRole('button', { name: /^Revoke W/ }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectNoSidewaysScroll(page, 'the dialog');
});

test('from right to left, pages do not scroll sideways either', async ({ page }) => {
  await signUp(page.request);
  for (const path of ['/', '/dashboard', '/dashboard/api-keys', '/dashboard/knowledge', '/dashboard/inbox']) {
    await page.goto(path, { waitUntil: 'networkidle' });
    await page.evaluate(() => (document.documentElement.dir = 'rtl'));
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      await expectNoSidewaysScroll(page, `${path} at ${width}, right to left`);
    }
  }
});
