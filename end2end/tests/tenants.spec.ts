// Two companies on one installation: neither learns anything of the other.
import type { BrowserContext, Page } from '@playwright/test';
import { begin, messages, say, step } from '../support/conversations.ts';
import { learnt, teach } from '../support/documents.ts';
import { ask, expect, test, visit, withoutRequestId } from '../support/fixtures.ts';
import { keyIds } from '../support/keys.ts';
import { type Person, signUp, somebody } from '../support/people.ts';

/** A company: who works there, and what it has. */
type Side = {
  person: Person;
  context: BrowserContext;
  page: Page;
  key: string;
  secret: string;
  conversation: string;
  document: string;
  /** What nobody else may see. */
  traces: string[];
};

async function settle(context: BrowserContext): Promise<Side> {
  const page = await context.newPage();
  const person = await signUp(page.request);
  const name = `Key of ${person.company}`;
  await visit(page, '/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill(name);
  await page.getByRole('button', { name: 'Create key' }).click();
  const secret = await page.locator('#secret').innerText();
  const [key] = (await keyIds(page.request)) as [string];
  const by = { authorization: `Bearer ${secret}` };
  const { tenant } = await (await page.request.get('/api/v1/me', { headers: by })).json();
  const [member] = (await (await page.request.get('/api/v1/members', { headers: by })).json()).data;
  const contact = `Contact of ${person.company}`;
  const conversation = await begin(page.request, by, contact);
  await say(page.request, by, conversation, `Words to ${person.company}`);
  await step(page.request, by, conversation, 'handoff');
  const document = await teach(page.request, 'facts.txt', `What ${person.company} knows.`);
  await learnt(page.request);
  const ids = { key, ten: tenant.id, mem: member.id, conv: conversation, doc: document };
  for (const [kind, id] of Object.entries(ids)) expect(id).toMatch(new RegExp(`^${kind}_[0-9a-f]{32}$`));
  const traces = [person.company, person.name, person.email, name, secret, secret.slice(0, 12), contact, ...Object.values(ids)];
  return { person, context, page, key, secret, conversation, document, traces };
}

const works = async (side: Side) =>
  (await side.context.request.get('/api/v1/me', { headers: { authorization: `Bearer ${side.secret}` } })).status();

const withoutNonce = (text: string) => text.replaceAll(/nonce="[^"]*"/g, 'nonce="…"');

/** An id of the right form that nobody has. */
const unknown = (kind: string) => `${kind}_${'0123456789abcdef'.repeat(2)}`;

test('neither sees the other: not on a page, not as JSON, not over the API', async ({ newContext }) => {
  const sides = [await settle(await newContext()), await settle(await newContext())] as const;
  for (const [own, other] of [sides, [sides[1], sides[0]] as const]) {
    const seen: [string, string][] = [];
    for (const path of ['/', '/dashboard', '/dashboard/members', '/dashboard/api-keys', '/dashboard/knowledge', '/dashboard/knowledge?question=What+is+known', '/dashboard/inbox']) {
      await own.page.goto(path, { waitUntil: 'networkidle' });
      seen.push([path, await own.page.content()]);
      seen.push([`${path} as sent`, await (await own.page.request.get(path)).text()]);
    }
    // Also when the other's conversation is named as the one that is open.
    for (const path of ['/dashboard/inbox', '/dashboard/inbox?show=waiting', `/dashboard/inbox?beside=${other.conversation}`, `/dashboard/inbox/${own.conversation}`]) {
      const answer = await ask(own.page.request, path);
      expect(answer.status).toBe(200);
      seen.push([`${path} as JSON`, answer.text]);
    }
    for (const path of ['/api/v1/me', '/api/v1/members', '/api/v1/conversations', '/api/v1/documents']) {
      const answer = await own.context.request.get(path, { headers: { authorization: `Bearer ${own.secret}` } });
      expect(answer.status()).toBe(200);
      seen.push([path, await answer.text()]);
    }
    for (const [where, text] of seen) {
      for (const trace of other.traces) expect(text.includes(trace), `${where} holds ${trace} of the other company`).toBe(false);
    }
    // The look is no empty one: one's own is there.
    expect(seen.find(([where]) => where === '/dashboard')![1]).toContain(own.person.company);
    expect(seen.find(([where]) => where === '/dashboard/api-keys')![1]).toContain(own.key);
    expect(seen.find(([where]) => where === '/dashboard/knowledge')![1]).toContain(own.document);
    expect(seen.find(([where]) => where === '/dashboard/inbox as JSON')![1]).toContain(own.conversation);
  }
});

for (const accept of ['text/html', 'application/json']) {
  test(`touching what is the other’s: the same answer as for what there is not, and nothing is done, asked for ${accept}`, async ({ newContext }) => {
    const [own, other] = [await settle(await newContext()), await settle(await newContext())];
    const { request } = own.context;
    const form = { text: 'Mine', client_id: 'x' };
    const touch = async (path: string, method: string) => {
      const answer = await request.fetch(path, { method, form: method === 'POST' ? form : undefined, headers: { accept }, maxRedirects: 0 });
      return { status: answer.status(), type: answer.headers()['content-type'], text: withoutNonce(withoutRequestId(await answer.text())) };
    };
    const by = { authorization: `Bearer ${other.secret}` };
    const before = await messages(request, by, other.conversation);
    const paths: [string, 'key' | 'conversation' | 'document', string][] = [
      ['/dashboard/api-keys/ID/revoke', 'key', 'key'],
      ['/dashboard/knowledge/ID/delete', 'document', 'doc'],
      ['/dashboard/knowledge/ID/reindex', 'document', 'doc'],
      ...['messages', 'take-over', 'hand-back', 'resolve'].map((what) => [`/dashboard/inbox/ID/${what}`, 'conversation', 'conv'] as [string, 'conversation', string]),
    ];
    for (const [path, thing, kind] of paths) {
      const foreign = await touch(path.replace('ID', other[thing]), 'POST');
      expect(foreign.status, path).toBe(404);
      expect(foreign.type, path).toContain(accept === 'text/html' ? 'text/html' : 'application/problem+json');
      for (const id of [unknown(kind), 'nonsense']) expect(await touch(path.replace('ID', id), 'POST'), path).toEqual(foreign);
    }
    // To look at it is no better. The page carries the address that was asked for.
    const look = async (id: string) => {
      const answer = await touch(`/dashboard/inbox/${id}`, 'GET');
      return { ...answer, text: answer.text.replaceAll(id, 'ID').replaceAll(/"now":"[^"]*"|&quot;now&quot;:&quot;[^&]*&quot;/g, 'NOW') };
    };
    const foreign = await look(other.conversation);
    expect(foreign.status).toBe(404);
    for (const id of [unknown('conv'), 'nonsense']) expect(await look(id)).toEqual(foreign);

    expect(await works(other)).toBe(200);
    expect(await messages(request, by, other.conversation)).toEqual(before);
    expect(await (await other.context.request.get('/dashboard/knowledge')).text()).toContain(other.document);
    // One's own is reached the same way.
    expect((await touch(`/dashboard/inbox/${own.conversation}`, 'GET')).status).toBe(200);
    const [taken, gone] = accept === 'text/html' ? [303, 303] : [200, 204];
    expect((await touch(`/dashboard/inbox/${own.conversation}/take-over`, 'POST')).status).toBe(taken);
    expect((await touch(`/dashboard/knowledge/${own.document}/delete`, 'POST')).status).toBe(gone);
    expect((await touch(`/dashboard/api-keys/${own.key}/revoke`, 'POST')).status).toBe(303);
    expect(await works(own)).toBe(401);
  });
}

test('nobody who is not signed in gets anything', async ({ newContext, request }) => {
  const { key, conversation, document, traces } = await settle(await newContext());
  const ids = [key, conversation, document];
  const pages = ['/dashboard', '/dashboard/members', '/dashboard/api-keys', '/dashboard/knowledge', '/dashboard/inbox', `/dashboard/inbox/${conversation}`, '/dashboard/no-such-page'];
  const forms = ['/dashboard/api-keys', `/dashboard/api-keys/${key}/revoke`, '/dashboard/knowledge', `/dashboard/knowledge/${document}/delete`, `/dashboard/inbox/${conversation}/messages`, `/dashboard/inbox/${conversation}/resolve`];
  for (const [path, form, status] of [
    ...pages.map((path) => [path, undefined, 303] as const),
    ...forms.map((path) => [path, { name: 'x', text: 'x', client_id: 'x' }, 401] as const),
  ]) {
    const plain = await request.fetch(path, { method: form ? 'POST' : 'GET', form, maxRedirects: 0 });
    expect(plain.status(), path).toBe(status);
    const asked = await ask(request, path, form);
    expect([asked.status, JSON.parse(asked.text).code], path).toEqual([401, 'unauthenticated']);
    for (const trace of traces.filter((trace) => !ids.includes(trace))) expect((await plain.text()) + asked.text).not.toContain(trace);
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
