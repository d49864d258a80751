// What is to be true of every page, whatever it shows.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './fixtures.ts';

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** axe finds nothing. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).withTags(rules).analyze();
  const found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((n) => `${n.target}: ${n.failureSummary}`) }));
  expect(found, what).toEqual([]);
  expect(passes.length).toBeGreaterThan(10);
}

/** Nothing stands beyond either side of the page. */
export async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
  const { inner, outer, wide } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const beyond = [...document.querySelectorAll('body *')].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && (box.right > clientWidth + 1 || box.left < -1) && !element.closest('pre, [popover]');
    });
    return { inner: scrollWidth, outer: clientWidth, wide: beyond.slice(0, 3).map((element) => element.outerHTML.slice(0, 160)) };
  });
  expect({ what, inner, wide: inner > outer ? wide : [] }).toEqual({ what, inner: outer, wide: [] });
}
