// What breaks: the database dies, the server is told to stop, starts twice, or is set up wrong.
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { begin, program, step } from '../support/conversations.ts';
import { teach } from '../support/documents.ts';
import { expect, test, visit } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';
import { newFolder, run } from '../support/server.ts';

test('the database is killed and comes back by itself; the server and the session live on', async ({ startServer, newContext }) => {
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  const page = await context.newPage();
  const person = await signUp(context.request);
  await visit(page, '/dashboard');

  const victim = server.postmaster()!;
  expect(victim).toBeGreaterThan(1);
  process.kill(victim, 'SIGKILL');
  // From now on every answer is a good page or a clear one, never a hang, until all is well again.
  await expect
    .poll(async () => {
      const answer = await context.request.get('/dashboard', { maxRedirects: 0, timeout: 20_000 });
      const html = await answer.text();
      if (answer.status() === 200) return html.includes(person.company) ? 'well' : html;
      expect(answer.status()).toBe(503);
      expect(html).toContain('Samtal is not answering just now');
      return 'clear';
    })
    .toBe('well');
  await expect.poll(() => server.status('/readyz')).toBe(200);
  expect(server.postmaster()).not.toBe(victim);
  expect(server.exit, 'the server was not restarted').toBeUndefined();

  await page.reload();
  await expect(page.getByRole('main')).toContainText(person.company);
  await page.goto('/dashboard/api-keys');
  await page.getByLabel('What the key is for').fill('After the storm');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.locator('#secret')).toBeVisible();
});

test('while the database stays away, pages say so at once, what was typed is kept, and all goes on when it is back', async ({ startServer, newContext, complaints }) => {
  test.setTimeout(120_000);
  complaints.expect(/status of 503/, /WebSocket connection to .* 503/);
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  const page = await context.newPage();
  const person = await signUp(context.request);
  const by = await program(context.request);
  const id = await begin(context.request, by, 'Elin Sjöberg');
  await step(context.request, by, id, 'handoff');
  await context.request.post(`/dashboard/inbox/${id}/take-over`);
  const inbox = await context.newPage();
  await visit(inbox, `/dashboard/inbox/${id}`);
  await page.goto('/dashboard/api-keys');

  // Killed again whenever it comes back.
  const killer = setInterval(() => {
    const pid = server.postmaster();
    try {
      if (pid) process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }, 10);
  try {
    await expect.poll(() => server.status('/readyz')).toBe(503);
    expect(await server.status('/healthz')).toBe(200);
    const ready = await context.request.get('/readyz');
    expect(await ready.json()).toMatchObject({ status: 'not_ready', database: 'failed' });

    // With the page open: the message says so, and is kept.
    await inbox.getByRole('textbox', { name: 'Your message' }).fill('Hello Elin.');
    await inbox.keyboard.press('Enter');
    await expect(inbox.getByRole('log').getByRole('alert')).toHaveText(/^Not sent\. The database is not answering\./);
    // A plain form is answered by a page, which does not send it again by itself.
    await page.getByLabel('What the key is for').fill('Website');
    const [refused] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: 'Create key' }).click(),
    ]);
    expect(refused.status()).toBe(503);
    expect((await refused.allHeaders()).refresh).toBeUndefined();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Samtal is not answering just now.');

    // A new page.
    const answer = (await page.goto('/dashboard'))!;
    expect(answer.status()).toBe(503);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Samtal is not answering just now.');
    await expect(page.locator('footer code').first()).toHaveText(/^req_[0-9a-f]{32}$/);
    expect(await page.content()).not.toContain(person.company);
    await page.getByRole('link', { name: 'Try again now' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Samtal is not answering just now.');

    // Programs get a document, and are told when to come back.
    const api = await context.request.get('/api/v1/me', { headers: { authorization: `Bearer smt_${'0'.repeat(48)}` } });
    expect(api.status()).toBe(503);
    expect(api.headers()['content-type']).toContain('application/problem+json');
    expect(Number(api.headers()['retry-after'])).toBeGreaterThan(0);
    expect((await api.json()).code).toBe('unavailable');

    // The way in keeps what was typed.
    const visitor = await (await newContext({ baseURL: server.url })).newPage();
    expect((await visitor.goto('/'))!.status(), 'the landing page needs no database').toBe(200);
    await visitor.goto('/login');
    await visitor.getByLabel('Email').fill(person.email);
    await visitor.getByLabel('Password').fill(person.password);
    await visitor.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
    await expect(visitor.locator('.notice')).toContainText('The database is not answering.');
    await expect(visitor.getByLabel('Email')).toHaveValue(person.email);
  } finally {
    clearInterval(killer);
  }
  await expect.poll(() => server.status('/readyz'), { timeout: 60_000 }).toBe(200);
  // The page tries again by itself.
  await expect(page.getByRole('main')).toContainText(person.company, { timeout: 30_000 });
  await inbox.getByRole('button', { name: 'Send again' }).click();
  await expect(inbox.locator('.said--agent .said__text')).toHaveText(['Hello Elin.']);
});

