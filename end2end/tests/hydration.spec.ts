// One question, three ways: rendered without WASM, rendered with it, asked over /rpc. And WASM takes over quietly.
import { expect, hydrated, test, visit, withoutLoading } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

test('api::session::current() gives the same answer rendered, without WASM, and over /rpc', async ({ page, newContext }) => {
  const person = await signUp(page.request);
  const storageState = await page.context().storageState();

  // The landing page, which has no WASM at all.
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto('/', { waitUntil: 'networkidle' });
  await expect(page.getByRole('link', { name: `Open dashboard of ${person.company}` })).toBeVisible();
  expect(asked.filter((url) => url.endsWith('.wasm') || url.includes('/rpc/'))).toEqual([]);

  // The dashboard as the server renders it.
  const plain = await (await newContext({ storageState, javaScriptEnabled: false })).newPage();
  await plain.goto('/dashboard');
  await expect(plain.locator('.facts dd').first()).toHaveText(person.company);

  // The dashboard in the browser, where the same function asks over the network.
  await visit(page, '/dashboard');
  await expect(page.locator('.facts dd').first()).toHaveText(person.company);
  const answer = await page.evaluate(async () => {
    const response = await fetch('/rpc/app/api/session/current', {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
    });
    return { status: response.status, body: await response.json() };
  });
  expect(answer.status).toBe(200);
  expect(answer.body.tenant.name).toBe(person.company);
  expect(answer.body.member.email).toBe(person.email);
  await expect(plain.locator('.facts code')).toHaveText(answer.body.tenant.id);
});

test('WASM takes over what the server rendered without changing it or asking again', async ({ page, newContext }) => {
  await signUp(page.request);
  const storageState = await page.context().storageState();
  const plain = await (await newContext({ storageState, javaScriptEnabled: false })).newPage();
  for (const path of ['/dashboard', '/dashboard/members', '/dashboard/api-keys']) {
    const asked: string[] = [];
    const listener = (request: import('@playwright/test').Request) => asked.push(request.url());
    page.on('request', listener);
    await visit(page, path);
    await page.waitForLoadState('networkidle');
    page.off('request', listener);
    expect(asked.filter((url) => url.includes('/rpc/')), 'everything came with the page').toEqual([]);
    const programs = asked.filter((url) => url.endsWith('.wasm'));
    expect(new Set(programs).size, 'nothing is loaded twice').toBe(programs.length);
    await plain.goto(path);
    expect(await page.locator('body').innerText()).toBe(await plain.locator('body').innerText());
  }
});

test('from page to page of the dashboard without loading, and back', async ({ page }) => {
  const person = await signUp(page.request);
  await visit(page, '/dashboard');
  const navigation = page.getByRole('navigation', { name: 'Dashboard' });
  const heading = page.getByRole('heading', { level: 1 });
  await withoutLoading(page, async () => {
    await navigation.getByRole('link', { name: 'Members' }).click();
    await expect(page).toHaveURL('/dashboard/members');
    await expect(heading).toHaveText('Members');
    await expect(page).toHaveTitle('Members · Samtal');
    await expect(page.getByRole('table')).toContainText(person.email);
    await expect(navigation.getByRole('link', { name: 'Members' })).toHaveAttribute('aria-current', 'page');
    await expect(navigation.locator('[aria-current]')).toHaveCount(1);

    await navigation.getByRole('link', { name: 'API keys' }).click();
    await expect(heading).toHaveText('API keys');
    await expect(page.getByText('No program has a key yet')).toBeVisible();
    await page.goBack();
    await expect(heading).toHaveText('Members');
    await page.goBack();
    await expect(heading).toContainText('Welcome');
    await page.getByRole('main').getByRole('link', { name: 'To the keys' }).click();
    await expect(page).toHaveURL('/dashboard/api-keys');
  });
  // A key shown once does not follow the visitor around.
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toBeVisible();
  await navigation.getByRole('link', { name: 'Home' }).click();
  await expect(heading).toContainText('Welcome');
  await expect(page.locator('#secret')).toHaveCount(0);
});

test('on a phone the navigation gets out of the way once a page is chosen', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signUp(page.request);
  await visit(page, '/dashboard');
  const navigation = page.getByRole('navigation', { name: 'Dashboard' });
  await expect(navigation).toBeHidden();
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await expect(navigation).toBeVisible();
  await navigation.getByRole('link', { name: 'Members' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Members');
  await expect(navigation).toBeHidden();
  // Who uses a keyboard or a screen reader is where the new page begins.
  await expect(page.getByRole('main')).toBeFocused();
});

test('a key made before WASM arrives is made all the same', async ({ page }) => {
  await signUp(page.request);
  // WASM that never comes: the page is the browser's own.
  await page.route('**/*.wasm', () => undefined);
  await page.goto('/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toHaveText(/^smt_/);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('the page that answers a form without WASM is taken over with what it shows', async ({ page, complaints }) => {
  complaints.expect(/status of 422/);
  await signUp(page.request);
  await page.route('**/*.wasm', () => undefined);
  await page.goto('/dashboard/api-keys');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByLabel('What the key is for').fill('Website');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toHaveText(/^smt_/);
  await hydrated(page);
  await expect(page.locator('#secret')).toHaveText(/^smt_/);
  await expect(page.getByRole('table')).toContainText('Website');
});

test('a page of the dashboard that there is not says so, with status 404, and leads home', async ({ page, complaints }) => {
  complaints.expect(/status of 404/);
  await signUp(page.request);
  const response = await page.goto('/dashboard/no-such-page');
  expect(response!.status()).toBe(404);
  await hydrated(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('There is nothing here');
  await page.getByRole('link', { name: 'To the home page' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome');
});
