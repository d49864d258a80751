// What programs rely on: paths, statuses, headers and bodies, without a browser.
import type { APIResponse } from '@playwright/test';
import { expect, test } from '../support/fixtures.ts';
import { signUp, somebody } from '../support/people.ts';

async function problem(answer: APIResponse, status: number, code: string) {
  expect(answer.status()).toBe(status);
  expect(answer.headers()['content-type']).toContain('application/problem+json');
  const body = await answer.json();
  expect(body).toMatchObject({ type: 'about:blank', status, code, title: expect.any(String), detail: expect.any(String) });
  expect(body.request_id).toBe(answer.headers()['x-request-id']);
  expect(body.request_id).toMatch(/^req_[0-9a-f]{32}$/);
  return body;
}

test('/healthz and /readyz', async ({ request }) => {
  const alive = await request.get('/healthz');
  expect([alive.status(), await alive.json()]).toEqual([200, { status: 'ok' }]);
  const ready = await request.get('/readyz');
  expect([ready.status(), await ready.json()]).toEqual([200, { status: 'ready', database: 'ok', migrations: 'ok', isolation: 'ok' }]);
});

test('/api/openapi.json describes every path that there is', async ({ request }) => {
  const answer = await request.get('/api/openapi.json');
  expect(answer.status()).toBe(200);
  expect(answer.headers()['content-type']).toContain('application/json');
  const document = await answer.json();
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/api/v1/me', '/api/v1/members']));
  expect(document.components.securitySchemes.api_key).toMatchObject({ type: 'http', scheme: 'bearer' });
  for (const [path, methods] of Object.entries<Record<string, unknown>>(document.paths)) {
    for (const method of Object.keys(methods)) {
      const without = await request.fetch(path.replaceAll(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
      expect(without.status(), `${method} ${path} without a key`).toBe(401);
    }
  }
});

test('without a key, or with one that opens nothing: 401', async ({ request }) => {
  const without = await request.get('/api/v1/me');
  await problem(without, 401, 'unauthenticated');
  expect(without.headers()['www-authenticate']).toMatch(/^Bearer/);
  const bodies = [];
  for (const authorization of ['Bearer x', `Bearer smt_${'0'.repeat(48)}`, `bearer smt_${'f'.repeat(48)}`, `Bearer ${'x'.repeat(5000)}`]) {
    const body = await problem(await request.get('/api/v1/me', { headers: { authorization } }), 401, 'unauthenticated');
    bodies.push(body.detail);
  }
  expect(new Set(bodies).size, 'one answer for all of them').toBe(1);
  for (const authorization of ['', 'Bearer', 'Basic dTpw', 'smt_x']) {
    await problem(await request.get('/api/v1/me', { headers: { authorization } }), 401, 'unauthenticated');
  }
});

test('a cookie is no key, and a key is no cookie', async ({ page, request }) => {
  await signUp(page.request);
  const made = await page.request.post('/rpc/app/api/keys/create', { form: { name: 'Website' } });
  const { secret } = await made.json();
  await problem(await page.request.get('/api/v1/me'), 401, 'unauthenticated');
  const withKey = await request.post('/rpc/app/api/keys/list', { headers: { authorization: `Bearer ${secret}` } });
  expect(withKey.status()).toBe(401);
});

test('a key reads the tenant and its members, and nothing is invented', async ({ page, request }) => {
  const person = await signUp(page.request);
  const { secret } = await (await page.request.post('/rpc/app/api/keys/create', { form: { name: 'Website' } })).json();
  const headers = { authorization: `Bearer ${secret}` };
  const me = await request.get('/api/v1/me', { headers });
  expect(me.status()).toBe(200);
  expect(await me.json()).toMatchObject({ tenant: { name: person.company, id: expect.stringMatching(/^ten_[0-9a-f]{32}$/) }, key: { name: 'Website' } });
  expect(await me.text()).not.toContain(secret);
  const members = await (await request.get('/api/v1/members', { headers })).json();
  expect(members.data).toHaveLength(1);
  expect(members.data[0]).toMatchObject({ name: person.name, email: person.email, role: 'owner' });
  expect(members.next_cursor).toBeNull();

  // What is not known is refused, not ignored.
  await problem(await request.get('/api/v1/me?verbose=1', { headers }), 400, 'invalid_request');
  await problem(await request.get('/api/v1/members?page=2', { headers }), 400, 'invalid_request');
  await problem(await request.get('/api/v1/members?limit=ten', { headers }), 400, 'invalid_request');
  await problem(await request.get('/api/v1/members?limit=1&limit=2', { headers }), 400, 'invalid_request');
  await problem(await request.get('/api/v1/members?limit=0', { headers }), 422, 'invalid');
  await problem(await request.get('/api/v1/members?limit=100000', { headers }), 422, 'invalid');
  await problem(await request.get('/api/v1/members?cursor=nonsense', { headers }), 422, 'invalid');
});

test('addresses and methods that there are not', async ({ request }) => {
  for (const path of ['/api/v1/nothing', '/api/', '/api/v2/me', '/rpc/nothing', '/assets/nothing.css']) {
    const answer = path.startsWith('/rpc/') ? await request.post(path) : await request.get(path);
    await problem(answer, 404, 'not_found');
  }
  const wrong = await request.delete('/api/v1/me');
  await problem(wrong, 405, 'method_not_allowed');
  expect(wrong.headers().allow).toContain('GET');
  const page = await request.get('/no-such-page');
  expect(page.status()).toBe(404);
  expect(page.headers()['content-type']).toContain('text/html');
  expect(await page.text()).toContain('There is nothing here');
  for (const path of ['/assets/../Cargo.toml', '/assets/%2e%2e/manifest.json', '/assets/..%2f..%2fetc%2fpasswd', '/%00', '/dashboard/%ff']) {
    const status = (await request.get(path, { maxRedirects: 0 })).status();
    expect([303, 400, 404], `${path}: ${status}`).toContain(status);
  }
});

test('requests from other sites change nothing', async ({ page, request, baseURL }) => {
  const person = await signUp(request);
  const form = { email: person.email, password: person.password };
  for (const headers of [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    const answer = await page.request.post('/login', { form, headers, maxRedirects: 0 });
    expect(answer.status(), JSON.stringify(headers)).toBe(403);
    expect(answer.headers()['set-cookie'] ?? '').not.toContain('samtal=');
    expect(await answer.text()).toContain('came from another site');
  }
  await signUp(page.request, somebody());
  for (const path of ['/logout', '/preferences/theme', '/dashboard/api-keys', '/rpc/app/api/keys/create']) {
    const answer = await page.request.post(path, { form: { name: 'x', theme: 'dark' }, headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, maxRedirects: 0 });
    expect(answer.status(), path).toBe(403);
  }
  expect(await (await page.request.post('/rpc/app/api/keys/list')).json()).toEqual([]);
  // From our own pages it works.
  const own = await page.request.post('/rpc/app/api/keys/list', { headers: { 'sec-fetch-site': 'same-origin', origin: baseURL! } });
  expect(own.status()).toBe(200);
});

test('a body that is too large is refused, with a page for people and a document for programs', async ({ request }) => {
  const large = new URLSearchParams({ ...somebody(), company: 'x'.repeat(1024 * 1024) }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const path of ['/signup', '/login']) {
    const answer = await request.post(path, { data: large, headers, maxRedirects: 0 });
    expect(answer.status()).toBe(413);
    expect(answer.headers()['content-type']).toContain('text/html');
    expect(await answer.text()).toContain('That is too large');
  }
  await problem(await request.post('/rpc/app/api/keys/create', { data: large, headers }), 413, 'too_large');
});

test('security headers', async ({ request }) => {
  const nonces = new Set<string>();
  for (const path of ['/', '/', '/login', '/signup', '/no-such-page']) {
    const answer = await request.get(path);
    const csp = answer.headers()['content-security-policy']!;
    const nonce = /script-src 'nonce-([^']+)' 'strict-dynamic' 'wasm-unsafe-eval'/.exec(csp)?.[1];
    expect(nonce, csp).toBeTruthy();
    nonces.add(nonce!);
    for (const part of ["default-src 'none'", "style-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"]) {
      expect(csp).toContain(part);
    }
    expect(csp).not.toContain('unsafe-inline');
    expect(csp).not.toMatch(/'unsafe-eval'/);
    expect(answer.headers()['cache-control']).toContain('no-store');
    expect(await answer.text()).not.toMatch(/ style="/);
  }
  expect(nonces.size, 'a new nonce each time').toBe(5);
  const asset = /href="(\/assets\/[^"]+\.css)"/.exec(await (await request.get('/')).text())![1]!;
  for (const path of ['/', '/login', '/api/v1/me', '/healthz', '/api/openapi.json', '/rpc/nothing', asset]) {
    const answer = await request.get(path);
    const headers = answer.headers();
    expect(headers, path).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'same-origin' });
    expect(headers['content-security-policy'], path).toContain("frame-ancestors 'none'");
    expect(headers['x-request-id'], path).toMatch(/^req_[0-9a-f]{32}$/);
    expect(headers.server, path).toBeUndefined();
    expect(headers['x-powered-by'], path).toBeUndefined();
  }
});

