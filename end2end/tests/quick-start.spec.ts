// The quick start, followed to the letter: docs/quick-start.md is read, its files are uploaded, its line is put on a page, its
// questions are asked and its commands run. Every block and every label of the guide is used, so neither it nor the product
// changes alone.
import type { Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, hydrated, test } from '../support/fixtures.ts';
import { somebody } from '../support/people.ts';

const project = join(import.meta.dirname, '../..');
const guide = readFileSync(join(project, 'docs/quick-start.md'), 'utf8');
const FENCED = /^```(.+)\n([\s\S]*?)^```$/gm;

/** What is left to be used, and a way to use one: `use` fails for what the guide has not. */
function asWritten<T>(all: Map<string, T>) {
  const left = new Set(all.keys());
  const use = (name: string): T => {
    expect(all.has(name), `the guide has “${name}”`).toBe(true);
    left.delete(name);
    return all.get(name)!;
  };
  return { use, left };
}

const blocks = () => asWritten(new Map([...guide.matchAll(FENCED)].map(([, name, text]) => [name!, text!])));

/** What the guide says that pages say. */
function labels() {
  const prose = guide.replace(FENCED, '').replace(/`[^`]*`/g, '').replace(/\s+/g, ' ');
  const { use, left } = asWritten(new Map([...prose.matchAll(/\*([^*]+)\*/g)].map(([, label]) => [label!, label!])));
  return { says: use, left };
}

/** A page of another origin that carries the line. */
async function pageWith(line: string): Promise<{ url: string; close: () => void }> {
  const page = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.end(`<!doctype html><html lang="en"><title>A shop</title><body><h1>A shop</h1>${line}</body></html>`);
  });
  await new Promise<void>((done) => page.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(page.address() as AddressInfo).port}/`, close: () => page.close() };
}

/** The answer as the guide shows it: what ends with an ellipsis there is an id. */
const shown = (json: string) =>
  JSON.parse(json, (_, value) => (typeof value === 'string' && value.endsWith('…') ? expect.stringMatching(`^${value.slice(0, -1)}[0-9a-f]{32}$`) : value));

/** Goes there by the navigation. */
async function follow(page: Page, label: string): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: new RegExp(`^${label}`) });
  const address = await link.getAttribute('href');
  await link.click();
  await expect(page).toHaveURL(address!);
  await hydrated(page);
}

