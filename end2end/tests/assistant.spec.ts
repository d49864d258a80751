// The assistant with a model of one's own: set up and tried on its page, answering visitors in the widget, and quoting where no model does.
import type { APIRequestContext } from '@playwright/test';
import { chat, conversation, openChat, say, told, widgetOf } from '../support/chat.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, test } from '../support/fixtures.ts';
import { ModelServer, asks } from '../support/model-server.ts';
import { OrderServer } from '../support/order-server.ts';
import { signUp } from '../support/people.ts';

const FACTS = '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n';
const QUESTION = 'Within how many days may lamps be sent back?';
const PRIVATE = { SAMTAL__OUTBOUND__PRIVATE_ADDRESSES: 'true' };

async function company(request: APIRequestContext): Promise<string> {
  await signUp(request);
  await teach(request, 'returns.md', FACTS);
  await learnt(request);
  return widgetOf(request);
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
    await page.getByRole('link', { name: 'Personalities' }).click();
    await page.getByLabel('Name', { exact: true }).first().fill('Day');
    await page.getByLabel('Instructions').fill('You are called Astrid.');
    await page.getByRole('button', { name: 'Make the personality' }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await page.goto('/dashboard/assistant');
    await expect(page.getByRole('region', { name: 'Personality' })).toContainText('In use: Day.');

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

for (const javaScriptEnabled of [true, false]) {
  test(`an answer is found in the list, made again from its receipt, and seen beside what it was, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, startServer, complaints }) => {
    complaints.expect(/the server responded with a status of 409/);
    const [model, server] = [await ModelServer.start(), await startServer(PRIVATE)];
    const context = await newContext({ javaScriptEnabled, baseURL: server.url });
    await company(context.request);
    await asks(context.request, model);
    model.when('', 'You may send unused lamps back within 60 days of delivery [1].');
    await context.request.post('/dashboard/assistant/question', { form: { question: QUESTION } });
    model.when('', 'NONE');
    await context.request.post('/dashboard/assistant/question', { form: { question: 'May lamps be sent back at all?' } });

    const page = await context.newPage();
    await page.goto('/dashboard/assistant');
    await page.getByRole('link', { name: 'Receipts of answers' }).click();
    const counted = page.getByRole('table', { name: 'How answers came about' });
    await expect(counted.getByRole('row', { name: /each sentence stands in its passages/ })).toContainText('50 %');
    const list = page.getByRole('table', { name: 'Receipts of answers' });
    await expect(list.getByRole('row')).toHaveCount(3);
    await expect(list.getByRole('row').nth(1), 'the latest first').toContainText('May lamps be sent back at all?');
    await page.getByLabel('How it came about').selectOption('composed');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(list.getByRole('row')).toHaveCount(2);
    await list.getByRole('link', { name: QUESTION }).click();
    await expect(page.getByText('As it was written down')).toBeVisible();
    const first = page.url();

    // The same once more, and then something else.
    model.when('', 'You may send unused lamps back within 60 days of delivery [1].');
    await page.getByRole('button', { name: 'Make this answer again' }).click();
    const said = page.getByRole('table', { name: 'The answer, sentence by sentence' });
    await expect(said.getByRole('row', { name: /You may send unused lamps back/ })).toContainText('in both');
    await expect(page.getByRole('region', { name: 'Then and now' })).toContainText('the very same as then');
    model.when('', 'Unused lamps may be sent back within 60 days of delivery [1].');
    await page.goto(first);
    await page.getByRole('button', { name: 'Make this answer again' }).click();
    await expect(said.getByRole('row', { name: /You may send unused lamps back/ })).toContainText('before alone');
    await expect(said.getByRole('row', { name: /Unused lamps may be sent back/ })).toContainText('now alone');
    await expect(page.getByText('it was said to nobody')).toBeVisible();
    const read = page.getByRole('table', { name: 'The passages of then' });
    await expect(read.getByRole('row').nth(1)).toContainText('as it was');
    await page.getByRole('link', { name: 'The receipt of then' }).click();
    await expect(page).toHaveURL(first);

    // The document is gone, and so is what it could be made from.
    server.sql('delete from app.documents');
    const asked = model.asked.length;
    await page.getByRole('button', { name: 'Make this answer again' }).click();
    await expect(page.getByRole('alert')).toContainText('None of its passages is there any more');
    expect(model.asked.length).toBe(asked);
    await page.getByRole('link', { name: 'All receipts' }).click();
    await expect(list.getByText('Made again')).toHaveCount(2);
    await model.stop();
  });
}

test('an answer is seen being written, in the widget and the inbox, and what does not stand is taken back', async ({ newContext, startServer }) => {
  const [model, server] = [await ModelServer.start(), await startServer(PRIVATE)];
  const owner = await newContext({ baseURL: server.url });
  const widget = await company(owner.request);
  await asks(owner.request, model, { priced: false });
  const page = await (await newContext({ baseURL: server.url })).newPage();
  await openChat(page, widget);
  const typing = chat(page).locator('.typing');
  const first = 'You may send unused lamps back within 60 days of delivery.';

  // Twelve words, and the first of the next sentence.
  model.when('', { says: 'You may send unused lamps back within 60 days of delivery [1]. The lamps have to be unused [1].', waits: 13 });
  await say(page, QUESTION);
  await expect(typing).toHaveText(first);
  await expect(typing, 'it is read out when it is an answer').toHaveAttribute('aria-live', 'off');
  await expect(told(page)).toHaveCount(0);
  const id = await conversation(page, widget);
  const desk = await owner.newPage();
  await desk.goto(`/dashboard/inbox/${id}`);
  const writing = desk.locator('#writing');
  await expect(writing, 'who comes later sees it with the next beat').toHaveText(first);
  model.goOn();
  for (const said of [told(page), desk.locator('.said--assistant')]) {
    await expect(said).toHaveCount(1);
    await expect(said).toContainText(`${first} The lamps have to be unused.`);
  }
  await expect(typing).toBeHidden();
  await expect(writing).toHaveText('');
  await told(page).locator('summary').click();
  await expect(told(page).locator('blockquote')).toContainText('Unused lamps may be sent back within 60 days of delivery.');

  // Most of it fails: what was seen is taken back, and stays to be seen so.
  model.when('', { says: 'You may send unused lamps back within 60 days of delivery [1]. Pay 90 euros before [1]. Ask for 91 euros back [1].', waits: 13 });
  await say(page, 'And how many days do I have to send a lamp back?');
  await expect(typing).toHaveText(first);
  await expect(writing).toHaveText(first);
  model.goOn();
  await expect(told(page)).toHaveCount(2);
  await expect(told(page).last()).toContainText('60 days of delivery');
  await expect(told(page).last()).not.toContainText('euros');
  await expect(chat(page).locator('.system s')).toHaveText(first);
  await expect(chat(page).locator('.system')).toContainText('Taken back.');
  await expect(desk.locator('.said--assistant')).toHaveCount(2);
  await model.stop();
});

test('a visitor is answered by the model, by a person who takes over meanwhile, and by quotes when it is gone', async ({ newContext, startServer }) => {
  const [model, server] = [await ModelServer.start(), await startServer(PRIVATE)];
  const owner = await newContext({ baseURL: server.url });
  const widget = await company(owner.request);
  await asks(owner.request, model, { priced: false });
  const page = await (await newContext({ baseURL: server.url })).newPage();
  await openChat(page, widget);

  model.when('', 'You may send unused lamps back within 60 days of delivery [1].');
  await say(page, QUESTION);
  await expect(told(page)).toHaveCount(1);
  await expect(told(page).first()).toContainText('You may send unused lamps back within 60 days of delivery.');
  await expect(told(page).first(), 'the numbers of passages are for us').not.toContainText('[1]');
  await told(page).first().locator('summary').click();
  await expect(told(page).first().locator('blockquote')).toContainText('Unused lamps may be sent back within 60 days of delivery.');

  // While it writes somebody takes over: what it says is too late.
  model.when('', { says: 'You may send unused lamps back within 60 days of delivery [1].', waits: 2 });
  await say(page, 'And how many days do I have to send a lamp back?');
  await expect(chat(page).getByText('Looking for an answer…')).toBeVisible();
  await expect.poll(() => model.asked.length).toBe(2);
  const id = await conversation(page, widget);
  expect((await owner.request.post(`/dashboard/inbox/${id}/take-over`, { maxRedirects: 0 })).status()).toBe(303);
  await expect(chat(page).getByText('Looking for an answer…')).toBeHidden();
  // What nobody will hear is asked of nobody.
  await expect.poll(() => model.left).toBe(1);
  model.goOn();
  await expect.poll(() => server.sql(`select count(*) from app.jobs where kind = 'answer'`)).toBe('0');
  await owner.request.post(`/dashboard/inbox/${id}/messages`, { form: { text: 'Sixty days. This is Astrid.', client_id: 'a' } });
  await expect(chat(page).getByText('Sixty days. This is Astrid.')).toBeVisible();
  await expect(told(page)).toHaveCount(1);

  // The model is gone: the built-in answerer quotes.
  await owner.request.post(`/dashboard/inbox/${id}/hand-back`, { maxRedirects: 0 });
  await expect(chat(page).getByText('The assistant answers again.')).toBeVisible();
  await model.stop();
  await say(page, QUESTION);
  await expect(told(page)).toHaveCount(2);
  await expect(told(page).last()).toContainText('60 days of delivery');
});

for (const javaScriptEnabled of [true, false]) {
  test(`questions from a file measure the assistant, before and after, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, startServer }) => {
    const server = await startServer({});
    const context = await newContext({ javaScriptEnabled, baseURL: server.url });
    const page = await context.newPage();
    await company(context.request);
    await page.goto('/dashboard/assistant');
    await page.getByRole('link', { name: 'Measure the assistant' }).click();
    const ask = async (days: string) => {
      const rows = ['question,expected', `${QUESTION},${days}`, 'Who was Napoleon?,no answer'];
      const file = { name: 'ours.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) };
      await page.getByLabel('File of questions').setInputFiles(file);
      await page.getByLabel('Name of the measurement').fill(`With ${days}`);
      await page.getByRole('button', { name: 'Ask these questions' }).click();
      await expect(page.getByRole('heading', { level: 1, name: `With ${days}` })).toBeVisible();
      const run = page.url();
      await expect.poll(async () => (await context.request.get(run)).text()).not.toContain('Show how far it is');
      await page.goto(run);
    };
    await ask('90 days');
    await expect(page.getByRole('region', { name: 'What went wrong' })).toContainText('Expected: 90 days');
    await page.getByRole('link', { name: 'All measurements' }).click();
    await ask('60 days');
    await expect(page.getByText('2 of 2 right')).toBeVisible();
    await page.getByLabel('The earlier one').selectOption({ index: 0 });
    await page.getByRole('button', { name: 'Compare' }).click();
    // The question is the same, and what is expected is not: one is in both.
    await expect(page.getByRole('status')).toContainText('Questions in both: 1.');
    await page.getByRole('button', { name: 'Delete this measurement' }).click();
    await expect(page.getByRole('link', { name: 'With 60 days' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'With 90 days' })).toBeVisible();
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`a tool is set up and tried, and tells a visitor where an order is, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, startServer, complaints }) => {
    complaints.expect(/the server responded with a status of 422/);
    const [model, orders, server] = [await ModelServer.start(), await OrderServer.start(), await startServer(PRIVATE)];
    const owner = await newContext({ javaScriptEnabled, baseURL: server.url });
    const widget = await company(owner.request);
    await asks(owner.request, model, { key: '', priced: false });
    const page = await owner.newPage();
    await page.goto('/dashboard/assistant');
    await page.getByRole('link', { name: 'tools', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'The assistant calls nothing yet' })).toBeVisible();

    // What is wrong is said, and nothing typed is lost but the secret.
    await page.getByLabel('Name', { exact: true }).fill('order_status');
    await page.getByLabel('What it does').fill('Where an order is, by its number.');
    await page.getByLabel('Address').fill(`${orders.address}/orders/{number}`);
    await page.getByLabel('Header').fill('X-Api-Key');
    await page.getByLabel('Secret').fill('tk-0123456789');
    await page.getByRole('button', { name: 'Add the tool' }).click();
    await expect(page.locator('#address-error')).toContainText('What stands in braces has to be among the parameters');
    await expect(page.getByLabel('Secret'), 'a secret is never shown').toHaveValue('');
    await page.getByLabel('Address').fill(`${orders.address}/orders/{order}`);
    await page.getByLabel('Secret').fill('tk-0123456789');
    await page.getByLabel('Also in conversations').check();
    await page.getByRole('button', { name: 'Add the tool' }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await expect(page.getByText('In conversations', { exact: true })).toBeVisible();

    await page.getByText('Try order_status').click();
    await page.getByLabel('Arguments').fill('{"order":"A-1042"}');
    await page.getByRole('button', { name: 'Call order_status' }).click();
    await expect(page.getByRole('status')).toContainText('"status":"sent"');
    expect(orders.asked).toEqual(['/orders/A-1042 tk-0123456789']);

    // The model reads the number in the talk, and what the tool tells is what is told.
    const guest = await (await newContext({ baseURL: server.url })).newPage();
    await openChat(guest, widget);
    model.when('', { calls: [{ name: 'order_status', arguments: { order: 'A-1042' } }], says: 'The status of order A-1042 is sent [{n}].' });
    await say(guest, 'Where is my order A-1042?');
    await expect(told(guest)).toContainText('The status of order A-1042 is sent.');
    expect(model.asked.at(-1)!.told[0]).toContain('"status":"sent"');
    expect(orders.asked).toHaveLength(2);

    await page.goto('/dashboard/assistant/tools');
    if (javaScriptEnabled) {
      await page.getByRole('button', { name: 'Remove order_status' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove order_status' }).click();
      await expect(page.getByRole('heading', { name: 'The assistant calls nothing yet' })).toBeVisible();
    }
    await model.stop();
    await orders.stop();
  });
}
