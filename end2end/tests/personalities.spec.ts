// What the assistant is like: made and used on its pages, read in the widget, and brought back as it was.
import { chat, openChat, say, told, widgetOf } from '../support/chat.ts';
import { learnt, teach } from '../support/documents.ts';
import { expect, test } from '../support/fixtures.ts';
import { signUp } from '../support/people.ts';

const HERE = '/dashboard/assistant/personalities';
const FACTS = '# Returns\n\nUnused lamps may be sent back within 60 days of delivery.\n';

for (const javaScriptEnabled of [true, false]) {
  test(`one is made, used and read in the widget, and an older version brought back, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async ({ newContext, complaints }) => {
    complaints.expect(/the server responded with a status of (422|409)/);
    const owner = await newContext({ javaScriptEnabled });
    await signUp(owner.request);
    await teach(owner.request, 'returns.md', FACTS);
    await learnt(owner.request);
    const page = await owner.newPage();
    await page.goto('/dashboard/assistant');
    await page.getByRole('link', { name: 'Personalities' }).click();
    await expect(page.getByRole('heading', { name: 'The assistant speaks as it was delivered' })).toBeVisible();

    // What is wrong is said, and nothing typed is lost.
    await page.locator('#name').fill('Day');
    await page.getByLabel('What visitors call it').fill('Astrid');
    await page.getByLabel('Tone').selectOption('Friendly');
    await page.getByLabel('To a greeting').fill('Hello, this is Astrid.');
    await page.getByText('Intent 1', { exact: true }).click();
    const law = page.getByRole('group', { name: 'Intent 1' });
    await law.getByLabel('Name').fill('Law');
    await law.getByLabel('What comes of it').selectOption('Do not talk about it');
    await law.getByLabel('What is said then').fill('I do not talk about the law.');
    await page.getByRole('button', { name: 'Make the personality' }).click();
    await expect(page.locator('#intents-error')).toContainText('Law: write one example at least');
    await expect(page.getByLabel('To a greeting')).toHaveValue('Hello, this is Astrid.');
    await law.getByLabel('How it is said').fill('Can you give me legal advice?\nCan I sue you?');
    await page.getByRole('button', { name: 'Make the personality' }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await expect(page.getByRole('heading', { level: 1 })).toContainText('In use');
    const own = new URL(page.url()).pathname;

    const visitor = await (await newContext()).newPage();
    await openChat(visitor, await widgetOf(owner.request));
    await say(visitor, 'Hello!');
    await expect(told(visitor)).toContainText('Hello, this is Astrid.');
    await expect(told(visitor).locator('.who')).toHaveText('Astrid');
    await say(visitor, 'can i sue u');
    await expect(told(visitor).nth(1)).toContainText('I do not talk about the law.');
    await say(visitor, 'Within how many days may lamps be sent back?');
    await expect(told(visitor).nth(2)).toContainText('60 days');

    // Changed, with what differs, and brought back; who was slower is told.
    const other = await owner.newPage();
    await other.goto(own);
    await page.goto(own);
    await page.getByLabel('To a greeting').fill('Good day.');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const versions = page.getByRole('table', { name: 'Versions' });
    await expect(versions.getByRole('row', { name: /^2 / })).toContainText('To a greeting: Hello, this is Astrid. Good day.');
    await say(visitor, 'Hello');
    await expect(told(visitor).nth(3)).toContainText('Good day.');
    await other.getByLabel('To a greeting').fill('Overwritten');
    await other.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(other.getByRole('alert')).toContainText('Somebody has changed this personality meanwhile');
    await expect(other.getByLabel('To a greeting')).toHaveValue('Good day.');
    await versions.getByRole('button', { name: 'Restore version 1' }).click();
    await expect(versions.getByRole('row', { name: /^3 / })).toContainText('Brought version 1 back');
    await say(visitor, 'Hello');
    await expect(told(visitor).nth(4)).toContainText('Hello, this is Astrid.');

    // Another one is tried before it is used, and the first is deleted then.
    await page.goto(HERE);
    await page.getByText('Make a personality', { exact: true }).click();
    await page.locator('#name').fill('Night');
    await page.getByLabel('To a greeting').fill('Good night.');
    await page.getByRole('button', { name: 'Make the personality' }).click();
    await page.getByRole('link', { name: 'Try Night' }).click();
    await expect(page.getByText('It is answered as Night answers.')).toBeVisible();
    await page.getByRole('textbox', { name: 'Question' }).fill('Hello');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect(page.locator('#answer')).toHaveText('Good night.');
    await say(visitor, 'Hello');
    await expect(told(visitor).nth(5)).toContainText('Hello, this is Astrid.');
    await page.goto(HERE);
    await expect(page.getByRole('button', { name: 'Delete Day' }), 'the one in use stays').toHaveCount(0);
    await page.getByRole('button', { name: 'Use Night' }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await say(visitor, 'Hello');
    await expect(told(visitor).nth(6)).toContainText('Good night.');
    await expect(told(visitor).nth(6).locator('.who')).toHaveText('Assistant');
    await page.goto(HERE);
    await page.getByRole('button', { name: 'Delete Day' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete Day' }).click();
    await expect(page.getByRole('status')).toContainText('Saved');
    await expect(page.getByText('Day', { exact: true })).toHaveCount(0);
  });
}

test('who asks in Spanish is greeted, thanked and refused in Spanish, and a complaint goes to a person', async ({ newContext }) => {
  const owner = await newContext();
  await signUp(owner.request);
  const visitor = await (await newContext()).newPage();
  await openChat(visitor, await widgetOf(owner.request));
  for (const [at, said, answer] of [
    [0, '¡Hola!', '¡Hola! ¿Qué te gustaría saber?'],
    [1, '¿Cuánto cuesta una lámpara?', 'Los documentos no lo dicen.'],
    [2, 'Gracias', 'De nada.'],
  ] as const) {
    await say(visitor, said);
    await expect(told(visitor).nth(at)).toContainText(answer);
  }
  const form = {
    name: 'Day', tone: 'neutral', language: 'as_asked', grounding: 'strict',
    intent_name: 'Quejas', intent_examples: 'Quiero poner una queja', intent_then: 'person', intent_text: '',
  };
  expect((await owner.request.post(HERE, { form, maxRedirects: 0 })).status()).toBe(303);
  await say(visitor, 'quiero poner una queja');
  await expect(told(visitor).nth(3)).toContainText('Esto tiene que verlo una persona.');
  await expect(chat(visitor).locator('.message.system')).toContainClass('handed_off');
});
