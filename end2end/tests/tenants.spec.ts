// Two companies on one installation: neither learns anything of the other.
import type { BrowserContext, Page } from '@playwright/test';
import { expect, rpc, test, visit, withoutRequestId } from '../support/fixtures.ts';
import { type Person, signUp, somebody } from '../support/people.ts';

type Side = { person: Person; context: BrowserContext; page: Page; key: string; secret: string; traces: string[] };

async function settle(context: BrowserContext): Promise<Side> {
  const page = await context.newPage();
  const person = await signUp(page.request);
  const name = `Key of ${person.company}`;
  await visit(page, '/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill(name);
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = await page.locator('#secret').innerText();
  const [{ id: key }] = JSON.parse((await rpc(page, 'keys/list')).text);
  const session = JSON.parse((await rpc(page, 'session/current')).text);
  const traces = [person.company, person.name, person.email, name, key, secret, secret.slice(0, 12), session.tenant.id, session.member.id];
  expect(key).toMatch(/^key_[0-9a-f]{32}$/);
  return { person, context, page, key, secret, traces };
}

const works = async (side: Side) =>
  (await side.context.request.get('/api/v1/me', { headers: { authorization: `Bearer ${side.secret}` } })).status();

const withoutNonce = (text: string) => text.replaceAll(/nonce="[^"]*"/g, 'nonce="…"');

/** An id of the right form that nobody has. */
const unknown = `key_${'0123456789abcdef'.repeat(2)}`;

test('neither sees the other: not on a page, not over /rpc, not over the API', async ({ newContext }) => {
  const sides = [await settle(await newContext()), await settle(await newContext())] as const;
  for (const [own, other] of [sides, [sides[1], sides[0]] as const]) {
    const seen: [string, string][] = [];
    for (const path of ['/', '/dashboard', '/dashboard/members', '/dashboard/api-keys']) {
      await own.page.goto(path, { waitUntil: 'networkidle' });
      seen.push([path, await own.page.content()]);
      seen.push([`${path} as sent`, await (await own.page.request.get(path)).text()]);
    }
    for (const name of ['session/current', 'members/list', 'keys/list']) {
      const answer = await rpc(own.page, name);
      expect(answer.status).toBe(200);
      seen.push([name, answer.text]);
    }
    for (const path of ['/api/v1/me', '/api/v1/members']) {
      const answer = await own.context.request.get(path, { headers: { authorization: `Bearer ${own.secret}` } });
      expect(answer.status()).toBe(200);
      seen.push([path, await answer.text()]);
    }
    for (const [where, text] of seen) {
      for (const trace of other.traces) expect(text.includes(trace), `${where} holds ${trace} of the other company`).toBe(false);
    }
    // The look is no empty one: one's own is there.
    expect(seen.find(([where]) => where === '/dashboard')![1]).toContain(own.person.company);
    expect(seen.find(([where]) => where === 'keys/list')![1]).toContain(own.key);
  }
});

test('revoking the other’s key by its form: the same answer as for a key that there is not, and the key goes on', async ({ newContext }) => {
  const [own, other] = [await settle(await newContext()), await settle(await newContext())];
  const revoke = async (key: string) => {
    const answer = await own.context.request.post(`/dashboard/api-keys/${key}/revoke`, { maxRedirects: 0 });
    return { status: answer.status(), type: answer.headers()['content-type'], text: withoutNonce(withoutRequestId(await answer.text())) };
  };
  const foreign = await revoke(other.key);
  expect(foreign.status).toBe(404);
  expect(foreign).toEqual(await revoke(unknown));
  expect(foreign).toEqual(await revoke('nonsense'));
  expect(await works(other)).toBe(200);
  expect((await revoke(own.key)).status).toBe(303);
  expect(await works(own)).toBe(401);
});

test('revoking the other’s key over /rpc: the same answer as for a key that there is not, and the key goes on', async ({ newContext }) => {
  const [own, other] = [await settle(await newContext()), await settle(await newContext())];
  const revoke = async (key: string) => {
    const answer = await rpc(own.page, 'keys/revoke', { key });
    return { ...answer, text: withoutRequestId(answer.text) };
  };
  const foreign = await revoke(other.key);
  expect(foreign.status).toBe(404);
  expect(foreign).toEqual(await revoke(unknown));
  expect(foreign).toEqual(await revoke('nonsense'));
  expect(await works(other)).toBe(200);
  expect((await revoke(own.key)).status).toBe(200);
  expect(await works(own)).toBe(401);
});

test('nobody who is not signed in gets anything', async ({ newContext, request }) => {
  const { key, traces } = await settle(await newContext());
  for (const [name, fields] of [
    ['members/list', {}],
    ['keys/list', {}],
    ['keys/create', { name: 'x' }],
    ['keys/revoke', { key }],
  ] as const) {
    const answer = await request.post(`/rpc/app/api/${name}`, { form: fields });
    expect(answer.status(), name).toBe(401);
    expect((await answer.json()).code).toBe('unauthenticated');
  }
  const session = await request.post('/rpc/app/api/session/current');
  expect([session.status(), await session.text()]).toEqual([200, 'null']);
  for (const path of ['/dashboard', '/dashboard/members', '/dashboard/api-keys', '/dashboard/no-such-page']) {
    expect((await request.get(path, { maxRedirects: 0 })).status(), path).toBe(303);
  }
  for (const path of ['/dashboard/api-keys', `/dashboard/api-keys/${key}/revoke`]) {
    const answer = await request.post(path, { form: { name: 'x' }, maxRedirects: 0 });
    expect(answer.status(), path).toBe(401);
    for (const trace of traces.filter((trace) => trace !== key)) expect(await answer.text()).not.toContain(trace);
  }
});

test('two tabs, two people, one browser: the last who signed in counts, everywhere', async ({ newContext }) => {
  const context = await newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  const before = await signUp(first.request);
  await visit(first, '/dashboard');
  const after = await signUp(second.request, somebody());
  await visit(second, '/dashboard');
  await first.reload();
  await expect(first.getByRole('main')).toContainText(after.company);
  expect(await first.content()).not.toContain(before.company);
});
