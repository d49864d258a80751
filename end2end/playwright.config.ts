// How the tests run: one browser, two workers, a server of its own for each worker (support/fixtures.ts).
import { defineConfig, devices } from '@playwright/test';
import { args, executablePath } from './support/browser.ts';

const ci = process.env.CI === 'true';

export default defineConfig({
  testDir: './tests',
  outputDir: './test-results',
  fullyParallel: true,
  workers: 2,
  // A test that passes only the second time has found something.
  retries: 0,
  forbidOnly: ci,
  reporter: ci ? 'list' : 'line',
  // Generous: these are bounds against hanging, not measurements.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    screenshot: 'only-on-failure',
    // Every step of every test recorded takes a third of the time. TRACE=1 for the test that fails.
    trace: process.env.TRACE ? 'retain-on-failure' : 'off',
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    // Chromium without a window around its pages, which costs a third of the time.
    launchOptions: { executablePath, args },
  },
});