test('the session cookie is for this server alone', async ({ request, page }) => {
  const { company, name, email, password } = somebody();
  const answer = await request.post('/signup', { form: { company, name, email, password }, maxRedirects: 0 });
  const cookie = answer.headersArray().find((header) => header.name.toLowerCase() === 'set-cookie' && header.value.startsWith('samtal='))!.value;
  expect(cookie).toMatch(/; HttpOnly/);
  expect(cookie).toMatch(/; SameSite=Lax/);
  expect(cookie).toMatch(/; Path=\//);
  expect(cookie).not.toMatch(/Domain=/i);
  expect(cookie, 'plain http on loopback').not.toMatch(/; Secure/);
  // Whoever only looks gets none.
  for (const path of ['/', '/login', '/signup']) {
    expect((await page.request.get(path)).headers()['set-cookie'], path).toBeUndefined();
  }
});

test('assets carry a hash, may be kept for ever, and come compressed', async ({ page, request }) => {
  await signUp(page.request);
  const html = await (await page.request.get('/dashboard')).text();
  const paths = [...new Set([...html.matchAll(/\/assets\/[\w./-]+/g)].map((match) => match[0]))];
  expect(paths.some((path) => path.endsWith('.css'))).toBe(true);
  expect(paths.some((path) => path.endsWith('.js'))).toBe(true);
  expect(paths.some((path) => path.endsWith('.wasm'))).toBe(true);
  const types: Record<string, string> = { css: 'text/css', js: 'text/javascript', wasm: 'application/wasm', svg: 'image/svg+xml', woff2: 'font/woff2' };
  for (const path of paths) {
    expect(path, 'a hash in the name').toMatch(/[0-9a-z]{8,}\.\w+$/i);
    const kind = path.split('.').pop()!;
    for (const coding of kind === 'woff2' ? ['identity'] : ['br', 'gzip', 'identity']) {
      const answer = await request.get(path, { headers: { 'accept-encoding': coding } });
      expect(answer.status(), path).toBe(200);
      expect(answer.headers()['content-type'], path).toContain(types[kind]!);
      expect(answer.headers()['cache-control'], path).toBe('public, max-age=31536000, immutable');
      if (['css', 'js', 'wasm'].includes(kind)) expect(answer.headers()['content-encoding'] ?? 'identity', path).toBe(coding);
    }
  }
});

test('robots see the landing page alone', async ({ request }) => {
  const robots = await (await request.get('/robots.txt')).text();
  expect(robots).toContain('Disallow: /');
  expect((await request.get('/favicon.ico')).status()).toBe(200);
});
