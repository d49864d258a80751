// What programs rely on: paths, statuses, headers and bodies, without a browser.
import type { APIResponse } from '@playwright/test';
import { begin, messages, program, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { ask, expect, test } from '../support/fixtures.ts';
import { keyIds, makeKey } from '../support/keys.ts';
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
  for (const [path, methods] of Object.entries<Record<string, { security?: unknown[] }>>(document.paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      const without = await request.fetch(path.replaceAll(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
      // What needs no key says so.
      expect(without.status(), `${method} ${path} without a key`).toBe(security?.length ? 401 : 200);
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
  const authorization = `Bearer ${await makeKey(page.request, 'Website')}`;
  await problem(await page.request.get('/api/v1/me'), 401, 'unauthenticated');
  const headers = { authorization, accept: 'application/json' };
  await problem(await request.get('/dashboard/inbox', { headers }), 401, 'unauthenticated');
  await problem(await request.post('/dashboard/api-keys', { headers, form: { name: 'x' } }), 401, 'unauthenticated');
  expect((await request.get('/dashboard/api-keys', { headers: { authorization }, maxRedirects: 0 })).status()).toBe(303);
});

test('a key reads the tenant and its members, and nothing is invented', async ({ page, request }) => {
  const person = await signUp(page.request);
  const secret = await makeKey(page.request, 'Website');
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
  for (const path of ['/api/v1/nothing', '/api/', '/api/v2/me', '/assets/nothing.css']) {
    await problem(await request.get(path), 404, 'not_found');
  }
  const wrong = await request.delete('/api/v1/me');
  await problem(wrong, 405, 'method_not_allowed');
  expect(wrong.headers().allow).toContain('GET');
  // A page for people, a document for who asks for one; nothing is left where server functions once were.
  for (const [path, method] of [['/no-such-page', 'GET'], ['/rpc/app/api/keys/list', 'POST']] as const) {
    const page = await request.fetch(path, { method });
    expect(page.status()).toBe(404);
    expect(page.headers()['content-type']).toContain('text/html');
    expect(await page.text()).toContain('There is nothing here');
    await problem(await request.fetch(path, { method, headers: { accept: 'application/json' } }), 404, 'not_found');
  }
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
  const by = await program(page.request);
  const id = await begin(request, by);
  await step(request, by, id, 'handoff');
  const document = await teach(page.request, 'returns.txt', 'Within 60 days.');
  await learnt(page.request);
  const talk = `/dashboard/inbox/${id}`;
  const before = await messages(request, by, id);
  const evil = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
  for (const path of ['/logout', '/preferences/theme', '/dashboard/api-keys', `${talk}/messages`, `${talk}/take-over`, `${talk}/hand-back`, `${talk}/resolve`, `/dashboard/knowledge/${document}/delete`, `/dashboard/knowledge/${document}/reindex`]) {
    const form = { name: 'x', theme: 'dark', text: 'x', client_id: 'x' };
    const answer = await page.request.post(path, { form, headers: evil, maxRedirects: 0 });
    expect(answer.status(), path).toBe(403);
    // An answer for programs is no way around it.
    await problem(await page.request.post(path, { form, headers: { ...evil, accept: 'application/json' }, maxRedirects: 0 }), 403, 'forbidden');
  }
  const file = { name: 'evil.txt', mimeType: 'text/plain', buffer: Buffer.from('Nothing is ever taken back.') };
  expect((await page.request.post('/dashboard/knowledge', { multipart: { file }, headers: evil, maxRedirects: 0 })).status()).toBe(403);
  expect(await keyIds(page.request)).toHaveLength(1);
  expect(await messages(request, by, id)).toEqual(before);
  const documents = await (await page.request.get('/dashboard/knowledge')).text();
  expect(documents).toContain(document);
  expect(documents).not.toContain('evil');
  // From our own pages it works.
  const own = { 'sec-fetch-site': 'same-origin', origin: baseURL! };
  expect((await page.request.post(`${talk}/take-over`, { headers: own, maxRedirects: 0 })).status()).toBe(303);
});

test('the inbox answers who asks for JSON with what its page shows', async ({ page, request }) => {
  const person = await signUp(page.request);
  const empty = JSON.parse((await ask(page.request, '/dashboard/inbox')).text);
  expect(empty).toMatchObject({ show: 'open', after: null, thread: null, missing: false, list: { data: [], next_cursor: null, waiting: 0, nobody_yet: expect.stringMatching(/^wgt_/) } });

  const by = await program(page.request);
  const ids: string[] = [];
  for (const name of ['Elin', 'Maja']) ids.push(await begin(request, by, name));
  const [elin, maja] = ids as [string, string];
  await step(request, by, maja, 'handoff');
  const list = await ask(page.request, `/dashboard/inbox?show=waiting&beside=${elin}`);
  expect([list.status, list.type]).toEqual([200, 'application/json']);
  const waiting = JSON.parse(list.text);
  expect(waiting).toMatchObject({ show: 'waiting', thread: null, list: { waiting: 1, nobody_yet: null, open: { id: elin, contact: { name: 'Elin' } } } });
  expect(waiting.list.data.map((one: { id: string }) => one.id)).toEqual([maja]);

  for (let n = 1; n <= 60; n++) await say(request, by, maja, `Message number ${n}.`);
  const talk = async (query: string) => JSON.parse((await ask(page.request, `/dashboard/inbox/${maja}${query}`)).text);
  const latest = await talk('?show=mine');
  expect(latest).toMatchObject({ show: 'mine', missing: false, thread: { conversation: { id: maja, contact: { name: 'Maja' } }, draft: expect.any(String) } });
  const { data, next_cursor: before } = latest.thread.messages;
  expect(data).toHaveLength(50);
  expect(data.at(-1)).toMatchObject({ text: 'Message number 60.', from: 'contact' });
  const earlier = (await talk(`?before=${before}`)).thread.messages;
  expect(earlier.next_cursor).toBeNull();
  expect([...earlier.data, ...data].map((one: { seq: number }) => one.seq)).toEqual(Array.from({ length: 61 }, (_, n) => n + 1));

  for (const id of ['conv_00000000000000000000000000000000', 'nonsense']) {
    const headers = { accept: 'application/json' };
    await problem(await page.request.get(`/dashboard/inbox/${id}`, { headers }), 404, 'not_found');
    for (const what of ['messages', 'take-over', 'hand-back', 'resolve']) {
      await problem(await page.request.post(`/dashboard/inbox/${id}/${what}`, { headers, form: { text: 'x', client_id: 'x' } }), 404, 'not_found');
    }
  }
  // A page is still a page, whatever a browser would also take.
  for (const accept of ['text/html,application/xhtml+xml,application/json;q=0.9', '*/*', '']) {
    const html = await page.request.get(`/dashboard/inbox/${maja}`, { headers: { accept } });
    expect(html.headers()['content-type'], accept).toContain('text/html');
    expect(await html.text(), accept).toContain(person.company);
  }
});

test('forms of the inbox answer who asks for JSON with what they did, others with a page', async ({ page, request }) => {
  const person = await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by, 'Elin');
  const post = (what: string, form: Record<string, string> = {}) =>
    page.request.post(`/dashboard/inbox/${id}/${what}`, { form, headers: { accept: 'application/json' }, maxRedirects: 0 });
  await problem(await post('messages', { text: 'Too early.', client_id: 'a' }), 409, 'conflict');
  expect(await (await post('take-over')).json()).toMatchObject({ id, handler: 'people', assignee: { name: person.name } });
  const { errors } = await problem(await post('messages', { text: '  ', client_id: 'a' }), 422, 'invalid');
  expect(errors).toMatchObject([{ field: 'text' }]);
  const said = await (await post('messages', { text: 'Hello.', client_id: 'a' })).json();
  expect(said).toMatchObject({ conversation_id: id, from: 'agent', text: 'Hello.', client_id: 'a' });
  // Sent twice, it is there once, and the answer is the same.
  expect(await (await post('messages', { text: 'Hello.', client_id: 'a' })).json()).toEqual(said);
  expect((await messages(request, by, id)).filter((one) => one.from === 'agent')).toHaveLength(1);
  expect(await (await post('hand-back')).json()).toMatchObject({ id, handler: 'assistant', assignee: null });
  expect(await (await post('resolve')).json()).toMatchObject({ id, state: 'resolved' });

  const plain = await page.request.post(`/dashboard/inbox/${id}/take-over?show=mine`, { maxRedirects: 0 });
  expect([plain.status(), plain.headers().location]).toEqual([303, `/dashboard/inbox/${id}?show=mine`]);
  const refused = await page.request.post(`/dashboard/inbox/${id}/messages`, { form: { text: ' ', client_id: 'b' }, maxRedirects: 0 });
  expect([refused.status(), refused.headers()['content-type']]).toEqual([422, expect.stringContaining('text/html')]);
});

test('forms of the documents answer who asks for JSON with what they did, others with a page', async ({ page }) => {
  await signUp(page.request);
  const headers = { accept: 'application/json' };
  const send = (name: string, text: string) => page.request.post('/dashboard/knowledge', { multipart: { file: { name, mimeType: 'text/plain', buffer: Buffer.from(text) } }, headers });
  const kept = await send('returns.txt', 'Within 60 days.');
  expect(kept.status()).toBe(202);
  const [{ id }] = await kept.json();
  expect(id).toMatch(/^doc_[0-9a-f]{32}$/);
  await problem(await send('scan.pdf', '%PDF-1.7 nothing'), 422, 'invalid');
  await learnt(page.request);
  const post = (document: string, what: string) => page.request.post(`/dashboard/knowledge/${document}/${what}`, { headers, maxRedirects: 0 });
  for (const what of ['reindex', 'delete']) {
    for (const unknown of ['doc_00000000000000000000000000000000', 'nonsense']) await problem(await post(unknown, what), 404, 'not_found');
  }
  const again = await post(id, 'reindex');
  expect([again.status(), await again.text()]).toEqual([204, '']);
  await learnt(page.request);
  const deleted = await post(id, 'delete');
  expect([deleted.status(), await deleted.text()]).toEqual([204, '']);
  await problem(await post(id, 'delete'), 404, 'not_found');
  expect(await (await page.request.get('/dashboard/knowledge')).text()).toContain('Nothing is known yet');
});

test('who is not signed in is led to the sign-in page, a program is told, and nothing is done', async ({ page, request, newContext }) => {
  await signUp(page.request);
  const by = await program(page.request);
  const id = await begin(request, by);
  const document = await teach(page.request, 'returns.txt', 'Within 60 days.');
  const [key] = await keyIds(page.request);
  const before = await messages(request, by, id);
  const nobody = (await newContext()).request;
  const headers = { accept: 'application/json' };
  for (const path of ['/dashboard/inbox', `/dashboard/inbox/${id}`, '/dashboard/knowledge']) {
    const led = await nobody.get(path, { maxRedirects: 0 });
    expect([led.status(), led.headers().location]).toEqual([303, `/login?next=${path}`]);
    await problem(await nobody.get(path, { headers, maxRedirects: 0 }), 401, 'unauthenticated');
  }
  const form = { text: 'x', client_id: 'x', name: 'x' };
  for (const path of [...['messages', 'take-over', 'hand-back', 'resolve'].map((what) => `/dashboard/inbox/${id}/${what}`), `/dashboard/knowledge/${document}/delete`, `/dashboard/knowledge/${document}/reindex`, '/dashboard/knowledge', '/dashboard/api-keys', `/dashboard/api-keys/${key}/revoke`]) {
    const page = await nobody.post(path, { form, maxRedirects: 0 });
    expect([page.status(), page.headers()['content-type']], path).toEqual([401, expect.stringContaining('text/html')]);
    expect(await page.text(), path).toContain('Sign in');
    await problem(await nobody.post(path, { form, headers, maxRedirects: 0 }), 401, 'unauthenticated');
  }
  expect(await messages(request, by, id)).toEqual(before);
  expect(await keyIds(page.request)).toEqual([key]);
  expect(await (await page.request.get('/dashboard/knowledge')).text()).toContain(document);
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
  await problem(await request.post('/login', { data: large, headers: { ...headers, accept: 'application/json' } }), 413, 'too_large');
});

test('security headers', async ({ request, page }) => {
  await signUp(page.request);
  const nonces = new Set<string>();
  const pages = ['/', '/', '/login', '/signup', '/no-such-page', '/dashboard', '/dashboard/inbox', '/dashboard/knowledge'];
  for (const path of pages) {
    const answer = await (path.startsWith('/dashboard') ? page.request : request).get(path, { maxRedirects: 0 });
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
  expect(nonces.size, 'a new nonce each time').toBe(pages.length);
  const asset = /href="(\/assets\/[^"]+\.css)"/.exec(await (await request.get('/')).text())![1]!;
  for (const path of ['/', '/login', '/api/v1/me', '/healthz', '/api/openapi.json', '/rpc/nothing', '/dashboard/inbox', asset]) {
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
  const html = await (await page.request.get('/dashboard/inbox')).text() + (await (await page.request.get('/dashboard/knowledge')).text());
  const paths = [...new Set([...html.matchAll(/\/assets\/[\w./-]+/g)].map((match) => match[0]))];
  expect(paths.some((path) => path.endsWith('.css'))).toBe(true);
  expect(paths.some((path) => path.endsWith('.js'))).toBe(true);
  expect(paths.filter((path) => path.endsWith('.wasm')).length).toBeGreaterThan(2);
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
