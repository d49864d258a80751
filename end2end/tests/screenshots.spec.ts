// Pictures of every page and state, to be looked at: screenshots/NAME-WIDTH-SCHEME.png.
import { join } from 'node:path';
import { expect, test } from '../support/fixtures.ts';
import { astrid } from '../support/people.ts';
import { states } from '../support/pages.ts';

const folder = join(import.meta.dirname, '../screenshots');

for (const state of states) {
  for (const width of [1440, 390]) {
    test(`a picture of ${state.name} at ${width}`, async ({ page, server, complaints }) => {
      if (state.status) complaints.expect(new RegExp(`status of ${state.status}`));
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await state.open(page, astrid(), server);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        // What lies above the page is as large as the window; everything else is shown in full.
        const above = await page.locator('dialog[open], :popover-open').count();
        const path = join(folder, `${state.name}-${width}-${colorScheme}.png`);
        expect((await page.screenshot({ path, fullPage: above === 0 })).length).toBeGreaterThan(1000);
      }
    });
  }
}
