// The assistant with a model of one's own: set up and tried on its page, answering visitors in the widget, and quoting where no model does.
import type { APIRequestContext, Page } from '@playwright/test';
import { learnt, teach } from '../support/documents.ts';
import { expect, test } from '../support/fixtures.ts';
import { ModelServer } from '../support/model-server.ts';
import { signUp } from '../support/people.ts';

const FACTS = '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n';
const QUESTION = 'Within how many days may lamps be sent back?';
const PRIVATE = { SAMTAL__OUTBOUND__PRIVATE_ADDRESSES: 'true' };

async function company(request: APIRequestContext): Promise<string> {
  await signUp(request);
  await teach(request, 'returns.md', FACTS);
  await learnt(request);
  return /data-widget="(wgt_[0-9a-f]{32})"/.exec(await (await request.get('/demo')).text())![1]!;
}

for (const javaScriptEnabled of [true, false]) {
  test(`a model is set up, tried and asked on the page, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, startServer, complaints }) => {
    complaints.expect(/the server responded with a status of 422/);
    const [model, server] = [await ModelServer.start(), await startServer(PRIVATE)];
    const context = await newContext({ javaScriptEnabled, baseURL: server.url });
    const page = await context.newPage();
    await company(context.request);
    await page.goto('/dashboard');
    if (javaScriptEnabled) await page.getByRole('link', { name: 'Assistant', exact: true }).click();
    else await page.goto('/dashboard/assistant');
    await expect(page.getByRole('heading', { name: 'The assistant answers by quotes today' })).toBeVisible();
    await expect(page.getByText('What is sent to its provider')).toBeVisible();

    // What is wrong is said, and nothing typed is lost but the key.
    await page.getByLabel('Model', { exact: true }).fill('small');
    await page.getByLabel('Address').fill(model.address);
    await page.getByLabel('Key', { exact: true }).fill('sk-wrong-0123456789');
    await page.getByLabel('A million tokens asked').fill('much');
    await page.getByLabel('A million tokens answered').fill('2.00');
    await page.getByRole('button', { name: 'Add the model' }).click();
    await expect(page.locator('#input-error')).toContainText('Enter an amount like 2.50');
    await expect(page.getByLabel('Model', { exact: true })).toHaveValue('small');
    await expect(page.getByLabel('Key', { exact: true }), 'a key is never shown').toHaveValue('');
    await page.getByLabel('Key', { exact: true }).fill('sk-wrong-0123456789');
    await page.getByLabel('A million tokens asked').fill('1.00');
    await page.getByRole('button', { name: 'Add the model' }).click();
    await expect(page.getByRole('status')).toContainText('Added');
    await expect(page.getByText('…6789')).toBeVisible();

    // A wrong key, and the right one.
    model.when('', { status: 401 });
    await page.getByRole('button', { name: 'Try small' }).click();
    await expect(page.getByRole('alert')).toContainText('The provider does not take this key');
    expect(model.asked.at(-1)!.key).toBe('sk-wrong-0123456789');
    model.when('', 'I am a small model.');
    await page.getByText('Change small').click();
    await page.locator('details[open]').getByLabel('Key', { exact: true }).fill('sk-right-0123456789');
    await page.getByRole('button', { name: 'Save small' }).click();
    await page.getByRole('button', { name: 'Try small' }).click();
    await expect(page.getByRole('status')).toContainText('It answers. I am a small model.');
    expect(model.asked.at(-1)!.key).toBe('sk-right-0123456789');

    await page.getByLabel('A month may cost').fill('25');
    await page.getByRole('button', { name: 'Save the budget' }).click();
    await expect(page.getByText(/of 25\.00 spent in/)).toBeVisible();
    const tone = page.getByRole('textbox', { name: 'Name and tone' });
    await tone.fill('You are called Astrid.');
    await page.getByRole('region', { name: 'Name and tone' }).getByRole('button', { name: 'Save' }).click();
    await expect(tone).toHaveValue('You are called Astrid.');

    // A question, how it was answered, and its receipt.
    model.when('lamps', 'You may send unused lamps back within 60 days of delivery [1].');
    await page.getByRole('textbox', { name: 'Question' }).fill(QUESTION);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect(page.locator('#answer')).toHaveText('You may send unused lamps back within 60 days of delivery.');
    expect(model.asked.at(-1)!.system).toContain('You are called Astrid.');
    const steps = page.getByRole('table', { name: 'Steps' });
    await expect(steps.getByRole('row', { name: /Asked a model/ })).toContainText('small');
    await expect(page.getByRole('region', { name: 'What was used' })).toContainText('small');
    await page.getByRole('link', { name: 'The receipt of this answer' }).click();
    await expect(page.getByText('As it was written down')).toBeVisible();
    await expect(page.getByRole('table', { name: 'Passages that were read' })).toContainText('yes');

    // What the model makes up is not told.
    model.when('lamps', 'You may send unused lamps back within 90 days [1].');
    await page.goto('/dashboard/assistant');
    await page.getByRole('textbox', { name: 'Question' }).fill(QUESTION);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect(page.locator('#try')).toContainText('90 does not stand there');
    await expect(page.locator('#answer')).not.toContainText('90');

    await page.getByRole('button', { name: 'Remove small' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove small' }).click();
    await expect(page.getByRole('heading', { name: 'The assistant answers by quotes today' })).toBeVisible();
    await model.stop();
  });
}

const chat = (page: Page) => page.getByRole('dialog', { name: 'Chat' });

async function say(page: Page, text: string): Promise<void> {
  await chat(page).getByRole('textbox', { name: 'Your message' }).fill(text);
  await chat(page).getByRole('button', { name: 'Send' }).click();
}

test('a visitor is answered by the model, by a person who takes over meanwhile, and by quotes when it is gone', async ({ newContext, startServer }) => {
  const [model, server] = [await ModelServer.start(), await startServer(PRIVATE)];
  const owner = await newContext({ baseURL: server.url });
  const widget = await company(owner.request);
  const form = { wire: 'openai', name: 'small', address: model.address, key: 'sk-0123456789abcdef', input: '', cached: '', output: '', since: '' };
  expect((await owner.request.post('/dashboard/assistant', { form, maxRedirects: 0 })).status()).toBe(303);
  const page = await (await newContext({ baseURL: server.url })).newPage();
  await page.goto(`/demo?widget=${widget}`);
  await page.getByRole('button', { name: 'Chat' }).click();
  const told = chat(page).locator('.message.assistant');

  model.when('', 'You may send unused lamps back within 60 days of delivery [1].');
  await say(page, QUESTION);
  await expect(told).toHaveCount(1);
  await expect(told.first()).toContainText('You may send unused lamps back within 60 days of delivery.');
  await expect(told.first(), 'the numbers of passages are for us').not.toContainText('[1]');
  await told.first().locator('summary').click();
  await expect(told.first().locator('blockquote')).toContainText('Unused lamps may be sent back within 60 days of delivery.');

  // While it writes somebody takes over: what it says is too late.
  model.when('', { says: 'You may send unused lamps back within 60 days of delivery [1].', waits: 2 });
  await say(page, 'And how many days do I have to send a lamp back?');
  await expect(chat(page).getByText('Looking for an answer…')).toBeVisible();
  await expect.poll(() => model.asked.length).toBe(2);
  const [id] = (await page.evaluate((key) => localStorage.getItem(key)!, `samtal.seen:${widget}`)).split(' ') as [string];
  expect((await owner.request.post(`/dashboard/inbox/${id}/take-over`, { maxRedirects: 0 })).status()).toBe(303);
  await expect(chat(page).getByText('Looking for an answer…')).toBeHidden();
  model.goOn();
  await expect.poll(() => server.sql(`select count(*) from app.jobs where kind = 'answer'`)).toBe('0');
  await owner.request.post(`/dashboard/inbox/${id}/messages`, { form: { text: 'Sixty days. This is Astrid.', client_id: 'a' } });
  await expect(chat(page).getByText('Sixty days. This is Astrid.')).toBeVisible();
  await expect(told).toHaveCount(1);

  // The model is gone: the built-in answerer quotes.
  await owner.request.post(`/dashboard/inbox/${id}/hand-back`, { maxRedirects: 0 });
  await expect(chat(page).getByText('The assistant answers again.')).toBeVisible();
  await model.stop();
  await say(page, QUESTION);
  await expect(told).toHaveCount(2);
  await expect(told.last()).toContainText('60 days of delivery');
});