test('from nothing to the first answered visitor and the first call, as the guide says', async ({ server, page, newContext }) => {
  test.setTimeout(120_000);
  const [{ use, left }, { says, left: unsaid }] = [blocks(), labels()];
  const block = (name: string) => use(name).trimEnd();
  /** With the address of this server in the place of the guide's. */
  const here = (text: string) => {
    expect(text).toContain('http://127.0.0.1:3000');
    return text.replaceAll('http://127.0.0.1:3000', server.url);
  };

  // 1. Start. (That `make run` works is tried by whoever builds; here the program runs already.)
  const target = /^make (\S+)$/.exec(block('sh start'))![1]!;
  expect(readFileSync(join(project, 'Makefile'), 'utf8')).toContain(`\n${target}:`);
  expect(server.stdout.split('\n')).toContain(here(block('text started')));

  // 2. Sign up.
  const person = somebody();
  await page.goto('/');
  await page.getByRole('link', { name: says('Sign up') }).click();
  await page.getByLabel(says('Company')).fill(person.company);
  await page.getByLabel(says('Your name')).fill(person.name);
  await page.getByLabel(says('Email')).fill(person.email);
  await page.getByLabel(says('Password')).fill(person.password);
  await page.getByRole('button', { name: says('Create workspace') }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${says('Welcome')}, ${person.name.split(' ')[0]}`);

  // 3. Add documents.
  await follow(page, says('Knowledge'));
  const files = ['markdown lamps.md', 'csv faq.csv'].map((name) => {
    const [type, file] = name.split(' ');
    return { name: file!, mimeType: `text/${type}`, buffer: Buffer.from(use(name)) };
  });
  await page.getByLabel(says('Choose files, or drop them here')).setInputFiles(files);
  await page.getByRole('button', { name: says('Upload') }).click();
  const documents = page.getByRole('table', { name: says('Documents') });
  for (const { name } of files) await expect(documents.getByRole('row').filter({ hasText: name })).toContainText(says('Ready'));
  const [question, answer] = [block('text question'), block('text answer')];
  const trial = page.getByRole('region', { name: says('Try a question') });
  await trial.getByRole('textbox', { name: says('Question') }).fill(question);
  await trial.getByRole('button', { name: says('Ask') }).click();
  await expect(trial.locator('#answer')).toHaveText(answer);
  await expect(trial.locator('cite')).toHaveText(says('lamps › Returns'));
  await hydrated(page);

  // 4. Put the widget on your page.
  await follow(page, says('Home'));
  const steps = page.getByRole('region', { name: says('Next steps') });
  const step = steps.getByRole('listitem').filter({ hasText: says('Put the assistant on your pages') });
  const line = (await step.locator('code').innerText()).trim();
  const widget = /wgt_[0-9a-f]{32}/.exec(line)![0];
  expect(line).toBe(here(block('html')).replace('wgt_…', widget));
  await expect(step.getByRole('link', { name: says('See it on a page') })).toHaveAttribute('href', `/demo?widget=${widget}`);
  const shop = await pageWith(line);

  // 5. Ask as a visitor.
  const visitor = await (await newContext()).newPage();
  await visitor.goto(shop.url);
  await visitor.getByRole('button', { name: says('Chat') }).click();
  const chat = visitor.getByRole('dialog', { name: 'Chat' });
  const answers = chat.locator('.message.assistant');
  const ask = async (text: string) => {
    await chat.getByRole('textbox', { name: says('Your message') }).fill(text);
    await chat.getByRole('button', { name: says('Send') }).click();
  };
  await ask(question);
  await expect(answers.first().locator('.text')).toHaveText(answer);
  await answers.first().getByText(says('Source: lamps › Returns')).click();
  await expect(answers.first().locator('blockquote')).toBeVisible();
  await expect(answers.first().locator('blockquote')).toHaveText(answer);
  await ask(block('text unanswered'));
  await expect(answers.nth(1).locator('.text')).toHaveText(block('text refusal'));

  // 6. Ask for a person.
  const happened = chat.locator('.message.system');
  const asking = { name: says('Ask a person') };
  await expect(chat.locator('header').getByRole('button', asking)).toBeVisible();
  await answers.nth(1).getByRole('button', asking).click();
  await expect(happened).toContainText(says('A person has been asked to join. The assistant is silent until then.'));

  // 7. Take over and answer.
  await follow(page, says('Inbox'));
  await page.getByRole('navigation', { name: 'Which conversations' }).getByRole('link', { name: says('Waiting') }).click();
  const waits = page.getByRole('region', { name: 'Conversations' }).getByRole('link', { name: new RegExp(`^${says('Visitor')}`) });
  await expect(waits).toContainText(says('Needs a person'));
  await waits.click();
  await expect(page.getByRole('log')).toContainText(question);
  await page.getByRole('button', { name: says('Take over') }).click();
  await expect(happened.last()).toContainText(says('A person has joined the conversation.'));
  await page.getByRole('textbox', { name: says('Your message') }).fill('Astrid here. France did.');
  await page.getByRole('button', { name: says('Send') }).click();
  await expect(chat.locator('.message.agent .text')).toHaveText('Astrid here. France did.');
  await expect(chat.locator('.message.agent .who')).toHaveText(person.name);
  await page.getByRole('button', { name: says('Hand back to the assistant') }).click();
  await expect(happened.last()).toContainText(says('The assistant answers again.'));
  await expect(answers, 'all the time it was silent').toHaveCount(2);
  await page.getByRole('button', { name: says('Resolve') }).click();
  await expect(page.getByRole('button', { name: 'Resolve' })).toBeHidden();

  // 8. Make an API key.
  await follow(page, says('API keys'));
  await page.getByLabel(says('What the key is for')).fill('Website');
  await page.getByRole('button', { name: says('Create key') }).click();
  await expect(page.getByRole('status')).toContainText(says('Here is your key'));
  const secret = await page.locator('#secret').innerText();

  // 9. Make the first call: both blocks, run as they stand there.
  const environment = here(block('sh environment'));
  expect(environment).toContain('smt_…');
  const commands = `${environment.replace('smt_…', secret)}\n${block('sh call')}`;
  const { stdout } = await promisify(execFile)('bash', ['-c', commands], { env: { PATH: process.env.PATH } });
  expect(JSON.parse(stdout)).toEqual(shown(block('json')));
  await follow(page, 'Home');
  await expect(steps).toHaveCount(0);
  shop.close();

  expect([...left], 'every block of the guide is used').toEqual([]);
  expect([...unsaid], 'every label of the guide is found on a page').toEqual([]);
});