test('told to stop, the server finishes what it works on and ends cleanly', async ({ startServer, newContext }) => {
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  const person = await signUp(context.request);
  const { hostname, port } = new URL(server.url);
  const body = new URLSearchParams({ email: person.email, password: person.password }).toString();

  // A request whose second half comes after the signal.
  const socket = createConnection({ host: hostname, port: Number(port) });
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => (answer += text));
  const closed = new Promise((settle) => socket.once('close', settle));
  await new Promise((settle) => socket.once('connect', settle));
  socket.write(`POST /login HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
  // More of them, on connections that are in use.
  const others = Array.from({ length: 20 }, () => fetch(`${server.url}/`).then((response) => response.status, () => 0));
  await Promise.race(others);

  server.terminate();
  await expect.poll(() => server.status('/healthz'), 'nothing new is accepted').toBe(0);
  expect(server.exit, 'but what has begun is finished').toBeUndefined();
  socket.write(body.slice(10));
  await closed;
  expect(answer).toMatch(/^HTTP\/1\.1 303 /);
  expect(answer.toLowerCase()).toContain('set-cookie: samtal=');
  for (const status of await Promise.all(others)) expect([0, 200]).toContain(status);
});

test('an endless word is deleted while it is read, and one does not hold up the end', async ({ startServer, newContext }) => {
  test.setTimeout(45_000);
  const server = await startServer({ SAMTAL__SERVER__SHUTDOWN_S: '5' });
  const { request } = await newContext({ baseURL: server.url });
  await signUp(request);
  const word = await teach(request, 'word.txt', 'x'.repeat(800_000));
  const deleted = await request.post(`/dashboard/knowledge/${word}/delete`, { form: {}, maxRedirects: 0 });
  expect(deleted.status()).toBe(303);
  expect(await (await request.get('/dashboard/knowledge')).text()).not.toContain(word);
  for (const [name, text] of [['marks.md', '>'.repeat(800_000) + ' lamps'], ['letters.txt', 'å'.repeat(400_000)]]) await teach(request, name!, text!);
  server.terminate();
  expect(await server.ended).toEqual({ code: 0, signal: null });
});

test('data is still there after a stop and a start, and the session too', async ({ startServer, newContext }) => {
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  const person = await signUp(context.request);
  const port = new URL(server.url).port;
  server.terminate();
  expect(await server.ended, server.stderr).toEqual({ code: 0, signal: null });
  const again = await startServer({ SAMTAL_LISTEN: `127.0.0.1:${port}`, SAMTAL_DATA_DIR: server.dataFolder });
  const page = await context.newPage();
  await visit(page, '/dashboard');
  await expect(page.getByRole('main')).toContainText(person.company);
});

test('killed without a word, the server finds its PostgreSQL again at the next start', async ({ startServer, newContext }) => {
  const server = await startServer();
  const context = await newContext({ baseURL: server.url });
  const person = await signUp(context.request);
  const port = new URL(server.url).port;
  const postgres = server.postmaster();
  process.kill(server.pid, 'SIGKILL');
  await server.ended;
  const again = await startServer({ SAMTAL_LISTEN: `127.0.0.1:${port}`, SAMTAL_DATA_DIR: server.dataFolder });
  expect(server.postmaster(), 'the same PostgreSQL').toBe(postgres);
  const page = await context.newPage();
  await page.goto('/dashboard');
  await expect(page.getByRole('main')).toContainText(person.company);
  again.terminate();
  await again.ended;
  expect(server.postmaster(), 'and it is stopped at the end').toBeUndefined();
});

test('what cannot work says why in one sentence', async ({ server }) => {
  const folder = newFolder();
  const fresh = { SAMTAL_LISTEN: '127.0.0.1:0', SAMTAL_DATA_DIR: join(folder, 'data') };
  const cases: [string, Record<string, string>, RegExp][] = [
    ['a second server on one data folder', { ...fresh, SAMTAL_DATA_DIR: server.dataFolder }, /another samtal .*\(pid \d+\).*stop it first/],
    ['a port that is taken', { ...fresh, SAMTAL_LISTEN: new URL(server.url).host }, /something else listens on 127\.0\.0\.1:\d+ already/],
    ['an unknown setting', { ...fresh, SAMTAL_LISTNE: 'x' }, /SAMTAL_LISTNE is not a setting/],
    ['an unknown setting in a section', { ...fresh, SAMTAL__SERVER__CONECTIONS: '1' }, /conections/i],
    ['a setting that is not what it should be', { ...fresh, SAMTAL__SERVER__BODY_BYTES: 'many' }, /body_bytes/i],
    ['an address for everybody in development', { ...fresh, SAMTAL_LISTEN: '0.0.0.0:0' }, /loopback/],
    ['one database address of three', { ...fresh, DATABASE_URL: 'postgres://samtal_tenant:x@127.0.0.1:1/x' }, /go together/],
    ['production without a secret', { ...fresh, SAMTAL_ENV: 'production' }, /SECRET_KEY_FILE/],
  ];
  for (const [title, settings, words] of cases) {
    const { sentences, exit, stdout } = await run(['serve'], settings);
    expect(sentences, title).toHaveLength(1);
    expect(sentences[0], title).toMatch(/^samtal: /);
    expect(sentences[0], title).toMatch(words);
    expect(exit.code, title).not.toBe(0);
    expect(exit.signal, title).toBeNull();
    expect(stdout, title).toBe('');
  }
  expect(await server.status('/readyz'), 'the one that runs is not disturbed').toBe(200);
});

test('doctor says what is there, what is not, and changes nothing', async ({ startServer }) => {
  const folder = join(newFolder(), 'data');
  const nothing = await run(['doctor'], { SAMTAL_DATA_DIR: folder, SAMTAL_LISTEN: '127.0.0.1:0' });
  expect(nothing.exit.code, nothing.stdout).toBe(0);
  expect(nothing.stdout).toContain('the first `samtal serve` makes it');
  expect(existsSync(folder), 'it made none').toBe(false);

  const server = await startServer({ SAMTAL_DATA_DIR: folder });
  const running = await run(['doctor'], { SAMTAL_DATA_DIR: folder, SAMTAL_LISTEN: '127.0.0.1:0' });
  server.terminate();
  await server.ended;
  // Without a server it starts the database for its own duration.
  const stopped = await run(['doctor'], { SAMTAL_DATA_DIR: folder, SAMTAL_LISTEN: '127.0.0.1:0' });
  for (const { exit, stdout } of [running, stopped]) {
    expect(exit.code, stdout).toBe(0);
    for (const part of ['settings', 'disk', 'embedded PostgreSQL answers', 'schema', 'walls between tenants', 'jobs']) expect(stdout).toContain(`ok     ${part}`);
  }
  expect(server.postmaster(), 'and stops it again').toBeUndefined();
});

test('a folder that holds something else is left as it is', async () => {
  const folder = newFolder();
  const letter = join(folder, 'letter.txt');
  writeFileSync(letter, 'mine', { mode: 0o640 });
  const looks = () => [folder, letter].map((path) => [statSync(path).uid, statSync(path).gid, statSync(path).mode]);
  const before = looks();
  await run(['doctor'], { SAMTAL_DATA_DIR: folder, SAMTAL_LISTEN: '127.0.0.1:0' });
  expect(looks()).toEqual(before);
  // Only root could give it to somebody else.
  if (process.getuid!() === 0) {
    const { sentences, exit } = await run(['serve'], { SAMTAL_DATA_DIR: folder, SAMTAL_LISTEN: '127.0.0.1:0' });
    expect(exit.code).not.toBe(0);
    expect(sentences.join()).toMatch(/is not empty, and nothing in it says that it is Samtal's/);
    expect(looks()).toEqual(before);
  }
});

test('every command explains itself', async () => {
  for (const args of [['--help'], ['serve', '--help'], ['migrate', '--help'], ['doctor', '--help'], ['demo', '--help'], ['openapi', '--help'], ['tenant', '--help'], ['tenant', 'create', '--help'], ['operator-key', '--help'], ['operator-key', 'create', '--help'], ['operator-key', 'replace', '--help'], ['operator-key', 'revoke', '--help']]) {
    const { exit, stdout } = await run(args, {});
    expect(exit.code, args.join(' ')).toBe(0);
    expect(stdout, args.join(' ')).toContain('Usage: samtal');
  }
  const { exit, stderr } = await run(['sevre'], {});
  expect(exit.code).not.toBe(0);
  expect(stderr).toContain('sevre');
});
