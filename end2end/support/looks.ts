// What is to be true of every page, whatever it shows.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './fixtures.ts';

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The widths of windows that every page is looked at in. */
export const widths = [1440, 768, 360, 390];

async function expectNothing(axe: AxeBuilder, what: string) {
  const { violations, passes } = await axe.analyze();
  const found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((n) => `${n.target}: ${n.failureSummary}`) }));
  expect(found, what).toEqual([]);
  return passes;
}

/** axe finds nothing. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const passes = await expectNothing(new AxeBuilder({ page }).withTags(rules), what);
  expect(passes.length).toBeGreaterThan(10);
}

/** Of axe's rules those that look at colours, for a page that `expectAccessible` has seen in other ones. */
export const expectColours = (page: Page, what: string) => expectRules(page, ['color-contrast', 'link-in-text-block'], what);
/** Of axe's rules those that ask where things stand, and how pages speak, for a page that it has seen in another language. */
export const expectPlaced = (page: Page, what: string) => expectRules(page, ['color-contrast', 'target-size', 'html-has-lang', 'html-lang-valid', 'valid-lang'], what);

async function expectRules(page: Page, rules: string[], what: string): Promise<void> {
  const passes = await expectNothing(new AxeBuilder({ page }).withRules(rules), what);
  expect(passes.map(({ id }) => id)).toContain('color-contrast');
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
